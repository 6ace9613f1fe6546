-- What of the recipients file is kept beside its rows, for lists that go back to the register: under which
-- headings, one a line, and the cells of a row with a unit separator (U+001F) between them.
ALTER TABLE mailings ADD COLUMN carry TEXT; -- NULL: nothing
CREATE TABLE carried (
    mailing INTEGER NOT NULL,
    sheet_row INTEGER NOT NULL,
    cells TEXT NOT NULL,
    PRIMARY KEY (mailing, sheet_row)
);
