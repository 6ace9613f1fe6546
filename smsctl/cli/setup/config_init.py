"""`smsctl config init`: from nothing to a config that works."""

from pathlib import Path
from typing import Annotated

import typer

from smsctl.cli import options
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.setup import first_secrets
from smsctl.cli.setup import wizard as init
from smsctl.config.keys import Section
from smsctl.errors import UsageError, say

EXAMPLES = (
    "smsctl config init",
    "smsctl --config /etc/smsctl/config.toml config init",
    "smsctl config init --yes --gateway pswincom --username demo",
    "smsctl config init --yes --password-stdin --password-file secret < new.txt",
)

_Gateway = Annotated[
    str | None, typer.Option(metavar="GATEWAY", help="intelecom (Puzzel) or pswincom (LINK Mobility).")
]
_Service = Annotated[
    str | None, typer.Option("--service-id", metavar="NUMBER", help="The service, given by the supplier.")
]
_User = Annotated[str | None, typer.Option(metavar="NAME", help="Of the account at the gateway.")]
_Country = Annotated[str | None, typer.Option(metavar="CODE", help="For numbers without one, as +46.")]
_Municipality = Annotated[
    str | None, typer.Option(metavar="NAME", help="Its name: who orders, sends and pays.")
]
_Size = Annotated[str | None, typer.Option(metavar="PARTS", help="Parts in a package; - for none.")]
_Price = Annotated[str | None, typer.Option(metavar="SEK", help="SEK for a package, without VAT.")]
_People = Annotated[str | None, typer.Option(metavar="CSV", help="The recipients file.")]
_Url = Annotated[str | None, typer.Option(metavar="URL", help="Another server than the gateway's own.")]
_File = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="PATH", help="Keep the password in this file, not the keyring."),
]
_Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="With --yes: read the password from standard input.")
]
_Yes = Annotated[
    bool, typer.Option("--yes", help="Ask nothing: the example's answers where no flag is given.")
]


def run(
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
    SMS, sending for real, and the activation with its price are offered. --yes asks and offers nothing.
    """
    given = {
        "gateway": gateway,
        "service_id": service_id,
        "username": username,
        "sender": sender,
        "country_code": country_code,
        "municipality": municipality,
        "package_size": package_size,
        "package_price": package_price,
        "recipients": recipients,
    }
    extra = _kept(password_file)
    if url:
        extra["gateway", "url"] = url
    if yes:
        return init.by_flags(ctx, given, extra, password_on_stdin=password_stdin)
    if password_stdin:
        raise UsageError(say("--password-stdin goes with --yes: the wizard asks for the password."))
    return init.with_a_person(ctx, given, extra)


def _kept(password_file: Path | None) -> dict[Section, object]:
    if password_file is None:
        return {("gateway", "password", "source"): "keyring"}
    path = password_file.absolute()
    return first_secrets.in_files(path, path.with_name("reports.secret"))
