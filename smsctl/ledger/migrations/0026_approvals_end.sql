-- What nobody decides in time ends by itself. A yes may hold for the later slots of a key, until a time.
CREATE TABLE approvals_that_end (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    asked_at TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    above INTEGER NOT NULL, -- messages; more need a second person
    counted INTEGER NOT NULL, -- messages of this mailing, and of those with the same text within 20 hours
    new_packages INTEGER NOT NULL, -- that the plan opened when it was asked
    expires_at TEXT NOT NULL,
    at_once INTEGER NOT NULL, -- 1: it was urgent and waits for nobody
    decision TEXT CHECK (decision IN ('approved', 'cancelled', 'expired')),
    decided_at TEXT,
    decided_by TEXT, -- NULL where nobody has
    slot TEXT, -- hash of what the slots of a key have in common; NULL: the key has none
    holds_until TEXT, -- the yes is for the later slots too
    by_yes_of INTEGER REFERENCES mailings (id), -- whose yes it was, for every slot
    CHECK ((decision IS NULL) = (decided_at IS NULL)),
    CHECK ((decision IS NULL OR decision = 'expired') = (decided_by IS NULL)),
    CHECK (decision IS NULL OR decision <> 'approved' OR decided_by <> asked_by),
    CHECK (holds_until IS NULL OR (decision = 'approved' AND slot IS NOT NULL AND by_yes_of IS NULL))
);
INSERT INTO approvals_that_end (mailing, asked_at, asked_by, above, counted, new_packages, expires_at, at_once,
    decision, decided_at, decided_by)
SELECT mailing, asked_at, asked_by, above, counted, new_packages, expires_at, at_once,
    decision, decided_at, decided_by FROM approvals;
DROP TABLE approvals;
ALTER TABLE approvals_that_end RENAME TO approvals;
CREATE INDEX approvals_open ON approvals (mailing) WHERE decision IS NULL;
CREATE INDEX approvals_held ON approvals (slot) WHERE holds_until IS NOT NULL;
