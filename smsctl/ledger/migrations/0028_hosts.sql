-- The hosts that send from one ledger on a server; a ledger in a file has none.
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, -- drawn by the host, and kept in its own file
    name TEXT NOT NULL, -- of the machine, for people
    joined_at TEXT NOT NULL
);
ALTER TABLE batches ADD COLUMN host TEXT; -- that claimed it
ALTER TABLE batches ADD COLUMN under_way_until TEXT; -- by the server's clock: until then a byte of it may leave
