"""The questions of `smsctl ledger restore`: which of two ledgers holds what, and what was sent since."""

from contextlib import suppress
from pathlib import Path

from smsctl.cli import dialogue
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Fact, FactList, TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import InputError, LedgerError, Sentence, say, say_n
from smsctl.ledger import audit, restoring
from smsctl.ledger.high_water import ACCEPT
from smsctl.ledger.keyfile import path_of
from smsctl.ledger.putting_back import put_back
from smsctl.ledger.sqlite import file as place
from smsctl.ledger.sqlite.contents import LedgerContents, look
from smsctl.opening import open_file


def put_back_asked(wiring: Wiring, file: Path, *, yes: bool) -> CommandResult:
    """Show what is there and what would be put back, ask, and do it. Raises NotConfirmedError."""
    path, group = wiring.settings.ledger_path, wiring.settings.ledger.group
    wiring.names(read=(file, path_of(file)))
    with suppress(LedgerError):  # it may be damaged, or gone: that is why
        _ = wiring.ledger_as_it_is(path)
    if not yes:
        wiring.output.show(
            [
                FactList(
                    [
                        Fact(say("There now"), [str(path), _held(wiring, path)]),
                        Fact(say("Put back"), [str(file), _held(wiring, file)]),
                    ]
                ),
                TextLine(
                    say("What is there now is kept beside it. What was sent since is not in the backup.")
                ),
                GAP,
            ]
        )
        question = say("Have cron, timers and the listener been stopped, and shall it be put back?")
        dialogue.confirm(wiring.output, question, otherwise=say("Not confirmed; nothing was changed."))
    now = wiring.clock.now()
    done = put_back(file, path, group, now.at.replace(":", ""), open_file)
    with wiring.ledger.transaction():
        audit.record(wiring.ledger, now, wiring.actor, "restore", str(file))
    told = say("{file} is in place of {path}.", file=file, path=path)
    kept = [TextLine(say("What was there is kept: {path}", path=one)) for one in done.aside]
    return CommandResult(
        data={"path": str(path), "backup": str(file), "kept": [str(one) for one in done.aside]},
        screen=[TextLine(told, Tone.GOOD), *kept, *map(TextLine, _to_be_accepted(wiring))],
        summary=told,
    )


def reason_asked(wiring: Wiring) -> str | None:
    """Ask whether the older copy is gone on with at once; None: later, or there is nothing to accept."""
    if not _to_be_accepted(wiring) or not wiring.output.interactive:
        return None
    question = say("Do you know what was sent since? Then why it is put back, for the audit (empty: later)")
    return dialogue.ask_text(wiring.output, question) or None


def _to_be_accepted(wiring: Wiring) -> list[Sentence]:
    found = restoring.found_restored(wiring.ledger)
    return [found.why, ACCEPT] if found else []


def _held(wiring: Wiring, path: Path) -> Sentence:
    try:
        if not place.is_there(path):
            return say("nothing")
        return _told(look(path, path), wiring)
    except (InputError, LedgerError) as error:
        return error.sentence


def _told(held: LedgerContents, wiring: Wiring) -> Sentence:
    if held.newest_at is None:
        return say("no mailing")
    return say_n(
        "{n} mailing, the newest of {at}",
        "{n} mailings, the newest of {at}",
        n=held.mailings,
        at=figures.local(held.newest_at, wiring.settings.time_zone),
    )
