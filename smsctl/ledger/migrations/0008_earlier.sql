-- What a person takes for not sent may have been sent: its report tells, also when it is out once more.
ALTER TABLE messages ADD COLUMN earlier_batch INTEGER; -- that a person's word took it out of
ALTER TABLE messages ADD COLUMN taken_besides INTEGER NOT NULL DEFAULT 0; -- such batches proved taken, beside the last
CREATE INDEX messages_earlier ON messages (number) WHERE earlier_batch IS NOT NULL;
CREATE INDEX messages_taken_besides ON messages (mailing) WHERE taken_besides > 0;
UPDATE messages SET earlier_batch = (
    SELECT MAX(b.id) FROM batches b WHERE b.mailing = messages.mailing
    AND messages.id BETWEEN b.first_message AND b.last_message AND b.settled_at IS NOT NULL
) WHERE state = 'pending' AND code IN ('resolved: not-sent', 'resolved: resend');
