-- A mailing to those whom another one did not reach, with its text.
ALTER TABLE mailings ADD COLUMN retry_of INTEGER;
CREATE INDEX mailings_retried ON mailings (retry_of) WHERE retry_of IS NOT NULL;
