"""`smsctl ledger backup FILE`: a copy of the ledger while it is in use."""

from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import LedgerError, say
from smsctl.ledger.backup import back_up, targets

EXAMPLES = (
    "smsctl ledger backup /backup/ledger.db",
    'smsctl ledger backup "/backup/ledger-$(date +%F).db"',
)


def run(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; its key goes beside it.")],
) -> CommandResult:
    """Copy the ledger, and the key of its hashes, to a new file while others send.

    A backup that is put back later is older than what was sent since: nothing is sent from it until you
    run smsctl ledger accept-restore.
    """
    wiring: Wiring = ctx.obj
    path = wiring.settings.ledger_path
    wiring.names(write=targets(path, file))
    ledger = wiring.ledger_as_it_is(path)
    if ledger is None:
        wiring.must_lie_here()
        raise LedgerError(say("{path}: there is no ledger yet, and nothing to back up.", path=path))
    with wiring.output.working(say("Copying")) as tell:
        made = back_up(ledger, file, tell)
    told = say("{path} was copied to {file}.", path=path, file=made.ledger)
    screen: list[Block] = [TextLine(told, Tone.GOOD)]
    if made.key:
        screen.append(TextLine(say("Its key was copied to {file}; the two belong together.", file=made.key)))
    screen.append(TextLine(say("It holds numbers and texts: keep it as safe as the ledger.")))
    data = {"path": str(path), "backup": str(made.ledger), "key": str(made.key) if made.key else None}
    return CommandResult(data=data, screen=screen, summary=told)
