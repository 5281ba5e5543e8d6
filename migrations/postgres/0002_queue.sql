-- The queue and what policy wants of reviews: places, skips, leads, golden items.

-- A unit may end before its season does.
ALTER TABLE units ADD COLUMN closes_at BIGINT;

-- The place in the queue: when the photo came in, less the head start its season gives it. visible_at is this while nobody has it.
ALTER TABLE attempts ADD COLUMN place_at BIGINT NOT NULL DEFAULT 0;
UPDATE attempts SET place_at = submitted_at;
ALTER TABLE attempts ADD COLUMN leased_at BIGINT;
-- Only for those who lead reviews: somebody asked for one, or two disagree and the season says so.
ALTER TABLE attempts ADD COLUMN for_lead BIGINT NOT NULL DEFAULT 0;
-- A golden item as one reviewer gets it: for whom it is, and the attempt whose pictures it shows. It stands in a season of that reviewer's own,
-- `SEASON~REVIEWER`, so that whatever belongs to a season (counters, lists, exports, notices) never meets it.
ALTER TABLE attempts ADD COLUMN golden_for BYTEA;
ALTER TABLE attempts ADD COLUMN golden_source BYTEA;

DROP INDEX attempts_to_claim;
DROP INDEX attempts_to_claim_in_unit;
CREATE INDEX attempts_to_claim ON attempts (school, season, status, visible_at, id, for_lead);
CREATE INDEX attempts_to_claim_in_unit ON attempts (school, season, unit, status, visible_at, id, for_lead);
CREATE INDEX attempts_by_lease_end ON attempts (school, season, visible_at) WHERE lease_user IS NOT NULL;
CREATE INDEX attempts_golden ON attempts (status, id) WHERE golden_for IS NOT NULL;

-- How long the look took, in milliseconds, as far as the server can know.
ALTER TABLE reviews ADD COLUMN took BIGINT;
CREATE INDEX reviews_of_season ON reviews (school, season, at);
CREATE INDEX reviews_of_reviewer ON reviews (reviewer, at);

-- Told to this user alone; NULL: to everybody in scope.
ALTER TABLE events ADD COLUMN only_for BYTEA;

-- Somebody passed a photo on. They are not offered it again before `until`.
CREATE TABLE skips (
    id        BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school    TEXT COLLATE "C" NOT NULL,
    season    TEXT COLLATE "C" NOT NULL,
    unit      TEXT COLLATE "C" NOT NULL,
    attempt   BYTEA NOT NULL REFERENCES attempts (id),
    reviewer  BYTEA NOT NULL,
    reason    TEXT COLLATE "C" NOT NULL,
    note      TEXT COLLATE "C" CHECK (note IS NULL OR length(note) BETWEEN 1 AND 60),
    asks_lead BIGINT NOT NULL DEFAULT 0,
    at        BIGINT NOT NULL,
    until     BIGINT NOT NULL
);
CREATE INDEX skips_of_attempt ON skips (attempt, reviewer, until);
CREATE INDEX skips_of_season ON skips (school, season, id);

-- A decided attempt whose right answer is known.
CREATE TABLE golden_items (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    attempt    BYTEA NOT NULL UNIQUE REFERENCES attempts (id),
    verdict    TEXT COLLATE "C" NOT NULL CHECK (verdict IN ('approve', 'reject')),
    reasons    TEXT NOT NULL CHECK (reasons::json IS NOT NULL),
    made_by    BYTEA NOT NULL,
    made_at    BIGINT NOT NULL,
    retired_at BIGINT,
    CHECK ((verdict = 'reject') = (json_array_length(reasons::json) > 0))
);
CREATE INDEX golden_items_of_season ON golden_items (school, season, id);

-- Which reviewer gets which golden item, once; the photo whose claim drew it, when it comes, and the attempt it then is.
CREATE TABLE golden_offers (
    id       BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school   TEXT COLLATE "C" NOT NULL,
    season   TEXT COLLATE "C" NOT NULL,
    unit     TEXT COLLATE "C" NOT NULL,
    golden   BYTEA NOT NULL REFERENCES golden_items (id),
    reviewer BYTEA NOT NULL,
    drawn_by BYTEA NOT NULL,
    due_at   BIGINT NOT NULL,
    attempt  BYTEA UNIQUE REFERENCES attempts (id),
    UNIQUE (golden, reviewer),
    UNIQUE (reviewer, drawn_by)
);
CREATE INDEX golden_offers_of_season ON golden_offers (school, season, reviewer, id);
