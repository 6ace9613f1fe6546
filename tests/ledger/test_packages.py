"""Whatever is sent, refused, corrected, ended and begun again: the money stays what the messages say."""

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from smsctl.actions import post_month
from smsctl.domain.costs import costs as cost_of
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Moment, Period
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.errors import RuleError
from smsctl.ledger import budgets, corrections, costs, municipalities, packages, postings
from smsctl.ledger.batches import Claim
from smsctl.ledger.store import Ledger, open_ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN, on
from .recount import costs_must_agree, must_agree
from .sending import new

ANSWERS = [Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.HELD, Status.PENDING]
CORRECTIONS = [
    (Status.UNKNOWN, Status.PENDING),
    (Status.UNKNOWN, Status.ACCEPTED),
    (Status.ACCEPTED, Status.CANCELLED),
    (Status.ACCEPTED, Status.DELIVERED),
    (Status.HELD, Status.REJECTED),
    (Status.PENDING, Status.CANCELLED),
    (Status.DELIVERED, Status.FAILED),
]


class Sending(RuleBasedStateMachine):
    """Several mailings of one municipality at once, each step its own transaction as in real processes."""

    sent = Bundle("sent")
    claimed = Bundle("claimed")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = open_ledger(Path(self.folder.name) / "ledger.db")
        self.town = Municipality(
            key="town", name="Town", rate=PackageTerms(size=10, price_ore=4900), in_packages=True
        )
        self.steps = 0
        self.day = 1
        self.activations = 0
        self.allowed = 0
        self.closed: dict[int, int] = {}  # parts used, by number

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    def now(self) -> Moment:
        self.steps += 1
        day = f"2026-{11 + self.day // 29}-{self.day % 29 + self.day // 29:02d}"
        return Moment(at=f"{day}T00:{self.steps // 60:02d}:{self.steps % 60:02d}.000Z", day=day)

    @initialize()
    def begin_active(self) -> None:
        self.activate()

    @rule()
    def activate(self) -> None:
        opened = sending.activate(self.ledger, self.town, self.now())
        self.activations += opened is not None

    @rule()
    def deactivate(self) -> None:
        municipalities.deactivate(self.ledger, self.town, self.now(), ACTOR)

    @rule()
    def renew(self) -> None:
        """Change the supplier; refused while anything is still to be sent."""
        if self.town.package:
            with suppress(RuleError), self.ledger.transaction():
                municipalities.renew(self.ledger, self.town, self.town.package, self.now(), ACTOR, "new")
                self.activations += 1
                self.closed = dict(closed_ones(self.ledger))

    @invariant()
    def nothing_is_drawn_from_a_closed_package(self) -> None:
        now = dict(closed_ones(self.ledger))
        assert all(now[number] <= used for number, used in self.closed.items())
        self.closed = now

    @rule()
    def post(self) -> None:
        """Post the month that has ended, once; it is what `usage` tells of it."""
        month = self.now().month
        ended = "2026-11" if month == "2026-12" else None
        if ended and postings.of_month(self.ledger, ended) is None:
            told = cost_of(costs.drawn(self.ledger, "town", Period(until="2026-11-30")))
            with self.ledger.transaction():
                _, drafted = post_month.post(self.ledger, ended, "", str, self.now(), ACTOR)
            assert drafted
            assert sum(one.amount_ore for one in drafted.lines) == 0
            assert sum(one.amount_ore for one in drafted.lines[:-1]) == sum(told.values())

    @invariant()
    def a_month_before_its_posting_is_what_usage_tells(self) -> None:
        month = self.now().month
        drafted = post_month.draft(self.ledger, month, "", alone=True)
        drawn = costs.drawn(self.ledger, "town", Period(since=f"{month}-01"))
        told = cost_of(drawn)
        spent = budgets.spending(self.ledger, self.town, f"{month}-01")
        assert spent.month_ore == -drafted.lines[-1].amount_ore
        assert spent.year_ore == sum(cost_of(costs.drawn(self.ledger, "town")).values())
        assert -drafted.lines[-1].amount_ore == sum(ore for slot, ore in told.items() if slot.slot)
        assert sum(one.parts for one in drafted.lines) == sum(one.parts for one in drawn if one.slot)

    @rule()
    def midnight(self) -> None:
        self.day = min(self.day + 1, 56)

    @rule(size=st.integers(1, 15), price=st.integers(1, 9999))
    def new_terms(self, size: int, price: int) -> None:
        self.town = self.town._replace(rate=PackageTerms(size=size, price_ore=price))

    @rule(
        target=sent,
        kind=st.sampled_from(["send", "send", "send", "test"]),
        messages=st.integers(1, 12),
        parts=st.integers(1, 3),
        new_packages=st.integers(0, 2),
        charged=st.lists(st.sampled_from(["", "4711", "4712"]), max_size=12).map(sorted),
    )
    def begin(
        self, kind: str, messages: int, parts: int, new_packages: int, charged: Sequence[str]
    ) -> Mailing:
        ceilings = Ceilings(max_new_packages=new_packages) if kind == "send" else Ceilings()
        self.allowed += ceilings.max_new_packages or 0
        made_of = new(
            municipality=self.town,
            kind=kind,
            parts=parts,
            body=f"Text {self.steps}",
            ceilings=ceilings,
            cost_shares=[(centre, charged.count(centre)) for centre in dict.fromkeys(charged)],
        )
        messages = len(charged) or messages
        return sending.begin(self.ledger, messages, made_of, self.now())

    @rule(target=claimed, mailing=sent, most=st.integers(1, 5))
    def claim(self, mailing: Mailing, most: int) -> tuple[Mailing, Claim | None]:
        try:
            return mailing, sending.claim(self.ledger, mailing, most, self.now())
        except RuleError:
            return mailing, None

    @rule(one=consumes(claimed), states=st.lists(st.sampled_from(ANSWERS), min_size=5, max_size=5))
    def settle(self, one: tuple[Mailing, Claim | None], states: Sequence[Status]) -> None:
        mailing, claim = one
        if claim:
            sending.settle(self.ledger, mailing, claim, states, self.now())

    @rule(mailing=sent, change=st.sampled_from(CORRECTIONS), most=st.integers(1, 12))
    def correct(self, mailing: Mailing, change: tuple[Status, Status], most: int) -> None:
        before, after = change
        with self.ledger.transaction():
            found = list(corrections.messages_in(self.ledger, mailing, before).items())[:most]
            corrections.move(self.ledger, mailing, dict(found), before, after, self.now(), "corrected")

    @invariant()
    def the_money_agrees_with_the_messages(self) -> None:
        must_agree(self.ledger)

    @invariant()
    def the_costs_agree_however_they_are_told_apart(self) -> None:
        costs_must_agree(self.ledger)

    @invariant()
    def no_more_packages_are_opened_than_the_runs_were_allowed(self) -> None:
        opened = len(numbers(self.ledger)) - self.activations
        assert opened <= self.allowed

    @invariant()
    def what_is_reserved_has_a_place_in_packages_or_is_allowed_to_open_one(self) -> None:
        for one in packages.packages_of(self.ledger, "town"):
            assert 0 <= one.used + one.reserved <= one.size


def closed_ones(ledger: Ledger) -> list[tuple[int, int]]:
    return ledger.rows("SELECT number, used FROM packages WHERE closed_day IS NOT NULL")


Sending.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSending = Sending.TestCase


def numbers(ledger: Ledger) -> list[tuple[int, int]]:
    """The packages: number and parts used."""
    return ledger.rows("SELECT number, used FROM packages ORDER BY number")


def entries(ledger: Ledger) -> list[tuple[int, int]]:
    return ledger.rows("SELECT package, parts FROM entries ORDER BY id")


def test_a_mailing_that_exactly_fills_a_package_opens_none(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.send(ledger, 10)
    assert numbers(ledger) == [(1, 10)]
    sending.send(ledger, 1)
    assert numbers(ledger) == [(1, 10), (2, 1)]
    must_agree(ledger)


def test_the_parts_of_one_message_may_straddle_two_packages(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.send(ledger, 4, new(parts=3))
    assert entries(ledger) == [(1, 10), (2, 2)]
    must_agree(ledger)


def test_a_correction_goes_to_the_package_its_parts_came_from_and_later_parts_fill_it(ledger: Ledger) -> None:
    sending.activate(ledger)
    first = sending.begin(ledger, 12)
    sending.settle(ledger, first, sending.claim(ledger, first, 8), [Status.UNKNOWN] * 8)
    sending.settle(ledger, first, sending.claim(ledger, first, 4))
    with ledger.transaction():
        unknown = corrections.messages_in(ledger, first, Status.UNKNOWN)
        corrections.move(ledger, first, unknown, Status.UNKNOWN, Status.CANCELLED, NOW, "corrected")
    assert numbers(ledger) == [(1, 2), (2, 2)]  # never withdrawn
    sending.send(ledger, 9)
    assert numbers(ledger) == [(1, 10), (2, 3)]
    assert entries(ledger) == [(1, 8), (1, 2), (2, 2), (1, -8), (1, 8), (2, 1)]
    must_agree(ledger)


def test_the_price_of_a_package_is_that_of_the_day_it_opened(ledger: Ledger) -> None:
    sending.activate(ledger)
    dearer = TOWN._replace(rate=PackageTerms(size=20, price_ore=9900))
    sending.send(ledger, 11, new(municipality=dearer))
    assert ledger.rows("SELECT size, price_ore FROM packages ORDER BY number") == [(10, 4900), (20, 9900)]
    assert [one.number for one in packages.packages_of(ledger, TOWN.key)] == [2]  # the first has no room
    must_agree(ledger)


def test_a_mailing_tells_what_it_drew_and_which_packages_it_opened(ledger: Ledger) -> None:
    sending.activate(ledger)
    sending.send(ledger, 8)
    mailing = sending.send(ledger, 5)
    later = sending.send(ledger, 1)
    draws = packages.draws_of_mailing(ledger, mailing.id)
    assert [(one.package, one.parts, one.opens) for one in draws] == [(1, 2, False), (2, 3, True)]
    assert [one.opens for one in packages.draws_of_mailing(ledger, later.id)] == [False]


def test_a_test_never_opens_a_package(ledger: Ledger) -> None:
    sending.send(ledger, 1, new(kind="test"))
    sending.activate(ledger)
    sending.send(ledger, 9)
    sending.send(ledger, 1, new(kind="test", parts=3))
    assert entries(ledger) == [(0, 1), (1, 9), (1, 1), (0, 2)]
    must_agree(ledger)


@pytest.mark.parametrize("ordered_anew", [False, True])
def test_nothing_is_claimed_and_no_package_opened_after_a_deactivation(
    ledger: Ledger, *, ordered_anew: bool
) -> None:
    sending.activate(ledger)
    mailing = sending.begin(ledger, 12)
    on_the_wire = sending.claim(ledger, mailing, 11)
    municipalities.deactivate(ledger, TOWN, NOW, ACTOR)
    if ordered_anew:
        municipalities.order(ledger, TOWN, NOW, ACTOR)
    with pytest.raises(RuleError, match="not active"):
        sending.claim(ledger, mailing, 1)
    sending.settle(ledger, mailing, on_the_wire)
    assert entries(ledger) == [(1, 10), (0, 1)]
    must_agree(ledger)


def test_a_package_that_another_mailing_had_to_open_counts_for_whoever_took_its_room(ledger: Ledger) -> None:
    sending.activate(ledger)
    modest = sending.begin(ledger, 10, new(ceilings=Ceilings(max_new_packages=0)))
    bold = sending.begin(ledger, 20, new(ceilings=Ceilings(max_new_packages=1), body="Hello"))
    promised = sending.claim(ledger, modest, 10)  # fills package 1
    quick = sending.claim(ledger, bold, 5)
    sending.settle(ledger, bold, quick)  # is quicker, and takes half of it
    sending.settle(ledger, modest, promised)  # so this one opens package 2
    last = sending.claim(ledger, bold, 20)
    assert last
    assert len(last.messages) == 5
    sending.settle(ledger, bold, last)
    assert numbers(ledger) == [(1, 10), (2, 10)]
    with pytest.raises(RuleError, match="max_new_packages = 1"):
        sending.claim(ledger, bold, 20)
    must_agree(ledger)


@pytest.mark.parametrize(
    ("allowed", "before", "since", "counted"),
    [
        (0, 0, 1, 1),
        (0, 1, 1, 1),  # what was open when this one was planned is none of its business
        (1, 0, 1, 0),
        (2, 0, 1, 0),  # what it left unopened makes no room for others
        (1, 0, 3, 2),
        (None, 0, 2, 0),  # nobody planned with its ceiling
    ],
)
def test_of_what_another_mailing_opened_since_what_is_beyond_its_ceiling_counts(
    allowed: int | None, before: int, since: int, counted: int, ledger: Ledger
) -> None:
    other = sending.begin(ledger, 1, new(ceilings=Ceilings(max_new_packages=allowed)), on("2026-11-20"))
    mine = sending.begin(ledger, 1, new(ceilings=Ceilings(max_new_packages=5), body="Hello"), NOW)
    assert TOWN.rate
    with ledger.transaction():
        for moment, n in ((on("2026-11-21"), before), (NOW, since)):
            for _ in range(n):
                packages.open_package(ledger, TOWN.key, TOWN.rate, moment, other.id)
    assert packages.opened_for(ledger, mine) == counted
    with ledger.transaction():
        packages.open_package(ledger, TOWN.key, TOWN.rate, NOW, mine.id)
    assert packages.opened_for(ledger, mine) == counted + 1
    assert packages.opened_for(ledger, mine._replace(municipality=TOWN._replace(key="elsewhere"))) == 0


def test_what_is_corrected_today_makes_no_room_under_todays_ceiling(ledger: Ledger) -> None:
    sending.activate(ledger)
    yesterday, today = on("2026-11-21"), NOW
    old = sending.begin(ledger, 5, moment=yesterday)
    sending.settle(ledger, old, sending.claim(ledger, old, moment=yesterday), [Status.UNKNOWN] * 5, yesterday)
    with ledger.transaction():
        unknown = corrections.messages_in(ledger, old, Status.UNKNOWN)
        corrections.move(ledger, old, unknown, Status.UNKNOWN, Status.CANCELLED, today, "corrected")
    later = sending.begin(ledger, 5, new(ceilings=Ceilings(max_parts_per_day=2), body="Hello"))
    claimed = sending.claim(ledger, later)
    assert claimed
    assert len(claimed.messages) == 2
    assert packages.parts_on_day(ledger, TOWN.key, today.day) == 2  # also while they are on the wire
    with pytest.raises(RuleError, match="max_parts_per_day = 2"):
        sending.claim(ledger, later)


def test_the_daily_ceiling_of_a_user_counts_all_that_left_today_of_what_they_began(ledger: Ledger) -> None:
    sending.activate(ledger)
    yesterday, mine = on("2026-11-21"), Ceilings(max_parts_per_day_of_user=8)
    old = sending.begin(ledger, 5, new(ceilings=mine, body="Old"), moment=yesterday)
    sending.settle(ledger, old, sending.claim(ledger, old, 2, yesterday), moment=yesterday)
    sending.settle(
        ledger, old, sending.claim(ledger, old), [Status.REJECTED, Status.UNKNOWN, Status.ACCEPTED]
    )
    assert parts_of_elin(ledger) == 2
    first = sending.begin(ledger, 4, new(ceilings=mine, body="First"))
    assert sending.claim(ledger, first)
    assert parts_of_elin(ledger) == 6  # also while they are on the wire
    second = sending.begin(ledger, 4, new(ceilings=mine, body="Second"))
    claimed = sending.claim(ledger, second)
    assert claimed
    assert len(claimed.messages) == 2
    with pytest.raises(RuleError, match=r"The user elin may send 8 parts a day, and they are used"):
        sending.claim(ledger, second)
    third = sending.begin(ledger, 1, new(ceilings=mine, body="Third"))
    with ledger.transaction():
        ledger.write("UPDATE mailings SET created_by = 'bo' WHERE id = ?", third.id)
    assert sending.claim(ledger, third._replace(created_by="bo"))


@pytest.mark.parametrize("state", [Status.ACCEPTED, Status.HELD, Status.UNKNOWN, Status.REJECTED])
def test_what_leaves_another_day_than_it_was_begun_counts_on_that_day(state: Status, ledger: Ledger) -> None:
    sending.activate(ledger, moment=on("2026-11-20"))
    mailing = sending.begin(ledger, 3, moment=on("2026-11-20"))
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, 2), [state] * 2)
    assert ledger.rows(
        "SELECT day, state, SUM(messages) FROM day_counts WHERE messages <> 0 GROUP BY 1, 2 ORDER BY 1"
    ) == [("2026-11-20", "pending", 1), (NOW.day, state, 2)]


def test_a_clock_that_was_two_days_behind_hides_nothing_of_what_left_today(ledger: Ledger) -> None:
    sending.activate(ledger)
    for moment in (NOW, on("2026-11-20")):
        mailing = sending.begin(ledger, 2, new(body=moment.day), moment)
        sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=moment), moment=moment)
    assert parts_of_elin(ledger) == 2


def parts_of_elin(ledger: Ledger) -> int:
    return packages.parts_of_user_on_day(ledger, ACTOR.user, NOW.day)
