-- A package that was closed with room in it, when the supplier was changed: nothing more is drawn from it.
ALTER TABLE packages ADD COLUMN closed_day TEXT; -- local; NULL: not closed
