-- What follows a decision, and what may come before it: reopenings, corrections, entitlements, deliveries, prints.

-- The register sent the approved photo back and a new one is to be taken: it stays approved and no longer counts.
ALTER TABLE attempts ADD COLUMN superseded_at INTEGER;
DROP INDEX attempts_under_way;
CREATE UNIQUE INDEX attempts_under_way ON attempts (student) WHERE status NOT IN ('rejected', 'withdrawn') AND superseded_at IS NULL;

-- The closing for which what was never submitted has lapsed.
ALTER TABLE seasons ADD COLUMN lapsed_for INTEGER;
CREATE INDEX enrolments_open ON enrolments (school, season, student) WHERE state IN ('invited', 'verified');

-- Two people take an approval back: one asks, another confirms in time.
CREATE TABLE reopenings (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    attempt    BLOB NOT NULL REFERENCES attempts (id),
    reason     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('asked', 'confirmed', 'dropped', 'expired')),
    asked_by   BLOB NOT NULL,
    asked_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_by   BLOB,
    ended_at   INTEGER,
    CHECK ((state = 'asked') = (ended_at IS NULL)),
    -- Nobody confirms their own.
    CHECK (state <> 'confirmed' OR (ended_by IS NOT NULL AND ended_by <> asked_by))
) STRICT;
CREATE UNIQUE INDEX reopenings_open ON reopenings (attempt) WHERE state = 'asked';
CREATE INDEX reopenings_of_season ON reopenings (school, season, id) WHERE state = 'asked';

-- What a record should say, sealed, for as long as the question is open.
CREATE TABLE corrections (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT NOT NULL,
    season       TEXT NOT NULL,
    student      BLOB NOT NULL REFERENCES students (id),
    attempt      BLOB NOT NULL REFERENCES attempts (id),
    fields       TEXT NOT NULL CHECK (json_array_length(fields) > 0),
    wanted       BLOB,
    state        TEXT NOT NULL CHECK (state IN ('requested', 'accepted', 'declined', 'withdrawn')),
    requested_by BLOB NOT NULL,
    requested_at INTEGER NOT NULL,
    ended_by     BLOB,
    ended_at     INTEGER,
    CHECK ((state = 'requested') = (wanted IS NOT NULL)),
    CHECK ((state = 'requested') = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX corrections_open ON corrections (attempt) WHERE state = 'requested';
CREATE INDEX corrections_of_season ON corrections (school, season, id) WHERE state = 'requested';

-- A fact beside the enrolment; no row is unpaid.
CREATE TABLE entitlements (
    student    BLOB PRIMARY KEY REFERENCES students (id),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('unpaid', 'paid', 'refunded', 'waived', 'elsewhere')),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An approved photo on its way to the register. A reopening removes it; the next approval begins another.
CREATE TABLE deliveries (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    unit       TEXT NOT NULL,
    student    BLOB NOT NULL REFERENCES students (id),
    attempt    BLOB NOT NULL UNIQUE REFERENCES attempts (id),
    state      TEXT NOT NULL CHECK (state IN ('ready', 'exported', 'uploaded', 'accepted', 'returned', 'retake')),
    version    INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
) STRICT;
CREATE INDEX deliveries_of_season ON deliveries (school, season, state, id);
CREATE INDEX deliveries_of_unit ON deliveries (school, season, unit, state, id);
CREATE INDEX deliveries_of_student ON deliveries (student);

-- Its paper prints, beside it.
CREATE TABLE prints (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    unit       TEXT NOT NULL,
    student    BLOB NOT NULL REFERENCES students (id),
    attempt    BLOB NOT NULL UNIQUE REFERENCES attempts (id),
    state      TEXT NOT NULL CHECK (state IN ('queued', 'printed', 'packed', 'mailed', 'received', 'missing')),
    version    INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
) STRICT;
CREATE INDEX prints_of_season ON prints (school, season, state, id);
CREATE INDEX prints_of_unit ON prints (school, season, unit, state, id);
CREATE INDEX prints_of_student ON prints (student);

INSERT INTO deliveries (id, school, season, unit, student, attempt, state, created_at, updated_at)
    SELECT id, school, season, unit, student, id, 'ready', submitted_at, submitted_at FROM attempts WHERE status = 'approved';
INSERT INTO prints (id, school, season, unit, student, attempt, state, created_at, updated_at)
    SELECT id, school, season, unit, student, id, 'queued', submitted_at, submitted_at FROM attempts WHERE status = 'approved';

-- Notices that were overtaken are stopped, and two kinds more. SQLite changes no CHECK: the tables are made anew.
CREATE TABLE new_notices (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT NOT NULL,
    season       TEXT NOT NULL,
    unit         TEXT NOT NULL,
    student      BLOB NOT NULL REFERENCES students (id),
    attempt      BLOB NOT NULL REFERENCES attempts (id),
    kind         TEXT NOT NULL CHECK (kind IN ('approved', 'rejected', 'retake', 'reopened', 'returned')),
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'call_needed', 'stopped')),
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;
INSERT INTO new_notices SELECT id, school, season, unit, student, attempt, kind, state, created_at, delivered_at FROM notices;
CREATE TABLE new_sendings (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    school  TEXT NOT NULL,
    season  TEXT NOT NULL,
    notice  BLOB NOT NULL REFERENCES new_notices (id),
    gateway TEXT NOT NULL,
    -- The gateway's own number for the message, or the code of what went wrong.
    outcome TEXT NOT NULL,
    sent    INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
INSERT INTO new_sendings SELECT id, school, season, notice, gateway, outcome, sent, at FROM sendings;
DROP TABLE sendings;
DROP TABLE notices;
ALTER TABLE new_notices RENAME TO notices;
ALTER TABLE new_sendings RENAME TO sendings;
CREATE INDEX notices_of_attempt ON notices (attempt, id);
CREATE INDEX notices_to_call ON notices (school, season, unit, id) WHERE state = 'call_needed';
CREATE INDEX sendings_of_notice ON sendings (notice, id);
