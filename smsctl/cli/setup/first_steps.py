"""The first steps after the config is written: the password, a login, a live test, sending for real.

Each is a command that can be typed by itself. None is offered before the one that it rests on has gone well.
Two secrets are kept: the gateway's password, and the secret part of the push address.
"""

from pathlib import Path

import typer

from smsctl.cli import app, dialogue, numbers
from smsctl.cli.output.blocks import GAP, TextLine, Tone
from smsctl.cli.output.phrases import mistake
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.setup.questions import NONE
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.config import write
from smsctl.config.keys import Section
from smsctl.config.settings import Mode
from smsctl.credentials import resolve
from smsctl.domain.secret import Secret, SecretPlace
from smsctl.errors import ConfigError, CredentialError, ExitCode, Sentence, SmsctlError, say

_URL_BYTES = 32


def keep_password(wiring: Wiring, password: Secret) -> Sentence:
    """Store the gateway's password where the config says; return that place. Raises CredentialError."""
    return resolve.store("gateway", wiring.settings.gateway.password, password, surroundings(wiring))


def make_reports_secret(wiring: Wiring) -> Sentence | None:
    """Make the secret part of the push address and store it; None where there is one already.

    One that is there stays: the supplier may know it. Raises CredentialError where it cannot be kept.
    """
    from secrets import token_urlsafe

    source, around = wiring.settings.reports.secret, surroundings(wiring)
    is_auto = source.source is SecretPlace.AUTO  # which, without a terminal, would pass by the keyring
    earlier = source._replace(source=SecretPlace.KEYRING) if is_auto else source
    if resolve.describe("reports", earlier, around).there:
        return None
    return resolve.store("reports", source, Secret(token_urlsafe(_URL_BYTES)), around)


def in_files(gateway: Path) -> dict[Section, object]:
    """Return the keys by which both secrets are kept in files: the gateway's in this one."""
    return {
        ("gateway", "password", "source"): "file",
        ("gateway", "password", "path"): str(gateway),
        ("reports", "secret", "source"): "file",
        ("reports", "secret", "path"): str(gateway.with_name("reports.secret")),
    }


STILL_TO_DO = (
    say("For real, later: smsctl credential set"),
    say("Then: smsctl gateway probe, and: smsctl config set mode live"),
)
"""The way from a rehearsal to sending for real."""

_TEST_TEXT = "Test av SMS."


def anew(ctx: typer.Context, path: Path) -> Wiring:
    """Let the commands that follow read the config as it now is."""
    before: Wiring = ctx.obj
    wiring = before.open.enter_context(Wiring(before.flags._replace(config=path), before.output))
    wiring.output.mode = wiring.settings.mode
    ctx.obj = wiring
    return wiring


def password(ctx: typer.Context, path: Path) -> bool:
    """Ask for the password and keep it, in a file where no keyring can be reached; say whether it is kept."""
    wiring: Wiring = ctx.obj
    output = wiring.output
    output.show([GAP, TextLine(say("The password goes to the keyring, never into the config."), Tone.FAINT)])
    typed_in = dialogue.secret(output, say("Password of the account (not shown; empty: later): "))
    if not typed_in:
        return False
    try:
        place = keep_password(wiring, typed_in)
    except CredentialError as error:
        output.show([TextLine(error.sentence, Tone.WARN)])
        beside = path.with_name("gateway.secret")
        question = say("Keep it in {path} instead, which only this user can read?", path=beside)
        if not dialogue.agrees(output, question):
            output.show([TextLine(error.hint)] if error.hint else ())
            return False
        write.set_values(path, in_files(beside))
        wiring = anew(ctx, path)
        place = keep_password(wiring, typed_in)
    output.show([kept(place)])
    made = make_reports_secret(wiring)
    output.show([kept_address(made)] if made else ())
    return True


def go_live(ctx: typer.Context, path: Path) -> None:
    """Offer a login, a live test and, where both went well, to send for real and to activate."""
    output = ctx.obj.output
    output.show([GAP])
    if not dialogue.agrees(output, say("Log in at the gateway now? Nothing is sent.")):
        return rehearse(ctx)
    if not _live(ctx, path, "gateway probe") or not _tested(ctx, path):
        told = say("The config stays in simulate mode: nothing is sent for real.")
        output.show([TextLine(told, Tone.WARN)])
        return None
    output.show([GAP])
    if dialogue.agrees(output, say("Send for real from now on?")):
        try:
            write.set_value(path, "mode", Mode.LIVE)
        except ConfigError as error:  # for the test, root has become the ledger's owner, who may not
            by_hand = say("Send for real with: smsctl config set mode live")
            output.show([TextLine(error.sentence, Tone.WARN), TextLine(by_hand)])
            return None
        wiring = anew(ctx, path)
        _, payer = wiring.municipality(None)
        if payer.in_packages:
            output.show([GAP])
            _step(wiring, "municipality activate", payer.key)
    return None


def rehearse(ctx: typer.Context) -> None:
    """Offer a test SMS that does not leave the machine."""
    wiring: Wiring = ctx.obj
    number = _number(wiring, say("A test SMS can be rehearsed: nothing leaves this machine."))
    if number != NONE:
        _step(wiring, "test", "--", number, _TEST_TEXT)


def kept(place: Sentence) -> TextLine:
    """Return the line on where the password is."""
    return TextLine(say("The password is kept in: {place}", place=place), Tone.GOOD)


def kept_address(place: Sentence) -> TextLine:
    """Return the line on where the secret part of the push address is."""
    return TextLine(
        say("The secret part of the address for delivery reports is in: {place}", place=place), Tone.GOOD
    )


def _tested(ctx: typer.Context, path: Path) -> bool:
    """Offer one live SMS; say whether nothing is against going on."""
    about = say("A test SMS is sent for real, and costs its part; it opens no package.")
    number = _number(ctx.obj, about)
    return number == NONE or _live(ctx, path, "test", "--", number, _TEST_TEXT)


def _number(wiring: Wiring, about: Sentence) -> str:
    wiring.output.show([GAP, TextLine(about, Tone.FAINT)])

    def refuse(text: str) -> Sentence | None:
        try:
            numbers.read(wiring, text)
        except SmsctlError as error:
            return error.sentence
        return None

    return dialogue.ask_text(wiring.output, say("Mobile number for a test SMS"), default=NONE, refuse=refuse)


def _live(ctx: typer.Context, path: Path, command: str, *words: str) -> bool:
    """Run one command for real, as a person has said, though the config is in simulate mode still."""
    before: Wiring = ctx.obj
    live = anew(ctx, path)
    live.settings = live.settings._replace(mode=Mode.LIVE)
    live.output.mode = Mode.LIVE
    try:
        return _step(live, command, *words)
    finally:
        ctx.obj = before
        before.output.mode = before.settings.mode


def _step(wiring: Wiring, command: str, *words: str) -> bool:
    """Run a command as if it had been typed; what goes wrong is told. Say whether all went well."""
    try:
        done = app.answer_to(command, [*command.split(), *words], wiring, alone=True)
    except SmsctlError as error:
        wiring.output.show(mistake(error, Tone.WARN))
        return False
    if not isinstance(done, CommandResult):
        return False
    wiring.output.show([*(TextLine(note.text, Tone.WARN) for note in done.notes), *done.screen])
    return done.exit_code is ExitCode.OK
