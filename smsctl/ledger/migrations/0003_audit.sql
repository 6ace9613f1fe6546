-- The audit is written to and never changed: its ids have no gaps, and no row is altered or removed.
-- A purge alone may blank a reason, and first writes the row that says so.
CREATE TRIGGER IF NOT EXISTS audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit is not replaced');
END;
CREATE TRIGGER IF NOT EXISTS audit_has_no_gaps AFTER INSERT ON audit
WHEN NEW.id < 1 OR (NEW.id > 1 AND NOT EXISTS (SELECT 1 FROM audit WHERE id = NEW.id - 1))
BEGIN
    SELECT RAISE(ABORT, 'the ids of the audit have no gaps');
END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit is not removed');
END;
CREATE TRIGGER IF NOT EXISTS audit_is_not_changed BEFORE UPDATE ON audit
WHEN NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.by_whom IS NOT OLD.by_whom
    OR NEW.host IS NOT OLD.host OR NEW.action IS NOT OLD.action OR NEW.subject IS NOT OLD.subject
    OR NEW.detail IS NOT OLD.detail OR NEW.reason IS NOT NULL
    OR NOT EXISTS (
        SELECT 1 FROM audit WHERE id > OLD.id AND action = 'blank' AND subject = 'audit ' || OLD.id
    )
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit is not changed');
END;
