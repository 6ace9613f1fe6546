"""The internal posting of a month: who inside the municipalities pays what, balanced, and closed once."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from smsctl.domain.costs import costs
from smsctl.domain.moment import Actor, Moment
from smsctl.errors import RuleError, say
from smsctl.ledger import postings, restoring
from smsctl.ledger.postings import Posting
from smsctl.ledger.store import Ledger


class PostingLine(NamedTuple):
    """One line: what a cost centre of a municipality pays for a month, or the contra line of them all."""

    municipality: str  # "" on the contra line
    cost_centre: str  # "": none
    correction_of: str  # an earlier month; "": what was sent in this one
    parts: int
    unpriced: int  # parts of these whose price is not known, which cost nothing here
    amount_ore: int  # without VAT; negative on the contra line, and where more was given back


class Drafted(NamedTuple):
    """The lines of a month that is not posted."""

    month: str
    document: str
    lines: tuple[PostingLine, ...]  # the contra line last
    left_out_ore: int  # of the months before it where it is the first: no posting has them, nor can have


def draft(ledger: Ledger, month: str, contra: str, *, alone: bool = False) -> Drafted:
    """Return the lines of a month as they would be posted now; the amounts add up to nothing.

    `contra` is the cost centre of the contra line. `alone`: a look at a month before its turn.
    """
    found = postings.to_be_posted(ledger, month, alone=alone)
    every_cost = costs(found)
    cost = {slot: ore for slot, ore in every_cost.items() if slot.slot == month}
    is_first = postings.first_and_last(ledger) is None
    parts: dict[tuple[str, str], list[int]] = {}
    for one in found:
        if one.slot == month:
            sums = parts.setdefault((one.source.municipality, one.cost_centre), [0, 0])
            sums[0] += one.parts
            sums[1] += 0 if one.source.size else one.parts
    by_line = {(slot.municipality, slot.cost_centre): ore for slot, ore in cost.items()}
    lines = [
        _line(town, told, sums, by_line.get((town, told), 0))
        for (town, told), sums in sorted(parts.items())
        if sums[0] or by_line.get((town, told), 0)
    ]
    total = PostingLine(
        municipality="",
        cost_centre=contra,
        correction_of="",
        parts=0,
        unpriced=0,
        amount_ore=-sum(one.amount_ore for one in lines),
    )
    every = (*lines, total)
    told = hashlib.sha256("\n".join(map(str, [month, *every])).encode()).hexdigest()
    return Drafted(
        month=month,
        document=f"SMS-{month}-{told[:8]}",
        lines=every,
        left_out_ore=sum(every_cost.values()) - sum(cost.values()) if is_first else 0,
    )


def _line(town: str, named: str, sums: Sequence[int], ore: int) -> PostingLine:
    cost_centre, _, correction_of = named.partition("\n")
    return PostingLine(
        municipality=town,
        cost_centre=cost_centre,
        correction_of=correction_of,
        parts=sums[0],
        unpriced=sums[1],
        amount_ore=ore,
    )


def may_close(ledger: Ledger, month: str, today: str) -> None:
    """Raise RuleError where a month cannot be posted now: it has not ended, or is not the next."""
    if month >= today[:7]:
        raise RuleError(
            say("{month} has not ended: what it costs may still change.", month=month),
            hint=say("Look at it with: smsctl invoices postings --month {month} --preview", month=month),
        )
    posted = postings.first_and_last(ledger)
    if posted is None:
        return
    first, last = posted
    if month < first:
        raise RuleError(
            say("{month} is before {first}, the first month that was posted.", month=month, first=first),
            hint=say("Look at it with: smsctl invoices postings --month {month} --preview", month=month),
        )
    following = next_month(last)
    if month != following:
        raise RuleError(
            say("{following} comes first: months are posted one after the other.", following=following),
            hint=say("Post it with: smsctl invoices postings --month {month} --csv FILE", month=following),
        )


def is_next(ledger: Ledger, month: str) -> bool:
    """Say whether a month is the one that is posted next, or the first of all."""
    posted = postings.first_and_last(ledger)
    return posted is None or month == next_month(posted[1])


def next_month(month: str) -> str:
    """2026-12 -> 2027-01."""
    return (date.fromisoformat(f"{month}-28") + timedelta(days=4)).isoformat()[:7]


def month_before(month: str) -> str:
    """2027-01 -> 2026-12."""
    return (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat()[:7]


def post(
    ledger: Ledger, month: str, contra: str, written: Callable[[Drafted], str], moment: Moment, actor: Actor
) -> tuple[Posting, Drafted | None]:
    """Return the month as it was posted; close it where it was not, in the open transaction.

    `written` gives the file's text. What was drafted is returned where the month is closed by this.
    Raises RuleError as `may_close`, and LedgerError where the ledger may have forgotten what was posted.
    """
    found = postings.of_month(ledger, month)
    if found is not None:
        return found, None
    restoring.refuse_forgotten(ledger)
    may_close(ledger, month, moment.day)
    drafted = draft(ledger, month, contra)
    return postings.close(ledger, month, drafted.document, written(drafted), moment, actor), drafted


def free_keys(cost_centres: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the free keys of all cost centres in the order they are first written: columns of the file."""
    return tuple(dict.fromkeys(key for given in cost_centres.values() for key in given))
