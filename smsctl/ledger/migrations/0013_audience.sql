-- The groups that a mailing is limited to, one a line; NULL: to none. The text beside them cannot be taken apart:
-- a group's name may hold its signs. What earlier versions wrote is taken apart once, as they did.
ALTER TABLE mailings ADD COLUMN audience_groups TEXT;
UPDATE mailings SET audience_groups = replace(
    CASE WHEN instr(audience, ';') > 0 THEN substr(audience, 1, instr(audience, ';') - 1) ELSE audience END,
    ', ', char(10)
) WHERE audience <> 'everyone' AND instr(
    CASE WHEN instr(audience, ';') > 0 THEN substr(audience, 1, instr(audience, ';') - 1) ELSE audience END, '='
) = 0;
