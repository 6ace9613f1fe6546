"""What goes wrong below the ledger whatever keeps it: errors and words that every engine has."""

from pathlib import Path

from smsctl.errors import ExitCode, LedgerError, Sentence, say
from smsctl.host import disk
from smsctl.ledger.seam.engine import REHEARSED


class FullError(LedgerError):
    """The disk is full, or failed as one does that is: nothing of the transaction is stored."""

    certain = True  # False: it may be broken as well


class LostError(LedgerError):
    """Nothing of the open transaction is stored, as where the connection broke: it may be done once more."""


class OnlyReadError(LedgerError):
    """The ledger was opened for reading, or only a database that can be read answers."""


class OutOfDateError(LedgerError):
    """This process can write nothing in the ledger any more; one that is started now perhaps can."""


class TimeZoneError(OutOfDateError, exit_code=ExitCode.INPUT, code="time-zone"):
    """The ledger books its days by another time zone than the config names."""


def must_have_changed(place: str, changed: int, rows: int | None) -> None:
    """Raise LedgerError where a statement has not changed as many `rows` as it must; None: any."""
    if rows not in (None, changed):
        raise LedgerError(
            say(
                "{path}: {changed} rows were written where {rows} were meant.",
                path=place,
                changed=changed,
                rows=rows,
            ),
            hint=say(
                "Ask whoever looks after the database whether a trigger, a rule or a policy is in the way."
            ),
        )


def overtaken(path: Path | str) -> LedgerError:
    """Return the error for a ledger that a newer smsctl has brought up to date since it was opened."""
    return OutOfDateError(
        say("{path}: a newer smsctl has changed the ledger; this run stops.", path=path),
        hint=say("Run the same command again, with the newer smsctl."),
    )


def newer(path: Path | str, version: int) -> LedgerError:
    """Return the error for a ledger that this smsctl does not know yet."""
    return LedgerError(
        say("{path}: this ledger was written by a newer smsctl (version {found}).", path=path, found=version),
        hint=say("Upgrade smsctl on this machine; the ledger is never taken backwards."),
    )


def older(path: Path | str) -> LedgerError:
    """Return the error for only reading a ledger that is to be brought up to date first."""
    return LedgerError(
        say("{path}: this ledger was written by an older smsctl.", path=path),
        hint=say("Bring it up to date with: smsctl mailings list"),
    )


def held(path: Path) -> Sentence:
    """Say that somebody else holds the ledger for long."""
    return say("Waiting for {path}: another program holds it.", path=path)


def retired(path: Path | str, place: str) -> LedgerError:
    """Return the error for writing in a file whose ledger is elsewhere now."""
    return OutOfDateError(
        say("{path} was copied to {place}, and nothing is recorded in it any more.", path=path, place=place),
        hint=say("Name that place in the config, under [ledger]: url"),
    )


def being_filled(place: str, copied: str) -> LedgerError:
    """Return the error for writing in a ledger to which another is being copied, which `copied` names."""
    return LedgerError(
        say("{path} is being filled with the ledger of {told}, and is not whole.", path=place, told=copied),
        hint=say("Copy it to its end, on that host, with: smsctl ledger copy --from FILE"),
    )


def rehearsed(place: str) -> LedgerError:
    """Return the error for a live mailing, or a person's word, in a ledger of rehearsals."""
    return OutOfDateError(
        say("{path} is a ledger of rehearsals: nothing of what stands in it was ever sent.", path=place),
        hint=say("Put back a backup of the live ledger: smsctl ledger restore FILE"),
    )


def other_time_zone(place: str, kept: str | None, ours: str | None) -> LedgerError | None:
    """Return the error for booking days by `ours` where they are booked by `kept`; None: they go together."""
    if kept is None or ours in (None, REHEARSED, kept):
        return None
    if kept == REHEARSED:
        return rehearsed(place)
    return TimeZoneError(
        say(
            "{path} books its days by {kept}, and the config names {ours}; nothing was recorded.",
            path=place,
            kept=kept,
            ours=ours,
        ),
        hint=say(
            'Write in the config: time_zone = "{kept}". If {ours} is right from now on: smsctl ledger'
            " accept-time-zone --reason TEXT",
            kept=kept,
            ours=ours,
        ),
    )


MAKE_ROOM = say("Make room on the disk, or move the ledger with `[ledger] path`.")
PUT_BACK = say("Send nothing, and put back the latest backup: smsctl ledger check tells more.")


def mend(error: OSError, otherwise: Sentence) -> Sentence:
    """Return what mends it: room, where that is what is missing."""
    return MAKE_ROOM if error.errno in disk.NO_ROOM else otherwise


def reason(error: Exception) -> str:
    """Return what the operating system says, without its numbers."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
