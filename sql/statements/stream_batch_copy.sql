COPY stream_batch FROM STDIN;
