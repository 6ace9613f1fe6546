"""A ledger that goes from its file to a server: wherever it breaks off, never do both of them send."""

import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from smsctl.actions.accept_restore import accept_restore
from smsctl.actions.cancel import cancel
from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.domain.gateway import IsLate
from smsctl.domain.message import Answer, Batch, Status, SubmitVerdict, same_for_all
from smsctl.errors import LedgerError
from smsctl.ledger import audit, checking, hosts, keyfile, lock, mailings, moving, restoring
from smsctl.ledger.host_mark import HostMark
from smsctl.ledger.seam.engine import FILLING, RETIRED, TIME_ZONE, nobody_looks
from smsctl.ledger.store import Ledger, open_ledger

from .. import postgres_server
from .conftest import ACTOR
from .runs import Taker, new_mailing, now, send_all, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.postgres.engine import PostgresEngine

Fresh = Callable[[], Ledger]


class KilledError(BaseException):
    """The process ends here."""


@pytest.fixture
def server(shared_ledgers: Callable[[Path], Ledger], tmp_path: Path) -> Fresh:
    """What opens the ledger on the server, as a host whose state is in a folder of its own; new at first."""
    access = make_new(tmp_path / "state", shared_ledgers)
    return lambda: hosts.open_shared(access)


def make_new(state: Path, shared_ledgers: Callable[[Path], Ledger]) -> Access:
    """Empty the server of everything, and let this host know nothing of it."""
    state.mkdir()
    with closing(shared_ledgers(state / "ledger")) as made:
        with made.transaction():
            made.write("DELETE FROM facts WHERE name <> 'schema-version'")
        assert isinstance(made.engine, PostgresEngine)
        access = made.engine.access
    HostMark(access.state).path.unlink()
    return access


class Vague(Taker):
    """It takes the first batch and says nothing of it, and takes the others."""

    def submit(self, batch: Batch, *, is_late: IsLate) -> Answer:
        answer = super().submit(batch, is_late=is_late)
        if len(self.taken) > len(batch.messages):
            return answer
        return same_for_all(batch, Status.UNKNOWN, SubmitVerdict.UNCLEAR, "")


@pytest.fixture
def gateway() -> Taker:
    return Vague()


@pytest.fixture
def file(tmp_path: Path, gateway: Taker) -> Path:
    """A ledger of two mailings: one with two unknown and two accepted, one with three pending."""
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path)) as ledger:
        send_all(ledger, new_mailing(ledger, 4), gateway)
        new_mailing(ledger, 3, body="Hej igen")
        with ledger.transaction():
            keyfile.find_or_make(ledger)
    return path


SENT = {"accepted": 2, "unknown": 2, "pending": 3}


def move(source: Ledger, target: Ledger) -> int | None:
    return moving.move(source, target, now(), ACTOR, nobody_looks)


def killed_at(commit: int, *, before: bool, source: Ledger, target: Ledger) -> bool:
    """Copy, and end at this commit of all that are made; say whether there was one."""
    made = 0

    def ending(commits: Callable[..., None]) -> Callable[..., None]:
        def instead(*, patient: bool) -> None:
            nonlocal made
            made += 1
            if made == commit and before:
                raise KilledError
            commits(patient=patient)
            if made == commit:
                raise KilledError

        return instead

    for one in (source, target):
        vars(one.engine)["commit"] = ending(one.engine.commit)
    with suppress(KilledError):
        move(source, target)
    return made >= commit


def can_send(ledger: Ledger) -> bool:
    """Say whether a run may claim what is pending."""
    pending = ledger.column("SELECT DISTINCT mailing FROM messages WHERE state = 'pending'")
    try:
        restoring.refuse_restored(ledger)
        with ledger.transaction():
            hosts.admit(ledger, "none", now())
    except LedgerError:
        return False
    return bool(pending)


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_where_a_copy_is_killed_one_of_the_two_sends_at_the_most_and_it_is_begun_once_more(
    before: bool,  # noqa: FBT001
    file: Path,
    server: Fresh,
    shared_ledgers: Callable[[Path], Ledger],
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    shutil.copy(file, kept)
    there, commit = True, 0
    while there:
        commit += 1
        with closing(open_ledger(file)) as source, closing(server()) as target:
            there = killed_at(commit, before=before, source=source, target=target)
        with closing(open_ledger(file)) as source, closing(server()) as target:
            on_file, on_server = can_send(source), can_send(target)
            assert not (on_file and on_server), commit
            assert on_file or on_server or source.fact(RETIRED), commit
            if target.fact(FILLING):
                refuses_everything(target, "is being filled with")
            if source.fact(RETIRED):
                refuses_everything(source, "was copied to")
                assert on_server or target.fact(FILLING), commit
            assert (move(source, target) is None) is on_server
            is_whole(source, target)
        anew(file, kept, shared_ledgers)
    assert commit > 5


def refuses_everything(ledger: Ledger, why: str) -> None:
    """See that nothing is written in it, by a report, a STOP, a person, or an answer that comes late."""
    for patient in (False, True):
        with pytest.raises(LedgerError, match=why), ledger.transaction(patient=patient):
            raise AssertionError
    with pytest.raises(LedgerError, match=why):
        accept_restore(ledger, now(), ACTOR, "it is known")


def is_whole(source: Ledger, target: Ledger) -> None:
    assert states(target) == SENT
    assert (can_send(source), can_send(target)) == (False, True)
    assert target.rows("SELECT id, number, state, batch FROM messages ORDER BY id") == source.rows(
        "SELECT id, number, state, batch FROM messages ORDER BY id"
    )
    assert keyfile.find(target)
    assert checking.check(target) == ()


def anew(file: Path, kept: Path, shared_ledgers: Callable[[Path], Ledger]) -> None:
    """Let the file be as before it was copied, and the server empty."""
    shutil.copy(kept, file)
    state = file.parent / "state"
    shutil.rmtree(state)
    make_new(state, shared_ledgers)


def test_without_the_marks_name_an_empty_server_would_be_sent_from(
    file: Path, server: Fresh, gateway: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a person who does not know of the copy goes on with the server's ledger."""
    monkeypatch.setattr(moving, "_mark", lambda *_given: None)
    with closing(open_ledger(file)) as source, closing(server()) as target:
        killed_at(2, before=False, source=source, target=target)
        assert source.fact(RETIRED)
    with closing(server()) as target:
        accept_restore(target, now(), ACTOR, "a new server")
        send_all(target, new_mailing(target, 4), again := Taker())
    assert (len(gateway.taken), len(again.taken)) == (4, 4)  # the same people, the same text


# Who writes in a file that was copied


def test_a_file_that_was_copied_takes_no_report_no_stop_and_no_word_of_a_person(
    file: Path, server: Fresh
) -> None:
    with closing(open_ledger(file)) as listens, closing(open_ledger(file)) as source:
        assert listens.rows("SELECT 1 FROM messages")  # it was open before
        with closing(server()) as target:
            assert move(source, target)
        refuses_everything(listens, "was copied to")
        mailing = mailings.get(listens, 1)
        with pytest.raises(LedgerError, match="was copied to"):
            resolve(listens, mailing, ResolveAnswer.SENT, now(), ACTOR, "seen")
        with pytest.raises(LedgerError, match="was copied to"):
            cancel(listens, mailings.get(listens, 2), None, now(), ACTOR, None)
        assert states(listens) == SENT


def test_without_that_a_word_would_be_lost(
    file: Path, server: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it stands in the file alone, which nobody reads."""
    without = "SELECT user_version, NULL, NULL FROM pragma_user_version"
    monkeypatch.setattr("smsctl.ledger.sqlite.engine._AS_OPENED", without)
    with closing(open_ledger(file)) as source, closing(server()) as target:
        move(source, target)
        resolve(source, mailings.get(source, 1), ResolveAnswer.SENT, now(), ACTOR, "seen")
        assert states(source) != states(target)


# What is refused, and nothing is begun


def nothing_is_begun(source: Ledger, target: Ledger) -> None:
    assert (source.fact(RETIRED), target.fact(FILLING)) == (None, None)
    with source.transaction(), target.transaction():
        pass


def test_a_file_whose_key_is_missing_is_told_of_and_stays_in_use(file: Path, server: Fresh) -> None:
    key = keyfile.path_of(file)
    elsewhere = key.rename(key.with_name("elsewhere"))
    with closing(open_ledger(file)) as source, closing(server()) as target:
        with pytest.raises(LedgerError, match="the ledger's key is missing"):
            move(source, target)
        nothing_is_begun(source, target)
        elsewhere.rename(key)
        move(source, target)
        is_whole(source, target)


def test_a_host_with_another_key_is_told_of_before_the_file_is_marked(file: Path, server: Fresh) -> None:
    (file.parent / "state" / "ledger.key").write_bytes(b"x" * 32)
    with closing(open_ledger(file)) as source, closing(server()) as target:
        with pytest.raises(LedgerError, match="this host has another key already"):
            move(source, target)
        nothing_is_begun(source, target)


@pytest.mark.parametrize("mailing", [1, 2], ids=["unknown", "pending"])
def test_a_mailing_that_somebody_works_on_is_not_copied(mailing: int, file: Path, server: Fresh) -> None:
    """Also one that is only asked after: its batch may be submitted once more at this moment."""
    with (
        closing(open_ledger(file)) as source,
        closing(open_ledger(file)) as asks,
        closing(server()) as target,
    ):
        with (
            lock.right_to_send(asks, mailings.get(asks, mailing).reference),
            pytest.raises(LedgerError, match="by another process"),
        ):
            move(source, target)
        assert source.fact(RETIRED) is None
        assert can_send(source)
        move(source, target)
        is_whole(source, target)


def test_what_holds_something_already_is_not_filled(file: Path, server: Fresh) -> None:
    with closing(open_ledger(file)) as source, closing(server()) as target:
        with target.transaction():
            audit.record(target, now(), ACTOR, "x", "y")
        with pytest.raises(LedgerError, match="there is something in this ledger already"):
            move(source, target)
        nothing_is_begun(source, target)


def test_two_files_do_not_fill_one_server(file: Path, server: Fresh) -> None:
    other = file.with_name("other.db")
    with closing(open_ledger(file)) as source, closing(server()) as target:
        killed_at(3, before=False, source=source, target=target)
    with closing(open_ledger(other)) as source, closing(server()) as target:
        new_mailing(source, 1)
        with pytest.raises(LedgerError, match="is being filled with another ledger"):
            move(source, target)
        assert can_send(source)


def test_a_file_that_was_copied_goes_to_no_other_server(
    file: Path, server: Fresh, shared_ledgers: Callable[[Path], Ledger]
) -> None:
    """It is known by the copy and not by the address: here another database has the same one."""
    with closing(open_ledger(file)) as source:
        with closing(server()) as target:
            assert move(source, target)
            assert move(source, target) is None
        shutil.rmtree(file.parent / "state")
        make_new(file.parent / "state", shared_ledgers)
        with closing(server()) as target:
            with pytest.raises(LedgerError, match="and that was another ledger"):
                move(source, target)
            assert not can_send(target)


def test_a_server_put_back_to_before_it_was_filled_is_not_filled_again(
    file: Path, server: Fresh, shared_ledgers: Callable[[Path], Ledger]
) -> None:
    """What was sent from it since would be forgotten."""
    with closing(open_ledger(file)) as source:
        with closing(server()) as target:
            killed_at(3, before=False, source=source, target=target)
        with closing(server()) as target:
            told = target.fact(FILLING)
            assert told
            assert move(source, target)
        shutil.rmtree(file.parent / "state")
        make_new(file.parent / "state", shared_ledgers)
        with closing(server()) as target, target.transaction():
            target.keep_fact(FILLING, told)
        with closing(server()) as target, pytest.raises(LedgerError, match="was copied whole before"):
            move(source, target)


def test_a_file_of_which_every_fact_stays_behind_is_copied_too(tmp_path: Path, server: Fresh) -> None:
    with closing(open_ledger(tmp_path / "old.db")) as source, closing(server()) as target:
        new_mailing(source, 3)
        assert source.rows("SELECT name FROM facts") == []  # of a version that noted neither zone nor key
        assert move(source, target)
        assert (can_send(source), can_send(target)) == (False, True)


@pytest.mark.parametrize("zone", ["Europe/Stockholm", None])
def test_the_time_zone_comes_along_and_what_the_config_names_waits(
    zone: str | None, file: Path, server: Fresh
) -> None:
    with closing(open_ledger(file)) as source, closing(server()) as target:
        if zone:
            source.engine.time_zone = zone
            with source.transaction():
                pass
        source.engine.time_zone = target.engine.time_zone = "Pacific/Auckland"
        assert move(source, target)
        assert target.fact(TIME_ZONE) == zone
        assert (target.misbooked() is None) == (zone is None)
