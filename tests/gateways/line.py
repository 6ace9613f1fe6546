"""The wire with limits short enough for a test."""

from smsctl.domain.gateway import Options
from smsctl.gateways.outcome import Outcome
from smsctl.gateways.wire import exchange

QUICK = Options(connect_timeout_s=0.4, read_timeout_s=0.4, total_timeout_s=0.8)
BODY = b'{"password": "canary"}'


def post(options: Options, url: str, not_after: float = float("inf")) -> Outcome:
    """Send one request."""
    return exchange(options, "POST", url, headers={}, body=BODY, not_after=not_after)
