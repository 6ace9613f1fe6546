import pytest

from smsctl.domain.message import Status
from smsctl.domain.moment import Period
from smsctl.ledger import audit, corrections
from smsctl.ledger.invoices import hand_over, invoices_of, parts_by_month_and_node
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN, on
from .sending import new

OTHER = TOWN._replace(key="other", name="Other")


def test_each_package_has_one_invoice_with_its_own_price(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.activate(ledger, OTHER)
    sending.send(ledger, 11)
    assert [(one.municipality, one.package, one.parts, one.price_ore) for one in invoices_of(ledger)] == [
        ("town", 1, 10, 4900),
        ("other", 1, 10, 4900),
        ("town", 2, 10, 4900),
    ]
    assert [one.number for one in invoices_of(ledger, "town")] == [1, 3]


def test_what_was_handed_over_is_no_longer_new(ledger: Ledger) -> None:
    sending.activate(ledger)
    with ledger.transaction():
        hand_over(ledger, invoices_of(ledger, only_new=True), NOW, ACTOR)
    sending.activate(ledger, OTHER)
    assert [one.municipality for one in invoices_of(ledger, only_new=True)] == ["other"]
    assert [one.handed_over_day for one in invoices_of(ledger)] == [NOW.day, None]
    rows = [(row.action, row.subject, row.detail) for row in audit.read(ledger)]
    assert ("hand-over", "invoice 1", "town, package 1") in rows


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (Period(), {("2026-10", ""): 3, ("2026-11", "skola"): 2, ("2026-12", ""): -1}),
        (Period(since="2026-11-01"), {("2026-11", "skola"): 2, ("2026-12", ""): -1}),
        (Period(until="2026-10-31"), {("2026-10", ""): 3}),
        (Period(since="2026-10-31", until="2026-11-30"), {("2026-10", ""): 3, ("2026-11", "skola"): 2}),
    ],
)
def test_parts_are_told_by_month_and_invoice_node(
    period: Period, expected: dict[tuple[str, str], int], ledger: Ledger
) -> None:
    sending.activate(ledger)
    old, later = on("2026-10-31"), on("2026-12-01")
    first = sending.begin(ledger, 3, moment=old)
    sending.settle(ledger, first, sending.claim(ledger, first, moment=old), moment=old)
    made_of = new(body="Hello")
    node = made_of._replace(letter=made_of.letter._replace(invoice_node="skola"))
    sending.send(ledger, 2, node)
    with ledger.transaction():
        one = dict([*corrections.messages_in(ledger, first, Status.ACCEPTED).items()][:1])
        corrections.move(ledger, first, one, Status.ACCEPTED, Status.CANCELLED, later, "stopped")
    assert parts_by_month_and_node(ledger, period) == expected
