"""`smsctl ledger accept-restore`: going on with a ledger that was put back from an older copy."""

import typer

from smsctl.actions.accept_restore import Accepted, accept_restore
from smsctl.cli import options
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import Sentence, UsageError, say, say_n, worst

EXAMPLES = ('smsctl ledger accept-restore --reason "new disk, backup of Monday night"',)


def run(ctx: typer.Context, *, reason: options.Reason = None) -> CommandResult:
    """Go on with a ledger that was put back from an older copy.

    It has forgotten what was sent after the copy was made. What it still holds as pending may have been
    sent, and becomes unknown: it counts as cost, and is settled with smsctl mailings resolve. Mailings
    that were made after the copy are not in it at all: they must not be made again without looking.
    """
    wiring: Wiring = ctx.obj
    if not reason:
        raise UsageError(say("Say why, for the audit, with: --reason TEXT"))
    done = accept_restore(wiring.ledger, wiring.clock.now(), wiring.actor, reason)
    path = wiring.settings.ledger_path
    if done is None:
        sentence = say("{path} is no older copy: it knows everything that was sent from it.", path=path)
        return CommandResult(
            data={"path": str(path), "accepted": False, "mailings": [], "unknown": 0, "missing_batches": 0},
            screen=[TextLine(sentence)],
            summary=sentence,
        )
    told = say_n(
        "Accepted: {count} message that was pending is now unknown.",
        "Accepted: {count} messages that were pending are now unknown.",
        n=done.messages,
        count=figures.count(done.messages),
    )
    screen: list[Block] = [
        TextLine(done.restored.why),
        TextLine(told, Tone.STRONG),
        *map(TextLine, _next_steps(done)),
    ]
    data = {
        "path": str(path),
        "accepted": True,
        "mailings": list(done.unknown),
        "unknown": done.messages,
        "missing_batches": done.restored.missing,
    }
    left = [Unsettled(mailing=mailing, unknown=unknown) for mailing, unknown in done.unknown.items()]
    code = worst(one.exit_code for one in left)
    return CommandResult(data=data, screen=screen, exit_code=code, left=left)  # all of it, also in a log


def _next_steps(done: Accepted) -> list[Sentence]:
    steps = [
        say("Settle mailing {id} with: smsctl mailings resolve {id}", id=mailing) for mailing in done.unknown
    ]
    if done.restored.missing is None:
        steps.append(say("Nobody can tell how many batches were sent that this ledger does not know."))
    elif done.restored.missing:
        steps.append(
            say_n(
                "{n} batch was sent that this ledger does not know, of mailings above or of later ones.",
                "{n} batches were sent that this ledger does not know, of mailings above or of later ones.",
                n=done.restored.missing,
            )
        )
    steps.append(
        say(
            "Before a text is sent again, look in the gateway's own log whether it went out after the copy"
            " was made: this ledger cannot tell. The same goes for packages and invoices."
        )
    )
    return steps
