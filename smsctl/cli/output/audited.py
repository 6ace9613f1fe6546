"""What the audit keeps, in words: what was done, to what, and the details. The ledger keeps codes."""

import re
from collections.abc import Callable, Mapping, Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Text
from smsctl.errors import Sentence, joined, say
from smsctl.ledger.audit import TEST_NOT_SENT
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
    """Say why: what somebody has typed as it is, what smsctl itself has written in words."""
    return _OWN_REASONS.get(stored, stored) if stored else ""


def host(stored: str) -> Text:
    """Say from where it was done."""
    return say("by SMS") if stored == "by SMS" else stored


def is_of_a_user(stored: str) -> bool:
    """Say whether a user of a machine did it."""
    return stored not in _ACTORS


def _in_words(stored: str, known: Sequence[tuple[str, Sentence | Callable[[re.Match[str]], Text]]]) -> Text:
    """Return the sentence of the first pattern that fits, with what stands in its places."""
    for pattern, told in known:
        if found := re.fullmatch(pattern, stored):
            if not isinstance(told, Sentence):
                return told(found)
            return told.given(**{name: _SHOWN.get(name, str)(one) for name, one in found.groupdict().items()})
    return stored


_ACTIONS = {
    "accept-clock": say("the clock accepted"),
    "accept-restore": say("old copy of the ledger accepted"),
    "accept-time-zone": say("another time zone accepted"),
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
_OWN_REASONS = {BY_STOP: say("STOP by SMS"), TEST_NOT_SENT: say("a test that did not leave")}
_SETTLED = {"sent": say("sent"), "not-sent": say("not sent"), "resend": say("to be sent again")}
_SHOWN: Mapping[str, Callable[[str], Text]] = {
    "n": lambda n: figures.count(int(n)),
    "messages": lambda n: figures.messages(int(n)),
    "parts": lambda n: figures.parts(int(n)),
    "day": lambda at: at.partition("T")[0],
    "reason": figures.reason,
}
_SUBJECTS = (
    (r"mailing (?P<id>\d+)", say("mailing {id}", id="")),
    (r"invoice (?P<number>\d+)", say("invoice {number}", number="")),
    (r"purge (?P<number>\d+)", say("purge {number}", number="")),
    (r"audit (?P<row>\d+)", say("row {row} of the audit", row="")),
    (r"month (?P<month>\d{4}-\d\d)", say("month {month}", month="")),
    (r"number ending in (?P<digits>\d+)", say("number ending in {digits}", digits="")),
    (r"number (?P<number>\+.+)", say("number {number}", number="")),
    (r"(?s)key (?P<key>.*)", say("key {key}", key="")),
    (r"ledger", say("the ledger")),
)
_DETAILS = (
    (r"messages: (\d+)", lambda m: figures.messages(int(m[1]))),
    (r"urgent", say("urgent")),
    (r"urgent, also beyond the day's ceilings", say("urgent, also beyond the day's ceilings")),
    (r"accepted terms not required", say("accepted terms not required")),
    (r"mailing (?P<id>\d+) again", say("mailing {id} again", id="")),
    (r"package (?P<number>\d+)", say("package {number}", number="")),
    (
        r"closed: package (?P<number>\d+), (?P<parts>\d+) of \d+ parts left",
        say("package {number} closed with {parts} left", number="", parts=""),
    ),
    (
        r"(?P<municipality>[^,]+), package (?P<number>\d+)",
        say("{municipality}, package {number}", municipality="", number=""),
    ),
    (
        r"(\d+) messages: (sent|not-sent|resend)",
        lambda m: joined(figures.messages(int(m[1])), _SETTLED[m[2]]),
    ),
    (r"(?P<messages>\d+) messages unknown(?:, .+ batches missing)?", say("{messages} unknown", messages="")),
    (r"pending messages: (?P<n>\d+)", say("{n} pending", n="")),
    (r"at the gateway: (?P<n>\d+)", say("{n} at the gateway", n="")),
    (r"counted: (?P<messages>\d+)", say("{messages} counted", messages="")),
    (r"yes of mailing (?P<id>\d+), by (?P<user>.+)", say("yes of mailing {id}, by {user}", id="", user="")),
    (r"every time until (?P<day>\S+)", say("every time until {day}", day="")),
    (r"(?P<n>\d+) mailings before (?P<day>\S+)", say("mailings before {day}: {n}", n="", day="")),
    (r"order cancelled", say("order cancelled")),
    (r"newest time (?P<at>\S+)", say("newest time {at}", at="")),
    (r"time zone (?P<zone>\S+)", say("time zone {zone}", zone="")),
    (r"rows: (?P<n>\d+)", say("rows: {n}", n="")),
    (r"(?P<reason>[a-z-]+): (?P<n>\d+)", say("{reason}: {n}", reason="", n="")),
    (
        r"message (?P<reference>\S+): (?P<parts>\d+) parts more",
        say("message {reference}: {parts} more", reference="", parts=""),
    ),
)
