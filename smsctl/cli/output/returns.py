"""What the delivery reports say, beside the states."""

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Fact, FactList, TextLine, Tone
from smsctl.errors import say
from smsctl.ledger.undelivered import Returns


def data(returns: Returns | None) -> dict[str, int] | None:
    """Return it for the envelope; null where no report has ever come."""
    return None if returns is None else returns._asdict()


def blocks(returns: Returns | None, *, beside_states: bool = False) -> list[Block]:
    """Return what was reported and what is waited for; nothing where no report has ever come.

    Beside the states of the messages only what these do not tell.
    """
    if returns is None:
        return []
    told = (
        (returns.delivered, say("delivered"), Tone.GOOD),
        (returns.failed, say("failed"), Tone.BAD),
        (returns.expired, say("expired"), Tone.WARN),
        (returns.waiting, say("waiting for a report"), Tone.PLAIN),
        (returns.no_report, say("no report, although one is due"), Tone.WARN),
    )
    shown = told[_IN_THE_STATES:] if beside_states else told
    facts = [Fact(figures.count(n), [words], tone) for n, words, tone in shown if n]
    return [TextLine(say("Delivery reports:")), FactList(facts)] if facts else []


_IN_THE_STATES = 3  # the first of them
