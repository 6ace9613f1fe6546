-- What smsctl itself has to say of a batch or a message is a code, with a value in `answer`; the words are made
-- where they are told. Without a code, `answer` is foreign text.
ALTER TABLE batches ADD COLUMN event TEXT;
ALTER TABLE messages ADD COLUMN event TEXT;
-- What earlier versions wrote in words. With a value it stands between the two texts.
CREATE TABLE worded (event TEXT NOT NULL, before TEXT NOT NULL, after TEXT);
INSERT INTO worded (event, before, after) VALUES
    ('unreadable-request', 'the gateway could not read the request (', ')'),
    ('login-refused-by-http', 'the gateway refused the login (', ')'),
    ('login-refused', 'the gateway refused the login: ', ''),
    ('not-permitted', 'the gateway does not permit this: ', ''),
    ('service-refused', 'the gateway refused the service: ', ''),
    ('unknown-address', 'the gateway does not know the address (', ')'),
    ('too-large', 'the gateway found the request too large (', ')'),
    ('moved', 'the address has moved; correct url in the config (', ')'),
    ('no-answer', 'HTTP 200, but not an answer: ', ''),
    ('not-told-of', 'the gateway''s answer does not tell of this message', NULL),
    ('anothers-name', 'the gateway''s answer names another message', NULL),
    ('no-code', 'the gateway''s answer holds no status code', NULL),
    ('broken-off', 'smsctl or the machine stopped before the answer', NULL),
    ('stopped', 'stopped before the answer', NULL),
    ('given-back', 'given back unsent', NULL),
    ('stale', 'too old before the first byte', NULL),
    ('stale-mail', 'too old before the next mail', NULL),
    ('closed', 'the mail server closed the connection', NULL),
    ('untrusted', 'the certificate is not trusted: ', ''),
    ('incomplete', 'no complete answer within ', ' s'),
    ('timed-out', 'timed out', NULL),
    ('proxy-refused', 'the proxy refused the login (407)', NULL),
    ('restored', 'the ledger was put back from an older copy', NULL),
    ('simulator', 'At ', ' a simulator answers: live, no SMS would be sent through it.'),
    ('no-simulator', 'What answers at ', ' does not say that it is a simulator: it is told nothing.');
CREATE TABLE reworded (id INTEGER PRIMARY KEY, event TEXT NOT NULL, answer TEXT);
INSERT OR IGNORE INTO reworded (id, event, answer)
SELECT b.id, w.event,
    CASE WHEN w.after IS NOT NULL
        THEN substr(b.answer, length(w.before) + 1, length(b.answer) - length(w.before) - length(w.after)) END
FROM batches b CROSS JOIN worded w WHERE b.answer IS NOT NULL AND CASE WHEN w.after IS NULL
    THEN b.answer = w.before
    ELSE substr(b.answer, 1, length(w.before)) = w.before AND substr(b.answer, length(b.answer) - length(w.after) + 1) = w.after END;
UPDATE batches SET event = r.event, answer = r.answer FROM reworded r WHERE batches.id = r.id;
DELETE FROM reworded;
INSERT OR IGNORE INTO reworded (id, event, answer)
SELECT m.id, w.event,
    CASE WHEN w.after IS NOT NULL
        THEN substr(m.answer, length(w.before) + 1, length(m.answer) - length(w.before) - length(w.after)) END
FROM messages m CROSS JOIN worded w WHERE m.answer IS NOT NULL AND CASE WHEN w.after IS NULL
    THEN m.answer = w.before
    ELSE substr(m.answer, 1, length(w.before)) = w.before AND substr(m.answer, length(m.answer) - length(w.after) + 1) = w.after END;
UPDATE messages SET event = r.event, answer = r.answer FROM reworded r WHERE messages.id = r.id;
DROP TABLE reworded;
DROP TABLE worded;
