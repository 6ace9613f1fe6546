"""The posting of a month on a screen and in its file: what each cost centre pays, and one contra line."""

from collections.abc import Callable, Mapping, Sequence

from smsctl.actions.post_month import Drafted, PostingLine, free_keys, month_before
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, Text, TextLine, Tone
from smsctl.cli.output.fields import Field, count_of, data_of, money_of, table_of
from smsctl.cli.output.reply import Note
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger.postings import Posting

CostCentres = Mapping[str, Mapping[str, str]]


def _common(called: Callable[[str], str]) -> list[Field[PostingLine]]:
    return [
        Field("municipality", lambda one: one.municipality or None, say("Municipality"), _named(called)),
        Field("cost_centre", lambda one: one.cost_centre or None, say("Cost centre")),
        Field("correction_of", lambda one: one.correction_of or None, say("Correction of")),
        count_of("parts", lambda one: one.parts, say("Parts")),
        money_of("amount_ore", lambda one: one.amount_ore, say("Amount without VAT")),
    ]


def _named(called: Callable[[str], str]) -> Callable[[str | None], Text]:
    return lambda key: called(key) if key else say("contra line")


def fields(drafted: Drafted, called: Callable[[str], str], centres: CostCentres) -> list[Field[PostingLine]]:
    """Return the columns of the file: the document on each line, and the cost centre's free keys."""

    def given(key: str) -> Field[PostingLine]:
        return Field("", lambda one: centres.get(one.cost_centre, {}).get(key), key)

    return [
        Field("", lambda _: drafted.document, say("Document")),
        Field("", lambda _: drafted.month, say("Month")),
        Field("", lambda one: one.municipality, say("Key")),
        *_common(called),
        *map(given, free_keys(centres)),
    ]


def data(drafted: Drafted | None, posted: Posting | None, month: str, path: object) -> dict[str, object]:
    """Return the posting for the envelope; the lines of one that was posted before stand in its file."""
    return {
        "month": month,
        "document": posted.document if posted else drafted.document if drafted else None,
        "path": None if path is None else str(path),
        "closed": posted is not None,
        "handed_over": posted.at if posted else None,
        "handed_over_by": posted.by_whom if posted else None,
        "lines": None if drafted is None else [data_of(_common(str), one) for one in drafted.lines],
    }


def screen(drafted: Drafted, called: Callable[[str], str], centres: CostCentres) -> list[Block]:
    """Return the lines, what of them has no price, and which cost centres the config does not know."""
    head = say("Posting of {month}, {document}", month=drafted.month, document=drafted.document)
    blocks: list[Block] = [TextLine(head, Tone.STRONG)]
    if any(one.municipality for one in drafted.lines):
        blocks.append(table_of(_common(called), drafted.lines))
    else:  # a contra line of nothing
        blocks.append(TextLine(say("There is nothing to post: nothing was used.")))
    return [*blocks, *(TextLine(one, Tone.WARN) for one in remarks(drafted.lines, centres))]


def remarks(lines: Sequence[PostingLine], centres: CostCentres) -> list[Sentence]:
    """Say what is not posted, because nobody knows what it costs, and which lines have no free keys."""
    told: list[Sentence] = []
    if n := sum(one.unpriced for one in lines):
        sentence = say_n(
            "{n} part has no price that is known, and costs nothing here.",
            "{n} parts have no price that is known, and cost nothing here.",
            n=n,
        )
        told.append(sentence)
    gone = sorted({one.cost_centre for one in lines} - {"", *centres})
    if gone and free_keys(centres):
        names, columns = ", ".join(gone), ", ".join(free_keys(centres))
        sentence = say(
            "The config does not have {names} under [cost_centres]: {columns} are empty there.",
            names=names,
            columns=columns,
        )
        told.append(sentence)
    return told


def left_out(drafted: Drafted | None) -> list[Note]:
    """Say what was used before the first month that is posted: it is in no posting, nor can be later."""
    if drafted is None or not drafted.left_out_ore:
        return []
    sentence = say(
        "Before {month}, {cost} without VAT were used that no posting has, and that none can have once"
        " {month} is closed. Look at them with: smsctl usage --until {before} --by cost-centre",
        month=drafted.month,
        cost=figures.money(drafted.left_out_ore),
        before=month_before(drafted.month),
    )
    return [Note(code="left-out", level="warning", text=sentence)]


def closed(posted: Posting, zone: str, *, again: bool) -> TextLine:
    """Say that the month is closed, since when and by whom."""
    told = {"month": posted.month, "document": posted.document, "who": posted.by_whom}
    at = figures.local(posted.at, zone)
    if again:
        sentence = say(
            "{month} was first handed over {at} by {who}, as {document}: the same file.", at=at, **told
        )
        return TextLine(sentence)
    return TextLine(
        say("{month} is closed, as {document}: what is corrected later is posted in the next month.", **told),
        Tone.GOOD,
    )
