"""Texts that were filled in from the rows of a file: what machines are told, and the first of them."""

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, Fact, FactList, TextLine
from smsctl.cli.output.phrases import quoted
from smsctl.domain.fields import masked
from smsctl.domain.filled import refilled
from smsctl.domain.people import People
from smsctl.domain.personal import PersonalTexts
from smsctl.domain.recipients import Recipients
from smsctl.domain.text import PartProfile
from smsctl.errors import say


def data(recipients: Recipients, profile: PartProfile | None) -> dict[str, object] | None:
    """Return what the envelope says; None: all get the same text. `profile`: how they were counted."""
    texts = recipients.texts
    if texts is None or profile is None:
        return None
    several, most = recipients.ready.several
    return {
        "columns": list(texts.wording.columns),
        "parts": {str(parts): people for parts, people in texts.by_parts.items()},
        "unicode": texts.unicode,
        "unicode_columns": [
            {"column": one.column, "rows": one.rows, "signs": dict(one.signs)}
            for one in texts.foreign(profile)
        ],
        "several": {"numbers": several, "most": most},
        "texts": [
            {"for": name, "messages": people, "parts": parts}
            for name, (people, parts) in zip(chosen_by(texts), texts.by_template(), strict=True)
        ],
    }


def rows(people: People, texts: PersonalTexts, most: int, *, in_full: bool) -> list[Block]:
    """Return the texts of the first rows, each with its size."""
    blocks: list[Block] = []
    for at, one in texts.at(range(most)).items():
        shown = one.body if in_full else refilled(texts.wording, one, tuple(map(masked, one.cells)))
        told = say("Row {row}: {parts}", row=people.rows[at], parts=figures.parts(one.parts))
        blocks += [TextLine(told), *quoted(shown), GAP]
    return [*blocks, FactList([Fact(say("Texts"), [figures.count(len(texts))])])]


def chosen_by(texts: PersonalTexts) -> list[str | None]:
    """Return what chooses each template; None: the first."""
    return [None, *(one.chosen for one in texts.wording.variants)]
