r"""The fields of a text: ((Column)) or ((Column|default)), filled from each recipient's own row.

`\((` stands for (( itself. There is no nesting, and what is filled in is never looked at for fields. A text
with none is one text for everybody.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from smsctl.domain.cells import VEIL
from smsctl.domain.text import line_and_column
from smsctl.errors import InputError, Sentence, UsageError, say

OPENS: Final = "(("
MOST_FIELDS: Final = 100


class TextField(NamedTuple):
    """One field; `default` stands where the cell is empty. None: a row with an empty cell is bad."""

    column: str  # as written
    default: str | None = None


class Template(NamedTuple):
    """A text with fields: the pieces stand before, between and after them."""

    body: str  # as it was written
    pieces: tuple[str, ...]
    fields: tuple[TextField, ...]

    @property
    def literal(self) -> str:
        """The text without its fields, as it is sent where it has none."""
        return "".join(self.pieces)

    @property
    def blank(self) -> str:
        """The text with letters in the place of each field, every character where it is written."""
        return re.sub(_SHAPE, lambda found: "x" * len(found[0]), self.body.replace(_ESCAPED, " (("))


def read_template(body: str) -> Template:
    """Take a text apart. Raises InputError where a field is not one, with its place, and for very many."""
    if OPENS not in body:
        return Template(body=body, pieces=(body,), fields=())
    pieces, fields, problems = [""], list[TextField](), list[Sentence]()
    for literal, field, at in _parts(body):
        pieces[-1] += literal
        if at is None:
            continue
        if field is None:
            problems.append(_problem(body, at))
        else:
            fields.append(field)
            pieces.append("")
    if problems:
        raise InputError(
            say("The text has (( where no field can be read; nothing was sent."),
            problems=problems[:_SHOWN],
            hint=say("A field is written {field}. To send (( as it stands, write {escaped}", **_WRITTEN),
        )
    if len(fields) > MOST_FIELDS:
        raise InputError(
            say("The text has {n} fields; at most {most} are filled in.", n=len(fields), most=MOST_FIELDS),
            hint=say("Is it the right file?"),
        )
    return Template(body=body, pieces=tuple(pieces), fields=tuple(fields))


def common(body: str) -> str:
    """Return the text of a message to one number, which has no row to fill anything in from.

    Raises UsageError where it has a field.
    """
    try:
        template = read_template(body)
    except InputError as error:
        raise UsageError(error.sentence, hint=error.hint, problems=error.problems) from None
    if template.fields:
        raise UsageError(
            say("This text has fields, and there is no row of a recipient to fill them in from."),
            hint=say("Try it without sending: smsctl send --dry-run shows how a row fills it in."),
        )
    return template.literal


def as_field(name: str) -> str:
    """Return how a field is written."""
    return f"(({name}))"


def masked(cell: str) -> str:
    """Return a cell as the plan shows it: of each word its first letter; figures, unless many in a row."""
    if any(map(str.isalpha, cell)):
        return re.sub(r"\w[\w'\u2019-]*", lambda word: f"{word[0][0]}***", cell)
    return VEIL if re.search(r"\d(?:[\s\-]?\d){4}", cell) else cell


def _parts(body: str) -> Iterator[tuple[str, TextField | None, int | None]]:
    """Yield the pieces of a text, each with the field behind it: None where it cannot be read, and its place.

    The last piece has no place.
    """
    begins, literal = 0, ""
    while found := re.compile(_OPENING).search(body, begins):
        if found["escape"]:
            literal += body[begins : found.start()] + OPENS
            begins = found.start() + len(_ESCAPED)
            continue
        at = found.end() - len(OPENS)  # of several ( the last two open it: (((Namn))) is one in brackets
        field, end = _field(body, at)
        yield literal + body[begins:at], field, at
        literal, begins = "", end
    yield literal + body[begins:], None, None


def _field(body: str, at: int) -> tuple[TextField | None, int]:
    """Return the field that begins at a place, and where it ends; None: there is none."""
    depth, place = 0, at + len(OPENS)
    while place < len(body) and body[place] != "\n":
        char = body[place]
        if char == "(":
            depth += 1
        elif char == ")":
            if not depth:
                break
            depth -= 1
        place += 1
    inner = body[at + len(OPENS) : place]
    if body[place : place + 2] != "))" or OPENS in inner:
        return None, place
    column, bar, default = inner.partition("|")
    if not column.strip():
        return None, place + 2
    return TextField(column=column.strip(), default=default.strip() if bar else None), place + 2


def _problem(body: str, at: int) -> Sentence:
    line, column = line_and_column(body, at)
    piece = body[at : at + _LONGEST].split("\n", maxsplit=1)[0]
    return say(
        "line {line}, column {column}: {piece} is not closed by )), is empty, or holds (( itself.",
        line=line,
        column=column,
        piece=piece,
    )


_ESCAPED: Final = "\\(("
_OPENING: Final = r"(?P<escape>\\)?\({2,}"
_SHAPE: Final = r"\(\((?:[^()\n]|\([^()\n]*\))*\)\)"
_SHOWN: Final = 5
_LONGEST: Final = 30
_WRITTEN: Final = {"field": as_field("Namn"), "escaped": _ESCAPED}
