-- The hashes that a purge leaves for the rule against repeats go with a later one, when they are needed no more.
ALTER TABLE purges ADD COLUMN hashes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_hashed ON messages (mailing) WHERE number_hash IS NOT NULL;
