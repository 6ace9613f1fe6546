-- A large mailing is written in several commits: its rows first, under ids that are kept here, and itself last.
-- What is left here by a process that is gone belongs to no mailing, and goes.
CREATE TABLE openings (
    mailing INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE, -- that of the mailing; whoever opens it holds its lock
    first_message INTEGER NOT NULL,
    kept INTEGER NOT NULL -- so many ids of messages, from the first on
);

-- Who gets no message is written before the mailing too, so that nothing may ask for it yet.
CREATE TABLE skipped_entries (
    mailing INTEGER NOT NULL,
    sheet_row INTEGER NOT NULL,
    number_column TEXT NOT NULL, -- its header, where the file has several; else empty
    reason TEXT NOT NULL,
    number TEXT,
    name TEXT,
    accepted INTEGER, -- 1: the terms; NULL: nobody asked
    PRIMARY KEY (mailing, sheet_row, number_column)
);
INSERT INTO skipped_entries (mailing, sheet_row, number_column, reason, number, name, accepted)
SELECT mailing, sheet_row, number_column, reason, number, name, accepted FROM skipped;
DROP TABLE skipped;
ALTER TABLE skipped_entries RENAME TO skipped;
