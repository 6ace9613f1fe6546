"""Figures, money, times and states as a person in Sweden reads them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from smsctl.domain.message import Priority, Status, SubmitVerdict
from smsctl.domain.package import in_kronor
from smsctl.errors import Sentence, joined, say, say_n

if TYPE_CHECKING:  # what `usage` does without
    from smsctl.domain.audience import AudienceRule

KRONA_ORE = 100
_HOUR_S = 3600
_DAY_S = 86400


def count(number: int) -> str:
    """1204 -> 1 204."""
    return f"{number:,}".replace(",", " ")


def parts(number: int) -> Sentence:
    """1 -> 1 part; 1204 -> 1 204 parts."""
    return say_n("{count} part", "{count} parts", n=number, count=count(number))


def messages(number: int) -> Sentence:
    """1 -> 1 message; 1204 -> 1 204 messages."""
    return say_n("{count} message", "{count} messages", n=number, count=count(number))


def people(number: int) -> Sentence:
    """Return so many people in words."""
    return say_n("{count} person", "{count} people", n=number, count=count(number))


money = in_kronor
"""123450 öre -> 1 234,50 kr."""


def money_or_nothing(ore: int | None) -> str:
    """As `money`; nothing where no price is known."""
    return "" if ore is None else money(ore)


def kronor(ore: int | None) -> str:
    """123450 öre -> 1234,50: a figure for a spreadsheet, in whose column nothing else stands."""
    return "" if ore is None else money(ore).removesuffix(" kr").replace(" ", "")


def percent(part: int, whole: int) -> str:
    """Whole percent, rounded down, so that 100 % means all; <1 % of what is begun."""
    share = 100 * part // whole if whole else 0
    return f"{share} %" if share or part <= 0 else "<1 %"


def local(at: str, zone: str) -> str:
    """Show a ledger time on the clock of the config's time zone, to the minute."""
    from zoneinfo import ZoneInfo

    return datetime.fromisoformat(at).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def moment(at: datetime) -> str:
    """Show a time of a zone to the minute, with its offset where the clock shows it twice."""
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return f"{at:%Y-%m-%d %H:%M}" + (f" {at.isoformat()[-len('+01:00') :]}" if twice else "")


def duration(length: timedelta) -> str:
    """Show a validity as it is written in the config: 4h, 2d, 90m."""
    seconds = int(length.total_seconds())
    if seconds % _DAY_S == 0:
        return f"{seconds // _DAY_S}d"
    if seconds % _HOUR_S == 0:
        return f"{seconds // _HOUR_S}h"
    return f"{seconds // 60}m"


def priority(value: Priority) -> Sentence:
    """Say a priority in words; the bare digit is read the wrong way round by many."""
    return {
        Priority.LOW: say("low (slowest)"),
        Priority.NORMAL: say("normal"),
        Priority.HIGH: say("high (fastest)"),
    }[value]


def state(status: Status) -> Sentence:
    """Say a state in words."""
    return _STATES[status]


def counted(states: Mapping[Status, int]) -> Sentence | None:
    """Say how many messages are in each state, in few words; None: there are none."""
    told = [
        say("{n} {state}", n=count(states[one]), state=_IN_SHORT.get(one) or state(one))
        for one in Status
        if states.get(one)
    ]
    return joined(*told) if told else None


def audience(rule: "AudienceRule") -> Sentence:
    """Say whom a mailing is for: the groups that have names of ours in words, the rest as it was written."""
    from smsctl.domain.audience import titled

    if not rule.groups:
        return say("{where}", where=rule.where) if rule.where else say("everyone")
    named = joined(*(_TEST if one == "test" else titled(one) for one in rule.groups))
    return say("{groups}; {where}", groups=named, where=rule.where) if rule.where else named


def verdict(stored: str) -> Sentence | str:
    """Say in words how a batch ended."""
    return _VERDICTS.get(stored, stored)


def reason(skipped: str) -> Sentence:
    """Say in words why a row gets no message."""
    return _REASONS.get(skipped) or say("{reason}", reason=skipped)


def yes_or_no(value: bool | None) -> Sentence | str:
    """Say yes or no as a recipients file may say it; nothing where nobody knows."""
    return "" if value is None else say("yes") if value else say("no")


_STATES = {
    Status.PENDING: say("pending"),
    Status.SENDING: say("sending"),
    Status.ACCEPTED: say("accepted by the gateway"),
    Status.DELIVERED: say("delivered"),
    Status.EXPIRED: say("expired"),
    Status.FAILED: say("failed"),
    Status.REJECTED: say("rejected by the gateway"),
    Status.HELD: say("held at the gateway"),
    Status.UNKNOWN: say("unknown"),
    Status.CANCELLED: say("cancelled"),
}

_IN_SHORT = {
    Status.ACCEPTED: say("accepted"),
    Status.REJECTED: say("rejected"),
    Status.HELD: say("held"),
}

_TEST = say("test")

_VERDICTS: dict[str, Sentence] = {
    SubmitVerdict.ANSWERED: say("answered"),
    SubmitVerdict.UNCLEAR: say("unclear"),
    SubmitVerdict.NOT_REACHED: say("not reached"),
    SubmitVerdict.BUSY: say("busy"),
    SubmitVerdict.REFUSED: say("refused"),
    SubmitVerdict.STALE: say("too late"),
}

_REASONS = {
    "invalid": say("the row cannot be read"),
    "no-number": say("no number"),
    "not-mobile": say("not a mobile number"),
    "country": say("a country that is not allowed"),
    "protected": say("must get no SMS"),
    "blocked": say("on the block list"),
    "terms": say("has not accepted the terms"),
    "duplicate": say("same number as another row"),
    "already-sent": say("has had this text already, or the gateway holds it for them"),
    "not-in-use": say("the number is not in use"),
    "cancelled": say("cancelled"),
    "resolved: not-sent": say("not sent"),
    "stopped at the gateway": say("stopped at the gateway"),
    "not approved in time": say("not approved in time"),
}
