"""`smsctl ledger restore` and `accept-restore`: which of two ledgers holds what, and what was sent since."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smsctl.actions.accept_restore import Accepted, accept_restore
from smsctl.cli import dialogue
from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Fact, FactList, TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note, notes_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import InputError, LedgerError, Sentence, SmsctlError, say, say_n, worst
from smsctl.ledger import audit, keyfile, restoring
from smsctl.ledger.high_water import ACCEPT
from smsctl.ledger.sqlite import file as place
from smsctl.ledger.sqlite.contents import ANOTHER_FILE, NO_DATABASE, LedgerContents, look, no_ledger
from smsctl.ledger.sqlite.putting_back import put_back
from smsctl.opening import open_file

_UNTIL_ACCEPTED = say("Nothing is sent from it before a person has found out what was sent since.")


def restore_asked(wiring: Wiring, file: Path, *, yes: bool, reason: str | None) -> CommandResult:
    """Put a backup in place, asked, and go on with it, by a reason that is given or asked for.

    Raises NotConfirmedError.
    """
    done = _put_back_asked(wiring, file, yes=yes)
    with _told_that_it_lies_there(file):
        older = restoring.found_restored(wiring.ledger)
    if older and reason is None and wiring.output.interactive:
        wiring.output.show([*done.screen, GAP, TextLine(older.why), TextLine(_UNTIL_ACCEPTED)])
        done = done._replace(screen=[])  # it has been read
        question = say("If that is known: why is it put back, for the audit (empty: later)")
        reason = dialogue.ask_text(wiring.output, question) or None
        if reason is None:
            return done._replace(screen=[TextLine(ACCEPT)], is_told_always=True)
    if older is None or reason is None:
        told = [older.why, ACCEPT] if older else []
        notes = [Note(code="restored", level="warning", text=one) for one in told]
        screen = [*done.screen, *map(TextLine, told)]
        return done._replace(screen=screen, said=notes, is_told_always=bool(told))
    with _told_that_it_lies_there(file):
        then = accepted(wiring, reason, is_known=True)
    return then._replace(
        data={**done.data, **then.data},
        screen=[*done.screen, *then.screen],
        notes=done.notes,
        exit_code=worst([done.exit_code, then.exit_code]),
    )


@contextmanager
def _told_that_it_lies_there(file: Path) -> Iterator[None]:
    try:
        yield
    except SmsctlError as error:
        error.problems = (*error.problems, say("{file} is in its place.", file=file))
        raise


def _put_back_asked(wiring: Wiring, file: Path, *, yes: bool) -> CommandResult:
    address = wiring.settings.ledger.address
    if address is not None:
        raise InputError(
            say("A ledger on a server is not put back by smsctl: whoever looks after the database does it."),
            hint=say(
                "With: {line}; then, where what was sent since is known: smsctl ledger accept-restore"
                " --reason TEXT",
                line=address.restoring_line(file),
            ),
        )
    path, group = wiring.settings.ledger_path, wiring.settings.ledger.group
    _refuse_no_backup(file, path)
    wiring.names(read=(file, keyfile.path_of(file)))
    wiring.let_the_owner_take_over(path)
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
    at, live = now.at.replace(":", ""), not wiring.simulated
    aside = put_back(file, path, group, at, open_file, live=live)
    with wiring.ledger.transaction():
        audit.record(wiring.ledger, now, wiring.actor, "restore", str(file))
    told = say("{file} is in place of {path}.", file=file, path=path)
    kept = [TextLine(say("What was there is kept: {path}", path=one)) for one in aside]
    reply = CommandResult(
        data={"path": str(path), "backup": str(file), "kept": [str(one) for one in aside]},
        screen=[TextLine(told, Tone.GOOD), *kept],
    )
    try:
        keyfile.find(wiring.ledger)
    except LedgerError as error:  # it lay neither beside the backup nor here
        return reply._replace(notes=notes_of(error), exit_code=error.exit_code, is_told_always=True)
    return reply


def _refuse_no_backup(file: Path, ledger: Path) -> None:
    """Raise InputError for what names no file, and for the ledger itself."""
    is_folder = is_other = is_itself = False
    with suppress(OSError, ValueError):
        is_folder = not file.name or file.is_dir()
        is_other = file.exists() and not file.is_file()  # SQLite would wait for a pipe, deaf to Ctrl-C
        is_itself = file.samefile(ledger)
    if is_folder:
        raise InputError(say("{path} is a folder, not a file.", path=file), hint=ANOTHER_FILE)
    if is_other:
        raise no_ledger(file, NO_DATABASE)
    if is_itself:
        raise InputError(say("{path} is the ledger itself.", path=file), hint=ANOTHER_FILE)


def accepted(wiring: Wiring, reason: str, *, is_known: bool = False, put_back: bool = False) -> CommandResult:
    """Go on with an older copy, and tell what that made unknown; `is_known`: why it is one was told.

    `put_back`: it is one, though nothing tells so.
    """
    if wiring.settings.is_on_server:
        wiring.server.to_be_accepted = True
    done = accept_restore(wiring.ledger, wiring.clock.now(), wiring.actor, reason, put_back=put_back)
    path = wiring.settings.ledger_path
    if done is None:
        sentence = say(
            "Nothing tells that {path} was put back. If it was, as by an image of its machine: --put-back",
            path=wiring.ledger.engine.place,
        )
        return CommandResult(
            data={"path": str(path), "accepted": False, "mailings": [], "unknown": 0, "missing_batches": 0},
            screen=[TextLine(sentence)],
            summary=sentence,
            is_told_always=True,
        )
    told = say_n(
        "Accepted: {count} message that was pending is now unknown.",
        "Accepted: {count} messages that were pending are now unknown.",
        n=done.messages,
        count=figures.count(done.messages),
    )
    why = [] if is_known else [TextLine(done.restored.why)]
    screen = [*why, TextLine(told, Tone.STRONG), *map(TextLine, _next_steps(done))]
    data = {
        "path": str(path),
        "accepted": True,
        "mailings": list(done.unknown),
        "unknown": done.messages,
        "missing_batches": done.restored.missing,
    }
    left = [Unsettled(mailing=mailing, unknown=unknown) for mailing, unknown in done.unknown.items()]
    code = worst(one.exit_code for one in left)
    return CommandResult(  # all of it, also in a log: what was sent since, this ledger does not know
        data=data, screen=screen, exit_code=code, left=left, is_told_always=True
    )


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
            " was made: this ledger cannot tell. The same goes for packages, invoices and the block list: who"
            " has said STOP since is not on it."
        )
    )
    return steps


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
