"""What the text of each row is made of: a template for all, or some of their own by a column of the file."""

from typing import NamedTuple

from smsctl.domain.fields import Template, TextField, as_field, read_template
from smsctl.domain.text import PartProfile, plainly


class Variant(NamedTuple):
    """A text for the rows that have a value in a column, compared as groups are."""

    column: str
    value: str
    template: Template
    source: str = ""  # the file that it was read from

    @property
    def chosen(self) -> str:
        """What chooses it, as it was written."""
        return f"{self.column}={self.value}"


class Wording(NamedTuple):
    """What each row's text is made of: one template for all, or some with a template of their own."""

    template: Template
    variants: tuple[Variant, ...] = ()
    replace: bool = False  # typographic characters of the cells are written plainly
    one_per_number: bool = False  # the first row of a number alone gets its text

    @property
    def templates(self) -> tuple[Template, ...]:
        """All templates; the first is that of rows that no other is for."""
        return (self.template, *(one.template for one in self.variants))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are filled in, each once, as they were first written."""
        return tuple(
            dict.fromkeys(field.column for one in self.templates for field in one.fields if field.column)
        )

    @property
    def body(self) -> str:
        """All templates as one text: what is kept of the mailing, and what its key goes with."""
        further = (f"\n\n{as_field(one.chosen)}\n{one.template.body}" for one in self.variants)
        return "".join((self.template.body, *further))


def plain_wording(wording: Wording) -> Wording | None:
    """Return the same with typographic characters written plainly; None where a field would be another."""

    def plain(template: Template) -> Template:
        return read_template(plainly(template.body))

    found = wording._replace(
        template=plain(wording.template),
        variants=tuple(one._replace(template=plain(one.template)) for one in wording.variants),
        replace=True,
    )
    return found if found.columns == wording.columns else None


def frozen(body: str) -> Wording:
    """Return the wording of texts that were filled in before: each stands in the place of all."""
    whole = TextField(column="")
    return Wording(template=Template(body=body, pieces=("", ""), fields=(whole,)))


class TextRules(NamedTuple):
    """How the texts of the rows are made, and how they are counted."""

    wording: Wording
    profile: PartProfile
    max_parts: int
