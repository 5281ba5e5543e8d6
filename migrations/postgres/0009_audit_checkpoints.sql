-- The audit of a school in chained, signed pieces: each covers the rows after the one before, and its root covers the root before.
CREATE TABLE audit_checkpoints (
    school           TEXT COLLATE "C" NOT NULL,
    number           BIGINT NOT NULL CHECK (number >= 1),
    through_sequence BIGINT NOT NULL,
    entries          BIGINT NOT NULL CHECK (entries >= 1),
    root             BYTEA NOT NULL CHECK (length(root) = 32),
    made_at          BIGINT NOT NULL,
    signature        BYTEA NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (school, number)
);
CREATE TRIGGER audit_checkpoints_are_never_changed BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
CREATE TRIGGER audit_checkpoints_are_never_emptied BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();
CREATE INDEX audit_of_school ON audit (school, sequence);
