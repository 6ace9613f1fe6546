"""Who mails incoming SMS on, of several that forward from one ledger: a listener on each of two hosts."""

from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from threading import Event
from types import SimpleNamespace
from typing import cast

import pytest

from smsctl.cli import wiring_gateway
from smsctl.cli.incoming import names_by_number
from smsctl.cli.incoming.forwarding import Forwarder
from smsctl.cli.wiring import Wiring
from smsctl.cli.wiring_gateway import OutgoingMail
from smsctl.domain.incoming import Incoming
from smsctl.errors import Sentence
from smsctl.ledger import inbox, lock
from smsctl.ledger.inbox import IncomingKind
from smsctl.ledger.store import Ledger

from .conftest import NOW, opened_again

_WAIT_S = 30
Forward = Callable[[Ledger], Forwarder]


class MailServer:
    """Takes each mail when it is let."""

    def __init__(self) -> None:
        self.mailed: list[str] = []
        self.got, self.may_take = Event(), Event()

    def send(self, mail: OutgoingMail) -> SimpleNamespace:
        self.mailed.append(mail.reference)
        self.got.set()
        assert self.may_take.wait(_WAIT_S)
        return SimpleNamespace(is_taken=True, text="")


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    server = MailServer()
    monkeypatch.setattr(wiring_gateway, "mailer", lambda _wiring: server.send)
    monkeypatch.setattr(names_by_number, "names_of", lambda *_: {})
    yield server
    server.may_take.set()


@pytest.fixture
def complaints() -> list[Sentence]:
    return []


@pytest.fixture
def forward(mails: MailServer, complaints: list[Sentence]) -> Forward:
    def begin(ledger: Ledger) -> Forwarder:
        assert mails
        wiring = SimpleNamespace(
            ledger=ledger,
            clock=SimpleNamespace(now=lambda: NOW),
            settings=SimpleNamespace(time_zone="UTC"),
        )
        return Forwarder(cast("Wiring", wiring), complaints.append)

    return begin


def come_in(ledger: Ledger, *ids: str) -> None:
    with ledger.transaction():
        for one in ids:
            sms = Incoming(
                gateway="intelecom", sender="+46701740605", receiver="71234", text="KOMMUN ja", vendor_id=one
            )
            assert inbox.store(ledger, sms, IncomingKind.OURS, NOW, "kund@example.se")


def _mailed_by_two(ledger: Ledger, mails: MailServer, forward: Forward) -> list[str]:
    """Let another forward while the first waits for the mail server; return what that was handed."""
    come_in(ledger, "a", "b")
    with closing(opened_again(ledger)) as there:
        one, other = forward(ledger), forward(there)
        one.turn()
        assert mails.got.wait(_WAIT_S)
        other.turn()
        mails.may_take.set()
        other.work(_WAIT_S)
        one.work(_WAIT_S)
        other.work(_WAIT_S)
    return mails.mailed


def test_of_two_that_forward_one_mails_each_sms(
    ledger: Ledger, mails: MailServer, forward: Forward, complaints: list[Sentence]
) -> None:
    assert _mailed_by_two(ledger, mails, forward) == ["smsctl-inbox-1", "smsctl-inbox-2"]
    assert complaints == []


def test_where_nobody_holds_the_right_both_would(
    ledger: Ledger, mails: MailServer, forward: Forward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(lock, "if_nobody_forwards", lambda _ledger: nullcontext(enter_result=True))
    assert sorted(_mailed_by_two(ledger, mails, forward)).count("smsctl-inbox-1") > 1
