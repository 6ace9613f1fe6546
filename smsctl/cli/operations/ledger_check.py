"""`smsctl ledger check`: the ledger against itself."""

import typer

from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.errors import ExitCode, say, say_n
from smsctl.ledger import beside, checking

EXAMPLES = ("smsctl ledger check", "smsctl ledger check --json")


def run(ctx: typer.Context) -> CommandResult:
    """Check the ledger against itself: the file, every sum recounted, every rule between its rows.

    Looks at a copy, so that nobody who sends waits. Changes nothing. Exit code 9 when anything is wrong.
    """
    wiring: Wiring = ctx.obj
    path = wiring.settings.ledger_path
    ledger = wiring.ledger_as_it_is(path)
    if ledger is None:
        wiring.must_lie_here()
        sentence = say("{path}: there is no ledger yet.", path=path)
        return CommandResult(
            data={"path": str(path), "sound": None, "findings": []}, screen=[TextLine(sentence)]
        )
    with wiring.output.working(say("Checking")) as tell:
        found = checking.check(ledger, tell)
    open_ = [
        Note(
            code="open",
            level="warning",
            text=say("{path} is open to every user of this machine. Run: chmod o= {path}", path=one),
        )
        for one in beside.open_to_others(path)
    ]
    data = {
        "path": str(path),
        "sound": not found,
        "findings": [{"rule": one.rule, "text": str(one.sentence)} for one in found],
    }
    if not found:
        sentence = say("{path} is sound: every sum agrees with its rows.", path=path)
        return CommandResult(data=data, screen=[TextLine(sentence, Tone.GOOD)], summary=sentence, notes=open_)
    wrong = say_n("{path}: {n} thing is wrong.", "{path}: {n} things are wrong.", n=len(found), path=path)
    advice = say("Keep a copy of the file, and send nothing from it until it is understood.")
    notes = [*open_, *(Note(code=f"ledger-{one.rule}", level="error", text=one.sentence) for one in found)]
    return CommandResult(
        data=data,
        screen=[TextLine(wrong, Tone.BAD), TextLine(advice)],
        summary=wrong,
        notes=notes,
        exit_code=ExitCode.LEDGER,
    )
