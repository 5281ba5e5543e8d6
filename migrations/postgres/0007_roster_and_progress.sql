-- Rosters and progress on PostgreSQL: the same as on SQLite.

-- Of first attempts, those approved and rejected; students by where they stand; deliveries and prints by where they stand.
ALTER TABLE unit_counters ADD COLUMN first_approved BIGINT NOT NULL DEFAULT 0 CHECK (first_approved >= 0);
ALTER TABLE unit_counters ADD COLUMN first_rejected BIGINT NOT NULL DEFAULT 0 CHECK (first_rejected >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_invited BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_invited >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_verified BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_verified >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_done BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_done >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_withdrawn BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_withdrawn >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_ineligible BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_ineligible >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_lapsed BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_lapsed >= 0);
ALTER TABLE unit_counters ADD COLUMN enrolled_erased BIGINT NOT NULL DEFAULT 0 CHECK (enrolled_erased >= 0);
ALTER TABLE unit_counters ADD COLUMN delivery_ready BIGINT NOT NULL DEFAULT 0 CHECK (delivery_ready >= 0);
ALTER TABLE unit_counters ADD COLUMN delivery_exported BIGINT NOT NULL DEFAULT 0 CHECK (delivery_exported >= 0);
ALTER TABLE unit_counters ADD COLUMN delivery_uploaded BIGINT NOT NULL DEFAULT 0 CHECK (delivery_uploaded >= 0);
ALTER TABLE unit_counters ADD COLUMN delivery_accepted BIGINT NOT NULL DEFAULT 0 CHECK (delivery_accepted >= 0);
ALTER TABLE unit_counters ADD COLUMN delivery_returned BIGINT NOT NULL DEFAULT 0 CHECK (delivery_returned >= 0);
ALTER TABLE unit_counters ADD COLUMN delivery_retake BIGINT NOT NULL DEFAULT 0 CHECK (delivery_retake >= 0);
ALTER TABLE unit_counters ADD COLUMN prints_queued BIGINT NOT NULL DEFAULT 0 CHECK (prints_queued >= 0);
ALTER TABLE unit_counters ADD COLUMN prints_printed BIGINT NOT NULL DEFAULT 0 CHECK (prints_printed >= 0);
ALTER TABLE unit_counters ADD COLUMN prints_packed BIGINT NOT NULL DEFAULT 0 CHECK (prints_packed >= 0);
ALTER TABLE unit_counters ADD COLUMN prints_mailed BIGINT NOT NULL DEFAULT 0 CHECK (prints_mailed >= 0);
ALTER TABLE unit_counters ADD COLUMN prints_received BIGINT NOT NULL DEFAULT 0 CHECK (prints_received >= 0);
ALTER TABLE unit_counters ADD COLUMN prints_missing BIGINT NOT NULL DEFAULT 0 CHECK (prints_missing >= 0);

-- Counters that were kept before know nothing of these yet.
UPDATE unit_counters SET
    first_approved = (SELECT count(*) FROM attempts a WHERE a.school = unit_counters.school AND a.season = unit_counters.season
        AND a.unit = unit_counters.unit AND a.number = 1 AND a.status = 'approved'),
    first_rejected = (SELECT count(*) FROM attempts a WHERE a.school = unit_counters.school AND a.season = unit_counters.season
        AND a.unit = unit_counters.unit AND a.number = 1 AND a.status = 'rejected'),
    enrolled_invited = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'invited'),
    enrolled_verified = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'verified'),
    enrolled_done = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'done'),
    enrolled_withdrawn = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'withdrawn'),
    enrolled_ineligible = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'ineligible'),
    enrolled_lapsed = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'lapsed'),
    enrolled_erased = (SELECT count(*) FROM students s JOIN enrolments e ON e.student = s.id WHERE s.school = unit_counters.school
        AND s.season = unit_counters.season AND s.unit = unit_counters.unit AND e.state = 'erased'),
    delivery_ready = (SELECT count(*) FROM deliveries d WHERE d.school = unit_counters.school AND d.season = unit_counters.season
        AND d.unit = unit_counters.unit AND d.state = 'ready'),
    prints_queued = (SELECT count(*) FROM prints p WHERE p.school = unit_counters.school AND p.season = unit_counters.season
        AND p.unit = unit_counters.unit AND p.state = 'queued');

-- What happened in a unit on a day (days since 1970 in China's time), kept in the transactions that do it. A student who moves leaves history behind.
CREATE TABLE unit_days (
    school   TEXT COLLATE "C" NOT NULL,
    season   TEXT COLLATE "C" NOT NULL,
    unit     TEXT COLLATE "C" NOT NULL,
    day      BIGINT NOT NULL,
    captured BIGINT NOT NULL DEFAULT 0 CHECK (captured >= 0),
    decided  BIGINT NOT NULL DEFAULT 0 CHECK (decided >= 0),
    PRIMARY KEY (school, season, unit, day),
    FOREIGN KEY (school, season, unit) REFERENCES units (school, season, code)
);

-- Which column of a table holds what, told once for a set of headings (its SHA-256).
CREATE TABLE column_mappings (
    school      TEXT COLLATE "C" NOT NULL REFERENCES schools (code),
    heading_set TEXT COLLATE "C" NOT NULL CHECK (length(heading_set) = 64),
    mapping     TEXT NOT NULL CHECK (mapping::json IS NOT NULL),
    used_at     BIGINT NOT NULL,
    PRIMARY KEY (school, heading_set)
);

-- What is done once a night by whichever process comes first: the night it was last done.
CREATE TABLE nights (
    chore TEXT COLLATE "C" PRIMARY KEY,
    day   BIGINT NOT NULL
);
