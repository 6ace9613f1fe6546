-- When a batch was claimed by a clock that nobody sets: seconds since that boot of the machine, sleep included.
-- NULL: the system tells neither, or an earlier smsctl wrote it. Such a batch is never repeated by itself.
ALTER TABLE batches ADD COLUMN boot TEXT;
ALTER TABLE batches ADD COLUMN boot_s REAL;
-- A proof that repeats are refused holds for batches after this one. Of what is here already nobody can tell.
INSERT INTO facts (name, value)
SELECT 'dedup-proved-after' || substr(name, length('dedup-proved') + 1),
    (SELECT COALESCE(MAX(id), 0) FROM batches)
FROM facts WHERE name LIKE 'dedup-proved %';
