"""Quiet hours that it is now, at whatever time of day a test runs: all but one minute, an hour ago."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_BEGAN = datetime.now(ZoneInfo("Europe/Stockholm")) - timedelta(hours=1)
BEGINS = f"{_BEGAN:%H:%M}"
ENDS = f"{_BEGAN - timedelta(minutes=1):%H:%M}"
ALL_DAY = f"{BEGINS}-{ENDS}"
TOLD = f"quiet from {BEGINS} to {ENDS}"
