-- Every slot of the grid in the range that no run claimed was missed.
WITH missed AS (
    INSERT INTO slots (slot, outcome, detail)
    SELECT slot, 'missed', 'no run claimed it'
    FROM generate_series(
        to_timestamp(ceil(extract(EPOCH FROM %(from)s::timestamptz) / %(cadence)s) * %(cadence)s),
        %(to)s::timestamptz,
        make_interval(secs => %(cadence)s)
    ) AS slot
    ON CONFLICT DO NOTHING
    RETURNING slot
)

SELECT count(*) AS missed FROM missed;
