from datetime import time, timedelta
from pathlib import Path

import pytest

from smsctl.config import file_kinds, kinds
from smsctl.config.keys import KEYS, Key
from smsctl.config.kinds import UnfitValueError, ValueKind
from smsctl.domain.moment import QuietHours

HERE = Path("/etc/smsctl")


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (kinds.PRICE, "4900.00", 490_000),
        (kinds.PRICE, "4900", 490_000),
        (kinds.PRICE, "4900,5", 490_050),
        (kinds.PRICE, "0.07", 7),
        (kinds.PRICE, "4900.10", 490_010),
        (kinds.PART_PRICE, "0.49", 4_900),
        (kinds.PART_PRICE, "0.395", 3_950),
        (kinds.PART_PRICE, "0.0001", 1),
        (kinds.PART_PRICE, "1", 10_000),
        (kinds.DURATION, "30s", timedelta(seconds=30)),
        (kinds.DURATION, "90m", timedelta(minutes=90)),
        (kinds.DURATION, "4h", timedelta(hours=4)),
        (kinds.DURATION, "2 d", timedelta(days=2)),
        (kinds.DURATION, "999999s", timedelta(seconds=999_999)),
        (kinds.SECONDS, "2m", 120.0),
        (kinds.PRIORITY, 1, 1),
        (kinds.PRIORITY, "high", 3),
        (kinds.SHARE, 1, 1.0),
        (kinds.QUIET_HOURS, "21:00-07:00", QuietHours(start=time(21), end=time(7))),
        (kinds.QUIET_HOURS, "21:30 - 06:45", QuietHours(start=time(21, 30), end=time(6, 45))),
        (kinds.QUIET_HOURS, False, None),
        (file_kinds.PATH, "a/b.csv", HERE / "a/b.csv"),
        (file_kinds.PATH, "/a/b.csv", Path("/a/b.csv")),
        (kinds.SERVER, "https://smsgw.puzzel.com/", "https://smsgw.puzzel.com"),
        (kinds.SERVER, "http://localhost:80", "http://localhost:80"),
        (kinds.SERVER, "http://[::1]:80", "http://[::1]:80"),
        (kinds.PROXY, "http://proxy.example.se:3128", "http://proxy.example.se:3128"),
        (kinds.TIME_ZONE, "Europe/Oslo", "Europe/Oslo"),
        (kinds.MAIL_TEMPLATE, "{number}@sms.example.se", "{number}@sms.example.se"),
        (kinds.several(kinds.COUNTRY_CODE), ["+46", "+358"], ("+46", "+358")),
    ],
)
def test_a_value_is_read(kind: ValueKind, value: object, read: object) -> None:
    assert kind.read(value, HERE) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kinds.PRICE, 4900),
        (kinds.PRICE, 4900.0),
        (kinds.PRICE, "4900.001"),
        (kinds.PRICE, "-1"),
        (kinds.PRICE, "1e3"),
        (kinds.PRICE, "٤٩"),
        (kinds.PRICE, "4 900,00 kr"),
        (kinds.PRICE, ""),
        (kinds.PART_PRICE, "0.39501"),
        (kinds.DURATION, "0s"),
        (kinds.DURATION, "4"),
        (kinds.DURATION, "4w"),
        (kinds.DURATION, "1.5h"),
        (kinds.DURATION, "-4h"),
        (kinds.DURATION, "1000000s"),
        (kinds.DURATION, "s"),
        (kinds.DURATION, "٤h"),
        (kinds.SHARE, 0),
        (kinds.SHARE, 1.1),
        (kinds.SHARE, True),
        (kinds.SHARE, float("nan")),
        (kinds.PRIORITY, 2.0),
        (kinds.SERVER, "http://localhost.example.se"),
        (kinds.SERVER, "http://127.0.0.1@example.se"),
        (kinds.SERVER, "ftp://example.se"),
        (kinds.PROXY, "http://demo:pw@proxy.example.se:3128"),
        (kinds.MAIL_TEMPLATE, "{number.__class__}@x"),
        (kinds.MAIL_TEMPLATE, "{number}@{number}@x"),
        (kinds.COUNTRY_CODE, "+046"),
        (kinds.TEXT, " "),
        (kinds.TEXT, "a\nb"),
        (kinds.TEXT, "a\u202eb"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_without_repeating_it(kind: ValueKind, value: object) -> None:
    with pytest.raises(UnfitValueError):
        kind.read(value, HERE)


def test_a_price_as_a_toml_number_is_told_how_to_be_written() -> None:
    with pytest.raises(UnfitValueError, match=r'quotation marks, as "4900\.00"'):
        kinds.PRICE.read(4900.0, HERE)


@pytest.mark.parametrize("key", [key for key in KEYS if key.default is not None], ids=lambda key: key.dotted)
def test_a_default_is_held_as_it_would_be_read(key: Key) -> None:
    assert key.default_value(HERE) == key.kind.read(key.default, HERE)
