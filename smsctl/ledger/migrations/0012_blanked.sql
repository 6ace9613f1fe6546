-- A purge may be of one municipality alone, under its own decision.
ALTER TABLE purges ADD COLUMN municipality TEXT; -- NULL: of those without a retention of their own
-- A key that is blanked leaves a hash, so that nothing is sent under it once more.
ALTER TABLE mailings ADD COLUMN run_key_hash TEXT;
CREATE UNIQUE INDEX mailings_of_key_hash ON mailings (run_key_hash) WHERE run_key_hash IS NOT NULL;
-- The audit also names keys under which nobody was sent to: such a name alone may be blanked beside a reason.
CREATE INDEX audit_blanks ON audit (subject) WHERE action = 'blank'; -- the next looks there for each row
DROP TRIGGER IF EXISTS audit_is_not_changed;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.by_whom IS NOT OLD.by_whom
    OR NEW.host IS NOT OLD.host OR NEW.action IS NOT OLD.action OR NEW.detail IS NOT OLD.detail
    OR (NEW.subject IS NOT OLD.subject AND NOT (OLD.subject LIKE 'key %' AND NEW.subject LIKE 'key #%'))
    OR (NEW.reason IS NOT NULL AND NEW.reason IS NOT OLD.reason)
    OR NOT EXISTS (
        SELECT 1 FROM audit WHERE id > OLD.id AND action = 'blank' AND subject = 'audit ' || OLD.id
    )
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit is not changed');
END;
