"""The plan as a person reads it before deciding: whom and what first, then the money, then the rules."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from smsctl.cli.mailings import plan_personal, plan_text
from smsctl.cli.output import figures, whom
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine, Tone
from smsctl.cli.output.language import english
from smsctl.cli.output.mailings import cost_centre_data, cost_centre_facts, label_facts
from smsctl.cli.output.phrases import mode, quoted
from smsctl.domain.gateway import Traits
from smsctl.domain.message import Letter
from smsctl.domain.package import Draw, Package
from smsctl.domain.plan import Bill, Plan
from smsctl.domain.verdict import RuleVerdict
from smsctl.errors import Sentence, say, say_n
from smsctl.spreadsheet import Sheet


def data(plan: Plan, verdict: RuleVerdict, *, dry_run: bool) -> dict[str, object]:
    """Return the plan's fixed keys of the envelope (docs/reference/json.md)."""
    return {
        "mailing": None,
        "municipality": plan.order.municipality.key,
        "municipality_name": plan.order.municipality.name,
        "recipients": whom.data_of(plan.recipients),
        "text": {"encoding": plan.size.encoding, "units": plan.size.units, "parts": plan.size.parts},
        **plan_text.data(plan),
        "cost": {"parts": plan.parts, "ore": plan.bill.cost_ore, "currency": "SEK"},
        "cost_centres": cost_centre_data(plan.recipients.cost_shares),
        "new_packages": plan.bill.new_packages,
        "refusals": [
            {"rule": one.rule, "text": english(one.sentence)} for one in (*verdict.refusals, *verdict.spared)
        ],
        "overruled": [{"rule": one.rule, "text": english(one.sentence)} for one in verdict.overruled],
        "dry_run": dry_run,
    }


class Stage(StrEnum):
    """What the plan is shown for."""

    LIVE = "live"
    REHEARSAL = "rehearsal"  # simulate, with a ledger of its own
    REHEARSAL_DRY = "rehearsal-dry"  # simulate, with the live ledger's figures


def screen(
    plan: Plan,
    sheet: Sheet,
    local_now: datetime,
    stage: Stage,
    verdict: RuleVerdict,
    *,
    in_full: bool = False,
    most_notes: int | None = None,
) -> list[Block]:
    """Return the plan screen: first what the mode means, last what it costs, above the question.

    With `in_full`, what a row fills in is not masked. Of the notes between, `most_notes` are shown.
    A plan for nobody says why, and no more: nothing of it costs.
    """
    blocks: list[Block] = [mode(simulated=stage is not Stage.LIVE), GAP]
    blocks += _whom(plan)
    if not plan.messages:
        return blocks
    texts = plan.recipients.texts
    if texts is None:
        blocks += [GAP, *quoted(plan.order.letter.text.body), GAP]
    else:
        blocks += [GAP, *plan_personal.quotes(plan, texts, in_full=in_full)]
    asked = [*label_facts(plan.order.label), *cost_centre_facts(plan.recipients.cost_shares)]
    asked += [*letter_facts(plan.order.letter, plan.traits)]
    blocks.append(FactList([*plan_text.facts(plan), *asked, _source(plan, sheet, local_now)]))
    blocks += plan_text.offered(plan)
    notes = [TextLine(one, Tone.WARN) for one in remarks(verdict)] + plan_text.earlier(plan)
    notes += [TextLine(one, Tone.WARN) for one in plan.warnings]
    blocks += [*([GAP] if notes else []), *_first(notes, most_notes)]
    return [*blocks, GAP, TextLine(cost_sentence(plan.bill), Tone.STRONG), *_package(plan, stage)]


def _first(notes: list[TextLine], most: int | None) -> list[TextLine]:
    if most is None or len(notes) <= most:
        return notes
    left = len(notes) - most
    more = say_n("And {n} more note, with --verbose.", "And {n} more notes, with --verbose.", n=left)
    return [*notes[:most], TextLine(more, Tone.FAINT)]


def cost_sentence(bill: Bill) -> Sentence:
    """Say what the messages cost and who pays."""
    messages, parts = figures.messages(bill.messages), figures.parts(bill.parts)
    name = bill.payer.name
    if bill.cost_ore is None:
        return say(
            "{messages}, {parts}. {name} is charged; staff, students and guardians pay nothing.",
            messages=messages,
            parts=parts,
            name=name,
        )
    return say(
        "{messages}, {parts}, {cost}. {name} is charged; staff, students and guardians pay nothing.",
        messages=messages,
        parts=parts,
        cost=figures.money(bill.cost_ore),
        name=name,
    )


def remarks(verdict: RuleVerdict) -> list[Sentence]:
    """Say what the rules do not refuse, and a person should know."""
    return [
        *(one.sentence for one in verdict.warned),
        *(say("Overruled, being urgent: {why}", why=one.sentence) for one in verdict.overruled),
        *verdict.stops,
        *(say("It will wait: {why}", why=one.sentence) for one in verdict.waits),
        *verdict.in_live,
    ]


def _whom(plan: Plan) -> list[Block]:
    order, recipients = plan.order, plan.recipients
    told: dict[str, object] = {
        "ready": figures.count(plan.messages),
        "rows": figures.count(recipients.rows),
        "audience": figures.audience(order.typed),
        "name": order.municipality.name,
    }
    sentence = say("{ready} of {rows} in {audience}, {name}, get this text:", **told)
    if recipients.texts is not None:
        sentence = say("{ready} of {rows} in {audience}, {name}, get a text of their own:", **told)
    if not plan.messages:
        sentence = say("Nobody of {rows} in {audience}, {name}, gets this text.", **told)
    blocks: list[Block] = [TextLine(sentence, Tone.STRONG)]
    if recipients.skipped:
        if plan.messages:  # otherwise the sentence above has said it of all
            without = recipients.rows - plan.messages
            told_without = say_n(
                "{count} does not:", "{count} do not:", n=without, count=figures.count(without)
            )
            blocks.append(TextLine(told_without))
        blocks.append(FactList(whom.skipped(whom.counted(recipients))))
    return [
        *blocks,
        *whom.to_phone(recipients.protected_rows, recipients.stopped),
        *map(TextLine, whom.newly_split(recipients)),
        *whom.outside(recipients.outside),
    ]


def letter_facts(letter: Letter, traits: Traits) -> list[Fact]:
    """Return what the gateway is asked for beside the text."""
    found = [Fact(say("Gateway"), [traits.title])]
    if traits.sender:
        found.append(Fact(say("Sender"), [letter.sender or say("the gateway's own")]))
    if traits.priority:
        priority = say("the gateway's own") if letter.priority is None else figures.priority(letter.priority)
        found.append(Fact(say("Priority"), [priority]))
    if letter.validity is not None:
        found.append(Fact(say("Validity"), [figures.duration(letter.validity)]))
    if letter.send_at is not None:
        found.append(Fact(say("To be sent"), [_held_until(letter.send_at, cancellable=traits.cancelling)]))
    return found


def _held_until(send_at: datetime, *, cancellable: bool) -> Sentence:
    at = figures.moment(send_at)
    if cancellable:
        return say("{at}, held by the gateway; can be cancelled until then", at=at)
    return say("{at}, held by the gateway; cannot be cancelled", at=at)


def _source(plan: Plan, sheet: Sheet, local_now: datetime) -> Fact:
    modified = sheet.modified.astimezone(local_now.tzinfo)
    told = say_n(
        "{rows} row, of {modified}",
        "{rows} rows, of {modified}",
        n=plan.recipients.file_rows,
        rows=figures.count(plan.recipients.file_rows),
        modified=f"{modified:%Y-%m-%d %H:%M}",
    )
    return Fact(say("Recipients"), [plan.order.source or "", told])


def _package(plan: Plan, stage: Stage) -> list[Block]:
    blocks: list[Block] = [TextLine(sentence) for sentence in package_sentences(plan.bill)]
    if stage is Stage.REHEARSAL and plan.bill.payer.in_packages:
        sentence = say("These package figures are the rehearsal's; --dry-run shows the real ones.")
        blocks.append(TextLine(sentence, Tone.FAINT))
    return blocks


def package_sentences(bill: Bill) -> list[Sentence]:
    """Say what the packages have left, and which are opened; nothing where there are no packages."""
    if not bill.payer.in_packages:
        return []
    opened = [one for one in bill.draws if one.opens]
    if not opened:
        return _from_what_is_there(bill) if bill.account_status.packages else []
    if bill.with_room:
        return [_used_up(bill.with_room, opened)]
    if bill.account_status.active:
        return [
            say(
                "No package has room: this mailing opens {numbers}, {invoices}.",
                numbers=_numbers(opened),
                invoices=_invoices(opened),
            )
        ]
    return _after_activation(opened)


def _from_what_is_there(bill: Bill) -> list[Sentence]:
    with_room = bill.with_room or bill.account_status.packages[-1:]
    left = sum(one.left for one in with_room)
    figures_of = {"left": figures.count(left), "after": figures.count(left - bill.parts)}
    if len(with_room) > 1:
        told = say(
            "Packages {numbers} have {left} parts left together, and {after} after this mailing."
            " No new package is opened.",
            numbers=_listed(with_room),
            **figures_of,
        )
    else:
        told = say_n(
            "Package {number} has {left} part left, and {after} after this mailing."
            " No new package is opened.",
            "Package {number} has {left} parts left, and {after} after this mailing."
            " No new package is opened.",
            n=left,
            number=with_room[0].number,
            **figures_of,
        )
    return [told]


def _used_up(with_room: Sequence[Package], opened: Sequence[Draw]) -> Sentence:
    left = sum(one.left for one in with_room)
    opens: dict[str, object] = {"numbers": _numbers(opened), "invoices": _invoices(opened)}
    if len(with_room) > 1:
        return say(
            "Packages {used} have {left} parts left together: this mailing uses them up and opens {numbers},"
            " {invoices}.",
            used=_listed(with_room),
            left=figures.count(left),
            **opens,
        )
    return say_n(
        "Package {number} has {left} part left: this mailing uses it up and opens {numbers}, {invoices}.",
        "Package {number} has {left} parts left: this mailing uses it up and opens {numbers}, {invoices}.",
        n=left,
        number=with_room[0].number,
        left=figures.count(left),
        **opens,
    )


def _after_activation(opened: Sequence[Draw]) -> list[Sentence]:
    """Say what is opened where the service must be activated first: then the first is not the mailing's."""
    first, others = opened[:1], opened[1:]
    found = [
        say(
            "No package has room: the activation opens {numbers}, {invoices}.",
            numbers=_numbers(first),
            invoices=_invoices(first),
        )
    ]
    if others:
        found.append(
            say(
                "This mailing uses it up and opens {numbers}, {invoices}.",
                numbers=_numbers(others),
                invoices=_invoices(others),
            )
        )
    return found


def _listed(packages: Sequence[Package]) -> str:
    return ", ".join(str(one.number) for one in packages)


def _numbers(opened: Sequence[Draw]) -> Sentence:
    first, last = opened[0].package, opened[-1].package
    if first == last:
        return say("package {first}", first=first)
    return say("packages {first} to {last}", first=first, last=last)


def _invoices(opened: Sequence[Draw]) -> Sentence:
    return say_n(
        "one new invoice of {price}",
        "{n} new invoices of {price} each",
        n=len(opened),
        price=figures.money(opened[0].price_ore),
    )
