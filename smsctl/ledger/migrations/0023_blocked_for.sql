-- Where municipalities share a ledger, a number may be on the block list for some of them alone: what one of them
-- was told is secret to the others. What is on the list already is so for all.
CREATE TABLE blocked_for (
    hash TEXT NOT NULL,
    municipality TEXT NOT NULL, -- its key; empty: for all
    last_digits TEXT NOT NULL,
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (hash, municipality)
);
INSERT INTO blocked_for (hash, municipality, last_digits, at, by_whom, reason)
SELECT hash, '', last_digits, at, by_whom, reason FROM blocked;
DROP TABLE blocked;
ALTER TABLE blocked_for RENAME TO blocked;
