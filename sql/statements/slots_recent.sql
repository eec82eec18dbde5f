-- What became of the slots since a moment; late is what was sent more than so many seconds after its slot. While the
-- schedule is on every slot has a row, so it was switched on at a slot whose predecessor has none. "beginning" are the
-- missed and failed ones of the first time after that.
WITH recent AS (
    SELECT slots.slot, slots.emitted_at, slots.outcome, earlier.slot AS before
    FROM slots
    LEFT JOIN LATERAL (
        SELECT max(each.slot) AS slot FROM slots AS each WHERE each.slot < slots.slot
    ) AS earlier ON TRUE
    WHERE slots.slot > %(since)s
),

begun AS (
    SELECT slot FROM recent WHERE before IS NULL OR before < slot - make_interval(secs => %(cadence)s)
)

SELECT
    count(*) AS slots,
    count(*) FILTER (WHERE outcome = 'missed') AS missed,
    count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'emitted' AND emitted_at > slot + make_interval(secs => %(late_seconds)s)) AS late,
    count(*) FILTER (
        WHERE
        outcome IN ('missed', 'failed')
        AND EXISTS (
            SELECT FROM begun
            WHERE begun.slot <= recent.slot AND recent.slot < begun.slot + make_interval(secs => %(begins_seconds)s)
        )
    ) AS beginning,
    max(slot) FILTER (WHERE outcome IN ('missed', 'failed')) AS newest
FROM recent;
