"""The mailings before this one to the same audience: how many they went to, and what was paid for in vain."""

from smsctl.domain.package import share_ore
from smsctl.domain.plan import Earlier, LetterOrder, OutOfUse
from smsctl.domain.report import Cause
from smsctl.ledger.store import Ledger

_LAST_TWO = (
    "SELECT g.id, g.created_day, SUM(c.messages), g.first_message, g.messages,"
    " MAX(CASE WHEN c.state = 'failed' THEN 1 ELSE 0 END)"
    " FROM mailings g JOIN mailing_counts c ON c.mailing = g.id"
    " WHERE g.kind = 'send' AND g.municipality = ? AND g.audience = ? AND c.messages > 0"
    " AND c.state NOT IN ('pending', 'rejected', 'cancelled')"
    " GROUP BY g.id, g.created_day, g.first_message, g.messages ORDER BY g.id DESC LIMIT 2"
)
_OUT_OF_USE = (
    "SELECT m.number, SUM(COALESCE(m.parts, g.parts_each)) FROM messages m"
    " JOIN mailings g ON g.id = m.mailing WHERE m.id BETWEEN ? AND ? AND m.state = 'failed'"
    " AND m.number IS NOT NULL AND m.cause IN (?, ?) GROUP BY m.number"
)


def of_audience(ledger: Ledger, order: LetterOrder) -> Earlier | None:
    """Return the last mailing to this audience of which something was sent, and what it paid for in vain.

    That is the numbers out of use in it and in the one before, at the municipality's price now. Purged
    numbers are not told apart.
    """
    found = ledger.rows(_LAST_TWO, order.municipality.key, str(order.audience))
    if not found:
        return None
    mailing, day, messages = found[0][:3]
    last = Earlier(mailing=mailing, day=day, messages=messages)
    if len(found) == 1 or not all(row[5] for row in found):
        return last
    both = [_out_of_use(ledger, row[3], row[4]) for row in found]
    numbers = frozenset[str].intersection(*map(frozenset, both))
    parts = sum(one[number] for one in both for number in numbers)
    rate = order.municipality.rate
    cost_ore = share_ore(parts, rate.size, rate.price_ore) if rate else None
    gone = OutOfUse(numbers=len(numbers), parts=parts, cost_ore=cost_ore) if numbers else None
    return last._replace(out_of_use=gone)


def _out_of_use(ledger: Ledger, first: int, messages: int) -> dict[str, int]:
    """Return the numbers that a report called wrong or barred for good, each with the parts it took."""
    return dict(ledger.rows(_OUT_OF_USE, first, first + messages - 1, Cause.BAD_NUMBER, Cause.BARRED))
