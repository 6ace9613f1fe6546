-- A text may be each person's own: then the parts stand with the message, and the words beside it.
ALTER TABLE mailings ADD COLUMN personal INTEGER NOT NULL DEFAULT 0; -- 1: body is the template of the texts
ALTER TABLE messages ADD COLUMN parts INTEGER; -- NULL: its mailing's parts_each
ALTER TABLE mailing_counts ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
UPDATE mailing_counts SET parts = messages * (SELECT parts_each FROM mailings g WHERE g.id = mailing_counts.mailing);
CREATE TABLE texts (
    message INTEGER PRIMARY KEY, -- of a personal mailing
    body TEXT NOT NULL -- as it is sent
);
CREATE INDEX mailings_personal ON mailings (id) WHERE personal = 1 AND purge IS NULL;
