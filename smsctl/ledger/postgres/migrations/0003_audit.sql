-- What 0003 of SQLite holds by triggers of its own kind.
CREATE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_NAME = 'audit_is_not_replaced' THEN
        IF EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) THEN
            RAISE EXCEPTION 'a row of the audit is not replaced';
        END IF;
        RETURN NEW;
    ELSIF TG_NAME = 'audit_has_no_gaps' THEN
        IF NEW.id < 1 OR (NEW.id > 1 AND NOT EXISTS (SELECT 1 FROM audit WHERE id = NEW.id - 1)) THEN
            RAISE EXCEPTION 'the ids of the audit have no gaps';
        END IF;
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a row of the audit is not removed';
END $$;
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_has_no_gaps AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_guard();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_guard();
-- The guard against a change comes with 0012, before which no ledger was kept here.
