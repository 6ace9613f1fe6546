"""What the audit keeps, in words: what was done, to what, and the details. The ledger keeps codes."""

import re
from collections.abc import Callable, Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Text
from smsctl.errors import Sentence, joined, say
from smsctl.ledger.blocklist import BY_STOP, THE_RECIPIENT


def action(stored: str) -> Text:
    """Say what was done."""
    return _ACTIONS.get(stored, stored)


def actor(stored: str) -> Text:
    """Say who did it: a user as it is, what smsctl itself has written in words."""
    return _ACTORS.get(stored, stored)


def subject(stored: str) -> Text:
    """Say to what it was done."""
    return _in_words(stored, _SUBJECTS)


def detail(stored: str) -> Text:
    """Say the details; what was typed or configured stays as it is."""
    told = [_in_words(one, _DETAILS) for one in stored.split("; ")]
    return joined(*told) if any(isinstance(one, Sentence) for one in told) else stored


def settled(word: str) -> Text:
    """Say how unknown messages were settled."""
    return _SETTLED.get(word, word)


def reason(stored: str | None) -> Text:
    """Say why: what somebody has typed as it is."""
    return say("STOP by SMS") if stored == BY_STOP else stored or ""


def host(stored: str) -> Text:
    """Say from where it was done."""
    return say("by SMS") if stored == "by SMS" else stored


def is_of_a_user(stored: str) -> bool:
    """Say whether a user of a machine did it."""
    return stored not in _ACTORS


def _in_words(stored: str, known: Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], Text]]]) -> Text:
    for pattern, told in known:
        if found := pattern.fullmatch(stored):
            return told(found)
    return stored


_ACTIONS = {
    "accept-clock": say("the clock accepted"),
    "accept-restore": say("old copy of the ledger accepted"),
    "activate": say("activated"),
    "approve": say("approved"),
    "ask": say("waits for approval"),
    "at-once": say("left before approval"),
    "blank": say("words blanked"),
    "block": say("blocked"),
    "cancel": say("cancelled"),
    "config-import": say("config imported"),
    "config-set": say("config changed"),
    "copy": say("ledger copied to a server"),
    "credential-delete": say("secret deleted"),
    "credential-set": say("secret stored"),
    "deactivate": say("deactivated"),
    "empty": say("nobody to send to, as allowed"),
    "every-time": say("approved for every time"),
    "expire": say("not approved in time"),
    "failover": say("standby took over"),
    "find": say("number searched for"),
    "hand-over": say("handed over"),
    "hand-over-undone": say("handing over undone"),
    "hold": say("kept from purges"),
    "join": say("host has the ledger's key"),
    "new-package": say("new package"),
    "nobody": say("nobody to send to"),
    "not-every-time": say("no longer approved for every time"),
    "order": say("ordered"),
    "paused": say("pause, nothing sent"),
    "posting": say("month posted"),
    "purge": say("purged"),
    "release": say("no longer kept from purges"),
    "resolve": say("settled"),
    "restore": say("ledger put back"),
    "resume": say("resumed"),
    "send": say("begun"),
    "show-numbers": say("numbers shown in full"),
    "stop": say("stopped at the gateway"),
    "taken-twice": say("taken twice"),
    "test": say("test SMS"),
    "unblock": say("no longer blocked"),
}
_ACTORS = {THE_RECIPIENT: say("the recipient"), "a delivery report": say("a delivery report")}
_SETTLED = {"sent": say("sent"), "not-sent": say("not sent"), "resend": say("to be sent again")}
_SUBJECTS = (
    (re.compile(r"mailing (\d+)"), lambda m: say("mailing {id}", id=m[1])),
    (re.compile(r"invoice (\d+)"), lambda m: say("invoice {number}", number=m[1])),
    (re.compile(r"purge (\d+)"), lambda m: say("purge {number}", number=m[1])),
    (re.compile(r"audit (\d+)"), lambda m: say("row {row} of the audit", row=m[1])),
    (re.compile(r"month (\d{4}-\d\d)"), lambda m: say("month {month}", month=m[1])),
    (re.compile(r"number ending in (\d+)"), lambda m: say("number ending in {digits}", digits=m[1])),
    (re.compile(r"number (\+.+)"), lambda m: say("number {number}", number=m[1])),
    (re.compile(r"key (.*)", re.DOTALL), lambda m: say("key {key}", key=m[1])),
    (re.compile(r"ledger"), lambda _: say("the ledger")),
)
_DETAILS = (
    (re.compile(r"messages: (\d+)"), lambda m: figures.messages(int(m[1]))),
    (re.compile(r"urgent"), lambda _: say("urgent")),
    (
        re.compile(r"urgent, also beyond the day's ceilings"),
        lambda _: say("urgent, also beyond the day's ceilings"),
    ),
    (re.compile(r"accepted terms not required"), lambda _: say("accepted terms not required")),
    (re.compile(r"mailing (\d+) again"), lambda m: say("mailing {id} again", id=m[1])),
    (re.compile(r"package (\d+)"), lambda m: say("package {number}", number=m[1])),
    (
        re.compile(r"closed: package (\d+), (\d+) of (\d+) parts left"),
        lambda m: say(
            "package {number} closed with {parts} left", number=m[1], parts=figures.parts(int(m[2]))
        ),
    ),
    (
        re.compile(r"([^,]+), package (\d+)"),
        lambda m: say("{municipality}, package {number}", municipality=m[1], number=m[2]),
    ),
    (
        re.compile(r"(\d+) messages: (sent|not-sent|resend)"),
        lambda m: joined(figures.messages(int(m[1])), _SETTLED[m[2]]),
    ),
    (
        re.compile(r"(\d+) messages unknown(?:, (.+) batches missing)?"),
        lambda m: say("{messages} unknown", messages=figures.messages(int(m[1]))),
    ),
    (re.compile(r"pending messages: (\d+)"), lambda m: say("{n} pending", n=figures.count(int(m[1])))),
    (re.compile(r"at the gateway: (\d+)"), lambda m: say("{n} at the gateway", n=figures.count(int(m[1])))),
    (
        re.compile(r"counted: (\d+)"),
        lambda m: say("{messages} counted", messages=figures.messages(int(m[1]))),
    ),
    (
        re.compile(r"yes of mailing (\d+), by (.+)"),
        lambda m: say("yes of mailing {id}, by {user}", id=m[1], user=m[2]),
    ),
    (
        re.compile(r"every time until (\S+)"),
        lambda m: say("every time until {day}", day=m[1].partition("T")[0]),
    ),
    (
        re.compile(r"(\d+) mailings before (\S+)"),
        lambda m: say("mailings before {day}: {n}", n=figures.count(int(m[1])), day=m[2].partition("T")[0]),
    ),
    (re.compile(r"order cancelled"), lambda _: say("order cancelled")),
    (re.compile(r"newest time (\S+)"), lambda m: say("newest time {at}", at=m[1])),
    (re.compile(r"rows: (\d+)"), lambda m: say("rows: {n}", n=figures.count(int(m[1])))),
    (
        re.compile(r"([a-z-]+): (\d+)"),
        lambda m: say("{reason}: {n}", reason=figures.reason(m[1]), n=figures.count(int(m[2]))),
    ),
    (
        re.compile(r"message (\S+): (\d+) parts more"),
        lambda m: say("message {reference}: {parts} more", reference=m[1], parts=figures.parts(int(m[2]))),
    ),
)
