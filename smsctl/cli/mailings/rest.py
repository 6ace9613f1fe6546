"""What is left of a mailing, as a person reads it before deciding: people, parts, money, packages, rules."""

from smsctl.actions.resume import Remainder
from smsctl.cli.mailings.plan import cost_sentence, letter_facts, package_sentences, remarks
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, FactList, TextLine, Tone
from smsctl.cli.output.phrases import mode, quoted
from smsctl.domain.gateway import Traits
from smsctl.errors import say_n


def screen(rest: Remainder, traits: Traits, *, simulated: bool) -> list[Block]:
    """Return what would be sent now."""
    mailing, bill = rest.mailing, rest.bill
    left = say_n(
        "{count} message is left of mailing {id} to {audience}, {name}, with this text:",
        "{count} messages are left of mailing {id} to {audience}, {name}, with this text:",
        n=bill.messages,
        count=figures.count(bill.messages),
        id=mailing.id,
        audience=figures.audience(mailing.audience),
        name=mailing.municipality.name,
    )
    remarked = remarks(rest.verdict)
    return [
        mode(simulated=simulated),
        TextLine(left, Tone.STRONG),
        *quoted(mailing.letter.text.body),
        GAP,
        FactList(letter_facts(mailing.letter, traits)),
        GAP,
        TextLine(cost_sentence(bill), Tone.STRONG),
        *map(TextLine, package_sentences(bill) if bill.payer.in_packages else []),
        *(TextLine(one, Tone.WARN) for one in remarked),
    ]
