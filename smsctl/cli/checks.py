"""The doctor's checks that are commands too: config, secret and login, each made in one place."""

from collections.abc import Iterator

from smsctl.actions.check import Finding, Level, examine, permissions
from smsctl.cli import wiring_gateway
from smsctl.cli.wiring import Wiring
from smsctl.config.settings import Mode, MunicipalitySettings
from smsctl.credentials import resolve
from smsctl.domain.secret import SecretPlace, SecretSource
from smsctl.errors import ExitCode, say


def config(wiring: Wiring) -> Iterator[Finding]:
    """Read the config through, with what its gateway asks of it; then who may change it.

    Raises ConfigError, with every problem at once.
    """
    settings = wiring.settings
    gateway = wiring_gateway.gateway(wiring, for_sending=False)
    text = say(
        "{path} is in order: {mode}, gateway {gateway}.",
        path=settings.path,
        mode=say("mode live") if settings.mode is Mode.LIVE else say("mode simulate"),
        gateway=gateway.traits.title,
    )
    yield Finding(Level.OK, text)
    yield from examine("permissions", lambda: permissions(settings.path, settings.ledger.group))


def secret(wiring: Wiring, name: str, source: SecretSource, *, is_needed: bool) -> Finding:
    """Say which step answers for a secret, or why none does; one that nothing needs may be missing."""
    around = wiring_gateway.surroundings(wiring)
    if source.source is SecretPlace.SYSTEMD and "CREDENTIALS_DIRECTORY" not in around.environ:
        text = say("systemd gives the {name} secret to the service alone, not to this session.", name=name)
        unit = f"systemd-run --pipe --wait -p LoadCredentialEncrypted={source.name}"
        mend = say("Check as the service does: {unit} smsctl doctor", unit=unit)
        return Finding(Level.SKIPPED, text=text, mend=mend)
    found = resolve.describe(name, source, around)
    if found.there:
        level = Level.WARNING if found.hint else Level.OK
        text = say("The secret {name} comes from {place}.", name=name, place=found.sentence)
        return Finding(level, text=text, mend=found.hint)
    level = Level.ERROR if is_needed else Level.WARNING
    return Finding(level, text=found.sentence, mend=found.hint, exit_code=ExitCode.INPUT)


def login(wiring: Wiring, payer: MunicipalitySettings | None = None) -> Finding:
    """Log in at the gateway and say what it answered; nothing is sent. Raises what stops a mailing there."""
    answer = wiring_gateway.gateway(wiring, payer).probe()
    return Finding(Level.OK, answer)
