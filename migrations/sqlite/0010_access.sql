-- Access: one-time codes and who needs them, sessions that their owners see, users that are let in no more, requests counted for all processes.

ALTER TABLE users ADD COLUMN disabled_at INTEGER;

-- Roles that need one-time codes.
ALTER TABLE schools ADD COLUMN totp_roles TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(totp_roles));

-- A session is named by an id: its token never leaves its owner.
ALTER TABLE sessions ADD COLUMN id BLOB;
ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET id = randomblob(16), seen_at = created_at;
CREATE UNIQUE INDEX sessions_by_id ON sessions (id);

CREATE TABLE totp (
    user         BLOB PRIMARY KEY CHECK (length(user) = 16) REFERENCES users (id),
    school       TEXT NOT NULL,
    -- Sealed.
    secret       BLOB NOT NULL,
    begun_at     INTEGER NOT NULL,
    -- NULL until a code has shown that the secret arrived.
    confirmed_at INTEGER,
    -- The step of the last code that was accepted: no code is accepted twice.
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Kept as keyed hashes; a code that is used is gone.
CREATE TABLE recovery_codes (
    user      BLOB NOT NULL REFERENCES users (id),
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (user, code_hash)
) STRICT, WITHOUT ROWID;

-- How much of an allowance is used in a window of time; whose it is is known by keyed hash alone.
CREATE TABLE allowances (
    who   BLOB PRIMARY KEY CHECK (length(who) = 32),
    began INTEGER NOT NULL,
    used  INTEGER NOT NULL CHECK (used >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX allowances_by_start ON allowances (began);
