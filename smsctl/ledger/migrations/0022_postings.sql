-- A month that was posted is closed: the entries it covers, and the file it was handed over in.
CREATE TABLE postings (
    month TEXT PRIMARY KEY, -- 2026-11
    document TEXT NOT NULL UNIQUE,
    last_entry INTEGER NOT NULL, -- the newest when it was closed
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    content TEXT NOT NULL
);

-- Invoices that were handed over together, so that it can be undone.
ALTER TABLE invoices ADD COLUMN handed_over_at TEXT; -- NULL: not, or before this was kept
