"""What the three credential commands share: the name of a secret, and where the config keeps it."""

from typing import Annotated

import typer

from smsctl.cli.wiring import Wiring
from smsctl.domain.secret import SecretSource
from smsctl.errors import ConfigError, UsageError, say

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="gateway, proxy, smtp or reports.")]


def source_of(wiring: Wiring, name: str) -> SecretSource:
    """Return where the config keeps the secret of that name."""
    settings = wiring.settings
    if name == "gateway":
        return settings.gateway.password
    if name == "proxy":
        return settings.gateway.proxy_password
    if name == "reports":
        return settings.reports.secret
    if name != "smtp":
        raise UsageError(
            say("There is no secret called {name}.", name=name),
            hint=say("It is gateway, proxy, smtp or reports."),
        )
    if settings.smtp is None:
        raise ConfigError(say("{path} has no [smtp] section.", path=settings.path))
    return settings.smtp.password
