-- What follows a decision, and what may come before it: reopenings, corrections, entitlements, deliveries, prints.

-- The register sent the approved photo back and a new one is to be taken: it stays approved and no longer counts.
ALTER TABLE attempts ADD COLUMN superseded_at BIGINT;
DROP INDEX attempts_under_way;
CREATE UNIQUE INDEX attempts_under_way ON attempts (student) WHERE status NOT IN ('rejected', 'withdrawn') AND superseded_at IS NULL;

-- The closing for which what was never submitted has lapsed.
ALTER TABLE seasons ADD COLUMN lapsed_for BIGINT;
CREATE INDEX enrolments_open ON enrolments (school, season, student) WHERE state IN ('invited', 'verified');

-- Two people take an approval back: one asks, another confirms in time.
CREATE TABLE reopenings (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    attempt    BYTEA NOT NULL REFERENCES attempts (id),
    reason     TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('asked', 'confirmed', 'dropped', 'expired')),
    asked_by   BYTEA NOT NULL,
    asked_at   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_by   BYTEA,
    ended_at   BIGINT,
    CHECK ((state = 'asked') = (ended_at IS NULL)),
    -- Nobody confirms their own.
    CHECK (state <> 'confirmed' OR (ended_by IS NOT NULL AND ended_by <> asked_by))
);
CREATE UNIQUE INDEX reopenings_open ON reopenings (attempt) WHERE state = 'asked';
CREATE INDEX reopenings_of_season ON reopenings (school, season, id) WHERE state = 'asked';

-- What a record should say, sealed, for as long as the question is open.
CREATE TABLE corrections (
    id           BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school       TEXT COLLATE "C" NOT NULL,
    season       TEXT COLLATE "C" NOT NULL,
    student      BYTEA NOT NULL REFERENCES students (id),
    attempt      BYTEA NOT NULL REFERENCES attempts (id),
    fields       TEXT NOT NULL CHECK (json_array_length(fields::json) > 0),
    wanted       BYTEA,
    state        TEXT COLLATE "C" NOT NULL CHECK (state IN ('requested', 'accepted', 'declined', 'withdrawn')),
    requested_by BYTEA NOT NULL,
    requested_at BIGINT NOT NULL,
    ended_by     BYTEA,
    ended_at     BIGINT,
    CHECK ((state = 'requested') = (wanted IS NOT NULL)),
    CHECK ((state = 'requested') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX corrections_open ON corrections (attempt) WHERE state = 'requested';
CREATE INDEX corrections_of_season ON corrections (school, season, id) WHERE state = 'requested';

-- A fact beside the enrolment; no row is unpaid.
CREATE TABLE entitlements (
    student    BYTEA PRIMARY KEY REFERENCES students (id),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('unpaid', 'paid', 'refunded', 'waived', 'elsewhere')),
    updated_at BIGINT NOT NULL
);

-- An approved photo on its way to the register. A reopening removes it; the next approval begins another.
CREATE TABLE deliveries (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    unit       TEXT COLLATE "C" NOT NULL,
    student    BYTEA NOT NULL REFERENCES students (id),
    attempt    BYTEA NOT NULL UNIQUE REFERENCES attempts (id),
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('ready', 'exported', 'uploaded', 'accepted', 'returned', 'retake')),
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
);
CREATE INDEX deliveries_of_season ON deliveries (school, season, state, id);
CREATE INDEX deliveries_of_unit ON deliveries (school, season, unit, state, id);
CREATE INDEX deliveries_of_student ON deliveries (student);

-- Its paper prints, beside it.
CREATE TABLE prints (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    unit       TEXT COLLATE "C" NOT NULL,
    student    BYTEA NOT NULL REFERENCES students (id),
    attempt    BYTEA NOT NULL UNIQUE REFERENCES attempts (id),
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'printed', 'packed', 'mailed', 'received', 'missing')),
    version    BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
);
CREATE INDEX prints_of_season ON prints (school, season, state, id);
CREATE INDEX prints_of_unit ON prints (school, season, unit, state, id);
CREATE INDEX prints_of_student ON prints (student);

INSERT INTO deliveries (id, school, season, unit, student, attempt, state, created_at, updated_at)
    SELECT id, school, season, unit, student, id, 'ready', submitted_at, submitted_at FROM attempts WHERE status = 'approved';
INSERT INTO prints (id, school, season, unit, student, attempt, state, created_at, updated_at)
    SELECT id, school, season, unit, student, id, 'queued', submitted_at, submitted_at FROM attempts WHERE status = 'approved';

-- Notices that were overtaken are stopped, and two kinds more.
ALTER TABLE notices DROP CONSTRAINT notices_kind_check;
ALTER TABLE notices ADD CONSTRAINT notices_kind_check CHECK (kind IN ('approved', 'rejected', 'retake', 'reopened', 'returned'));
ALTER TABLE notices DROP CONSTRAINT notices_state_check;
ALTER TABLE notices ADD CONSTRAINT notices_state_check CHECK (state IN ('waiting', 'delivered', 'call_needed', 'stopped'));
