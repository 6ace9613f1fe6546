"""A large mailing is opened in several commits: it is there as a whole or not at all."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing

import pytest

from smsctl.actions.begin import begin
from smsctl.domain.mailing import Mailing
from smsctl.errors import InputError, LedgerError
from smsctl.ledger import checking, finding, lock, mailings, openings, skipped
from smsctl.ledger.mailings import Addressee, NewMailing
from smsctl.ledger.skipped import SkippedEntry
from smsctl.ledger.store import Ledger

from . import sending
from .conftest import ACTOR, NOW, opened_again
from .runs import Taker, let_commits_be_small, must_be_true, now, send_all
from .sending import PLAIN, activate

READY, SKIPPED = 23, 12
NEW = PLAIN._replace(rows=READY + SKIPPED, run_key="slot")
PEOPLE: list[Addressee] = [(row + 2, f"+4670{row:07}", None) for row in range(READY)]
LEFT_OUT = [
    SkippedEntry(row=100 + row, column="", reason="terms", number=None, name=None) for row in range(SKIPPED)
]


@pytest.fixture(autouse=True)
def _small_commits(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smsctl.actions.begin.ROWS_IN_A_COMMIT", 5)
    let_commits_be_small(monkeypatch, rows=5)
    activate(ledger)


@pytest.fixture
def other(ledger: Ledger) -> Iterator[Ledger]:
    """The same ledger, opened by another process.

    A server that tidies up a table by itself holds it until somebody has waited for 20 ms.
    """
    with closing(opened_again(ledger, busy_timeout_s=0.2)) as opened:
        yield opened


class GoneError(Exception):
    """The process ends here."""


def opened(ledger: Ledger, new: NewMailing = NEW) -> Mailing:
    return begin(new, PEOPLE, LEFT_OUT, ledger, NOW, ACTOR)


def opened_by_half(ledger: Ledger, rows: int = 10) -> None:
    def die(done: int, _rows: int) -> None:
        if done >= rows:
            raise GoneError

    with pytest.raises(GoneError):
        begin(NEW, PEOPLE, LEFT_OUT, ledger, NOW, ACTOR, die)


def rows_in(ledger: Ledger) -> int:
    found = ledger.rows("SELECT (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM skipped)")
    return int(found[0][0])


def test_others_see_nothing_of_it_and_get_in_between(ledger: Ledger, other: Ledger) -> None:
    small = PLAIN._replace(rows=2)
    between: list[Mailing] = []

    def look(_done: int, _rows: int) -> None:
        assert mailings.of_key(other, "slot") is None
        assert checking.check(other) == ()
        list(openings.clear(other))  # it is not broken off
        between.append(begin(small, PEOPLE[:2], [], other, NOW, ACTOR))

    mailing = begin(NEW, PEOPLE, LEFT_OUT, ledger, NOW, ACTOR, look)
    assert len(between) == 8
    assert len({mailing.id, *(one.id for one in between)}) == 9
    assert mailings.of_key(ledger, "slot") == mailing
    assert mailing.messages == READY
    assert len(skipped.entries(ledger, mailing.id)) == SKIPPED
    assert checking.check(ledger) == ()


def test_what_was_opened_in_pieces_is_sent_like_any_other(ledger: Ledger) -> None:
    mailing = begin(NEW._replace(rows=READY), PEOPLE, [], ledger, now(), ACTOR)
    gateway = Taker()
    assert send_all(ledger, mailing, gateway).states.total() == READY
    must_be_true(ledger, gateway)


@pytest.mark.parametrize("rows", [0, 5, 20, 23, 28, 35])
def test_what_is_left_of_one_goes_and_its_key_is_free(rows: int, ledger: Ledger, other: Ledger) -> None:
    opened_by_half(ledger, rows)
    assert checking.check(other) == ()
    assert mailings.newest(other, most=9) == ()
    done = list(openings.clear(other))
    assert done[-1] == (READY + SKIPPED, READY + SKIPPED)
    assert rows_in(other) == 0
    assert opened(other).messages == READY
    assert checking.check(other) == ()


def test_one_that_ends_while_somebody_looks_for_what_is_left_stays(
    ledger: Ledger, other: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger.transaction():
        opening = openings.keep(ledger, openings.new_reference(), READY + SKIPPED)
    written = list(openings.write_in_pieces(ledger, opening, PEOPLE, LEFT_OUT, NEW))
    assert written[-1] == (READY, READY + SKIPPED)
    is_free = lock.if_nobody_sends

    def ended_meanwhile(held: Ledger, reference: str) -> AbstractContextManager[bool]:
        with ledger.transaction():
            openings.keep_no_longer(ledger, opening, READY, READY + SKIPPED)
            openings.finish(ledger, opening, NEW, READY, NOW, ACTOR)
        return is_free(held, reference)

    monkeypatch.setattr(lock, "if_nobody_sends", ended_meanwhile)
    list(openings.clear(other))
    assert rows_in(other) == READY + SKIPPED
    assert checking.check(other) == ()


def test_one_that_was_removed_meanwhile_does_not_end(ledger: Ledger, other: Ledger) -> None:
    def remove(done: int, _rows: int) -> None:
        if done == READY:
            with other.transaction():
                other.write("DELETE FROM openings")
                other.write("DELETE FROM messages")

    with pytest.raises(LedgerError, match="removed by another process"):
        begin(NEW, PEOPLE, LEFT_OUT, ledger, NOW, ACTOR, remove)
    assert mailings.newest(other, most=9) == ()


def test_of_two_under_one_key_one_is_opened(ledger: Ledger, other: Ledger) -> None:
    def be_quicker(done: int, _rows: int) -> None:
        if done == READY:
            opened(other)

    with pytest.raises(LedgerError, match="has just begun a mailing under the key slot"):
        begin(NEW, PEOPLE, LEFT_OUT, ledger, NOW, ACTOR, be_quicker)
    list(openings.clear(other))
    assert rows_in(other) == READY + SKIPPED
    assert checking.check(other) == ()


def _found(ledger: Ledger) -> set[tuple[int, ...]]:
    """Return in which mailings a number is found while one is opened that has it, and also leaves it out.

    A small one is begun meanwhile, and is the newest that there is.
    """
    opened(ledger)
    found: set[tuple[int, ...]] = set()

    def look(_done: int, _rows: int) -> None:
        known = finding.find(ledger, PEOPLE[0][1], None)
        sent, left_out = ([one.mailing.id for one in some] for some in (known.messages, known.skipped))
        found.add((*sent, *left_out))
        if mailings.newest(ledger, most=1)[0].id == 1:
            assert sending.begin(ledger, 1).id == 3

    again = [one._replace(number=PEOPLE[0][1]) for one in LEFT_OUT]
    begin(NEW._replace(run_key="next"), PEOPLE, again, ledger, NOW, ACTOR, look)
    return found


def test_who_asks_for_a_number_meanwhile_is_told_of_the_others(ledger: Ledger) -> None:
    assert _found(ledger) == {(1,)}


@pytest.mark.parametrize(
    ("read", "join"),
    [("rows_of", "mailings g ON g.id = m.mailing"), ("rows", "mailings g ON g.id = s.mailing")],
)
def test_with_its_rows_there_would_be_a_mailing_that_nobody_finds(
    read: str, join: str, ledger: Ledger
) -> None:
    """The negative control."""
    as_it_is = getattr(ledger, read)
    vars(ledger)[read] = lambda sql, *values: as_it_is(sql.replace(f" JOIN {join}", ""), *values)
    with pytest.raises(InputError, match="There is no mailing 2"):
        _found(ledger)
