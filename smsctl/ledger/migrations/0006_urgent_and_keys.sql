-- An urgent mailing may go beyond the ceilings of the day, where a person on a terminal said so.
ALTER TABLE mailings ADD COLUMN over_day INTEGER NOT NULL DEFAULT 0;
-- The number column that was asked for, folded: a key goes with it. '': recognised by itself; NULL: not stored.
ALTER TABLE mailings ADD COLUMN number_column TEXT;
