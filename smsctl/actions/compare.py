"""Comparing the gateway supplier's bill with what was drawn: parts per month, per invoice node, or both."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from smsctl.domain.cells import NAMES_TOLD, VEIL, may_name_somebody, veiled
from smsctl.domain.columns import seen_in
from smsctl.domain.headings import fold
from smsctl.domain.moment import Period
from smsctl.domain.spelling import veil_cell
from smsctl.errors import InputError, Sentence, say
from smsctl.ledger.invoices import parts_by_month_and_node
from smsctl.ledger.store import Ledger
from smsctl.opening import refuse_larger
from smsctl.spreadsheet import Sheet, open_sheet

_HEADERS = {
    "month": "month manad period datum date fakturamanad",
    "node": "invoicenode node fakturanod nod invoicereference",
    "cost_centre": "kostnadsstalle costcentre costcenter differentiator sd sessiondata",
    "parts": "parts part delar del antaldelar antal sms antalsms quantity count segments smsparts",
}
_LARGEST_MB = 2  # each line may name another node
_MONTH = re.compile(r"(\d{4})-?(\d{2})(-?\d{2})?")
_BATCH = r"[0-9a-f]{10}-[br][0-9a-f-]*\d+"
_WHOLE = re.compile(r"-?(\d{1,8}|\d{1,3}([ .\u00a0\u2009\u202f]\d{3}){1,2})(,0{1,2})?")
"""More digits may be a phone, and 1,000 is a thousand to some."""


class ComparedLine(NamedTuple):
    """One line of the comparison; a month or node that the supplier's file does not tell apart is None."""

    month: str | None  # 2026-11
    node: str | None  # "": what has none
    supplier: int  # parts
    ours: int
    by_cost_centre: bool = False  # and not by invoice node: `node` is a cost centre

    @property
    def difference(self) -> int:
        """What the supplier bills beyond ours."""
        return self.supplier - self.ours


def compare(ledger: Ledger, path: Path, period: Period) -> tuple[ComparedLine, ...]:
    """Return the supplier's parts beside ours, by what the file's columns tell apart.

    A cost centre is looked for where there is no invoice node: the gateway was given it as that too.
    Without a period, the months from the file's first to its last count, also one that it leaves out; with
    one, only those of its months that are in it. Raises InputError: no column with parts, neither months nor
    nodes, or a cell that cannot be read.
    """
    refuse_larger(path, _LARGEST_MB)
    sheet = open_sheet(path)
    month, node, parts, by_cost_centre = _columns(sheet)
    supplier: Counter[tuple[str | None, str | None]] = Counter()
    for number, row in enumerate(sheet.rows(), start=2):
        if not any(row):
            continue
        cells = [*row, *[""] * (len(sheet.header) - len(row))]
        key = (
            None if month is None else _month(cells[month], sheet, number),
            None if node is None else _node(cells[node]),
        )
        if key[0] is None or _is_of(key[0], period):
            supplier[key] += _parts(cells[parts], sheet, number)
    months = sorted({key[0] for key in supplier if key[0]})
    ours: Counter[tuple[str | None, str | None]] = Counter()
    for (our_month, our_node), drawn in parts_by_month_and_node(
        ledger, period, cost_centres_only=by_cost_centre
    ).items():
        if period != Period() or month is None or (months and months[0] <= our_month <= months[-1]):
            ours[None if month is None else our_month, None if node is None else our_node] += drawn
    return tuple(one._replace(by_cost_centre=by_cost_centre) for one in _lines(supplier, ours))


def _is_of(month: str, period: Period) -> bool:
    return (period.since or "")[:7] <= month <= (period.until or "9999")[:7]


def veiled_nodes(lines: Sequence[ComparedLine], known: Collection[str]) -> tuple[ComparedLine, ...]:
    """Return the lines as they may be shown: a node that is not ours, nor `known`, may be somebody."""
    strange = {one.node for one in lines if one.node and not one.ours and one.node not in known}
    tell = veiled if len(strange) <= NAMES_TOLD else lambda _node: VEIL
    return tuple(one._replace(node=tell(one.node)) if one.node in strange else one for one in lines)


def _lines(
    supplier: Counter[tuple[str | None, str | None]], ours: Counter[tuple[str | None, str | None]]
) -> Iterator[ComparedLine]:
    keys = [*supplier, *(key for key in ours if key not in supplier)]  # there may be as many as rows
    for key in sorted(keys, key=lambda key: (key[0] or "", key[1] or "")):
        if supplier[key] or ours[key]:
            yield ComparedLine(month=key[0], node=key[1], supplier=supplier[key], ours=ours[key])


def _columns(sheet: Sheet) -> tuple[int | None, int | None, int, bool]:
    month, node, parts = (_find(sheet, name) for name in ("month", "node", "parts"))
    cost_centre = _find(sheet, "cost_centre") if node is None else None
    node = node if cost_centre is None else cost_centre
    if parts is None:
        raise InputError(
            say("{path}: no column with parts was recognised. {seen}", path=sheet.path, seen=_seen(sheet)),
            hint=say("Call the column parts, and the others month and invoice_node."),
        )
    if month is None and node is None:
        raise InputError(
            say(
                "{path}: there are neither months nor invoice nodes. {seen}",
                path=sheet.path,
                seen=_seen(sheet),
            ),
            hint=say("Call the columns month and invoice_node; one of them is enough."),
        )
    return month, node, parts, cost_centre is not None


def _find(sheet: Sheet, name: str) -> int | None:
    known = _HEADERS[name].split()
    found = [place for place, title in enumerate(sheet.header) if fold(title) in known]
    if len(found) > 1:
        titles = ", ".join(veiled(sheet.header[place]) for place in found)
        raise InputError(
            say(
                "{path}: several columns could be {name}: {titles}.",
                path=sheet.path,
                name=name,
                titles=titles,
            ),
            hint=say("Keep one of them."),
        )
    return found[0] if found else None


def _seen(sheet: Sheet) -> Sentence:
    return seen_in(sheet.header)


def _quoted(cell: str) -> str:
    return (VEIL if may_name_somebody(cell) else veil_cell(cell)) or '""'


def _month(cell: str, sheet: Sheet, row: int) -> str:
    found = _MONTH.fullmatch(cell.strip())
    if found is None or not 1 <= int(found[2]) <= 12:  # noqa: PLR2004 - months
        raise InputError(
            say("{path}, row {row}: {cell} is no month.", path=sheet.path, row=row, cell=_quoted(cell)),
            hint=say("Write 2026-11 or 2026-11-30."),
        )
    return f"{found[1]}-{found[2]}"


def _node(cell: str) -> str:
    """Return the node or cost centre; PSWinCom has a batch's reference there where there was none."""
    return "" if re.fullmatch(_BATCH, cell.strip()) else cell.strip()


def _parts(cell: str, sheet: Sheet, row: int) -> int:
    if not _WHOLE.fullmatch(cell.strip()):
        sentence = say(
            "{path}, row {row}: {cell} is no number of parts.", path=sheet.path, row=row, cell=_quoted(cell)
        )
        raise InputError(sentence)
    return int(re.sub(r"[^\d-]", "", cell.partition(",")[0]))
