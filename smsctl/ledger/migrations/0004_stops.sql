-- Stopping at the gateway has two phases: that it is asked is written first, with what it held then.
ALTER TABLE batches ADD COLUMN stop_asked_at TEXT; -- NULL: not asked, or the answer told what was stopped
ALTER TABLE batches ADD COLUMN stop_left INTEGER NOT NULL DEFAULT 0; -- messages it held when it was asked
