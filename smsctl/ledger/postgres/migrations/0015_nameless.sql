-- What 0001 and 0015 of SQLite find by the state of a message: here a change of what any index looks at writes each
-- index of the row anew, and a message's state changes twice. So its number alone is looked up.
CREATE INDEX messages_of_number ON messages (number);
DROP INDEX messages_unknown;
-- Room on its page for what a row becomes.
ALTER TABLE messages SET (fillfactor = 50);
ALTER TABLE batches SET (fillfactor = 70);
