-- As 0012 of SQLite, whose trigger is of another kind.
ALTER TABLE purges ADD COLUMN municipality TEXT;
ALTER TABLE mailings ADD COLUMN run_key_hash TEXT;
CREATE UNIQUE INDEX mailings_of_key_hash ON mailings (run_key_hash) WHERE run_key_hash IS NOT NULL;
CREATE INDEX audit_blanks ON audit (subject) WHERE action = 'blank';
CREATE FUNCTION audit_change_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id IS DISTINCT FROM OLD.id OR NEW.at IS DISTINCT FROM OLD.at
        OR NEW.by_whom IS DISTINCT FROM OLD.by_whom OR NEW.host IS DISTINCT FROM OLD.host
        OR NEW.action IS DISTINCT FROM OLD.action OR NEW.detail IS DISTINCT FROM OLD.detail
        OR (NEW.subject IS DISTINCT FROM OLD.subject
            AND NOT (OLD.subject LIKE 'key %' AND NEW.subject LIKE 'key #%'))
        OR (NEW.reason IS NOT NULL AND NEW.reason IS DISTINCT FROM OLD.reason)
        OR NOT EXISTS (
            SELECT 1 FROM audit WHERE id > OLD.id AND action = 'blank' AND subject = 'audit ' || OLD.id
        )
    THEN
        RAISE EXCEPTION 'a row of the audit is not changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_change_guard();
