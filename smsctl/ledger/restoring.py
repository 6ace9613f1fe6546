"""Whether the ledger knows everything that was sent from it, or was put back from an older copy.

An older ledger would send again what it has forgotten. It is refused in the transaction that claims a
batch, so that nothing goes round this guard.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from smsctl.errors import LedgerError, Sentence, say, say_n
from smsctl.ledger.high_water import ACCEPT, LINEAGE, HighWater, HighWaterRecord, Restored, twice
from smsctl.ledger.seam.engine import COPIED, FILLING, REHEARSED, RETIRED, TIME_ZONE
from smsctl.ledger.seam.sentences import being_filled, other_time_zone, rehearsed, retired
from smsctl.ledger.sqlite import file
from smsctl.ledger.store import Ledger


def found_restored(ledger: Ledger) -> Restored | None:
    """Return why sending from this ledger could send twice; None where it knows all that was sent."""
    if ledger.high_water is None:
        return None
    if ledger.high_water.of_a_host:
        from smsctl.ledger import hosts  # most ledgers have none

        return hosts.judge(ledger)
    return _judge(ledger, ledger.high_water)


def refuse_restored(ledger: Ledger) -> None:
    """Raise LedgerError when sending from this ledger could send twice."""
    _refuse(found_restored(ledger))


def refuse_forgotten(ledger: Ledger) -> None:
    """Raise LedgerError where the ledger may have forgotten what was handed over: it would be once more."""
    if restored := found_restored(ledger):
        raise LedgerError(
            say(
                "{why} What was handed over since would be handed over twice; nothing was written.",
                why=restored.why,
            ),
            hint=ACCEPT,
        )


def refuse_forgotten_packages(ledger: Ledger) -> None:
    """Raise LedgerError where the ledger may have forgotten a package, which would be invoiced once more.

    Not on a server: a new database there is activated before a person says that it is the right one.
    """
    water = ledger.high_water
    if water and not water.of_a_host and (restored := _judge(ledger, water)):
        raise LedgerError(
            say(
                "{why} A package that was opened since would be invoiced twice; nothing was activated.",
                why=restored.why,
            ),
            hint=ACCEPT,
        )


def refuse_rehearsed(ledger: Ledger) -> None:
    """Raise LedgerError for a ledger of rehearsals, which is not to become a live one."""
    if ledger.fact(TIME_ZONE) == REHEARSED:
        raise rehearsed(ledger.engine.place)


def must_be_here(ledger: Ledger) -> None:
    """Raise LedgerError where this host knows that its ledger is on another server than this one."""
    if ledger.high_water and ledger.high_water.of_a_host:
        from smsctl.ledger import hosts  # most ledgers have none

        hosts.refuse_elsewhere(ledger)


def must_take_writes(ledger: Ledger) -> None:
    """Raise LedgerError where every write would: it is elsewhere, is only coming, or books other days."""
    place, names = ledger.engine.place, (RETIRED, FILLING, TIME_ZONE)
    facts = ledger.pairs("SELECT name, value FROM facts WHERE name IN (?, ?, ?)", *names)
    if moved := facts.get(RETIRED):
        raise retired(place, moved)
    if told := facts.get(FILLING):
        raise being_filled(place, told.partition(" ")[2])
    if wrong := other_time_zone(place, facts.get(TIME_ZONE), ledger.engine.time_zone):
        raise wrong


def refuse_missing(path: Path) -> None:
    """Raise LedgerError when there is no ledger at `path`, and there was one that was sent from."""
    water = HighWater(path).read()
    if water and water.batch:
        raise LedgerError(
            say("{path} is missing, and it has been sent from.", path=path),
            hint=say(
                "Put back the latest backup. Nothing is sent until a person has accepted it: smsctl ledger"
                " accept-restore --reason TEXT"
            ),
        )


def refuse_elsewhere(path: Path, earlier: Iterable[Path], mend: Callable[[Path], Sentence]) -> None:
    """Raise LedgerError when this config's ledger lies where an earlier smsctl put it, and not at `path`.

    Nothing is moved or made: which of the two is right, a person says. `mend` tells how, for one found there.
    """
    if file.is_there(path):
        return
    for found in earlier:
        try:
            is_there = file.is_there(found)
        except LedgerError as error:  # in another user's home: perhaps
            raise LedgerError(error.sentence, hint=mend(found)) from error
        if is_there:
            raise LedgerError(
                say(
                    "There is no ledger at {path}, and an earlier smsctl kept this config's at {found};"
                    " nothing was sent.",
                    path=path,
                    found=found,
                ),
                hint=mend(found),
            )


def refuse_on_server(path: Path, note: Path) -> None:
    """Raise LedgerError when the ledger of this config was on a server: `note`, or a host's mark, tells.

    A note in another account's home, which nobody else may read, tells that account alone.
    """
    for told in (path.with_suffix(".host"), note):
        if _is_seen(told):
            raise LedgerError(
                say(
                    "This config's ledger was on a server, as {told} tells, and {path} does not know what was"
                    " sent from there; nothing was sent.",
                    told=told,
                    path=path,
                ),
                hint=say(
                    "Name the server again, under [ledger]: url. If nothing was sent from there, move {told}"
                    " away.",
                    told=told,
                ),
            )


def _is_seen(path: Path) -> bool:
    try:
        return file.is_there(path)
    except LedgerError:
        return False


def must_have(ledger: Ledger, batch: int, reference: str) -> None:
    """Raise LedgerError where a batch that was handed out is no longer there when its answer comes."""
    if not ledger.rows("SELECT 1 FROM batches WHERE id = ? AND reference = ?", batch, reference):
        raise LedgerError(
            say(
                "{path} has no batch {reference}, whose answer came: it was put back.",
                path=ledger.engine.place,
                reference=reference,
            ),
            hint=ACCEPT,
        )


def watch(ledger: Ledger, *, before: int, newest: int, reference: str = "", at: str | None = None) -> None:
    """Note the newest batch that the open transaction has claimed, when durable, before any is handed out.

    `before` is the newest one that there was; `at` is when it was claimed by the clock of a server, which has
    looked at the ledger before (`hosts.admit`). Raises LedgerError when the ledger was put back from an older
    copy; the transaction HaltError, when it is durable, where this host has seen another server take over.
    """
    mark = ledger.high_water
    if mark is None:
        return
    if at is None and not mark.trusted:
        _take_hold(ledger, mark, before)
    standing = ledger.engine.standing()
    timeline = standing.identity.timeline if standing else ""

    def note() -> None:
        mark.trusted = True
        if not mark.rise(newest, reference, at or "", timeline):
            from smsctl.ledger.host_mark import left_behind  # most ledgers have none
            from smsctl.ledger.hosts import HaltError

            raise HaltError(twice(left_behind(ledger.engine.place)).sentence, hint=ACCEPT)

    ledger.after_commit(LINEAGE, note)


def renew(ledger: Ledger) -> None:
    """Make this ledger, as it is, the one that is sent from; in the open transaction."""
    if ledger.high_water and ledger.high_water.of_a_host:
        from smsctl.ledger import hosts  # as above

        hosts.renew(ledger)
        return
    ledger.write("DELETE FROM facts WHERE name IN (?, ?)", COPIED, LINEAGE)
    mark, water = ledger.high_water, HighWaterRecord(lineage=_new_lineage(ledger), batch=newest_batch(ledger))
    if mark is not None:
        ledger.after_commit(LINEAGE, lambda: mark.begin(water))


def newest_batch(ledger: Ledger) -> int:
    """Return the number of the newest batch; 0 where there is none."""
    return ledger.newest_id("batches")


def _take_hold(ledger: Ledger, mark: HighWater, newest: int) -> None:
    """Compare ledger and file before this process' first batch; the ledger's very first makes the file."""
    _refuse(_judge(ledger, mark, newest))
    mark.must_take_marks()
    water = mark.read()
    lineage = ledger.fact(LINEAGE) or _new_lineage(ledger)
    if water is None or water.lineage != lineage:
        mark.begin(HighWaterRecord(lineage=lineage, batch=newest))


def _judge(ledger: Ledger, mark: HighWater, newest: int | None = None) -> Restored | None:
    water = mark.read()  # first: another run may claim a batch between the two looks, and the file follows
    newest = newest_batch(ledger) if newest is None else newest
    if water is None and newest:
        water = mark.read()  # made before the first batch is committed: maybe between the two looks
    lineage, copied_at = ledger.fact(LINEAGE), ledger.fact(COPIED)
    missing = water.batch - newest if water and water.lineage == lineage else None
    if moved := ledger.fact(RETIRED):
        raise retired(ledger.path, moved)
    if copied_at:
        why = say("{path} was put back from the backup of {at}.", path=ledger.path, at=copied_at)
    elif newest == 0 and (water is None or water.batch == 0):
        return None  # nothing was ever sent
    elif water is None:
        why = say("{path} is missing: it shows how far sending had come.", path=mark.path)
    elif missing is None:
        why = say(
            "{path} is not the ledger that was sent from: made anew, from before that, or another one.",
            path=ledger.path,
        )
    elif missing > 0:
        why = say_n(
            "{path} was put back from an older copy: it lacks the newest batch that was sent.",
            "{path} was put back from an older copy: it lacks the newest {n} batches that were sent.",
            n=missing,
            path=ledger.path,
        )
    else:
        return None
    return Restored(why, missing)


def _refuse(restored: Restored | None) -> None:
    if restored:
        raise twice(restored.why)


def _new_lineage(ledger: Ledger) -> str:
    lineage = os.urandom(8).hex()
    ledger.keep_fact(LINEAGE, lineage)
    return lineage
