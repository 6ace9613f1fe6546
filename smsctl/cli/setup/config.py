"""`smsctl config …`: make the config, check it, show it, change it. Each loads only what it needs."""

from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import options
from smsctl.cli.options import argument, flag, option
from smsctl.cli.output.blocks import GAP, Block, TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.wiring import Wiring
from smsctl.config import show
from smsctl.config.file_kinds import ONE_PATH, PATH
from smsctl.config.keys import Section, find
from smsctl.config.settings import Mode
from smsctl.domain.secret import Secret
from smsctl.errors import Sentence, UsageError, say

EXAMPLES = {
    "init": (
        "smsctl config init",
        "smsctl --config /etc/smsctl/config.toml config init",
        "smsctl config init --yes --gateway pswincom --username demo",
        "smsctl config init --yes --password-stdin --password-file secret < new.txt",
    ),
    "check": ("smsctl config check", "smsctl --config test.toml config check --json"),
    "show": ("smsctl config show", "smsctl config show --json"),
    "set": ("smsctl config set gateway.priority high", "smsctl config set mode live"),
    "import": ("smsctl config import plugin.txt", "smsctl config import - < plugin.txt"),
}

_Gateway = Annotated[str | None, option("GATEWAY", "intelecom (Puzzel) or pswincom (LINK Mobility).")]
_Service = Annotated[str | None, option("NUMBER", "The service, given by the supplier.", "--service-id")]
_User = Annotated[str | None, option("NAME", "Of the account at the gateway.")]
_Country = Annotated[str | None, option("CODE", "For numbers without one, as +46.")]
_Municipality = Annotated[str | None, option("NAME", "Its name: who orders, sends and pays.")]
_Size = Annotated[str | None, option("PARTS", "Parts in a package; - for none.")]
_Price = Annotated[str | None, option("SEK", "SEK for a package, without VAT.")]
_People = Annotated[str | None, option("CSV", "The recipients file.")]
_Url = Annotated[str | None, option("URL", "Another server than the gateway's own.")]
_File = Annotated[
    Path | None, option("PATH", "Keep the password in this file, not the keyring.", "--password-file")
]
_Stdin = Annotated[bool, flag("--password-stdin", "With --yes: read the password from standard input.")]
_Yes = Annotated[bool, flag("--yes", "Ask nothing: the example's answers where no flag is given.")]


def run_init(
    ctx: typer.Context,
    *,
    gateway: _Gateway = None,
    service_id: _Service = None,
    username: _User = None,
    sender: options.Sender = None,
    country_code: _Country = None,
    municipality: _Municipality = None,
    package_size: _Size = None,
    package_price: _Price = None,
    recipients: _People = None,
    url: _Url = None,
    password_file: _File = None,
    password_stdin: _Stdin = False,
    yes: _Yes = False,
) -> CommandResult:
    """Make a config file: ask, explain, write it, and keep the password outside it.

    The file is written in simulate mode and never over another one. Then a login without sending, a test
    SMS, sending for real, and the activation with its price are offered, each only where the one before
    went well and the example's answers are replaced. --yes asks and offers nothing.
    """
    given = dict(locals())  # each question is called as its flag
    from smsctl.cli.setup import wizard  # the other commands need none of it

    extra = _kept(password_file)
    if url:
        extra["gateway", "url"] = url
    if yes:
        return wizard.by_flags(ctx, given, extra, password_on_stdin=password_stdin)
    if password_stdin:
        raise UsageError(say("--password-stdin goes with --yes: the wizard asks for the password."))
    return wizard.with_a_person(ctx, given, extra)


def _kept(password_file: Path | None) -> dict[Section, object]:
    if password_file is None:
        return {("gateway", "password", "source"): "keyring"}
    from smsctl.cli.setup import first_steps

    return first_steps.in_files(password_file.absolute())


def run_check(wiring: Wiring) -> CommandResult:
    """List everything that is wrong with the config: each key, its line, and the nearest known key.

    It is the doctor's check of the config, alone. Exit code 8 when there is anything to mend.
    """
    from smsctl.cli import checks

    findings = tuple(checks.config(wiring))
    return CommandResult(
        data={"path": str(wiring.settings.path)},
        screen=[TextLine(findings[0].text, Tone.GOOD)],
        notes=[
            Note(code=one.check, level="warning", text=told)
            for one in findings
            if one.level == "warning"
            for told in filter(None, (one.text, one.mend))
        ],
    )


def run_show(wiring: Wiring) -> CommandResult:
    """Show the settings in force, section by section, as TOML; what is faint is a default.

    There is no secret among them: a config never holds one.
    """
    path = wiring.settings.path  # read first, so that the envelope tells the mode
    shown = show.effective(path)
    blocks: list[Block] = [TextLine(say("# {path}", path=path), Tone.FAINT)]
    for section, keys in groupby(shown, key=lambda one: one.section):
        if section:
            blocks += [GAP, TextLine(f"[{'.'.join(section)}]", Tone.STRONG)]
        for one in keys:
            text = f"{one.name} = {one.spelled}" if one.spelled else f"# {one.name} ="
            blocks.append(TextLine(text, Tone.PLAIN if one.written else Tone.FAINT))
    return CommandResult(data={"settings": {one.dotted: one.value for one in shown}}, screen=blocks)


def run_set(
    wiring: Wiring,
    key: Annotated[str, argument("KEY", "Its full name, as gateway.priority.")],
    value: Annotated[str, argument("VALUE", "As in the file; quotes may be left out.")],
) -> CommandResult:
    """Change one key of the config, keeping comments and order.

    A path that is there from where you stand is written in full; any other is relative to the config. A
    config that would not load with the change is not written.
    """
    from smsctl.cli.setup.recording import record_change
    from smsctl.config import write

    value, made_whole = _from_here(wiring.config_path, key, value)
    written = write.set_value(wiring.config_path, key, value)
    record_change(wiring, "config-set", key, str(written))
    told = say("{key} is set in {path}.", key=key, path=wiring.config_path)
    notes = [Note(code="path", level="info", text=made_whole)] if made_whole else []
    if (key, written) == ("mode", Mode.LIVE):
        from smsctl.cli.setup.questions import left_of_the_example

        in_force = {(*one.section, one.name): one.value for one in show.effective(wiring.config_path)}
        if names := ", ".join(left_of_the_example(in_force)):
            left = say("Still the example's, and nobody's account: {names}.", names=names)
            notes.append(Note(code="example", level="warning", text=left))
    return CommandResult(data={"key": key, "value": written}, screen=[TextLine(told, Tone.GOOD)], notes=notes)


def _from_here(config: Path, key: str, typed: str) -> tuple[str, Sentence | None]:
    """Return a path as the config needs it, and what is told of it.

    One that is typed from where the person stands is made whole where it is there; paths in the config are
    relative to its folder.
    """
    found = find(tuple(key.split(".")))
    here = Path(typed)
    if found is None or found.kind not in (PATH, ONE_PATH) or here.is_absolute() or typed.startswith("~"):
        return typed, None
    if here.exists() and not (config.parent / typed).exists():
        return str(here.absolute()), say("Written in full: {path}", path=here.absolute())
    return typed, say("It is relative to the config: {path}", path=(config.absolute().parent / typed))


def run_import(
    wiring: Wiring, file: Annotated[str, argument("FILE", "The plugin block; - is standard input.")]
) -> CommandResult:
    """Take over the settings of SuperOffice's plugin block: lines such as intele_serviceId = 4711.

    The password goes to where the config keeps it (the keyring unless told otherwise), never into the file.
    """
    from smsctl.cli.setup.recording import record_change
    from smsctl.cli.text_files import read_text_file
    from smsctl.cli.wiring_gateway import surroundings
    from smsctl.config import plugin
    from smsctl.credentials import resolve

    source, lines = wiring.settings.gateway.password, []

    def store(secret: Secret) -> None:
        place = resolve.store("gateway", source, secret, surroundings(wiring))
        lines.append(TextLine(say("The password is kept in: {place}", place=place), Tone.GOOD))

    imported = plugin.import_plugin_block(wiring.config_path, read_text_file(wiring.output, file), store)
    lines += [TextLine(say("{key} is set.", key=key), Tone.GOOD) for key, _ in imported.settings]
    record_change(wiring, "config-import", file, ", ".join(key for key, _ in imported.settings))
    lines += [TextLine(notice, Tone.WARN) for notice in imported.notices]
    return CommandResult(
        data={"settings": dict(imported.settings), "secret_stored": imported.secret is not None}, screen=lines
    )
