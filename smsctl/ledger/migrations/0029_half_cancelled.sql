-- A large mailing is cancelled in several commits. From the first to the last nothing is claimed from it.
ALTER TABLE mailings ADD COLUMN half_cancelled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX mailings_half_cancelled ON mailings (id) WHERE half_cancelled = 1;
