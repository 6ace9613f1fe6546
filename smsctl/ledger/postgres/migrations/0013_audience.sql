-- As 0013 of SQLite; before it no ledger was kept here, so that there is no text to take apart.
ALTER TABLE mailings ADD COLUMN audience_groups TEXT;
