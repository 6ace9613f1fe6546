"""`smsctl credential …`: the secrets, kept outside the config."""

from typing import Annotated

from smsctl.cli import checks, dialogue
from smsctl.cli.options import argument
from smsctl.cli.output import envelope
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult, Note
from smsctl.cli.setup.recording import record_change
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.credentials import resolve
from smsctl.domain.secret import SecretSource
from smsctl.errors import ConfigError, CredentialError, ExitCode, UsageError, say

EXAMPLES = {
    "set": ("smsctl credential set", "smsctl credential set smtp < secret.txt"),
    "check": ("smsctl credential check", "smsctl credential check smtp --json"),
    "delete": ("smsctl credential delete", "smsctl credential delete smtp"),
}

_Name = Annotated[str, argument("[NAME]", "gateway, proxy, smtp, reports or ledger.")]


def _source_of(wiring: Wiring, name: str) -> SecretSource:
    """Return where the config keeps the secret of that name."""
    settings = wiring.settings
    sources = settings.secret_sources
    if name == "smtp" and name not in sources:
        raise ConfigError(say("{path} has no [smtp] section.", path=settings.path))
    if name not in sources:
        raise UsageError(
            say("There is no secret called {name}.", name=name),
            hint=say("It is gateway, proxy, smtp, reports or ledger."),
        )
    return sources[name]


def run_set(wiring: Wiring, name: _Name = "gateway") -> CommandResult:
    """Store a secret where the config says it is kept: asked for without echo, or read from standard input.

    NAME is gateway (the gateway's password), proxy (the proxy's), smtp (the mail server's), reports (the push
    address) or ledger (the database's).
    """
    source = _source_of(wiring, name)
    secret = dialogue.secret(wiring.output, say("Secret {name} (not shown): ", name=name))
    place = resolve.store(name, source, secret, surroundings(wiring))
    record_change(wiring, "credential-set", name)
    told = say("The secret {name} is kept in: {place}", name=name, place=place)
    return CommandResult(data={"name": name, "stored": True}, screen=[TextLine(told, Tone.GOOD)])


def run_check(wiring: Wiring, name: _Name = "gateway") -> CommandResult:
    """Say where a secret would come from and whether it can be had, without showing it.

    It is the doctor's check of the secret, alone. Exit code 8 when it cannot be had.
    """
    found = checks.secret(wiring, name, _source_of(wiring, name), is_needed=True)
    is_there = found.level in ("ok", "warning")
    lines = [TextLine(found.text, Tone.GOOD if is_there else Tone.BAD)]
    if found.mend:
        lines.append(TextLine(found.mend))
    return CommandResult(
        data={"name": name, "there": is_there, "text": envelope.text(found.text)},
        screen=lines,
        said=[] if is_there else [Note(code=CredentialError.code, level="error", text=found.text)],
        advice=[found.mend] if found.mend else [],
        exit_code=ExitCode.OK if is_there else ExitCode.INPUT,
    )


def run_delete(wiring: Wiring, name: _Name = "gateway") -> CommandResult:
    """Remove a secret from where the config says it is kept."""
    deleted = resolve.delete(name, _source_of(wiring, name), surroundings(wiring))
    if deleted:
        record_change(wiring, "credential-delete", name)
    told = (
        say("The secret {name} is deleted.", name=name)
        if deleted
        else say("There was no secret {name}.", name=name)
    )
    return CommandResult(data={"name": name, "deleted": deleted}, screen=[TextLine(told)])
