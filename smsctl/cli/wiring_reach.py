"""The composition root's part for the doctor: where the line to the gateway begins."""

from smsctl.cli import wiring_gateway
from smsctl.cli.wiring import Wiring
from smsctl.gateways import reach
from smsctl.gateways.reach import Endpoint, position_of


def first_endpoint(wiring: Wiring) -> Endpoint | None:
    """Return the first machine on the way to the gateway; None where only the gateway knows it."""
    configured, options = wiring.settings.gateway, wiring_gateway.options_for(wiring)
    if not configured.use_web_service:
        options = options._replace(mail=wiring_gateway.mail_route(wiring, for_sending=False))
    return position_of(configured.module, options)


def mail_server(wiring: Wiring) -> None:
    """Connect to the mail server that the config names. Raises StoppedError where nobody is there."""
    route = wiring_gateway.mail_route(wiring, for_sending=False)
    timeout_s = wiring_gateway.options_for(wiring).connect_timeout_s
    Endpoint(host=route.host, port=route.port, speaks_tls=False, timeout_s=timeout_s).connect()


def web_server(wiring: Wiring, url: str) -> Endpoint:
    """Return the web server of a site's own address."""
    return reach.web_server(url, wiring_gateway.options_for(wiring))
