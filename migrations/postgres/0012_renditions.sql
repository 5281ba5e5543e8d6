-- A rendition that a person had made from the same original; absent where the machine made it by itself.
ALTER TABLE renditions ADD COLUMN made_by BYTEA;
