"""A purge on a screen: what would go, the protocol of what went, and what is held."""

from collections.abc import Sequence

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.fields import Field, table_of, time_of
from smsctl.cli.output.phrases import NOTHING_LEAVES
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger.holds import Hold
from smsctl.ledger.purging import Due, Protocol

_NAMED = 10
_NOT_REACHED = ("backups", "exported_files", "reasons", "keys")
"""What no purge removes: told in every protocol."""


BLANKED = say("(blanked)")
"""Stands where somebody's words stood."""


def protocol_data(protocol: Protocol) -> dict[str, object]:
    """Return a protocol for the envelope."""
    return {**protocol._asdict(), "not_reached": list(_NOT_REACHED)}


def planned(due: Due, before: str, names: str, zone: str, *, simulated: bool) -> list[Block]:
    """Return what a purge would remove; `names` are those of the municipalities whose data it is."""
    head: list[Block] = [TextLine(NOTHING_LEAVES, Tone.WARN)] if simulated else []
    at = figures.local(before, zone)
    if due.is_nothing:
        nothing = say("There is nothing to remove from before {at}; no protocol was made.", at=at)
        return [*head, TextLine(nothing), *_left_alone(due)]
    title = TextLine(say("From before {at} would be removed, of {names}:", at=at, names=names), Tone.STRONG)
    return [*head, title, *(TextLine(one, indent=2) for one in _removed(due)), *_left_alone(due)]


def done(protocol: Protocol, due: Due, names: str, zone: str, *, on_server: bool) -> list[Block]:
    """Return the protocol of a purge; a server's files cannot be looked into."""
    facts = [
        Fact(say("Decision"), [protocol.decision]),
        Fact(say("Municipality"), [names]),
        Fact(say("When"), [figures.local(protocol.at, zone)]),
        Fact(say("By"), [say("{who} on {host}", who=protocol.by_whom, host=protocol.host)]),
        Fact(say("From before"), [figures.local(protocol.before, zone)]),
        Fact(say("Mailings"), [figures.count(protocol.mailings)]),
        Fact(say("Messages"), [figures.count(protocol.messages)]),
        Fact(say("Skipped rows"), [figures.count(protocol.skipped)]),
        Fact(say("Incoming SMS"), [figures.count(protocol.incoming)]),
        Fact(say("Stray delivery reports"), [figures.count(protocol.reports)]),
        Fact(say("Hashes of numbers"), [figures.count(protocol.hashes)]),
    ]
    sentence = say(
        "Removed: numbers, names, texts. Kept: counts, parts, money, times; and for 20 hours hashes"
        " of numbers, so that nobody gets a text twice."
    )
    searched = say("The ledger's file was searched: nothing of a sample of it is found there any more.")
    if on_server:
        searched = say(
            "The database has written its tables anew without it. Its log, standbys, archives and dumps keep"
            " it until they are rotated."
        )
    return [
        TextLine(say("Protocol of purge {id}", id=protocol.id), Tone.STRONG),
        FactList(facts),
        TextLine(sentence),
        TextLine(searched),
        *_left_alone(due),
        *_not_reached(),
    ]


def kept(protocols: Sequence[Protocol], holds: Sequence[Hold], zone: str) -> list[Block]:
    """Return the protocols that are kept, and the mailings that are held."""
    of_a_purge: list[Field[Protocol]] = [
        Field("", lambda one: one.id, say("Purge")),
        time_of("", lambda one: one.at, say("When"), zone),
        Field("", lambda one: one.by_whom, say("By")),
        Field("", lambda one: one.decision or BLANKED, say("Decision")),
        Field("", lambda one: ", ".join(one.municipalities), say("Municipality")),
        Field("", lambda one: one.mailings, say("Mailings"), figures.count),
        Field("", lambda one: one.messages, say("Messages"), figures.count),
    ]
    of_a_hold: list[Field[Hold]] = [
        Field("", lambda one: one.mailing, say("Held mailing")),
        time_of("", lambda one: one.at, say("Since"), zone),
        Field("", lambda one: one.by_whom, say("By")),
        Field("", lambda one: one.reason or BLANKED, say("Why")),
    ]
    blocks: list[Block] = [TextLine(say("Nothing was purged yet."))]
    if protocols:
        blocks = [table_of(of_a_purge, protocols), *_not_reached()]
    return [*blocks, GAP, table_of(of_a_hold, holds)] if holds else blocks


def _not_reached() -> list[Block]:
    sentence = say(
        "Nor what a person wrote, --key names and reasons: see them, and blank them by id, with"
        " smsctl purge --written"
    )
    return [
        TextLine(
            say(
                "Not reached: older copies of the ledger (backups, and what an upgrade left beside it) and"
                " files that were exported. Remove them too."
            ),
            Tone.WARN,
        ),
        TextLine(sentence),
    ]


def _removed(due: Due) -> list[Sentence]:
    found = [
        say_n(
            "numbers, names and the text of {n} mailing",
            "numbers, names and texts of {count} mailings",
            n=len(due.mailings),
            count=figures.count(len(due.mailings)),
        ),
        say("{count} incoming SMS", n=due.incoming, count=figures.count(due.incoming)),
        say_n(
            "{n} delivery report that fitted no message",
            "{count} delivery reports that fitted no message",
            n=due.reports,
            count=figures.count(due.reports),
        ),
        say_n(
            "{n} hash of a number that an earlier purge left",
            "{count} hashes of numbers that earlier purges left",
            n=due.hashes,
            count=figures.count(due.hashes),
        ),
    ]
    return [one for one in found if one.values["n"]]


def _left_alone(due: Due) -> list[Block]:
    found: list[Block] = []
    if due.unfinished:
        told = say(
            "Left alone, not finished: {ids}. Resume, cancel or resolve them.", ids=_ids(due.unfinished)
        )
        found.append(TextLine(told, Tone.WARN))
    if due.held:
        found.append(TextLine(say("Left alone, held: {ids}.", ids=_ids(due.held))))
    return found


def _ids(ids: Sequence[int]) -> str:
    more = f" … (+{len(ids) - _NAMED})" if len(ids) > _NAMED else ""
    return ", ".join(map(str, ids[:_NAMED])) + more
