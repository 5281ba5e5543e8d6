-- The house on SQLite. Times are microseconds since 1970 in UTC, ids are UUIDv7 in 16 bytes, lists are JSON.
-- Everything that belongs to a season carries school and season, so that no query needs a join to know whose it is.

CREATE TABLE schools (
    code       TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE seasons (
    school     TEXT NOT NULL REFERENCES schools (code),
    code       TEXT NOT NULL,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('roster', 'capture_code')),
    rules      TEXT NOT NULL CHECK (json_valid(rules)),
    closes_at  INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (school, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE units (
    school TEXT NOT NULL,
    season TEXT NOT NULL,
    code   TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (school, season, code),
    FOREIGN KEY (school, season) REFERENCES seasons (school, code)
) STRICT, WITHOUT ROWID;

-- One wide row a unit, kept in the transaction that changes what it counts. The whole is the sum of the rows, never a row.
CREATE TABLE unit_counters (
    school               TEXT NOT NULL,
    season               TEXT NOT NULL,
    unit                 TEXT NOT NULL,
    students             INTEGER NOT NULL DEFAULT 0 CHECK (students >= 0),
    captured_students    INTEGER NOT NULL DEFAULT 0 CHECK (captured_students >= 0),
    done_students        INTEGER NOT NULL DEFAULT 0 CHECK (done_students >= 0),
    captured             INTEGER NOT NULL DEFAULT 0 CHECK (captured >= 0),
    standardized         INTEGER NOT NULL DEFAULT 0 CHECK (standardized >= 0),
    machine_refused      INTEGER NOT NULL DEFAULT 0 CHECK (machine_refused >= 0),
    pending              INTEGER NOT NULL DEFAULT 0 CHECK (pending >= 0),
    correction_requested INTEGER NOT NULL DEFAULT 0 CHECK (correction_requested >= 0),
    held                 INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
    approved             INTEGER NOT NULL DEFAULT 0 CHECK (approved >= 0),
    rejected             INTEGER NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    withdrawn            INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn >= 0),
    doubtful             INTEGER NOT NULL DEFAULT 0 CHECK (doubtful >= 0),
    PRIMARY KEY (school, season, unit),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
) STRICT, WITHOUT ROWID;

-- A student is (season, student_key). Name, ID number and phone are sealed; the ID number is found by its keyed hash.
CREATE TABLE students (
    id             BLOB PRIMARY KEY CHECK (length(id) = 16),
    school         TEXT NOT NULL,
    season         TEXT NOT NULL,
    unit           TEXT NOT NULL,
    student_key    TEXT NOT NULL,
    -- Absent where the roster knows people by ID number only.
    student_number TEXT,
    name           BLOB,
    id_number      BLOB,
    id_number_hash BLOB,
    phone          BLOB,
    details        TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details)),
    -- Keyed hash of everything the roster said: equal means nothing changed.
    fingerprint    BLOB NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (school, season, student_key),
    UNIQUE (school, season, student_number),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
) STRICT;
CREATE UNIQUE INDEX students_by_id_number ON students (school, season, id_number_hash) WHERE id_number_hash IS NOT NULL;
CREATE INDEX students_by_unit ON students (school, season, unit);

CREATE TABLE enrolments (
    student    BLOB PRIMARY KEY REFERENCES students (id),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('invited', 'verified', 'done', 'withdrawn', 'ineligible', 'lapsed', 'erased')),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    id                 BLOB PRIMARY KEY CHECK (length(id) = 16),
    school             TEXT NOT NULL,
    season             TEXT NOT NULL,
    unit               TEXT NOT NULL,
    student            BLOB NOT NULL REFERENCES students (id),
    number             INTEGER NOT NULL CHECK (number >= 1),
    status             TEXT NOT NULL CHECK (status IN
        ('captured', 'standardized', 'machine_refused', 'pending', 'correction_requested', 'held', 'approved', 'rejected', 'withdrawn')),
    version            INTEGER NOT NULL DEFAULT 1,
    submitted_at       INTEGER NOT NULL,
    -- Keyed hash of the photo as it came, per student: the same photo again is the same attempt.
    photo_hash         BLOB NOT NULL,
    -- What the machine said.
    rendition          BLOB,
    report             TEXT CHECK (report IS NULL OR json_valid(report)),
    checks             TEXT NOT NULL DEFAULT 'unknown' CHECK (checks IN ('pass', 'unknown', 'warn', 'fail')),
    machine_reasons    TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(machine_reasons)),
    comparison         TEXT CHECK (comparison IS NULL OR json_valid(comparison)),
    band               TEXT CHECK (band IS NULL OR band IN ('same', 'doubtful', 'different')),
    reviews_needed     INTEGER NOT NULL DEFAULT 1 CHECK (reviews_needed >= 1),
    -- The decision, from the moment it is held.
    decision           TEXT CHECK (decision IS NULL OR decision IN ('approve', 'reject')),
    decision_reasons   TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(decision_reasons)),
    decided_by         BLOB,
    refused_by_machine INTEGER NOT NULL DEFAULT 0,
    held_until         INTEGER,
    -- The lease: advice. Nobody else is offered the photo before visible_at, which is submitted_at while nobody has it.
    visible_at         INTEGER NOT NULL,
    lease_user         BLOB,
    lease_token        BLOB,
    UNIQUE (student, number),
    UNIQUE (student, photo_hash),
    CHECK ((status = 'held') = (held_until IS NOT NULL)),
    CHECK ((status IN ('held', 'approved', 'rejected')) = (decision IS NOT NULL)),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
) STRICT;
-- A student has one photo under way at a time.
CREATE UNIQUE INDEX attempts_under_way ON attempts (student) WHERE status NOT IN ('rejected', 'withdrawn');
CREATE INDEX attempts_of_season ON attempts (school, season, status, submitted_at, id);
CREATE INDEX attempts_of_unit ON attempts (school, season, unit, status, submitted_at, id);
CREATE INDEX attempts_to_claim ON attempts (school, season, status, visible_at, id);
CREATE INDEX attempts_to_claim_in_unit ON attempts (school, season, unit, status, visible_at, id);
CREATE INDEX attempts_leased ON attempts (lease_user, lease_token) WHERE lease_user IS NOT NULL;

CREATE TABLE blobs (
    name       TEXT PRIMARY KEY,
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    attempt    BLOB NOT NULL REFERENCES attempts (id),
    kind       TEXT NOT NULL CHECK (kind IN ('original', 'preview', 'thumb', 'standard', 'portrait', 'id_card')),
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_of_attempt ON blobs (attempt, kind, created_at);

CREATE TABLE renditions (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    attempt    BLOB NOT NULL REFERENCES attempts (id),
    number     INTEGER NOT NULL,
    blob       TEXT NOT NULL REFERENCES blobs (name),
    report     TEXT NOT NULL CHECK (json_valid(report)),
    created_at INTEGER NOT NULL,
    UNIQUE (attempt, number)
) STRICT;

-- A review that was taken back stays, withdrawn; the same person's next one is a round later.
CREATE TABLE reviews (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT NOT NULL,
    season       TEXT NOT NULL,
    attempt      BLOB NOT NULL REFERENCES attempts (id),
    reviewer     BLOB NOT NULL,
    round        INTEGER NOT NULL,
    verdict      TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    reasons      TEXT NOT NULL CHECK (json_valid(reasons)),
    rendition    BLOB,
    at           INTEGER NOT NULL,
    withdrawn_at INTEGER,
    UNIQUE (attempt, reviewer, round),
    CHECK ((verdict = 'reject') = (json_array_length(reasons) > 0))
) STRICT;
CREATE UNIQUE INDEX reviews_that_count ON reviews (attempt, reviewer) WHERE withdrawn_at IS NULL;

CREATE TABLE idempotency_keys (
    actor        BLOB NOT NULL,
    key          BLOB NOT NULL,
    school       TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    response     TEXT NOT NULL CHECK (json_valid(response)),
    at           INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

-- One writer, so that a sequence is in the order of the commits.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    school   TEXT NOT NULL,
    season   TEXT NOT NULL,
    unit     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    attempt  BLOB NOT NULL,
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX events_of_season ON events (school, season, sequence);

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    school   TEXT NOT NULL,
    season   TEXT,
    unit     TEXT,
    at       INTEGER NOT NULL,
    actor    BLOB,
    action   TEXT NOT NULL,
    attempt  BLOB,
    details  TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details))
) STRICT;
CREATE INDEX audit_of_season ON audit (school, season, sequence);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
-- REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_is_never_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;

-- The queue of the machine. A job that was taken comes back at visible_at unless its end was recorded.
CREATE TABLE jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('standardize', 'freeze', 'notify')),
    subject    BLOB NOT NULL,
    visible_at INTEGER NOT NULL,
    taken      INTEGER NOT NULL DEFAULT 0,
    tries      INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, subject)
) STRICT;
CREATE INDEX jobs_due ON jobs (kind, visible_at, id);

CREATE TABLE notices (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT NOT NULL,
    season       TEXT NOT NULL,
    unit         TEXT NOT NULL,
    student      BLOB NOT NULL REFERENCES students (id),
    attempt      BLOB NOT NULL REFERENCES attempts (id),
    kind         TEXT NOT NULL CHECK (kind IN ('approved', 'rejected', 'retake')),
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'call_needed')),
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;
CREATE INDEX notices_of_attempt ON notices (attempt, id);
CREATE INDEX notices_to_call ON notices (school, season, unit, id) WHERE state = 'call_needed';

CREATE TABLE sendings (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    school  TEXT NOT NULL,
    season  TEXT NOT NULL,
    notice  BLOB NOT NULL REFERENCES notices (id),
    gateway TEXT NOT NULL,
    -- The gateway's own number for the message, or the code of what went wrong.
    outcome TEXT NOT NULL,
    sent    INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX sendings_of_notice ON sendings (notice, id);

CREATE TABLE users (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT NOT NULL REFERENCES schools (code),
    name       TEXT NOT NULL UNIQUE,
    role       TEXT NOT NULL CHECK (role IN ('reviewer', 'registrar', 'admin')),
    -- NULL: every unit.
    units      TEXT CHECK (units IS NULL OR json_valid(units)),
    password   TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    user       BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    code_hash  BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    user       BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Says which master key the keyed hashes were made with.
CREATE TABLE vault_mark (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    mark BLOB NOT NULL
) STRICT;
