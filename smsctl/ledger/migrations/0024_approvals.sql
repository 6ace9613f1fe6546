-- A mailing that waits for a second person, or left at once and is approved afterwards. Decided once.
CREATE TABLE approvals (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    asked_at TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    above INTEGER NOT NULL, -- messages; more need a second person
    counted INTEGER NOT NULL, -- messages of this mailing, and of those with the same text within 20 hours
    new_packages INTEGER NOT NULL, -- that the plan opened when it was asked
    expires_at TEXT NOT NULL,
    at_once INTEGER NOT NULL, -- 1: it was urgent and waits for nobody
    decision TEXT CHECK (decision IN ('approved', 'cancelled')),
    decided_at TEXT,
    decided_by TEXT,
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CHECK (decision IS NULL OR decision <> 'approved' OR decided_by <> asked_by)
);
CREATE INDEX approvals_open ON approvals (mailing) WHERE decision IS NULL;
