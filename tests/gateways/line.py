"""The wire with limits short enough for a test."""

import time

from smsctl.domain.gateway import IsLate, Options
from smsctl.gateways.outcome import Outcome
from smsctl.gateways.wire import exchange

QUICK = Options(connect_timeout_s=0.4, read_timeout_s=0.4, total_timeout_s=0.8)
BODY = b'{"password": "canary"}'


def after_s(seconds: float) -> IsLate:
    """Return what says that it is too late in so many seconds."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def post(options: Options, url: str, is_late: IsLate = lambda: False) -> Outcome:
    """Send one request."""
    return exchange(options, "POST", url, headers={}, body=BODY, is_late=is_late)
