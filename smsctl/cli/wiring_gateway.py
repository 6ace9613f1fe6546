"""The composition root's part for the way out: secrets, gateway and simulator.

Only the `wiring_…` files know gateways, simulator and listener; everything else is handed what it needs.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from smsctl.cli.wiring import Wiring
from smsctl.config.settings import MunicipalitySettings
from smsctl.domain.gateway import Gateway, MailRoute, Options
from smsctl.domain.message import SubmitVerdict
from smsctl.domain.secret import Secret, SecretSource
from smsctl.errors import ConfigError, StoppedError, UsageError, say

if TYPE_CHECKING:
    from smsctl.credentials.resolve import Surroundings
    from smsctl.gateways.mail_refusals import MailOutcome

_MAIL_AGAIN_S = 2.0
_MAIL_WAIT_S = 10.0  # a notice must not hold up what cron runs next

_TAKEN = 202
_AS_CONFIGURED = (
    *("url", "failover_url", "batch_size", "connect_timeout_s", "read_timeout_s", "total_timeout_s"),
    *("proxy", "ca_bundle", "unique_references", "delivery_confirmation", "management_path"),
    *("gateway_time_zone", "part_length", "max_parts"),
)
"""What a gateway is given just as the config says it."""


def gateway(
    wiring: Wiring, payer: MunicipalitySettings | None = None, *, for_sending: bool = True
) -> Gateway:
    """Return the gateway of a payer, ready to send, or only to be asked for its traits and rules.

    In simulate mode it is the same gateway, pointed at the simulator.
    """
    from smsctl import gateways

    configured = wiring.settings.gateway
    by_mail = not configured.use_web_service
    options = options_for(wiring, payer)
    if by_mail:
        options = options._replace(mail=mail_route(wiring, for_sending=for_sending))
    elif for_sending and wiring.simulated:
        options = options._replace(url=simulator_url(wiring), failover_url=None, proxy=None)
    if for_sending and not by_mail:
        options = through_the_proxy(wiring, options)._replace(password=password(wiring))
    if for_sending and options.ca_bundle and not wiring.simulated:
        from smsctl.gateways import trust

        trust.must_be_usable(options.ca_bundle)
    if for_sending:
        must_fit_the_mode(options)
    return gateways.find("mail" if by_mail else configured.module)(options)


def through_the_proxy(wiring: Wiring, options: Options) -> Options:
    """Return the options with the login for the proxy, where they go through one that wants a login."""
    account = wiring.settings.gateway
    if not options.proxy or not account.proxy_username:
        return options
    found = secret(wiring, "proxy", account.proxy_password)
    return options._replace(proxy_username=account.proxy_username, proxy_password=found)


def secret(wiring: Wiring, name: str, source: SecretSource) -> Secret:
    """Return a secret from its configured source; what must be said of the place is told to a person only."""
    from smsctl.cli import caller

    found = caller.secret(name, source, surroundings(wiring))
    if found.notice and wiring.output.interactive:
        wiring.output.warn(found.notice)
    return found.secret


def surroundings(wiring: Wiring) -> "Surroundings":
    """What the place of a secret depends on besides the config."""
    from smsctl.cli import caller

    return caller.surroundings(wiring.settings, interactive=wiring.output.interactive)


def must_fit_the_mode(options: Options) -> None:
    """Raise GatewayRefusedError where live would reach a simulator, or simulate anything else.

    Whoever may contact the gateway comes by here first: nothing is planned, written or sent before.
    """
    from smsctl.gateways import identity

    identity.must_fit_the_mode(options)


def start_simulator(
    wiring: Wiring, host: str, port: int, faults: str, switches: dict[str, Any], *, allow_other_hosts: bool
) -> str:
    """Start the simulator for other programs, until this command ends; return its url."""
    from smsctl.simulator import faults as known_faults
    from smsctl.simulator import server

    opened = wiring.open  # before anything is started that it must put away
    behaviour = server.Behaviour(faults=known_faults.parse_faults(faults), **switches)
    started = server.start(behaviour, host=host, port=port, allow_other_hosts=allow_other_hosts)
    return opened.enter_context(started).url


def let_come_in(wiring: Wiring, url: str | None, sms: Mapping[str, str], *, as_a_gateway: bool) -> None:
    """Hand an SMS to a running simulator; with `as_a_gateway` to one that does not say that it is one.

    Raises UsageError without its url, StoppedError when it does not answer as it should.
    """
    import json

    from smsctl.gateways.outcome import HttpReply
    from smsctl.gateways.wire import exchange
    from smsctl.simulator.pushes import INCOMING_PATH

    if not url or not url.startswith("http://"):
        raise UsageError(
            say("Where does the simulator run?"),
            hint=say("Start one with: smsctl simulator. Then add the address that it prints: --url URL"),
        )
    options = options_for(wiring)._replace(url=url, failover_url=None, proxy=None, simulated=not as_a_gateway)
    if not as_a_gateway:
        must_fit_the_mode(options)
    outcome = exchange(
        options,
        "POST",
        f"{url.rstrip('/')}{INCOMING_PATH}",
        headers={"Content-Type": "application/json"},
        body=json.dumps(dict(sms)).encode(),
    )
    if not isinstance(outcome, HttpReply) or outcome.status != _TAKEN:
        raise StoppedError(
            say("The simulator at {url} did not take the SMS.", url=url),
            hint=say("Is the gateway's name right? An Intelecom one pushes SMS: smsctl simulator --push-to"),
        )


def options_for(wiring: Wiring, payer: MunicipalitySettings | None = None) -> Options:
    """Return what the config says of the account, without its password."""
    gateway = wiring.settings.gateway
    return Options(
        username=gateway.username or "",
        service_id=(payer and payer.service_id) or gateway.service_id,
        **{name: getattr(gateway, name) for name in _AS_CONFIGURED},
        time_zone=wiring.settings.time_zone,
        simulated=wiring.simulated,
        extra={key: str(value) for key, value in gateway.extra.items()},
    )


def mail_route(wiring: Wiring, *, for_sending: bool) -> MailRoute:
    """Return the way to the site's mail server; in simulate mode, to one that stands in for it."""
    smtp = wiring.settings.smtp
    if smtp is None:
        raise ConfigError(
            say("{path}: by e-mail needs an [smtp] section.", path=wiring.settings.path),
            hint=say("Name the site's mail server there.")
            if wiring.settings.gateway.use_web_service
            else say("Name the site's mail server there, or set use_web_service = true."),
        )
    route = MailRoute(
        host=smtp.host,
        port=smtp.port,
        starttls=smtp.starttls,
        username=smtp.username,
        from_address=smtp.from_address,
        address=wiring.settings.gateway.mail_address,
    )
    if for_sending and wiring.simulated:
        from smsctl.simulator import mailbox

        box = wiring.open.enter_context(mailbox.start())
        return route._replace(host=box.host, port=box.port, starttls=False, username=None)
    if for_sending and smtp.username:
        return route._replace(password=secret(wiring, "smtp", smtp.password))
    return route


class OutgoingMail(NamedTuple):
    """One mail to a person."""

    address: str
    reference: str  # names the mail, so that a repeat can be recognised
    subject: str
    body: str


def mailer(wiring: Wiring) -> "Callable[[OutgoingMail], MailOutcome]":
    """Return what hands a mail to the site's mail server, once, and tells what came of it."""
    from smsctl.gateways.mail_line import open_line
    from smsctl.gateways.mail_refusals import MailOutcome

    route = mail_route(wiring, for_sending=True)
    options = options_for(wiring)._replace(connect_timeout_s=_MAIL_WAIT_S, read_timeout_s=_MAIL_WAIT_S)

    def send(mail: OutgoingMail) -> MailOutcome:
        line = open_line(options, route)
        if isinstance(line, MailOutcome):
            return line
        with line:
            return line.hand_over(mail.address, mail.reference, line.content(mail.body, mail.subject))

    return send


def mail(wiring: Wiring, to: str, subject: str, body: str) -> None:
    """Send one mail through the site's mail server.

    Raises StoppedError when the server does not take it.
    """
    send, until = mailer(wiring), time.monotonic() + _MAIL_WAIT_S
    reference = f"smsctl-{os.urandom(8).hex()}"
    notice = OutgoingMail(address=to, reference=reference, subject=subject, body=body)
    while not (outcome := send(notice)).is_taken:
        if outcome.verdict is not SubmitVerdict.BUSY or time.monotonic() + _MAIL_AGAIN_S > until:
            raise StoppedError(
                say("The mail server did not take the mail: {text}.", text=outcome.text), hint=outcome.mend
            )
        time.sleep(_MAIL_AGAIN_S)  # a server that was busy, or puts everybody off once


def password(wiring: Wiring) -> Secret:
    """Return the account's password; a rehearsal needs none."""
    if wiring.simulated:
        return Secret("simulated")
    return secret(wiring, "gateway", wiring.settings.gateway.password)


def simulator_url(wiring: Wiring) -> str:
    """Return a loopback url from the config, or start the simulator inside this process.

    Raises ConfigError for a gateway that ours does not speak.
    """
    from smsctl.simulator import pushes, server

    url, module = wiring.settings.gateway.url, wiring.settings.gateway.module
    if url and url.startswith("http://"):  # the config allows http to loopback only
        return url
    if module not in pushes.GATEWAYS:
        raise ConfigError(
            say("The simulator does not speak {module}: nothing was sent.", module=module),
            hint=say("Set under [gateway] the url of a simulator on this machine that does."),
        )
    behaviour = server.Behaviour(
        keep_accepted=0, polling=False, unique_references=wiring.settings.gateway.unique_references
    )
    return wiring.open.enter_context(server.start(behaviour)).url
