-- The site is told once of each change that left messages of a mailing unknown, held or doubtful.
CREATE TABLE notices (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    changes INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0 -- so many of them
);
-- What is so already is told once more: whether anybody heard of it, nobody can tell.
INSERT INTO notices (mailing, changes)
SELECT mailing, 1 FROM mailing_counts WHERE state IN ('unknown', 'held') AND messages > 0
UNION SELECT mailing, 1 FROM batches WHERE stop_asked_at IS NOT NULL;
