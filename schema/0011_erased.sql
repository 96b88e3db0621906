-- Whose data was erased, so that it stays out (docs/erasure.md).

-- What is known of them: hashes, from which nobody can read what they stand for; a number could be found by
-- trying all there are.
CREATE TABLE erased (
    hash TEXT NOT NULL PRIMARY KEY, -- of the salt and what it stands for, an id, an address, a conversation: four digits of XXH3, then SHA-256
    kind INTEGER NOT NULL,          -- 1 external contact, 2 participant, 4 address; 8 an address that the person's records named; 16 a conversation of the person's
    salt TEXT NOT NULL,             -- the same in all rows
    erased_at TEXT NOT NULL,        -- when, by the clock
    is_clean INTEGER NOT NULL       -- 0/1: the file has been freed of what it was, no byte is left
) WITHOUT ROWID;

-- Exports and snapshots that were made, by who may write here: they hold what was there.
CREATE TABLE copy_made (
    path TEXT NOT NULL PRIMARY KEY, -- directory or file
    made_at TEXT NOT NULL           -- when last, by the clock
) WITHOUT ROWID;

ALTER TABLE participant ADD COLUMN erased_at TEXT; -- [erasedAt time] when the personal data of its person was erased from this file; NULL: it was not
