-- How often the stream started since somebody last asked for it.
SELECT count(*) AS starts FROM driver_starts WHERE started_at > %(since)s AND outcome IS DISTINCT FROM 'refused';
