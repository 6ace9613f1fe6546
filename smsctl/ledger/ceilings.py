"""How far a mailing may go right now: activation and ceilings, asked in every claim's own transaction.

Parts on the wire count as drawn, so that several processes together stay below the ceilings.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.moment import Moment
from smsctl.domain.package import in_kronor
from smsctl.domain.rules import not_active
from smsctl.domain.rules_of_time import no_price
from smsctl.errors import RuleError, Sentence, say, say_n
from smsctl.ledger import budgets, counts, municipalities, packages
from smsctl.ledger.counts import Parts
from smsctl.ledger.store import Ledger


def room(
    ledger: Ledger,
    mailing: Mailing,
    ceilings: Ceilings,
    wanted: Sequence[int],
    moment: Moment,
    known: Parts | None = None,
) -> int:
    """Return how many of the first of the wanted messages may be claimed, at least one.

    Raises RuleError: not even the first may; what is pending stays so.
    """
    key, sums = mailing.municipality.key, _sums(ledger, mailing, wanted, known)
    in_packages = mailing.kind == "send" and mailing.municipality.in_packages
    if in_packages and not municipalities.is_active(ledger, key):
        raise not_active(mailing.municipality).error
    found = len(sums)
    if ceilings.max_parts is not None:
        left = ceilings.max_parts - packages.parts_of_mailing(ledger, mailing)
        mend = say(
            "Allow more for this mailing with: smsctl mailings resume {id} --max-parts PARTS", id=mailing.id
        )
        found = _fits(found, left, sums, _reached("max_parts_per_run", ceilings.max_parts, mend))
    if ceilings.max_parts_per_day is not None:
        left = ceilings.max_parts_per_day - packages.parts_on_day(ledger, key, moment.day)
        reached = _reached("max_parts_per_day", ceilings.max_parts_per_day, _tomorrow(mailing, "limits"))
        found = _fits(found, left, sums, reached)
    if ceilings.max_parts_per_day_of_user is not None:
        user, most = mailing.created_by, ceilings.max_parts_per_day_of_user
        left = most - packages.parts_of_user_on_day(ledger, user, moment.day)
        found = _fits(found, left, sums, _used_up(mailing, most))
    if ceilings.max_cost_per_month_ore is not None:
        found = _fits_month(ledger, mailing, ceilings.max_cost_per_month_ore, sums[:found], moment)
    if ceilings.max_new_packages is not None and mailing.municipality.package and mailing.kind == "send":
        left = _parts_before_next_package(ledger, mailing, ceilings.max_new_packages)
        mend = say(
            "Allow more for this mailing with: smsctl mailings resume {id} --max-new-packages PACKAGES",
            id=mailing.id,
        )
        reached = _reached("max_new_packages", ceilings.max_new_packages, mend)
        found = _fits(found, left, sums, reached)
    return found


def make_urgent(ledger: Ledger, mailing: int, *, over_day: bool) -> None:
    """Let a mailing leave in quiet hours from now on, in the open transaction.

    With `over_day`, also beyond the ceilings of the day; that is never taken back.
    """
    ledger.write(
        "UPDATE mailings SET urgent = 1, over_day = CASE WHEN over_day = 1 THEN 1 ELSE ? END WHERE id = ?",
        int(over_day),
        mailing,
    )


def _sums(ledger: Ledger, mailing: Mailing, wanted: Sequence[int], known: Parts | None) -> Sequence[int]:
    """Return how many parts the first message takes, the first two together, and so on."""
    if not mailing.personal:
        each = mailing.size.parts
        return range(each, each * len(wanted) + 1, each)
    parts = known or counts.parts_of(ledger, wanted)
    return list(accumulate(parts[message] for message in wanted))


def _fits(room: int, parts_left: int, sums: Sequence[int], reached: RuleError) -> int:
    fits = min(room, bisect_right(sums, parts_left))
    if fits < 1:
        raise reached
    return fits


def _fits_month(ledger: Ledger, mailing: Mailing, most_ore: int, sums: Sequence[int], moment: Moment) -> int:
    """Return how many messages fit below what may be spent in the month, by what all its parts come to."""
    payer = mailing.municipality
    if payer.rate is None:
        raise no_price().error
    spent = budgets.spending(ledger, payer, moment.day)
    fits = bisect_right(sums, most_ore, key=lambda parts: spent.month_ore + spent.more_ore(payer, parts))
    if fits < 1:
        mend = say(
            "Go on next month, or raise max_cost_per_month in the config; or, in an emergency, on a terminal:"
            " smsctl mailings resume {id} --urgent --reason TEXT",
            id=mailing.id,
        )
        raise RuleError(
            say(
                "The ceiling max_cost_per_month = {most} is reached; the rest is left pending.",
                most=in_kronor(most_ore),
            ),
            hint=mend,
        )
    return fits


def _tomorrow(mailing: Mailing, section: str) -> Sentence:
    return say(
        "Go on tomorrow, or raise max_parts_per_day under [{section}] in the config; or, in an emergency, on"
        " a terminal: smsctl mailings resume {id} --urgent --reason TEXT",
        section=section,
        id=mailing.id,
    )


def _reached(name: str, ceiling: int, mend: Sentence) -> RuleError:
    return RuleError(
        say(
            "The ceiling {name} = {ceiling} is reached; the rest is left pending.", name=name, ceiling=ceiling
        ),
        hint=mend,
    )


def _used_up(mailing: Mailing, ceiling: int) -> RuleError:
    return RuleError(
        say_n(
            "The user {user} may send {n} part a day, and it is used; the rest is left pending.",
            "The user {user} may send {n} parts a day, and they are used; the rest is left pending.",
            n=ceiling,
            user=mailing.created_by,
        ),
        hint=_tomorrow(mailing, "senders"),
    )


def _parts_before_next_package(ledger: Ledger, mailing: Mailing, max_new: int) -> int:
    """Return the parts this mailing may still draw without opening more new packages than allowed.

    Everything on the wire counts against it, also what another mailing will draw: on the careful side.
    """
    terms = mailing.municipality.package
    size = terms.size if terms else 0
    found = packages.packages_of(ledger, mailing.municipality.key)
    opened = packages.opened_for(ledger, mailing)
    held = packages.parts_in_flight(ledger, mailing.municipality.key)
    return sum(one.size - one.used for one in found) + max(max_new - opened, 0) * size - held
