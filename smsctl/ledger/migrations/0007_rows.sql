-- Where every row of a recipients file is, and in which of its columns a number stood.
ALTER TABLE mailings ADD COLUMN audience_rows INTEGER; -- NULL: made before the rows outside were counted
ALTER TABLE mailings ADD COLUMN terms_required INTEGER; -- 0: sent also to people who have not accepted them

CREATE TABLE outside (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    reason TEXT NOT NULL,
    municipality TEXT NOT NULL, -- as the file has it; empty where that is not the reason
    sheet_rows INTEGER NOT NULL,
    PRIMARY KEY (mailing, reason, municipality)
);

CREATE TABLE skipped_entries (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    sheet_row INTEGER NOT NULL,
    number_column TEXT NOT NULL, -- its header, where the file has several; else empty
    reason TEXT NOT NULL,
    number TEXT,
    name TEXT,
    accepted INTEGER, -- 1: the terms; NULL: nobody asked
    PRIMARY KEY (mailing, sheet_row, number_column)
);
INSERT INTO skipped_entries (mailing, sheet_row, number_column, reason, number, name, accepted)
SELECT mailing, sheet_row, '', reason, number, name,
    CASE reason WHEN 'terms' THEN 0 WHEN 'duplicate' THEN 1 WHEN 'already-sent' THEN 1 END FROM skipped;
DROP TABLE skipped;
ALTER TABLE skipped_entries RENAME TO skipped;
