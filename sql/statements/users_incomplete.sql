-- Rows without a value that the API always gives. country may be missing: the nationality LEGO has none. So may age:
-- version 1.0 of the API gives the date of birth alone.
-- Rows from before this pipeline are not counted: what they lack, nobody can give them any more.
-- The condition is that of the index users_incomplete_rows, which holds such rows alone: the count costs nothing at any
-- size.
SELECT count(*) AS incomplete, (array_agg(id ORDER BY id DESC))[1:5] AS examples
FROM users
WHERE
    ingested_at IS NOT NULL
    AND (
        num_nulls(
            gender, name_title, name_first, name_last, street_number, street_name, city, state, postcode, email, uuid,
            dob_date, phone, cell, picture_large, email_domain
        ) > 0
        OR email_domain <> split_part(email, '@', -1)
    );
