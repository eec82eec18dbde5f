-- What became of the slots since a moment; late is what was sent more than so many seconds after its slot.
SELECT
    count(*) AS slots,
    count(*) FILTER (WHERE outcome = 'missed') AS missed,
    count(*) FILTER (WHERE outcome = 'failed') AS failed,
    count(*) FILTER (WHERE outcome = 'emitted' AND emitted_at > slot + make_interval(secs => %(late_seconds)s)) AS late,
    max(slot) FILTER (WHERE outcome IN ('missed', 'failed')) AS newest
FROM slots
WHERE slot > %(since)s;
