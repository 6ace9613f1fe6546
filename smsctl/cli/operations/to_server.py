"""What `smsctl ledger copy` and `ledger join` ask and tell: a ledger that goes to a server, and its key."""

from contextlib import closing
from pathlib import Path

from smsctl.cli import dialogue
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import InputError, say
from smsctl.ledger import audit, keyfile, moving, restoring, store
from smsctl.ledger.sqlite import file as place


def copied(wiring: Wiring, source: Path, *, yes: bool) -> CommandResult:
    """Ask, and copy a ledger to the server. Raises NotConfirmedError."""
    address = _server(wiring)
    if not place.is_there(source):
        raise InputError(say("{path}: there is no such file.", path=source))
    file = store.open_ledger(source, group=wiring.settings.ledger.group)
    with closing(file):
        restoring.refuse_rehearsed(file)
        if not yes:
            question = say(
                "Have cron and the listener been stopped, and shall {path} never send again?", path=source
            )
            dialogue.confirm(wiring.output, question, otherwise=say("Not confirmed; nothing was changed."))
        wiring.server.to_be_filled = True
        target = wiring.ledger
        with wiring.output.working(say("Copying")) as tell:
            rows = moving.move(file, target, wiring.clock.now(), wiring.actor, tell)
    told = say("{path} is on {place} now; nothing is sent from the file again.", path=source, place=address)
    if rows is None:
        told = say("{path} is on {place} already; nothing was copied.", path=source, place=address)
        return CommandResult(
            data={"from": str(source), "to": address, "rows": 0}, screen=[TextLine(told)], summary=told
        )
    return CommandResult(
        data={"from": str(source), "to": address, "rows": rows},
        screen=[
            TextLine(told, Tone.GOOD),
            TextLine(say("{n} rows. Look at both with: smsctl ledger check", n=figures.count(rows))),
        ],
        summary=told,
    )


def joined(wiring: Wiring, named: Path) -> CommandResult:
    """Give this host the key in a file."""
    address = _server(wiring)
    wiring.names(read=(named,))
    ledger = wiring.ledger
    with ledger.transaction():
        if not keyfile.bring(named, ledger):
            raise InputError(say("{path}: there is no such file.", path=named))
        audit.record(ledger, wiring.clock.now(), wiring.actor, "join", "ledger")
    told = say("This host can send from {place}. Remove {path} now.", place=address, path=named)
    return CommandResult(
        data={"ledger": address, "key": str(keyfile.path_of(ledger.path))},
        screen=[TextLine(told, Tone.GOOD)],
        summary=told,
    )


def _server(wiring: Wiring) -> str:
    settings = wiring.settings
    if not settings.is_on_server or settings.ledger.address is None:
        raise InputError(
            say("{path} names no ledger on a server for live mailings.", path=settings.path),
            hint=say('Write under [ledger] there: url = "postgresql://USER@HOST/DATABASE"'),
        )
    return settings.ledger.address.shown
