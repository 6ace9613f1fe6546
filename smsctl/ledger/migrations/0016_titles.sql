-- What a mailing is called, and the case in the register of public records (diarienummer) that it belongs to.
ALTER TABLE mailings ADD COLUMN title TEXT; -- goes with the text when that is purged
ALTER TABLE mailings ADD COLUMN case_number TEXT;
