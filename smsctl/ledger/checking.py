"""The ledger against itself: every sum recounted, every rule that needs no gateway held to its rows.

I2, I10 and I12 of never-twice.md, and what the parts of the ledger promise each other. Each rule is a
query for the rows that break it. A quick look leaves out what grows with the ledger's rows.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from typing import NamedTuple

from smsctl.errors import LedgerError, Sentence, say
from smsctl.ledger import keyfile, legible, restoring
from smsctl.ledger.audit import GUARDS
from smsctl.ledger.belonging import Invariant
from smsctl.ledger.high_water import ACCEPT
from smsctl.ledger.invariants import RULES
from smsctl.ledger.seam.engine import Progress, nobody_looks
from smsctl.ledger.seam.sentences import PUT_BACK, FullError
from smsctl.ledger.store import Ledger

_MOST = 20  # of one kind; a broken sum seldom comes alone
_STEPS = 4  # the copy, and three looks at it


class LedgerFault(NamedTuple):
    """One thing that is wrong; `rule` never changes its meaning."""

    rule: str
    sentence: Sentence
    mend: Sentence | None = None


def check(
    ledger: Ledger, on_progress: Progress = nobody_looks, *, quick: bool = False
) -> tuple[LedgerFault, ...]:
    """Return everything that is wrong, of one moment: a copy is looked at, so that nobody waits.

    `quick`: only whether the database is whole, and what lies beside it; no copy is made.

    Raises LedgerError when the file is too damaged to be read, or there is no room for the copy, which lies
    in the folder for temporary files, without a name.
    """
    whole, *others = (_at_a_glance,) if quick else (_file, _cells, _rows)
    with nullcontext(ledger) if quick else closing(_copied(ledger, on_progress)) as looked_at:
        on_progress(1, _STEPS)
        found = list(whole(looked_at))
        if found:  # what is not whole is read no further
            return tuple(found)
        for done, look in enumerate(others, start=2):
            on_progress(done, _STEPS)
            found += look(looked_at)
    with ledger.snapshot():  # of now: the copy is older than what lies beside the ledger
        return (*found, *_beside(ledger))


def _at_a_glance(ledger: Ledger) -> Iterator[LedgerFault]:
    if damaged := ledger.engine.inspection().quick_damage():
        yield _damaged(damaged, mend=PUT_BACK)


def _copied(ledger: Ledger, on_progress: Progress) -> Ledger:
    try:
        return ledger.copied(lambda done, total: on_progress(done, _STEPS * total))
    except FullError as full:
        raise LedgerError(
            say("{path}: there is no room for the copy of it that is checked.", path=ledger.engine.place),
            hint=say("Make room, or name another folder for temporary files: SQLITE_TMPDIR=FOLDER"),
        ) from full


def blame(ledger: Ledger, error: Exception) -> LedgerError | None:
    """Return the error to show for an unforeseen one if the ledger is damaged; None if it is sound."""
    try:
        found = check(ledger)
    except LedgerError as damaged:
        return damaged
    except Exception:  # noqa: BLE001 - what the check itself stumbles over is damage too
        found = (
            LedgerFault(
                rule="contents", sentence=say("It cannot be read ({kind}).", kind=type(error).__name__)
            ),
        )
    if not found:
        return None
    return LedgerError(
        say("{path}: the ledger is damaged. {first}", path=ledger.engine.place, first=found[0].sentence),
        hint=PUT_BACK,
    )


def _damaged(damage: str, *, mend: Sentence | None = None) -> LedgerFault:
    told = say("The file is damaged: {told}.", told=damage)
    return LedgerFault(rule="integrity", sentence=told, mend=mend)


def _file(ledger: Ledger) -> Iterator[LedgerFault]:
    inspection = ledger.engine.inspection()
    for damage in inspection.damage(_MOST):
        yield _damaged(damage)
    for table in inspection.strange_tables():
        told = say("The table {table} has not the columns that it must have.", table=table)
        yield LedgerFault(rule="contents", sentence=told)


def _cells(ledger: Ledger) -> Iterator[LedgerFault]:
    for told in legible.wrong_cells(ledger, _MOST):
        yield LedgerFault(rule="contents", sentence=told)


def _rows(ledger: Ledger) -> Iterator[LedgerFault]:
    inspection = ledger.engine.inspection()
    for name in sorted(GUARDS - inspection.guards()):
        told = say("What keeps the audit from being changed is gone: {name}.", name=name)
        yield LedgerFault("audit-guards", told)
    for table, number, parent in inspection.dangling():
        sentence = say(
            "Row {row} of {table} names a row of {parent} that is not there.",
            row=number,
            table=table,
            parent=parent,
        )
        yield LedgerFault("references", sentence)
    yield from _broken(ledger, RULES, _MOST)


def must_be_whole(ledger: Ledger) -> None:
    """Raise LedgerError where rows are missing, or are not what is noted of them: only half was put back."""
    rules = (rule for rule in RULES if rule.name != "purge")  # one that was broken off lacks nothing
    for fault in _broken(ledger, rules, most=1):
        raise LedgerError(
            say("{path} is not whole: {first}", path=ledger.engine.place, first=fault.sentence),
            hint=say("Put the backup back once more, all of it: smsctl ledger check tells more."),
        )


def _broken(ledger: Ledger, rules: Iterable[Invariant], most: int) -> Iterator[LedgerFault]:
    for rule in rules:
        for row in ledger.records(f"{rule.broken} LIMIT {most:d}"):
            told = rule.told.given(**row) if isinstance(rule.told, Sentence) else rule.told(row)
            yield LedgerFault(rule.name, told)


def _beside(ledger: Ledger) -> Iterator[LedgerFault]:
    """Look at the files beside the ledger: the key, and how far sending had come."""
    try:
        keyfile.find(ledger)
    except LedgerError as error:
        yield LedgerFault(rule="key", sentence=error.sentence, mend=error.hint)
    try:
        restored = restoring.found_restored(ledger)
    except LedgerError as error:
        yield LedgerFault(rule="restored", sentence=error.sentence, mend=error.hint)
    else:
        if restored:
            yield LedgerFault(rule="restored", sentence=restored.why, mend=ACCEPT)
