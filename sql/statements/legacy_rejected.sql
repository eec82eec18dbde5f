-- Rows from before this pipeline that can't be rows of users: each whole, as it was, with the reason.
CREATE TABLE IF NOT EXISTS users_legacy_rejected (
    id BIGINT NOT NULL, -- in users
    reason TEXT NOT NULL,
    detail TEXT,
    "row" JSONB NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
