-- A mailing that a person has cancelled stays so: nothing of it is claimed any more.
ALTER TABLE mailings ADD COLUMN cancelled_at TEXT;
-- Those of before, but where a person has since ordered to send what was unknown of it once more.
UPDATE mailings SET cancelled_at = (
    SELECT MAX(a.at) FROM audit a WHERE a.action = 'cancel' AND a.subject = 'mailing ' || mailings.id
    AND NOT EXISTS (SELECT 1 FROM audit r WHERE r.subject = a.subject AND r.action = 'resolve'
    AND r.id > a.id AND r.detail LIKE '%: resend')
) WHERE 'mailing ' || id IN (SELECT subject FROM audit WHERE action = 'cancel');
UPDATE mailings SET cancelled_at = created_at WHERE half_cancelled = 1 AND cancelled_at IS NULL;
-- What a word has made pending since is cancelled by the next writer.
UPDATE mailings SET half_cancelled = 1 WHERE cancelled_at IS NOT NULL AND id IN
    (SELECT mailing FROM mailing_counts WHERE state = 'pending' AND messages > 0);
