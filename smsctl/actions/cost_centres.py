"""Who inside the municipality is charged for which message: by a flag, a column of the file or the config."""

from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

from smsctl.config.settings import Settings
from smsctl.domain.cells import shown, veiled
from smsctl.domain.classify import FIRST_ROW
from smsctl.domain.columns import position_of
from smsctl.domain.findings import Findings
from smsctl.domain.mailing import CostShare
from smsctl.domain.people import People
from smsctl.domain.recipients import Recipients
from smsctl.errors import InputError, Sentence, say, say_n
from smsctl.spreadsheet import Sheet

COLUMN: Final = "cost_centre"
"""The name of the column under [columns] and in --column."""


def shares_of(cost_centre: str | None, messages: int) -> tuple[CostShare, ...]:
    """Return the one cost centre of all messages; none where there is none."""
    return (CostShare(cost_centre=cost_centre, messages=messages),) if cost_centre else ()


def known_cost_centre(settings: Settings, name: str) -> str:
    """Return the name of a cost centre of the config. Raises InputError: there is none so called."""
    if name.strip() in settings.cost_centres:
        return name.strip()
    raise InputError(
        say('There is no cost centre "{name}" in {path}.', name=name, path=settings.path),
        hint=say("Known are: {known}", known=", ".join(settings.cost_centres) or "-"),
    )


def by_cost_centre(
    recipients: Recipients,
    sheet: Sheet,
    columns: Mapping[str, tuple[str, ...]],
    otherwise: str | None,
    known: Collection[str] | None,
) -> Recipients:
    """Return the recipients by cost centre: those of one stand together, for a request has only one.

    With `known` the file's column tells whose a row is, and `otherwise` is for rows whose cell is empty; else
    it is for all. Raises InputError where a cell names one that is not known: no row is left out for that.
    """
    if known is None or not columns.get(COLUMN):
        return recipients._replace(cost_shares=shares_of(otherwise, len(recipients.ready)))
    names, places = _read(recipients.ready, sheet, columns[COLUMN][0], otherwise or "", known)
    order = sorted(range(len(names)), key=names.__getitem__)
    counted = Counter(places)
    return recipients._replace(
        ready=recipients.ready.grouped(places, order),
        texts=recipients.texts and recipients.texts.grouped(places, order),
        cost_shares=tuple(CostShare(cost_centre=names[one], messages=counted[one]) for one in order),
    )


def _read(
    people: People, sheet: Sheet, title: str, otherwise: str, known: Collection[str]
) -> tuple[list[str], Sequence[int]]:
    """Return the cost centres of some people, and of each which of those it is."""
    position, names, unknown = position_of(sheet.header, title), dict[str, int](), Findings()
    places, rows = array("I"), iter(enumerate(sheet.rows(), FIRST_ROW))
    row, cells = next(rows)
    for wanted in people.rows:
        while row < wanted:
            row, cells = next(rows)
        name = (cells[position].strip() if position < len(cells) else "") or otherwise
        if name and name not in known:
            unknown.add(row, "cost-centre", partial(_unknown, name))
        places.append(names.setdefault(name, len(names)))
    if unknown.count:
        raise InputError(
            say_n(
                "{path}: {n} row has a cost centre that is not in the config.",
                "{path}: {n} rows have a cost centre that is not in the config.",
                n=unknown.count,
                path=sheet.path,
            ),
            problems=unknown.sentences,
            hint=say("Mend the rows, or write a section in the config: [cost_centres.4711]"),
        )
    return list(names), places


def _unknown(name: str) -> Sentence:
    return say('"{name}" is no cost centre of the config.', name=veiled(shown(name)))
