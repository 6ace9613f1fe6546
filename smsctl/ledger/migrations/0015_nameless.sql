-- Messages that the gateway took and whose name there nobody knows, as those that a person called sent: a report to
-- the same number may be about any of them (ledger/matching.py).
CREATE INDEX messages_nameless ON messages (number) WHERE state = 'accepted' AND gateway_id IS NULL;
