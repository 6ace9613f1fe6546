import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.domain.message import Status
from smsctl.domain.moment import Moment
from smsctl.domain.municipality import Municipality, ServiceState
from smsctl.domain.package import Package, PackageTerms
from smsctl.errors import RuleError
from smsctl.ledger import audit, corrections, municipalities, packages
from smsctl.ledger.store import Ledger, open_ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN, migrate_to, on
from .recount import must_agree

LATER = on("2026-11-23")


def activate(ledger: Ledger, municipality: Municipality = TOWN) -> int | None:
    with ledger.transaction():
        return municipalities.activate(ledger, municipality, NOW, ACTOR)


def invoices(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.rows("SELECT municipality, package, day, parts, price_ore FROM invoices ORDER BY number")


def test_nobody_is_active_unasked(ledger: Ledger) -> None:
    assert not municipalities.is_active(ledger, TOWN.key)
    assert municipalities.service_of(ledger, TOWN.key) is None


def test_an_order_is_recorded_once_with_who_and_when(ledger: Ledger) -> None:
    assert municipalities.order(ledger, TOWN, NOW, ACTOR)
    assert not municipalities.order(ledger, TOWN, LATER, ACTOR)
    assert municipalities.service_of(ledger, TOWN.key) == (ServiceState.ORDERED, NOW.day, ACTOR.user)
    assert not invoices(ledger)


@pytest.mark.parametrize("orders", [0, 1])
def test_activation_opens_the_first_package_and_its_invoice(orders: int, ledger: Ledger) -> None:
    for _ in range(orders):
        municipalities.order(ledger, TOWN, NOW, ACTOR)
    assert activate(ledger) == 1
    assert invoices(ledger) == [("town", 1, NOW.day, 10, 4900)]
    assert [(one.number, one.left) for one in packages.packages_of(ledger, TOWN.key)] == [(1, 10)]


def test_activation_of_an_active_one_changes_nothing(ledger: Ledger) -> None:
    activate(ledger)
    assert activate(ledger) is None
    assert len(invoices(ledger)) == 1
    assert [row.action for row in audit.read(ledger)] == ["activate"]


def test_activation_again_uses_what_is_left(ledger: Ledger) -> None:
    activate(ledger)
    assert municipalities.deactivate(ledger, TOWN, LATER, ACTOR) is ServiceState.ACTIVE
    assert municipalities.service_of(ledger, TOWN.key) == (ServiceState.INACTIVE, LATER.day, ACTOR.user)
    assert not municipalities.opens_package(ledger, TOWN)
    assert activate(ledger) is None
    assert municipalities.is_active(ledger, TOWN.key)


def test_the_terms_are_frozen_when_a_package_opens(ledger: Ledger) -> None:
    activate(ledger)
    with ledger.transaction():
        ledger.write("UPDATE packages SET used = size")
    municipalities.deactivate(ledger, TOWN, LATER, ACTOR)
    dearer = TOWN._replace(rate=TOWN.rate and TOWN.rate._replace(price_ore=9900))
    assert activate(ledger, dearer) == 2
    assert ledger.rows("SELECT price_ore FROM packages ORDER BY number") == [(4900,), (9900,)]


def test_only_what_is_ordered_or_active_can_be_deactivated(ledger: Ledger) -> None:
    assert not municipalities.deactivate(ledger, TOWN, NOW, ACTOR)
    municipalities.order(ledger, TOWN, NOW, ACTOR)
    assert municipalities.deactivate(ledger, TOWN, NOW, ACTOR) is ServiceState.ORDERED
    assert not municipalities.deactivate(ledger, TOWN, NOW, ACTOR)
    assert [(row.action, row.detail) for row in audit.read(ledger)] == [
        ("deactivate", "order cancelled"),
        ("order", ""),
    ]


DEARER = PackageTerms(size=20, price_ore=9900)


def renew(ledger: Ledger, moment: Moment = LATER, reason: str = "new supplier") -> municipalities.Renewal:
    with ledger.transaction():
        return municipalities.renew(ledger, TOWN, DEARER, moment, ACTOR, reason)


@pytest.mark.parametrize("state", list(ServiceState)[1:])
def test_a_new_package_closes_what_is_left_of_the_old_one(state: ServiceState, ledger: Ledger) -> None:
    activate(ledger)
    sending.send(ledger, 4)
    if state is ServiceState.INACTIVE:
        municipalities.deactivate(ledger, TOWN, NOW, ACTOR)
    done = renew(ledger)
    assert (done.opened, [(one.number, one.left, one.unused_ore) for one in done.closed]) == (
        2,
        [(1, 6, 2940)],
    )
    assert municipalities.is_active(ledger, TOWN.key)
    assert packages.packages_of(ledger, TOWN.key) == (Package(number=2, size=20, price_ore=9900, used=0),)
    sending.send(ledger, 3)
    assert ledger.rows("SELECT number, used, closed_day FROM packages ORDER BY number") == [
        (1, 4, LATER.day),
        (2, 3, None),
    ]
    assert invoices(ledger)[1:] == [("town", 2, LATER.day, 20, 9900)]
    assert audit.read(ledger)[0][4:] == (
        "new-package",
        "town",
        "package 2; closed: package 1, 6 of 10 parts left",
        "new supplier",
    )
    must_agree(ledger)


def test_what_was_ordered_today_is_not_bought_once_more(ledger: Ledger) -> None:
    """As by two people on two hosts: the second would pay for a package that nobody uses."""
    activate(ledger)
    renew(ledger)
    with pytest.raises(RuleError, match="was opened today for this reason, and nothing of it") as refused:
        renew(ledger)
    assert refused.value.hint
    assert len(invoices(ledger)) == 2
    assert renew(ledger, reason="and another one").opened == 3
    tomorrow = on("2026-11-24")
    assert renew(ledger, tomorrow).opened == 4
    sending.send(ledger, 1)
    assert renew(ledger, tomorrow).opened == 5
    must_agree(ledger)


def test_without_that_it_would_be(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(municipalities, "_must_not_be_done", lambda *_given: None)
    activate(ledger)
    assert [renew(ledger).opened for _ in range(2)] == [2, 3]


def test_what_is_given_back_to_a_closed_package_stays_there(ledger: Ledger) -> None:
    activate(ledger)
    mailing = sending.begin(ledger, 4)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing), [Status.UNKNOWN] * 4)
    renew(ledger)
    with ledger.transaction():
        unknown = corrections.messages_in(ledger, mailing, Status.UNKNOWN)
        corrections.move(ledger, mailing, unknown, Status.UNKNOWN, Status.CANCELLED, LATER, "corrected")
    assert [one.number for one in packages.packages_of(ledger, TOWN.key)] == [2]
    sending.send(ledger, 3)
    assert ledger.rows("SELECT number, used FROM packages ORDER BY number") == [(1, 0), (2, 3)]
    must_agree(ledger)


def test_a_package_that_is_used_up_needs_no_closing(ledger: Ledger) -> None:
    activate(ledger)
    sending.send(ledger, 10)
    assert renew(ledger) == (2, ())


@pytest.mark.parametrize("claimed", [0, 2, 3])
def test_no_new_package_while_anything_is_still_to_be_sent(claimed: int, ledger: Ledger) -> None:
    activate(ledger)
    mailing = sending.begin(ledger, 3)
    if claimed:
        sending.claim(ledger, mailing, claimed)
    with pytest.raises(RuleError, match="still to be sent, at the old price"):
        renew(ledger)
    assert [one.number for one in packages.packages_of(ledger, TOWN.key)] == [1]


def test_an_upgrade_makes_active_who_has_sent_and_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate_to(old, path, 1)  # before there was a service to activate
        for town, day in (("sent", "2026-10-02"), ("sent", "2026-10-01"), ("ended", "2026-10-03")):
            old.execute(
                "INSERT INTO entries (at, day, municipality, mailing, package, parts, reason)"
                " VALUES ('', ?, ?, 1, 1, 1, 'sent')",
                (day, town),
            )
        old.execute("INSERT INTO municipalities VALUES ('ended', 'inactive', '2026-10-04', 'elin')")
        old.execute("INSERT INTO municipalities VALUES ('asked', 'ordered', '2026-10-04', 'elin')")
    path.chmod(0o600)
    ledger = open_ledger(path)
    states = {key: (one.state, one.since_day) for key, one in municipalities.services(ledger).items()}
    ledger.close()
    assert states == {
        "asked": ("ordered", "2026-10-04"),
        "ended": ("inactive", "2026-10-04"),
        "sent": ("active", "2026-10-01"),
    }
