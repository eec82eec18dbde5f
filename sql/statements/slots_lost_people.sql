-- The people whom Kafka acknowledged, also in a slot that failed halfway, and who are neither in users nor in
-- rejected_records. No row means that nobody was lost. A slot younger than a minute may still be on its way.
SELECT
    slots.slot,
    person.uuid
FROM slots
CROSS JOIN unnest(slots.uuids) AS person (uuid)
WHERE
    NOT EXISTS (SELECT FROM users WHERE users.uuid = person.uuid)
    AND NOT EXISTS (SELECT FROM rejected_records WHERE rejected_records.key = convert_to(person.uuid::text, 'UTF8'))
ORDER BY slots.slot, person.uuid
