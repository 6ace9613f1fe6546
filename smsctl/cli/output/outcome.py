"""What became of a mailing: counts by state, and what to do next."""

import re
from collections.abc import Mapping, Sequence

from smsctl.cli.output import figures, whom
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.phrases import NOTHING_LEAVES
from smsctl.domain.mailing import Mailing, MailingTotals
from smsctl.domain.message import Status
from smsctl.domain.remark import Words
from smsctl.domain.unsettled import unsettled_of
from smsctl.errors import Sentence, say
from smsctl.ledger import skipped
from smsctl.ledger.store import Ledger

BY_MAIL = "mail"
"""The gateway whose messages are never heard of again (wire/puzzel.md, "E-mail")."""

_LONG_NUMBER = re.compile(r"\+?[0-9][0-9 -]{5,}[0-9]")
_TONES = {
    Status.ACCEPTED: Tone.GOOD,
    Status.DELIVERED: Tone.GOOD,
    Status.REJECTED: Tone.BAD,
    Status.FAILED: Tone.BAD,
    Status.UNKNOWN: Tone.WARN,
    Status.HELD: Tone.WARN,
    Status.PENDING: Tone.WARN,
    Status.SENDING: Tone.WARN,
}


def screen(
    mailing: Mailing, tally: MailingTotals, steps: Sequence[Sentence], *, simulated: bool
) -> list[Block]:
    """Return the outcome and what it costs, with what to do next."""
    blocks: list[Block] = [
        TextLine(say("Mailing {id}:", id=mailing.id), Tone.STRONG),
        state_facts(tally.states),
    ]
    blocks += [TextLine(told) for told in (cost(tally), *steps)]
    if simulated:
        blocks += [GAP, TextLine(NOTHING_LEAVES, Tone.WARN)]
    return blocks


def test_screen(number: str, parts: int, answer: Words | None) -> list[Block]:
    """Return what a person wants to know of one test SMS."""
    facts = [Fact(say("Number"), [number]), Fact(say("Parts"), [figures.count(parts)])]
    if answer:
        facts.insert(1, Fact(say("The gateway answered"), [answer]))
    return [FactList(facts), GAP]


def data(ledger: Ledger, mailing: Mailing, tally: MailingTotals) -> dict[str, object]:
    """Return the fixed keys of the envelope (docs/reference/json.md) for what was sent, as the ledger has it.

    The cost is that of the messages that cost, which may be fewer than were planned.
    """
    counts, outside = skipped.counts(ledger, mailing.id), skipped.outside(ledger, mailing.id)
    return {
        "mailing": mailing.id,
        "municipality": mailing.municipality.key,
        "municipality_name": mailing.municipality.name,
        "recipients": whom.data(mailing.rows, mailing.messages, counts, mailing.audience_rows, outside),
        "text": {"encoding": mailing.size.encoding, "units": mailing.size.units, "parts": mailing.size.parts},
        "cost": {"parts": tally.parts, "ore": tally.cost_ore, "currency": "SEK"},
        "send_at": mailing.letter.held_until,
        "dry_run": False,
        "outcome": {str(state): tally.states[state] for state in Status if tally.states.get(state)},
    }


def state_facts(states: Mapping[Status, int]) -> FactList:
    """Return the states that occur, in the order a message passes them."""
    return FactList(
        [
            Fact(figures.count(states[state]), [figures.state(state)], _TONES.get(state, Tone.PLAIN))
            for state in Status
            if states.get(state)
        ]
    )


def cost(tally: MailingTotals) -> Sentence:
    """Say what a mailing costs so far."""
    if not tally.parts:
        return say("Cost: nothing so far.")
    parts = figures.parts(tally.parts)
    if tally.cost_ore is None:
        return say("Cost: {parts}.", parts=parts)
    return say("Cost: {parts}, {money}.", parts=parts, money=figures.money(tally.cost_ore))


def next_steps(mailing: Mailing, states: Mapping[Status, int], in_doubt: int = 0) -> list[Sentence]:
    """Say what a person should do, if anything; `in_doubt` are stopped or gone, and nobody can tell."""
    steps: list[Sentence] = []
    if mailing.gateway == BY_MAIL and states.get(Status.ACCEPTED):
        steps.append(say("Handed to the mail server; nothing further will be known of them."))
    if mailing.half_cancelled:
        steps.append(
            say("It was cancelled; cancel the rest with: smsctl mailings cancel {id}", id=mailing.id)
        )
    elif states.get(Status.PENDING):
        steps.append(say("Send what is pending with: smsctl mailings resume {id}", id=mailing.id))
    if states.get(Status.SENDING):
        steps.append(say("Some are on the wire right now. Look again in a minute."))
    steps += unsettled_of(mailing.id, states, in_doubt).sentences
    if states.get(Status.FAILED) or states.get(Status.EXPIRED):
        steps.append(say("See which numbers are dead with: smsctl mailings failed {id}", id=mailing.id))
    if states.get(Status.REJECTED):
        steps.append(say("See why with: smsctl mailings show {id}", id=mailing.id))
    return steps


def summary(mailing: Mailing, states: Mapping[Status, int], parts: int, *, simulated: bool) -> Sentence:
    """Return the one line for a log: no names, no numbers of telephones, no text."""
    values = {
        "id": mailing.id,
        "municipality": mailing.municipality.name,
        "counted": figures.counted(states) or say("nothing to send"),
        "parts": figures.parts(parts),
    }
    if simulated:
        return say(
            "Simulated mailing {id} for {municipality}: {counted}; {parts}. No SMS left this machine.",
            **values,
        )
    return say("Mailing {id} for {municipality}: {counted}; {parts}.", **values)


def test_summary(line: Sentence, answer: Words) -> Sentence:
    """Return the one line for a test SMS, with the gateway's words; a number in them is hidden."""
    hidden = _LONG_NUMBER.sub("***", answer) if isinstance(answer, str) else answer
    return say("{line} The gateway answered: {answer}", line=line, answer=hidden)
