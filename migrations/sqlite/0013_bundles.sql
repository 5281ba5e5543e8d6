-- Photos that are out of the house: whose, on which device, until when. Their leases end with them.
CREATE TABLE bundles (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    school     TEXT NOT NULL,
    season     TEXT NOT NULL,
    unit       TEXT NOT NULL,
    reviewer   BLOB NOT NULL,
    device     BLOB NOT NULL,
    portraits  INTEGER NOT NULL CHECK (portraits IN (0, 1)),
    issued_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Dropped by the reviewer, or revoked by somebody else.
    ended_at   INTEGER,
    ended_by   BLOB,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
) STRICT;
CREATE INDEX bundles_of_season ON bundles (school, season, id) WHERE ended_at IS NULL;
CREATE INDEX bundles_of_reviewer ON bundles (reviewer, expires_at) WHERE ended_at IS NULL;

-- What the statement says of each photo.
CREATE TABLE bundle_items (
    bundle    BLOB NOT NULL REFERENCES bundles (id),
    attempt   BLOB NOT NULL REFERENCES attempts (id),
    version   INTEGER NOT NULL,
    rendition BLOB,
    place     INTEGER NOT NULL,
    PRIMARY KEY (bundle, attempt)
) STRICT;
