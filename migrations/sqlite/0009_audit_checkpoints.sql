-- The audit of a school in chained, signed pieces: each covers the rows after the one before, and its root covers the root before.
CREATE TABLE audit_checkpoints (
    school           TEXT NOT NULL,
    number           INTEGER NOT NULL CHECK (number >= 1),
    through_sequence INTEGER NOT NULL,
    entries          INTEGER NOT NULL CHECK (entries >= 1),
    root             BLOB NOT NULL CHECK (length(root) = 32),
    made_at          INTEGER NOT NULL,
    signature        BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (school, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_checkpoints_are_never_changed BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
CREATE TRIGGER audit_checkpoints_are_never_deleted BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
CREATE TRIGGER audit_checkpoints_are_never_replaced BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints WHERE school = NEW.school AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the audit is append only'); END;
CREATE INDEX audit_of_school ON audit (school, sequence);
