-- Topics that provisioning made itself, by Kafka's own id: what is missing at the beginning of one was deleted unread.
CREATE TABLE IF NOT EXISTS created_topics (
    topic_id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
