-- The first ledger. Times are UTC, ISO 8601; month and day are local (config: time_zone).
-- A message's reference is its mailing's reference and its place in the mailing, so it is not stored.

CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE municipalities (
    municipality TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('ordered', 'active', 'inactive')),
    since_day TEXT NOT NULL,
    by_whom TEXT NOT NULL
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
    used_up_day TEXT,
    PRIMARY KEY (municipality, number)
);

CREATE TABLE invoices (
    number INTEGER PRIMARY KEY,
    municipality TEXT NOT NULL,
    package INTEGER NOT NULL,
    day TEXT NOT NULL,
    parts INTEGER NOT NULL,
    price_ore INTEGER NOT NULL,
    handed_over_day TEXT,
    UNIQUE (municipality, package),
    FOREIGN KEY (municipality, package) REFERENCES packages (municipality, number)
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
);

CREATE INDEX mailings_of_body ON mailings (body_hash);

-- The messages of a mailing have ids without gaps, from its first_message on.
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
);
CREATE INDEX messages_unknown ON messages (number) WHERE state = 'unknown';

CREATE TABLE skipped (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    sheet_row INTEGER NOT NULL,
    reason TEXT NOT NULL,
    number TEXT,
    name TEXT,
    PRIMARY KEY (mailing, sheet_row)
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
);
CREATE INDEX batches_of_mailing ON batches (mailing);
CREATE INDEX batches_in_flight ON batches (municipality) WHERE settled_at IS NULL;

-- Append-only: parts drawn, one entry per batch and package; a correction is an entry with negative parts.
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
CREATE INDEX entries_of_mailing ON entries (mailing);

-- Two sums over messages, kept in the transactions that change the messages; `ledger check` recounts them.
CREATE TABLE mailing_counts (
    mailing INTEGER NOT NULL,
    state TEXT NOT NULL,
    messages INTEGER NOT NULL,
    PRIMARY KEY (mailing, state)
);

CREATE TABLE day_counts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    state TEXT NOT NULL,
    messages INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, state)
);

-- Parts drawn per municipality, day and package (0: outside any package); the sum of the entries.
CREATE TABLE day_parts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    package INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, package)
);

-- What was removed under which disposal decision; a mailing that is held is never purged.
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
);

CREATE TABLE holds (
    mailing INTEGER PRIMARY KEY REFERENCES mailings (id),
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL
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

-- Delivery reports that could not be applied; one that was stands in its message.
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
CREATE INDEX reports_waiting ON reports (message) WHERE fate = 'waiting';
CREATE INDEX reports_unmatched ON reports (number) WHERE fate = 'unmatched';

-- The gateway's names for messages, where its reports carry nothing else.
CREATE TABLE gateway_ids (
    gateway_id TEXT PRIMARY KEY,
    message INTEGER NOT NULL
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
CREATE UNIQUE INDEX inbox_of_vendor ON inbox (gateway, vendor_id) WHERE vendor_id <> '';
CREATE INDEX inbox_of_sender ON inbox (sender, at);
CREATE INDEX inbox_to_forward ON inbox (id) WHERE forward_to IS NOT NULL AND forwarded_at IS NULL;

-- Numbers never to send to, as hashes under the ledger's key.
CREATE TABLE blocked (
    hash TEXT PRIMARY KEY,
    last_digits TEXT NOT NULL,
    at TEXT NOT NULL,
    by_whom TEXT NOT NULL,
    reason TEXT NOT NULL
);
