-- The newest slot of the grid and what became of it.
SELECT slot, outcome, people
FROM slots
ORDER BY slot DESC
LIMIT 1
