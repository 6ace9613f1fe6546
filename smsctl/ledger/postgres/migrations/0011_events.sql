-- As 0011 of SQLite; before it no ledger was kept here, so that there are no words to take apart.
ALTER TABLE batches ADD COLUMN event TEXT;
ALTER TABLE messages ADD COLUMN event TEXT;
