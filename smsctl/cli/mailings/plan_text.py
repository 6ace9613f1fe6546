"""What the plan says of the text: its length and cost, a cheaper one, and the last mailing like it."""

from smsctl.cli.mailings import plan_personal
from smsctl.cli.output import figures, filled
from smsctl.cli.output.blocks import Block, Fact, Text, TextLine, Tone
from smsctl.domain.cheaper import Cheaper, CheaperWay
from smsctl.domain.plan import Earlier, Offer, OutOfUse, Plan, offer
from smsctl.domain.text import Encoding, costly
from smsctl.errors import Sentence, say, say_n

_COSTLY_SHOWN = 5
_MUCH = 4  # a quarter more or fewer people than last time is pointed out


def data(plan: Plan) -> dict[str, object]:
    """Return what the envelope says beside the text's size."""
    return {
        "personal": filled.data(plan.recipients, plan.traits.parts),
        "findings": [one.data for one in plan.findings],
        "cheaper": _offer_data(offer(plan)),
        "earlier": _earlier_data(plan.earlier),
        "send_at": plan.order.letter.held_until,
    }


def facts(plan: Plan) -> list[Fact]:
    """Return how long the text is, and which characters make it dearer."""
    if plan.recipients.texts is not None:
        return plan_personal.facts(plan, plan.recipients.texts)
    body = plan.order.letter.text.body
    kind = say("standard characters") if plan.size.encoding is Encoding.GSM7 else say("unicode")
    length = say_n(
        "{length} characters, {kind}: {n} part each",
        "{length} characters, {kind}: {n} parts each",
        n=plan.size.parts,
        length=figures.count(len(body)),
        kind=kind,
    )
    found = [Fact(say("Length"), [length])]
    if plan.size.encoding is Encoding.UCS2:
        places: list[Text] = [
            say(
                "{char} ({name}), line {line}, column {column}",
                char=c.char,
                name=c.name,
                line=c.line,
                column=c.column,
            )
            for c in costly(body, plan.traits.parts)
        ]
        if len(places) > _COSTLY_SHOWN:
            places = [*places[:_COSTLY_SHOWN], say("and {n} more", n=len(places) - _COSTLY_SHOWN)]
        found.append(Fact(say("Unicode because of"), places, Tone.WARN))
    return found


def offered(plan: Plan) -> list[Block]:
    """Say what a cheaper text would cost; the whole mailing's price stands above it."""
    found = offer(plan)
    if found is None:
        return []
    parts, ore = figures.parts(found.plan.parts), found.plan.bill.cost_ore
    how = _how(found.cheaper)
    if ore is None:
        return [TextLine(say("{how}: {parts}.", how=how, parts=parts), Tone.GOOD)]
    return [
        TextLine(say("{how}: {parts}, {cost}.", how=how, parts=parts, cost=figures.money(ore)), Tone.GOOD)
    ]


def earlier(plan: Plan) -> list[TextLine]:
    """Say what has changed since the last mailing to the same audience, and what it paid for in vain."""
    found = plan.earlier
    if found is None:
        return []
    gone = [TextLine(_in_vain(found, found.out_of_use), Tone.WARN)] if found.out_of_use else []
    if plan.messages == found.messages:
        return gone
    changed = abs(plan.messages - found.messages) * _MUCH > found.messages
    since = TextLine(_since(plan, found), Tone.WARN if changed else Tone.PLAIN)
    return [since, *gone]


def _since(plan: Plan, last: Earlier) -> Sentence:
    return say(
        "The last mailing to the same audience, {id} of {day}, had {before}; this one has {now}.",
        id=last.mailing,
        day=last.day,
        before=figures.messages(last.messages),
        now=figures.messages(plan.messages),
    )


def _in_vain(last: Earlier, gone: OutOfUse) -> Sentence:
    values: dict[str, object] = {"parts": figures.parts(gone.parts), "id": last.mailing}
    if gone.cost_ore is None:
        return say_n(
            "{n} number was out of use both last times ({parts}): smsctl mailings failed {id}",
            "{n} numbers were out of use both last times ({parts}): smsctl mailings failed {id}",
            n=gone.numbers,
            **values,
        )
    return say_n(
        "{n} number was out of use both last times ({parts}, {cost}): smsctl mailings failed {id}",
        "{n} numbers were out of use both last times ({parts}, {cost}): smsctl mailings failed {id}",
        n=gone.numbers,
        cost=figures.money(gone.cost_ore),
        **values,
    )


def _how(cheaper: Cheaper) -> Sentence:
    if cheaper.way is CheaperWay.PLAIN:
        return say("With plain quotes, dashes and spaces")
    if cheaper.way is CheaperWay.WITHOUT:
        return say("Without {char}", char=cheaper.removed)
    return say_n(
        "Without the last character ({removed})",
        "Without the last {n} characters ({removed})",
        n=len(cheaper.removed),
        removed=repr(cheaper.removed),
    )


def _offer_data(proposal: Offer | None) -> dict[str, object] | None:
    if proposal is None:
        return None
    return {
        "way": proposal.cheaper.way,
        "removed": proposal.cheaper.removed,
        "parts_each": proposal.cheaper.size.parts,
        "parts": proposal.plan.parts,
        "ore": proposal.plan.bill.cost_ore,
    }


def _earlier_data(last: Earlier | None) -> dict[str, object] | None:
    if last is None:
        return None
    gone = last.out_of_use
    in_vain = gone and {"numbers": gone.numbers, "parts": gone.parts, "ore": gone.cost_ore}
    return {"mailing": last.mailing, "day": last.day, "messages": last.messages, "out_of_use": in_vain}
