COPY stream_raw FROM STDIN;
