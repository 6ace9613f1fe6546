"""What the plan says of texts that differ from person to person: examples, lengths, and the dearest."""

from collections import Counter
from collections.abc import Collection
from itertools import islice
from typing import Final

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, Fact, Text, TextLine, Tone
from smsctl.cli.output.filled import chosen_by
from smsctl.cli.output.phrases import quoted
from smsctl.domain.cells import veiled
from smsctl.domain.fields import masked
from smsctl.domain.filled import Filled, refilled
from smsctl.domain.personal import PersonalTexts
from smsctl.domain.plan import Plan
from smsctl.domain.text import PartProfile, costly, foreign_in
from smsctl.errors import Sentence, joined, say, say_n


def quotes(plan: Plan, texts: PersonalTexts, *, in_full: bool) -> list[Block]:
    """Return the templates, and what the first row of each gets; `in_full`: cells are not masked."""
    blocks: list[Block] = []
    names, told = chosen_by(texts), texts.by_template()
    examples = {one.template: (at, one) for at, one in texts.at(texts.first_of_each()).items()}
    for number, template in enumerate(texts.wording.templates):
        people, parts = told[number]
        if len(names) > 1:
            blocks.append(TextLine(_of_template(plan, names[number], people, parts), Tone.STRONG))
        blocks += [*quoted(template.body), GAP]
        if template.fields and number in examples:
            at, one = examples[number]
            row = say("Row {row} gets:", row=plan.recipients.ready.rows[at])
            shown = one.body if in_full else refilled(texts.wording, one, tuple(map(masked, one.cells)))
            blocks += [TextLine(row), *quoted(shown), GAP]
    return blocks


def facts(plan: Plan, texts: PersonalTexts) -> list[Fact]:
    """Return how long the texts are, which are Unicode and why, and the dearest."""
    shortest, longest = texts.lengths
    by_parts = [
        say_n("{people} at {n} part", "{people} at {n} parts", n=parts, people=figures.people(people))
        for parts, people in texts.by_parts.items()
    ]
    length: list[Text] = [
        say("{shortest} to {longest} characters", shortest=shortest, longest=longest),
        joined(*by_parts),
    ]
    found = [Fact(say("Length"), length)]
    if texts.unicode:
        found.append(Fact(say("Unicode"), _unicode(texts, plan.traits.parts), Tone.WARN))
    if dearest := _dearest(plan, texts):
        found.append(Fact(say("Dearest"), [*dearest]))
    several, most = plan.recipients.ready.several
    if several:
        told = say_n(
            "{n} number gets several texts, {most} at most; --one-per-number sends one each",
            "{n} numbers get several texts, {most} at most; --one-per-number sends one each",
            n=several,
            most=most,
        )
        found.append(Fact(say("Same number"), [told]))
    return found


def _of_template(plan: Plan, name: str | None, people: int, parts: int) -> Sentence:
    told: dict[str, object] = {
        "messages": figures.messages(people),
        "parts": figures.parts(parts),
        "name": say("All others") if name is None else name,
    }
    rate = plan.bill.payer.rate
    if rate is None:
        return say("{name}: {messages}, {parts}", **told)
    cost = figures.money(-(-parts * rate.price_ore // rate.size))
    return say("{name}: {messages}, {parts}, about {cost}", cost=cost, **told)


def _unicode(texts: PersonalTexts, profile: PartProfile) -> list[Text]:
    """Say how many texts are Unicode, and which signs of which columns make them so."""
    people = figures.people(texts.unicode)
    reasons: list[Text] = [
        say_n(
            "{column}: {n} row with {signs}",
            "{column}: {n} rows with {signs}",
            n=one.rows,
            column=veiled(one.column),
            signs=_listed(one.signs),
        )
        for one in texts.foreign(profile)[:_CAUSES]
    ]
    written = {one.char for template in texts.wording.templates for one in costly(template.literal, profile)}
    if written:
        reasons.insert(0, say("{chars} in the text itself", chars=_listed(sorted(written))))
    return [people, *reasons]


def _listed(signs: Collection[str]) -> str:
    """Return the first of some characters as they are shown."""
    shown = ", ".join(map(_shown, islice(signs, _CAUSES)))
    return f"{shown} …" if len(signs) > _CAUSES else shown


def _dearest(plan: Plan, texts: PersonalTexts) -> list[Sentence]:
    """Return the first rows of those whose text takes most parts, without repeating a reason."""
    found, reasons = list[Sentence](), Counter[tuple[str, str] | None]()
    for at, one in sorted(texts.at(texts.dearest(_LOOKED_AT)).items(), key=lambda each: -each[1].parts):
        why = _why(texts, one, plan.traits.parts)
        if one.parts == min(texts.by_parts) or reasons[why] or len(found) >= _ROWS:
            continue
        reasons[why] += 1
        row = plan.recipients.ready.rows[at]
        parts = figures.parts(one.parts)
        found.append(
            say("row {row}: {parts}, {char} in {column}", row=row, parts=parts, char=why[0], column=why[1])
            if why
            else say("row {row}: {parts}, {n} characters", row=row, parts=parts, n=len(one.body))
        )
    return found


def _why(texts: PersonalTexts, filled: Filled, profile: PartProfile) -> tuple[str, str] | None:
    """Return the first character of a cell that makes a text Unicode, and its column; None: none does."""
    fields = texts.wording.templates[filled.template].fields
    for field, cell in zip(fields, filled.cells, strict=True):
        if foreign := foreign_in(cell, profile):
            return _shown(foreign[0]), veiled(field.column)
    return None


def _shown(char: str) -> str:
    return char if char.isalpha() else f"U+{ord(char):04X}"


_CAUSES: Final = 5
_ROWS: Final = 2
_LOOKED_AT: Final = 200
