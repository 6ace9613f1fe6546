from datetime import UTC, datetime, timedelta

import pytest

from smsctl.domain.incoming import Incoming
from smsctl.errors import InputError
from smsctl.ledger import inbox
from smsctl.ledger.inbox import IncomingKind
from smsctl.ledger.store import Ledger

from .conftest import NOW, on

YES = Incoming(
    gateway="intelecom", sender="+46701740605", receiver="71234", text="KOMMUN ja", vendor_id="7q02"
)
NAMELESS = YES._replace(vendor_id="")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OTHER_TEXT = YES._replace(vendor_id="7q09", text="KOMMUN nej")


def store(
    ledger: Ledger, message: Incoming, clock: str = "08:00:00.000", kind: IncomingKind = IncomingKind.OURS
) -> bool:
    with ledger.transaction():
        return inbox.store(ledger, message, kind, on("2026-11-22", clock))


def test_what_was_stored_is_read_back(ledger: Ledger) -> None:
    assert store(ledger, YES)
    (row,) = inbox.newest(ledger, most=10, other=False)
    assert (row.message, row.kind, row.at) == (YES, IncomingKind.OURS, NOW.at)
    assert inbox.get(ledger, row.id) == row


def test_an_id_says_nothing_of_another_sms(ledger: Ledger) -> None:
    assert store(ledger, YES)
    assert store(ledger, YES._replace(sender="+46701740606"))
    assert not store(ledger, YES._replace(sender="+46701740606"), "08:00:01.000")
    assert store(ledger, YES._replace(text="STOP"), kind=IncomingKind.STOP)
    assert not store(ledger, YES, kind=IncomingKind.OTHER)  # by another code in the config since
    assert inbox.count(ledger, other=False) == 3


def test_one_vendor_id_is_stored_once_whenever_it_comes(ledger: Ledger) -> None:
    assert store(ledger, YES)
    assert not store(ledger, YES._replace(text="changed"), "23:00:00.000")
    assert store(ledger, YES._replace(vendor_id="7q03"))


def test_without_an_id_the_same_text_is_stored_once_within_a_short_time(ledger: Ledger) -> None:
    assert store(ledger, NAMELESS, "08:00:00.000")
    assert not store(ledger, NAMELESS, "08:29:00.000")
    assert store(ledger, NAMELESS._replace(text="KOMMUN nej"), "08:29:00.000")
    assert store(ledger, NAMELESS._replace(sender="+46701740606"), "08:29:00.000")
    assert store(ledger, NAMELESS, "08:31:00.000")


def test_what_a_clock_that_was_ahead_has_dated_keeps_no_later_sms_out(ledger: Ledger) -> None:
    """A STOP that comes for weeks to come would be taken for that one, and blocked by nobody."""
    assert store(ledger, NAMELESS, "23:00:00.000")
    assert store(ledger, NAMELESS, "08:00:00.000")
    assert not store(ledger, NAMELESS, "22:31:00.000")


def test_what_is_not_for_us_stands_apart(ledger: Ledger) -> None:
    store(ledger, YES)
    store(ledger, YES._replace(vendor_id="other"), kind=IncomingKind.OTHER)
    store(ledger, YES._replace(vendor_id="stop"), kind=IncomingKind.STOP)
    assert [row.kind for row in inbox.newest(ledger, most=10, other=False)] == [
        IncomingKind.STOP,
        IncomingKind.OURS,
    ]
    assert [row.kind for row in inbox.newest(ledger, most=10, other=True)] == [IncomingKind.OTHER]


def test_what_is_to_be_mailed_on_waits_until_it_is(ledger: Ledger) -> None:
    store(ledger, YES)
    with ledger.transaction():
        inbox.store(ledger, OTHER_TEXT, IncomingKind.OURS, NOW, "kund@example.se")
    row = inbox.to_forward(ledger, after=0, since=LONG_AGO)
    assert row is not None
    assert (row.message, row.forward_to) == (OTHER_TEXT, "kund@example.se")
    with ledger.transaction():
        inbox.forwarded(ledger, row.id, NOW)
    assert inbox.to_forward(ledger, after=0, since=LONG_AGO) is None


def test_one_that_nobody_takes_does_not_keep_the_others_waiting_and_is_given_up(ledger: Ledger) -> None:
    with ledger.transaction():
        for name in ("one", "two"):
            inbox.store(ledger, YES._replace(vendor_id=name), IncomingKind.OURS, NOW, "kund@example.se")
    first = inbox.to_forward(ledger, after=0, since=LONG_AGO)
    assert first
    second = inbox.to_forward(ledger, after=first.id, since=LONG_AGO)
    assert second
    assert (first.message.vendor_id, second.message.vendor_id) == ("one", "two")
    assert inbox.to_forward(ledger, after=second.id, since=LONG_AGO) is None
    later = datetime.fromisoformat(NOW.at) + timedelta(seconds=1)
    assert inbox.to_forward(ledger, after=0, since=later) is None


def test_a_number_that_is_not_there_gets_a_sentence(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="There is no incoming SMS 7"):
        inbox.get(ledger, 7)
