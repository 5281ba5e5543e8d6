-- Access: more roles, ending sessions by user, tries counted for all processes together.

ALTER TABLE users DROP CONSTRAINT users_role_check;
ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN ('reviewer', 'lead_reviewer', 'registrar', 'unit_staff', 'support', 'auditor', 'admin'));

CREATE INDEX sessions_by_user ON sessions ("user");

-- Who tries is known by keyed hash alone: of a name, of an address, of both.
CREATE TABLE tries (
    who      BYTEA PRIMARY KEY CHECK (length(who) = 32),
    began    BIGINT NOT NULL,
    failures BIGINT NOT NULL CHECK (failures >= 0)
);
CREATE INDEX tries_by_start ON tries (began);
