"""The rows of a file that are outside because of their municipality, and what is said of them."""

from collections.abc import Iterable, Iterator
from typing import Final

from smsctl.domain.audience import Outside, OutsideRows
from smsctl.domain.cells import bare, plain
from smsctl.domain.headings import fold
from smsctl.domain.recipients import Recipients
from smsctl.errors import Sentence, say_n

_TOLD: Final = 5  # municipalities, by how many rows they have
_LIKENESS: Final = 0.8  # of 1, as difflib counts it


def warnings(recipients: Recipients, known: Iterable[str]) -> list[Sentence]:
    """Say which rows nobody will send to: of a municipality that the config lacks, or of none.

    `known` are the names and keys in the config.
    """
    names = list(known)
    spellings = {plain(name) for name in names}
    strangers = [
        one
        for one in recipients.outside
        if one.reason is Outside.OTHER_MUNICIPALITY
        and one.municipality
        and bare(one.municipality) not in spellings
    ]
    return [*_strangers(strangers, names), *_unplaced(recipients)]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the name that another one is likely meant to be; None where none is near.

    Municipalities are called Åmål and Åmåls kommun, Göteborg and Göteborgs Stad.
    """
    from difflib import SequenceMatcher

    there = list(known)
    for one in there:
        if _stem(one) == _stem(name):
            return one
    ranked = [(SequenceMatcher(None, _stem(name), _stem(one)).ratio(), one) for one in there if _stem(one)]
    best, one = max(ranked, default=(0.0, ""))
    return one if best >= _LIKENESS else None


def _strangers(strangers: list[OutsideRows], names: list[str]) -> Iterator[Sentence]:
    for one in strangers[:_TOLD]:
        near = nearest(one.municipality, names)
        if near is None:
            yield say_n(
                "{n} row belongs to {municipality}, which the config does not have.",
                "{n} rows belong to {municipality}, which the config does not have.",
                n=one.rows,
                municipality=one.municipality,
            )
        else:
            yield say_n(
                "{n} row belongs to {municipality}, which the config does not have; perhaps {near}.",
                "{n} rows belong to {municipality}, which the config does not have; perhaps {near}.",
                n=one.rows,
                municipality=one.municipality,
                near=near,
            )
    if others := strangers[_TOLD:]:
        rows = sum(one.rows for one in others)
        yield say_n(
            "{n} row belongs to another municipality that the config does not have.",
            "{n} rows belong to {others} other municipalities that the config does not have.",
            n=rows,
            others=len(others),
        )


def _unplaced(recipients: Recipients) -> list[Sentence]:
    n = recipients.outside_by_reason().get(Outside.NO_MUNICIPALITY, 0)
    if not n:
        return []
    sentence = say_n(
        "{n} row names no municipality, and gets no message.",
        "{n} rows name no municipality, and get no message.",
        n=n,
    )
    return [sentence]


def _stem(name: str) -> str:
    """Return a municipality's name without the word for what it is, and without the s before it."""
    words = [fold(word) for word in name.split()]
    kept = "".join(word for word in words if word not in _KINDS)
    for kind in _KINDS:
        kept = kept.removesuffix(kind)
    return kept.removesuffix("s")


_KINDS: Final = ("kommun", "kommuns", "stad", "stads", "municipality", "city")
