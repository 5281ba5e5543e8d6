-- One writer: the order of the sequence is the order of the commits, and every event is of the same "transaction".
ALTER TABLE events ADD COLUMN transaction_id INTEGER NOT NULL DEFAULT 0;
DROP INDEX events_of_season;
CREATE INDEX events_of_season ON events (school, season, transaction_id, sequence);
CREATE INDEX events_by_age ON events (at);

-- Up to where events were removed for their age: whoever stands before it must load everything anew.
CREATE TABLE events_forgotten (
    one            INTEGER PRIMARY KEY CHECK (one = 1),
    transaction_id INTEGER NOT NULL,
    sequence       INTEGER NOT NULL
) STRICT;
INSERT INTO events_forgotten (one, transaction_id, sequence) VALUES (1, 0, 0);
