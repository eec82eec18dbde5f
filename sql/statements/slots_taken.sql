-- The slots that need no run any more: they were claimed, or their books are closed.
SELECT slot FROM slots WHERE slot = ANY(%(slots)s::timestamptz[]);
