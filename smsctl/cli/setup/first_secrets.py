"""The two secrets of a new config: the gateway's password, and the secret part of the push address."""

from pathlib import Path

from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import surroundings
from smsctl.config import write
from smsctl.config.keys import Section
from smsctl.credentials import resolve
from smsctl.domain.secret import Secret, SecretPlace, SecretSource
from smsctl.errors import Sentence

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
    if resolve.describe("reports", _asked_of(source), around).there:
        return None
    return resolve.store("reports", source, Secret(token_urlsafe(_URL_BYTES)), around)


def file_beside(config: Path, name: str) -> Path:
    """Return the file that keeps a secret where no keyring does."""
    return config.with_name(f"{name}.secret")


def in_files(gateway: Path, reports: Path) -> dict[Section, object]:
    """Return the keys by which both secrets are kept in files."""
    return {
        ("gateway", "password", "source"): "file",
        ("gateway", "password", "path"): str(gateway),
        ("reports", "secret", "source"): "file",
        ("reports", "secret", "path"): str(reports),
    }


def move_to_files(config: Path) -> None:
    """Let the config keep both secrets in files beside itself, which only their owner can read."""
    write.set_values(config, in_files(file_beside(config, "gateway"), file_beside(config, "reports")))


def _asked_of(source: SecretSource) -> SecretSource:
    """Return where to look for an earlier secret; without a terminal, `auto` would pass by the keyring."""
    return source._replace(source=SecretPlace.KEYRING) if source.source is SecretPlace.AUTO else source
