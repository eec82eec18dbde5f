-- Whether there is a stream that must not write while the tables change, and whether its ledger is of version 0.1.0.
SELECT
    to_regclass('stream_state') IS NOT NULL AS is_there,
    to_regclass('stream_offsets') IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('stream_offsets') AND attname = 'records' AND NOT attisdropped
    ) AS counts_no_records;
