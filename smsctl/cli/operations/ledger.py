"""`smsctl ledger …`: check it, copy it, go on with an older copy."""

from pathlib import Path
from typing import Annotated

from smsctl.actions.check import RULE, examine, ledger_faults
from smsctl.actions.check_upkeep import check_beside
from smsctl.cli import ledger_warnings, options
from smsctl.cli.operations import doctor_screen as render
from smsctl.cli.options import argument, option
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.language import english
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, LedgerError, say, say_n
from smsctl.ledger.backup import back_up, targets
from smsctl.ledger.restoring import refuse_missing

EXAMPLES = {
    "check": ("smsctl ledger check", "smsctl ledger check --json"),
    "backup": (
        "smsctl ledger backup /backup/ledger.db",
        'smsctl ledger backup "/backup/ledger-$(date +%F).db"',
    ),
    "restore": (
        "smsctl ledger restore /backup/ledger-2026-11-22.db",
        'smsctl ledger restore /backup/ledger.db --yes --reason "new disk"',
    ),
    "copy": ("smsctl ledger copy --from /var/lib/smsctl/ledger.db",),
    "join": ("smsctl ledger join /root/ledger.key",),
    "accept-restore": ('smsctl ledger accept-restore --reason "new disk, backup of Monday night"',),
    "accept-time-zone": ('smsctl ledger accept-time-zone --reason "the office has moved"',),
}


def run_check(wiring: Wiring) -> CommandResult:
    """Check the ledger against itself: the file, every sum recounted, every rule between its rows.

    It is the doctor's check of the ledger, alone and in full. Looks at a copy, so that nobody who sends
    waits. Changes nothing. Exit code 9 when anything is wrong.
    """
    path = wiring.settings.ledger_path
    ledger = wiring.ledger_as_it_is(path)
    if ledger is None:
        wiring.must_lie_here()
        refuse_missing(path)
        sentence = say("{path}: there is no ledger yet.", path=_place(wiring))
        return CommandResult(
            data={"path": str(path), "sound": None, "findings": []},
            screen=[TextLine(sentence)],
            is_told_always=True,  # silence would say that it is sound, where it has vanished
        )
    with wiring.output.working(say("Checking")) as tell:
        found = tuple(ledger_faults(ledger, quick=False, on_progress=tell))
    notes = render.notes([*examine("beside", lambda: check_beside(path)), *found])
    data = {
        "path": str(path),
        "sound": not found,
        "findings": [{"rule": one.check.removeprefix(RULE), "text": english(one.text)} for one in found],
    }
    place = ledger.engine.place
    if not found:
        sentence = say("{path} is sound: every sum agrees with its rows.", path=place)
        return CommandResult(data=data, screen=[TextLine(sentence, Tone.GOOD)], summary=sentence, notes=notes)
    wrong = say_n("{path}: {n} thing is wrong.", "{path}: {n} things are wrong.", n=len(found), path=place)
    advice = say("Keep a copy of the file, and send nothing from it until it is understood.")
    return CommandResult(
        data=data,
        screen=[TextLine(wrong, Tone.BAD), TextLine(advice)],
        summary=wrong,
        notes=notes,
        exit_code=ExitCode.LEDGER,
    )


def _place(wiring: Wiring) -> Path | str:
    """Return what sentences call a ledger that is not there."""
    settings = wiring.settings
    on_server = settings.ledger.address if settings.is_on_server else None
    return on_server.shown if on_server else settings.ledger_path


def run_backup(
    wiring: Wiring, file: Annotated[Path, argument("FILE", "A new file; its key goes beside it.")]
) -> CommandResult:
    """Copy the ledger, and the key of its hashes, to a new file while others send.

    A backup that is put back later is older than what was sent since: nothing is sent from it until you
    run smsctl ledger accept-restore.
    """
    path = wiring.settings.ledger_path
    wiring.names(write=targets(path, file))
    ledger = wiring.ledger_as_it_is(path)
    if ledger is None:
        wiring.must_lie_here()
        refuse_missing(path)
        raise LedgerError(say("{path}: there is no ledger yet, and nothing to back up.", path=_place(wiring)))
    with wiring.output.working(say("Copying")) as tell:
        made = back_up(ledger, file, tell)
    told = say("{path} was copied to {file}.", path=ledger.engine.place, file=made.ledger)
    screen: list[Block] = [TextLine(told, Tone.GOOD)]
    if made.key:
        screen.append(TextLine(say("Its key was copied to {file}; the two belong together.", file=made.key)))
    screen.append(TextLine(say("It holds numbers and texts: keep it as safe as the ledger.")))
    data = {"path": str(path), "backup": str(made.ledger), "key": str(made.key) if made.key else None}
    # In silence the next one from cron would take the place of the last that is whole.
    is_older = any(ledger_warnings.put_back(ledger))
    return CommandResult(data=data, screen=screen, summary=told, is_told_always=is_older)


def run_restore(
    wiring: Wiring,
    file: Annotated[Path, argument("FILE", "A backup; its key lies beside it.")],
    *,
    yes: options.Yes = False,
    reason: options.Reason = None,
) -> CommandResult:
    """Put a backup back in the ledger's place, with its key; what is there is kept beside it.

    Stop cron, timers and the listener first. A backup is older than what was sent since: with --reason, or
    asked on a terminal, it is accepted at once, as by smsctl ledger accept-restore; until then nothing is
    sent.
    """
    from smsctl.cli.operations import restoring

    return restoring.restore_asked(wiring, file, yes=yes, reason=reason)


def run_copy(
    wiring: Wiring,
    source: Annotated[Path, option("FILE", "The ledger's file.", "--from")],
    *,
    yes: options.Yes = False,
) -> CommandResult:
    """Copy a ledger from its file to the server that the config names; nothing is sent from the file again.

    The server's ledger must be empty, and nobody may be sending. The key of its hashes is copied to this
    host's folder. What is broken off is begun once more.
    """
    from smsctl.cli.operations import to_server

    return to_server.copied(wiring, source, yes=yes)


def run_join(
    wiring: Wiring,
    file: Annotated[Path, argument("FILE", "The key, copied from a host that sends from this ledger.")],
) -> CommandResult:
    """Give this host the key of a ledger on a server, which never stands in the database.

    Remove FILE afterwards.
    """
    from smsctl.cli.operations import to_server

    return to_server.joined(wiring, file)


def run_accept_restore(
    wiring: Wiring, *, reason: options.Reason = None, put_back: options.PutBack = False
) -> CommandResult:
    """Go on with a ledger that was put back from an older copy.

    It has forgotten what was sent after the copy was made. What it still holds as pending may have been
    sent, and becomes unknown: it counts as cost, and is settled with smsctl mailings resolve. Mailings
    that were made after the copy are not in it at all: they must not be made again without looking.

    Of an image of a whole machine that was put back nothing may tell: say so with --put-back, before anything
    is sent.
    """
    from smsctl.cli.operations import restoring

    return restoring.accepted(wiring, options.must_say_why(reason), put_back=put_back)


def run_accept_time_zone(wiring: Wiring, *, reason: options.Reason = None) -> CommandResult:
    """Book days by the time zone that the config names, from now on.

    A ledger books by one: else two hosts would book the same minute on two days, and in two months. What is
    booked stays as it is. Nobody may be sending.
    """
    from smsctl.ledger import fitness

    why, zone = options.must_say_why(reason), wiring.settings.time_zone
    wiring.any_time_zone = True
    before = fitness.accept_time_zone(wiring.ledger, zone, wiring.clock.now(), wiring.actor, why)
    path, place = wiring.settings.ledger_path, wiring.ledger.engine.place
    told = say("{path} books its days by {zone} from now on.", path=place, zone=zone)
    if before == zone:
        told = say("{path} books its days by {zone} already.", path=place, zone=zone)
    data = {"path": str(path), "time_zone": zone, "before": before}
    return CommandResult(data=data, screen=[TextLine(told, Tone.GOOD)], summary=told)
