-- Data keys, wrapped with the master key: one for finding and one for signing of the house, and those of each school for sealing.
CREATE TABLE data_keys (
    number      BIGINT PRIMARY KEY CHECK (number >= 1),
    -- Empty: of the whole house.
    school      TEXT COLLATE "C" NOT NULL,
    purpose     TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('seal', 'lookup', 'sign')),
    wrapped     BYTEA NOT NULL,
    -- Which master key it is wrapped with.
    under       BYTEA NOT NULL CHECK (length(under) = 8),
    made_at     BIGINT NOT NULL,
    -- Other processes have learned of it by then.
    active_from BIGINT NOT NULL,
    retired_at  BIGINT
);
CREATE UNIQUE INDEX data_keys_of_house ON data_keys (purpose) WHERE purpose <> 'seal';
CREATE INDEX data_keys_of_school ON data_keys (school, number);
