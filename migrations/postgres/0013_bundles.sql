-- Photos that are out of the house: whose, on which device, until when. Their leases end with them.
CREATE TABLE bundles (
    id         BYTEA PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT COLLATE "C" NOT NULL,
    season     TEXT COLLATE "C" NOT NULL,
    unit       TEXT COLLATE "C" NOT NULL,
    reviewer   BYTEA NOT NULL,
    device     BYTEA NOT NULL,
    portraits  BIGINT NOT NULL CHECK (portraits IN (0, 1)),
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Dropped by the reviewer, or revoked by somebody else.
    ended_at   BIGINT,
    ended_by   BYTEA,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX bundles_of_season ON bundles (school, season, id) WHERE ended_at IS NULL;
CREATE INDEX bundles_of_reviewer ON bundles (reviewer, expires_at) WHERE ended_at IS NULL;

-- What the statement says of each photo.
CREATE TABLE bundle_items (
    bundle    BYTEA NOT NULL REFERENCES bundles (id),
    attempt   BYTEA NOT NULL REFERENCES attempts (id),
    version   BIGINT NOT NULL,
    rendition BYTEA,
    place     BIGINT NOT NULL,
    PRIMARY KEY (bundle, attempt)
);
