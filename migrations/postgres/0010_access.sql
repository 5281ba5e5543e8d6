-- Access: one-time codes and who needs them, sessions that their owners see, users that are let in no more, requests counted for all processes.

ALTER TABLE users ADD COLUMN disabled_at BIGINT;

-- Roles that need one-time codes.
ALTER TABLE schools ADD COLUMN totp_roles TEXT NOT NULL DEFAULT '[]' CHECK (totp_roles::json IS NOT NULL);

-- A session is named by an id: its token never leaves its owner.
ALTER TABLE sessions ADD COLUMN id BYTEA;
ALTER TABLE sessions ADD COLUMN client TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;
UPDATE sessions SET id = uuid_send(gen_random_uuid()), seen_at = created_at;
CREATE UNIQUE INDEX sessions_by_id ON sessions (id);

CREATE TABLE totp (
    "user"       BYTEA PRIMARY KEY CHECK (length("user") = 16) REFERENCES users (id),
    school       TEXT COLLATE "C" NOT NULL,
    -- Sealed.
    secret       BYTEA NOT NULL,
    begun_at     BIGINT NOT NULL,
    -- NULL until a code has shown that the secret arrived.
    confirmed_at BIGINT,
    -- The step of the last code that was accepted: no code is accepted twice.
    last_step    BIGINT NOT NULL DEFAULT 0
);

-- Kept as keyed hashes; a code that is used is gone.
CREATE TABLE recovery_codes (
    "user"    BYTEA NOT NULL REFERENCES users (id),
    code_hash BYTEA NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY ("user", code_hash)
);

-- How much of an allowance is used in a window of time; whose it is is known by keyed hash alone.
CREATE TABLE allowances (
    who   BYTEA PRIMARY KEY CHECK (length(who) = 32),
    began BIGINT NOT NULL,
    used  BIGINT NOT NULL CHECK (used >= 0)
);
CREATE INDEX allowances_by_start ON allowances (began);
