-- A mailing is paid for through one account at the gateway: the one that its first batch left by.
ALTER TABLE mailings ADD COLUMN account TEXT;
