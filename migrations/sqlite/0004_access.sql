-- Access: more roles, ending sessions by user, tries counted for all processes together.

-- A check cannot be changed in place. Nobody is ever added without a role; the default only gives the rows that are here something to start from.
ALTER TABLE users ADD COLUMN role_now TEXT NOT NULL DEFAULT 'auditor' CHECK (role_now IN ('reviewer', 'lead_reviewer', 'registrar', 'unit_staff', 'support', 'auditor', 'admin'));
UPDATE users SET role_now = role;
ALTER TABLE users DROP COLUMN role;
ALTER TABLE users RENAME COLUMN role_now TO role;

CREATE INDEX sessions_by_user ON sessions (user);

-- Who tries is known by keyed hash alone: of a name, of an address, of both.
CREATE TABLE tries (
    who      BLOB PRIMARY KEY CHECK (length(who) = 32),
    began    INTEGER NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX tries_by_start ON tries (began);
