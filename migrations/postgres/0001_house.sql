-- The house on PostgreSQL: the same tables as on SQLite, column for column. Times are microseconds since 1970 in UTC, ids are UUIDv7 in 16 bytes, lists are JSON.
-- Everything that belongs to a season carries school and season, so that no query needs a join to know whose it is.

-- What SQLite has and the common statements use.
CREATE FUNCTION json_each(list text) RETURNS TABLE (value text) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8
    AS $$ SELECT json_array_elements_text(list::json) $$;
CREATE FUNCTION unhex(digits text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT decode(digits, 'hex') $$;
CREATE FUNCTION json_patch(onto text, patch text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (onto::jsonb || patch::jsonb)::text $$;

CREATE TABLE schools (
    code       TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE seasons (
    school     TEXT COLLATE "C" NOT NULL REFERENCES schools (code),
    code       TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('roster', 'capture_code')),
    rules      TEXT NOT NULL CHECK (rules::json IS NOT NULL),
    closes_at  BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (school, code)
);

CREATE TABLE units (
    school TEXT COLLATE "C" NOT NULL,
    season TEXT COLLATE "C" NOT NULL,
    code   TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (school, season, code),
    FOREIGN KEY (school, season) REFERENCES seasons (school, code)
);

-- One wide row a unit, kept in the transaction that changes what it counts. The whole is the sum of the rows, never a row.
CREATE TABLE unit_counters (
    school               TEXT COLLATE "C" NOT NULL,
    season               TEXT COLLATE "C" NOT NULL,
    unit                 TEXT COLLATE "C" NOT NULL,
    students             BIGINT NOT NULL DEFAULT 0 CHECK (students >= 0),
    captured_students    BIGINT NOT NULL DEFAULT 0 CHECK (captured_students >= 0),
    done_students        BIGINT NOT NULL DEFAULT 0 CHECK (done_students >= 0),
    captured             BIGINT NOT NULL DEFAULT 0 CHECK (captured >= 0),
    standardized         BIGINT NOT NULL DEFAULT 0 CHECK (standardized >= 0),
    machine_refused      BIGINT NOT NULL DEFAULT 0 CHECK (machine_refused >= 0),
    pending              BIGINT NOT NULL DEFAULT 0 CHECK (pending >= 0),
    correction_requested BIGINT NOT NULL DEFAULT 0 CHECK (correction_requested >= 0),
    held                 BIGINT NOT NULL DEFAULT 0 CHECK (held >= 0),
    approved             BIGINT NOT NULL DEFAULT 0 CHECK (approved >= 0),
    rejected             BIGINT NOT NULL DEFAULT 0 CHECK (rejected >= 0),
    withdrawn            BIGINT NOT NULL DEFAULT 0 CHECK (withdrawn >= 0),
    doubtful             BIGINT NOT NULL DEFAULT 0 CHECK (doubtful >= 0),
    PRIMARY KEY (school, season, unit),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
);

-- A student is (season, student_key). Name, ID number and phone are sealed; the ID number is found by its keyed hash.
CREATE TABLE students (
    id             BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school         TEXT COLLATE "C" NOT NULL,
    season         TEXT COLLATE "C" NOT NULL,
    unit           TEXT COLLATE "C" NOT NULL,
    student_key    TEXT COLLATE "C" NOT NULL,
    -- Absent where the roster knows people by ID number only.
    student_number TEXT COLLATE "C",
    name           BYTEA,
    id_number      BYTEA,
    id_number_hash BYTEA,
    phone          BYTEA,
    details        TEXT NOT NULL DEFAULT '{}' CHECK (details::json IS NOT NULL),
    -- Keyed hash of everything the roster said: equal means nothing changed.
    fingerprint    BYTEA NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (school, season, student_key),
    UNIQUE (school, season, student_number),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
);
CREATE UNIQUE INDEX students_by_id_number ON students (school, season, id_number_hash) WHERE id_number_hash IS NOT NULL;
CREATE INDEX students_by_unit ON students (school, season, unit);

CREATE TABLE enrolments (
    student    BYTEA PRIMARY KEY REFERENCES students (id),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('invited', 'verified', 'done', 'withdrawn', 'ineligible', 'lapsed', 'erased')),
    updated_at BIGINT NOT NULL
);

CREATE TABLE attempts (
    id                 BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school             TEXT COLLATE "C" NOT NULL,
    season             TEXT COLLATE "C" NOT NULL,
    unit               TEXT COLLATE "C" NOT NULL,
    student            BYTEA NOT NULL REFERENCES students (id),
    number             BIGINT NOT NULL CHECK (number >= 1),
    status             TEXT COLLATE "C" NOT NULL CHECK (status IN
        ('captured', 'standardized', 'machine_refused', 'pending', 'correction_requested', 'held', 'approved', 'rejected', 'withdrawn')),
    version            BIGINT NOT NULL DEFAULT 1,
    submitted_at       BIGINT NOT NULL,
    -- Keyed hash of the photo as it came, per student: the same photo again is the same attempt.
    photo_hash         BYTEA NOT NULL,
    -- What the machine said.
    rendition          BYTEA,
    report             TEXT CHECK (report IS NULL OR report::json IS NOT NULL),
    checks             TEXT NOT NULL DEFAULT 'unknown' CHECK (checks IN ('pass', 'unknown', 'warn', 'fail')),
    machine_reasons    TEXT NOT NULL DEFAULT '[]' CHECK (machine_reasons::json IS NOT NULL),
    comparison         TEXT CHECK (comparison IS NULL OR comparison::json IS NOT NULL),
    band               TEXT CHECK (band IS NULL OR band IN ('same', 'doubtful', 'different')),
    reviews_needed     BIGINT NOT NULL DEFAULT 1 CHECK (reviews_needed >= 1),
    -- The decision, from the moment it is held.
    decision           TEXT CHECK (decision IS NULL OR decision IN ('approve', 'reject')),
    decision_reasons   TEXT NOT NULL DEFAULT '[]' CHECK (decision_reasons::json IS NOT NULL),
    decided_by         BYTEA,
    refused_by_machine BIGINT NOT NULL DEFAULT 0,
    held_until         BIGINT,
    -- The lease: advice. Nobody else is offered the photo before visible_at, which is submitted_at while nobody has it.
    visible_at         BIGINT NOT NULL,
    lease_user         BYTEA,
    lease_token        BYTEA,
    UNIQUE (student, number),
    UNIQUE (student, photo_hash),
    CHECK ((status = 'held') = (held_until IS NOT NULL)),
    CHECK ((status IN ('held', 'approved', 'rejected')) = (decision IS NOT NULL)),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
);
-- A student has one photo under way at a time.
CREATE UNIQUE INDEX attempts_under_way ON attempts (student) WHERE status NOT IN ('rejected', 'withdrawn');
CREATE INDEX attempts_of_season ON attempts (school, season, status, submitted_at, id);
CREATE INDEX attempts_of_unit ON attempts (school, season, unit, status, submitted_at, id);
CREATE INDEX attempts_to_claim ON attempts (school, season, status, visible_at, id);
CREATE INDEX attempts_to_claim_in_unit ON attempts (school, season, unit, status, visible_at, id);
CREATE INDEX attempts_leased ON attempts (lease_user, lease_token) WHERE lease_user IS NOT NULL;

CREATE TABLE blobs (
    name       TEXT COLLATE "C" PRIMARY KEY,
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    attempt    BYTEA NOT NULL REFERENCES attempts (id),
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('original', 'preview', 'thumb', 'standard', 'portrait', 'id_card')),
    bytes      BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX blobs_of_attempt ON blobs (attempt, kind, created_at);

CREATE TABLE renditions (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    attempt    BYTEA NOT NULL REFERENCES attempts (id),
    number     BIGINT NOT NULL,
    blob       TEXT NOT NULL REFERENCES blobs (name),
    report     TEXT NOT NULL CHECK (report::json IS NOT NULL),
    created_at BIGINT NOT NULL,
    UNIQUE (attempt, number)
);

-- A review that was taken back stays, withdrawn; the same person's next one is a round later.
CREATE TABLE reviews (
    id           BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT COLLATE "C" NOT NULL,
    season       TEXT COLLATE "C" NOT NULL,
    attempt      BYTEA NOT NULL REFERENCES attempts (id),
    reviewer     BYTEA NOT NULL,
    round        BIGINT NOT NULL,
    verdict      TEXT NOT NULL CHECK (verdict IN ('approve', 'reject')),
    reasons      TEXT NOT NULL CHECK (reasons::json IS NOT NULL),
    rendition    BYTEA,
    at           BIGINT NOT NULL,
    withdrawn_at BIGINT,
    UNIQUE (attempt, reviewer, round),
    CHECK ((verdict = 'reject') = (reasons <> '[]'))
);
CREATE UNIQUE INDEX reviews_that_count ON reviews (attempt, reviewer) WHERE withdrawn_at IS NULL;

CREATE TABLE idempotency_keys (
    actor        BYTEA NOT NULL,
    key          BYTEA NOT NULL,
    school       TEXT COLLATE "C" NOT NULL,
    request_hash BYTEA NOT NULL,
    response     TEXT NOT NULL CHECK (response::json IS NOT NULL),
    at           BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

-- One writer, so that a sequence is in the order of the commits.
CREATE TABLE events (
    sequence BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    school   TEXT COLLATE "C" NOT NULL,
    season   TEXT COLLATE "C" NOT NULL,
    unit     TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    attempt  BYTEA NOT NULL,
    version  BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX events_of_season ON events (school, season, sequence);

CREATE TABLE audit (
    sequence BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    school   TEXT COLLATE "C" NOT NULL,
    season   TEXT COLLATE "C",
    unit     TEXT COLLATE "C",
    at       BIGINT NOT NULL,
    actor    BYTEA,
    action   TEXT COLLATE "C" NOT NULL,
    attempt  BYTEA,
    details  TEXT NOT NULL DEFAULT '{}' CHECK (details::json IS NOT NULL)
);
CREATE INDEX audit_of_season ON audit (school, season, sequence);
CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit is append only'; END $$;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();

-- The queue of the machine. A job that was taken comes back at visible_at unless its end was recorded.
CREATE TABLE jobs (
    id         BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('standardize', 'freeze', 'notify')),
    subject    BYTEA NOT NULL,
    visible_at BIGINT NOT NULL,
    taken      BIGINT NOT NULL DEFAULT 0,
    tries      BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, subject)
);
CREATE INDEX jobs_due ON jobs (kind, visible_at, id);

CREATE TABLE notices (
    id           BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT COLLATE "C" NOT NULL,
    season       TEXT COLLATE "C" NOT NULL,
    unit         TEXT COLLATE "C" NOT NULL,
    student      BYTEA NOT NULL REFERENCES students (id),
    attempt      BYTEA NOT NULL REFERENCES attempts (id),
    kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('approved', 'rejected', 'retake')),
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'delivered', 'call_needed')),
    created_at   BIGINT NOT NULL,
    delivered_at BIGINT
);
CREATE INDEX notices_of_attempt ON notices (attempt, id);
CREATE INDEX notices_to_call ON notices (school, season, unit, id) WHERE state = 'call_needed';

CREATE TABLE sendings (
    id      BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    school  TEXT COLLATE "C" NOT NULL,
    season  TEXT COLLATE "C" NOT NULL,
    notice  BYTEA NOT NULL REFERENCES notices (id),
    gateway TEXT NOT NULL,
    -- The gateway's own number for the message, or the code of what went wrong.
    outcome TEXT NOT NULL,
    sent    BIGINT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX sendings_of_notice ON sendings (notice, id);

CREATE TABLE users (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL REFERENCES schools (code),
    name       TEXT COLLATE "C" NOT NULL UNIQUE,
    role       TEXT COLLATE "C" NOT NULL CHECK (role IN ('reviewer', 'registrar', 'admin')),
    -- NULL: every unit.
    units      TEXT CHECK (units IS NULL OR units::json IS NOT NULL),
    password   TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    token_hash BYTEA PRIMARY KEY CHECK (length(token_hash) = 32),
    "user"       BYTEA NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    code_hash  BYTEA PRIMARY KEY CHECK (length(code_hash) = 32),
    "user"       BYTEA NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

-- Says which master key the keyed hashes were made with.
CREATE TABLE vault_mark (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    mark BYTEA NOT NULL
);
