-- Personal data: what was consented to, who was shown what, and what was purged when its time was over.

-- When the attempt was decided for good or taken back; storage times are counted from here.
ALTER TABLE attempts ADD COLUMN ended_at INTEGER;
UPDATE attempts SET ended_at = coalesce((SELECT max(r.at) FROM reviews r WHERE r.attempt = attempts.id), submitted_at)
    WHERE status IN ('approved', 'rejected', 'withdrawn');
CREATE INDEX attempts_ended ON attempts (school, season, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX attempts_golden_source ON attempts (golden_source) WHERE golden_source IS NOT NULL;

-- A picture is purged in two steps: from the first on nobody is shown it, after the second it is gone. The row stays as its tombstone.
ALTER TABLE blobs ADD COLUMN purging_at INTEGER;
ALTER TABLE blobs ADD COLUMN purged_at INTEGER;
-- The class whose time was over, or `erasure`.
ALTER TABLE blobs ADD COLUMN purged_for TEXT;
CREATE INDEX blobs_purging ON blobs (purging_at, name) WHERE purging_at IS NOT NULL AND purged_at IS NULL;

-- What a student agreed to, or did not, with the version of the text; the newest of a kind counts.
CREATE TABLE consents (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    school      TEXT NOT NULL,
    season      TEXT NOT NULL,
    student     BLOB NOT NULL REFERENCES students (id),
    kind        TEXT NOT NULL CHECK (kind IN ('photo', 'face_comparison')),
    given       INTEGER NOT NULL CHECK (given IN (0, 1)),
    version     TEXT NOT NULL,
    recorded_by BLOB NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX consents_of_student ON consents (student, kind, id);

-- Whom personal data was shown unmasked, and why.
CREATE TABLE reveals (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    school  TEXT NOT NULL,
    season  TEXT NOT NULL,
    attempt BLOB NOT NULL REFERENCES attempts (id),
    actor   BLOB NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX reveals_of_actor ON reveals (actor, at);

-- What is counted for the whole house now and then.
CREATE TABLE house_facts (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL,
    at    INTEGER NOT NULL
) STRICT;
