-- Who inside a municipality is charged: the messages of a mailing are in the order of their cost centres, and a
-- batch holds those of one.
ALTER TABLE batches ADD COLUMN cost_centre TEXT; -- NULL: none
CREATE TABLE cost_shares (
    mailing INTEGER NOT NULL REFERENCES mailings (id),
    first_message INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    cost_centre TEXT NOT NULL, -- '': none
    PRIMARY KEY (mailing, first_message)
);

-- Sums of the entries, as day_parts is: of those outside any package by price, of those with a cost centre by that.
CREATE TABLE outside_parts (
    municipality TEXT NOT NULL,
    day TEXT NOT NULL,
    rate_parts INTEGER NOT NULL, -- so many cost rate_ore; 0: no price known
    rate_ore INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    PRIMARY KEY (municipality, day, rate_parts, rate_ore)
);
INSERT INTO outside_parts (municipality, day, rate_parts, rate_ore, parts)
SELECT e.municipality, e.day, COALESCE(g.rate_parts, 0), COALESCE(g.rate_ore, 0), SUM(e.parts)
FROM entries e LEFT JOIN mailings g ON g.id = e.mailing WHERE e.package = 0
GROUP BY e.municipality, e.day, COALESCE(g.rate_parts, 0), COALESCE(g.rate_ore, 0);
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
