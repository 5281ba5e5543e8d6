-- Sequence numbers are given before the commit, so that a later one may be seen first. The order that readers can trust is the transaction's
-- number: none below the oldest one still running will ever come to be seen later.
ALTER TABLE events ADD COLUMN transaction_id BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
DROP INDEX events_of_season;
CREATE INDEX events_of_season ON events (school, season, transaction_id, sequence);
CREATE INDEX events_in_order ON events (transaction_id, sequence);
CREATE INDEX events_by_age ON events (at);

-- Up to where events were removed for their age: whoever stands before it must load everything anew.
CREATE TABLE events_forgotten (
    one            BIGINT PRIMARY KEY CHECK (one = 1),
    transaction_id BIGINT NOT NULL,
    sequence       BIGINT NOT NULL
);
INSERT INTO events_forgotten (one, transaction_id, sequence) VALUES (1, 0, 0);
