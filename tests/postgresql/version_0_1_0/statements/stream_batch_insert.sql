-- The first writer wins. Who comes later is left out, here or in another partition's transaction.
WITH inserted AS (
    INSERT INTO users (
        gender, name_title, name_first, name_last, street_number, street_name, city, state, country, postcode,
        email, uuid, dob_date, age, phone, cell, picture_large, email_domain,
        kafka_partition, kafka_offset, kafka_timestamp
    )
    SELECT
        gender, name_title, name_first, name_last, street_number::INT, street_name, city, state, country, postcode,
        email, uuid::UUID, dob_date::TIMESTAMP, age::INT, phone, cell, picture_large, email_domain,
        %(partition)s, "offset", kafka_timestamp
    FROM stream_batch
    WHERE reason IS NULL AND "offset" BETWEEN %(from_offset)s AND %(to_offset)s
    ORDER BY "offset"
    ON CONFLICT (uuid) DO NOTHING
    RETURNING kafka_offset
)

INSERT INTO stream_left_out ("offset", uuid, email)
SELECT "offset", uuid::UUID, email FROM stream_batch
WHERE
    reason IS NULL
    AND "offset" BETWEEN %(from_offset)s AND %(to_offset)s
    AND "offset" NOT IN (SELECT kafka_offset FROM inserted);
