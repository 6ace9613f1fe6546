-- The schema of version 31, as the migrations make it. Made by docs/generate.py.
CREATE TABLE "approvals" (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    asked_at TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    above INTEGER NOT NULL, -- messages; more need a second person
    counted INTEGER NOT NULL, -- messages of this mailing, and of those with the same text within 20 hours
    new_packages INTEGER NOT NULL, -- that the plan opened when it was asked
    expires_at TEXT NOT NULL,
    at_once INTEGER NOT NULL, -- 1: it was urgent and waits for nobody
    decision TEXT CHECK (decision IN ('approved', 'cancelled', 'expired')),
    decided_at TEXT,
    decided_by TEXT, -- NULL where nobody has
    slot TEXT, -- hash of what the slots of a key have in common; NULL: the key has none
    holds_until TEXT, -- the yes is for the later slots too
    by_yes_of INTEGER REFERENCES mailings (id), -- whose yes it was, for every slot
    CHECK ((decision IS NULL) = (decided_at IS NULL)),
    CHECK ((decision IS NULL OR decision = 'expired') = (decided_by IS NULL)),
    CHECK (decision IS NULL OR decision <> 'approved' OR decided_by <> asked_by),
    CHECK (holds_until IS NULL OR (decision = 'approved' AND slot IS NOT NULL AND by_yes_of IS NULL))
);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    host TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    reason TEXT
);
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    municipality TEXT NOT NULL,
    first_message INTEGER NOT NULL,
    last_message INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    digest TEXT NOT NULL, -- of the message list, never of the request, which holds the password
    claimed_at TEXT NOT NULL,
    claimed_day TEXT NOT NULL,
    settled_at TEXT,
    verdict TEXT,
    answer TEXT
, stop_asked_at TEXT, stop_left INTEGER NOT NULL DEFAULT 0, boot TEXT, boot_s REAL, event TEXT, cost_centre TEXT, host TEXT, under_way_until TEXT);
CREATE TABLE "blocked" (
    hash TEXT NOT NULL,
    municipality TEXT NOT NULL, -- its key; empty: for all
    last_digits TEXT NOT NULL,
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (hash, municipality)
);
CREATE TABLE carried (
    mailing INTEGER NOT NULL,
    sheet_row INTEGER NOT NULL,
    cells TEXT NOT NULL,
    PRIMARY KEY (mailing, sheet_row)
);
CREATE TABLE cost_centre_parts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    cost_centre TEXT NOT NULL,
    package INTEGER NOT NULL, -- 0: outside any package, at the rate
    rate_parts INTEGER NOT NULL,
    rate_ore INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, cost_centre, package, rate_parts, rate_ore)
);
CREATE TABLE cost_shares (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    first_message INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    cost_centre TEXT NOT NULL, -- '': none
    PRIMARY KEY (mailing, first_message)
);
CREATE TABLE day_counts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    state TEXT NOT NULL,
    messages INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, state)
);
CREATE TABLE day_parts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    package INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, package)
);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    day TEXT NOT NULL,
    municipality TEXT NOT NULL,
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    batch INTEGER REFERENCES batches (id),
    package INTEGER NOT NULL, -- 0: outside any package
    parts INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE gateway_ids (
    gateway_id TEXT PRIMARY KEY,
    message INTEGER NOT NULL
);
CREATE TABLE holds (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, -- drawn by the host, and kept in its own file
    name TEXT NOT NULL, -- of the machine, for people
    joined_at TEXT NOT NULL
);
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    gateway TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    body TEXT NOT NULL,
    keyword TEXT NOT NULL,
    told_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ours', 'stop', 'other')),
    forward_to TEXT, -- a mail address
    forwarded_at TEXT
);
CREATE TABLE invoices (
    number INTEGER PRIMARY KEY,
    municipality TEXT NOT NULL,
    package INTEGER NOT NULL,
    day TEXT NOT NULL,
    parts INTEGER NOT NULL,
    price_ore INTEGER NOT NULL,
    handed_over_day TEXT, handed_over_at TEXT,
    UNIQUE (municipality, package),
    FOREIGN KEY (municipality, package) REFERENCES packages (municipality, number)
);
CREATE TABLE mailing_counts (
    mailing INTEGER NOT NULL,
    state TEXT NOT NULL,
    messages INTEGER NOT NULL, parts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailing, state)
);
CREATE TABLE mailings (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('send', 'test')),
    municipality TEXT NOT NULL,
    gateway TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_day TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_host TEXT NOT NULL,
    run_key TEXT UNIQUE,
    again INTEGER NOT NULL, -- 1: also to people who have had this text
    urgent INTEGER NOT NULL, -- 1: also in quiet hours
    body TEXT,
    body_hash TEXT NOT NULL,
    encoding TEXT NOT NULL,
    units INTEGER NOT NULL,
    parts_each INTEGER NOT NULL,
    sender TEXT,
    priority INTEGER,
    validity_s INTEGER,
    send_at TEXT,
    want_report INTEGER NOT NULL,
    invoice_node TEXT,
    audience TEXT NOT NULL,
    source TEXT,
    rows_total INTEGER NOT NULL,
    first_message INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    max_parts INTEGER,
    max_new_packages INTEGER,
    in_packages INTEGER NOT NULL,
    rate_parts INTEGER, -- so many parts cost rate_ore; NULL: no price known
    rate_ore INTEGER,
    purge INTEGER -- that removed the text, the numbers and the names
, over_day INTEGER NOT NULL DEFAULT 0, number_column TEXT, audience_rows INTEGER, terms_required INTEGER, run_key_hash TEXT, audience_groups TEXT, title TEXT, case_number TEXT, personal INTEGER NOT NULL DEFAULT 0, carry TEXT, retry_of INTEGER, half_cancelled INTEGER NOT NULL DEFAULT 0, cancelled_at TEXT, account TEXT);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    mailing INTEGER NOT NULL,
    sheet_row INTEGER,
    number TEXT,
    number_hash TEXT, -- under the ledger's key, once the number is purged
    name TEXT,
    state TEXT NOT NULL,
    batch INTEGER,
    gateway_id TEXT,
    code TEXT,
    answer TEXT,
    cause TEXT, -- why a report says that it did not arrive
    reported_at TEXT
, earlier_batch INTEGER, taken_besides INTEGER NOT NULL DEFAULT 0, event TEXT, parts INTEGER);
CREATE TABLE municipalities (
    municipality TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('ordered', 'active', 'inactive')),
    since_day TEXT NOT NULL,
    by_whom TEXT NOT NULL
);
CREATE TABLE notices (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    changes INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0 -- so many of them
);
CREATE TABLE openings (
    mailing INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE, -- that of the mailing; whoever opens it holds its lock
    first_message INTEGER NOT NULL,
    kept INTEGER NOT NULL -- so many ids of messages, from the first on
);
CREATE TABLE outside (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    reason TEXT NOT NULL,
    municipality TEXT NOT NULL, -- as the file has it; empty where that is not the reason
    sheet_rows INTEGER NOT NULL,
    PRIMARY KEY (mailing, reason, municipality)
);
CREATE TABLE outside_parts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    rate_parts INTEGER NOT NULL, -- so many cost rate_ore; 0: no price known
    rate_ore INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, rate_parts, rate_ore)
);
CREATE TABLE packages (
    municipality TEXT NOT NULL,
    number INTEGER NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    price_ore INTEGER NOT NULL,
    used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0 AND used <= size),
    opened_at TEXT NOT NULL,
    opened_day TEXT NOT NULL,
    opened_by_mailing INTEGER,
    used_up_day TEXT, closed_day TEXT,
    PRIMARY KEY (municipality, number)
);
CREATE TABLE postings (
    month TEXT PRIMARY KEY, -- 2026-11
    document TEXT NOT NULL UNIQUE,
    last_entry INTEGER NOT NULL, -- the newest when it was closed
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    content TEXT NOT NULL
);
CREATE TABLE purges (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    host TEXT NOT NULL,
    decision TEXT NOT NULL,
    before TEXT NOT NULL,
    mailings INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    incoming INTEGER NOT NULL DEFAULT 0,
    reports INTEGER NOT NULL DEFAULT 0
, hashes INTEGER NOT NULL DEFAULT 0, municipality TEXT);
CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    source TEXT NOT NULL,
    gateway TEXT NOT NULL,
    reference TEXT NOT NULL,
    gateway_id TEXT NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT,
    code TEXT NOT NULL,
    answer TEXT NOT NULL,
    told_at TEXT NOT NULL,
    fate TEXT NOT NULL CHECK (fate IN ('waiting', 'unmatched', 'contradicts')),
    message INTEGER,
    UNIQUE (gateway, gateway_id, reference, number, code)
);
CREATE TABLE "skipped" (
    mailing INTEGER NOT NULL,
    sheet_row INTEGER NOT NULL,
    number_column TEXT NOT NULL, -- its header, where the file has several; else empty
    reason TEXT NOT NULL,
    number TEXT,
    name TEXT,
    accepted INTEGER, -- 1: the terms; NULL: nobody asked
    PRIMARY KEY (mailing, sheet_row, number_column)
);
CREATE TABLE texts (
    message INTEGER PRIMARY KEY, -- of a personal mailing
    body TEXT NOT NULL -- as it is sent
);
CREATE INDEX approvals_held ON approvals (slot) WHERE holds_until IS NOT NULL;
CREATE INDEX approvals_open ON approvals (mailing) WHERE decision IS NULL;
CREATE INDEX audit_blanks ON audit (subject) WHERE action = 'blank';
CREATE INDEX batches_in_flight ON batches (municipality) WHERE settled_at IS NULL;
CREATE INDEX batches_of_mailing ON batches (mailing);
CREATE INDEX day_counts_of_month ON day_counts (municipality, substr(day, 1, 7), state, day, messages);
CREATE INDEX entries_of_mailing ON entries (mailing);
CREATE INDEX inbox_of_sender ON inbox (sender, at);
CREATE UNIQUE INDEX inbox_of_vendor ON inbox (gateway, vendor_id) WHERE vendor_id <> '';
CREATE INDEX inbox_to_forward ON inbox (id) WHERE forward_to IS NOT NULL AND forwarded_at IS NULL;
CREATE INDEX mailing_counts_unsettled ON mailing_counts (mailing) WHERE state IN ('unknown', 'held');
CREATE INDEX mailings_half_cancelled ON mailings (id) WHERE half_cancelled = 1;
CREATE INDEX mailings_of_body ON mailings (body_hash);
CREATE UNIQUE INDEX mailings_of_key_hash ON mailings (run_key_hash) WHERE run_key_hash IS NOT NULL;
CREATE INDEX mailings_personal ON mailings (id) WHERE personal = 1 AND purge IS NULL;
CREATE INDEX mailings_retried ON mailings (retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX messages_earlier ON messages (number) WHERE earlier_batch IS NOT NULL;
CREATE INDEX messages_hashed ON messages (mailing) WHERE number_hash IS NOT NULL;
CREATE INDEX messages_nameless ON messages (number) WHERE state = 'accepted' AND gateway_id IS NULL;
CREATE INDEX messages_taken_besides ON messages (mailing) WHERE taken_besides > 0;
CREATE INDEX messages_unknown ON messages (number) WHERE state = 'unknown';
CREATE INDEX reports_unmatched ON reports (number) WHERE fate = 'unmatched';
CREATE INDEX reports_waiting ON reports (message) WHERE fate = 'waiting';
CREATE TRIGGER audit_has_no_gaps AFTER INSERT ON audit
WHEN NEW.id < 1 OR (NEW.id > 1 AND NOT EXISTS (SELECT 1 FROM audit WHERE id = NEW.id - 1))
BEGIN
    SELECT RAISE(ABORT, 'the ids of the audit have no gaps');
END;
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
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit is not removed');
END;
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit is not replaced');
END;
