import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from smsctl.actions.accept_restore import accept_restore
from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Status
from smsctl.domain.report import CodeMeaning, Report
from smsctl.errors import ExitCode, LedgerError
from smsctl.host import disk
from smsctl.ledger import (
    audit,
    batch_rows,
    batches,
    fitness,
    lock,
    mailings,
    reconciling,
    recovery,
    repeats,
    reports,
    restoring,
)
from smsctl.ledger.batches import ClaimRequest
from smsctl.ledger.high_water import HighWater, HighWaterRecord
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.reports import IntakeSource, ReportFate, ReportIntake
from smsctl.ledger.store import Ledger, open_ledger

from ..proof import tracing
from .conftest import ACTOR, opened_again
from .places import ROOT, python
from .runs import Taker, must_be_true, new_mailing, now, send_all, states


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def aside(tmp_path: Path) -> Path:
    return tmp_path / "aside.db"


def sent(path: Path, messages: int, body: str, gateway: Taker | None = None) -> Mailing:
    """Let one process send one mailing, two messages a batch."""
    with closing(open_ledger(path)) as ledger:
        mailing = new_mailing(ledger, messages, body=body)
        send_all(ledger, mailing, gateway or Taker())
        return mailing


def begun(path: Path, messages: int, body: str) -> Mailing:
    with closing(open_ledger(path)) as ledger:
        return new_mailing(ledger, messages, body=body)


def must_be_refused(path: Path, told: str) -> None:
    with closing(open_ledger(path)) as ledger:
        before = ledger.rows("SELECT COUNT(*), MAX(id) FROM batches")
        with pytest.raises(LedgerError, match=told) as caught:
            fitness.must_be_fit(ledger, now())
        assert caught.value.exit_code is ExitCode.LEDGER
        assert "smsctl ledger accept-restore --reason" in str(caught.value.hint)
        for mailing in mailings.newest(ledger, most=1):
            with pytest.raises(LedgerError, match=told):  # nothing goes round the guard
                _claim(ledger, mailing)
            with pytest.raises(LedgerError, match=told):
                send_all(ledger, mailing, Taker())
        assert ledger.rows("SELECT COUNT(*), MAX(id) FROM batches") == before


def _claim(ledger: Ledger, mailing: Mailing) -> None:
    want = ClaimRequest(
        mailing=mailing, most=2, ceilings=Ceilings(), repeats=Repeats(mailing, "another text")
    )
    with ledger.transaction():
        if not batches.claim(ledger, want, 0, now()):
            newest = restoring.newest_batch(ledger)
            restoring.watch(ledger, before=newest, newest=newest + 1)  # nothing was left to claim


# What is noticed


def test_the_file_tells_the_newest_batch_that_was_handed_out(path: Path) -> None:
    seen: list[int] = []

    def look() -> None:
        water = HighWater(path).read()
        assert water
        seen.append(water.batch)

    sent(path, 6, "one", Taker(before=look))
    assert seen == [1, 2, 3], "before the gateway is asked"


def test_a_copy_from_before_a_run_is_noticed(path: Path, aside: Path) -> None:
    sent(path, 2, "one")
    begun(path, 2, "two")
    shutil.copy(path, aside)
    sent(path, 4, "three")
    shutil.copy(aside, path)
    must_be_refused(path, "put back from an older copy: it lacks the newest 2 batches")


def test_a_copy_from_the_middle_of_a_run_is_noticed(path: Path, aside: Path) -> None:
    copied: list[int] = []

    def copy() -> None:
        copied.append(1)
        if len(copied) == 2:
            shutil.copy(path, aside)

    sent(path, 6, "one", Taker(before=copy))
    shutil.copy(aside, path)
    must_be_refused(path, "it lacks the newest batch that was sent")


def test_a_copy_from_before_anything_was_sent_is_noticed(path: Path, aside: Path) -> None:
    begun(path, 4, "one")
    shutil.copy(path, aside)
    with closing(open_ledger(path)) as ledger:
        send_all(ledger, mailings.get(ledger, 1), Taker())
    shutil.copy(aside, path)
    must_be_refused(path, "is not the ledger that was sent from")


def test_a_ledger_made_anew_is_noticed(path: Path) -> None:
    sent(path, 2, "one")
    path.unlink()
    must_be_refused(path, "is not the ledger that was sent from: made anew")


def test_a_ledger_emptied_by_a_fault_is_noticed(path: Path) -> None:
    sent(path, 2, "one")
    os.truncate(path, 0)
    must_be_refused(path, "is not the ledger that was sent from: made anew")


@pytest.mark.parametrize("there", [None, b""])
def test_without_the_file_nothing_is_sent(there: bytes | None, path: Path) -> None:
    sent(path, 2, "one")
    water = HighWater(path).path
    water.unlink()
    if there is not None:
        water.write_bytes(there)
    must_be_refused(path, "high-water is missing")


@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"\0" * 38,
        b"0123456789abcdef 0000000000000000001x\n",
        b"0123456789abcde 000000000000000000001\n",
        b"0123456789abcdef0 0000000000000000001\n",
    ],
)
def test_a_damaged_file_is_noticed(line: bytes, path: Path) -> None:
    sent(path, 2, "one")
    HighWater(path).path.write_bytes(line)
    must_be_refused(path, "high-water: this file is damaged")


def test_the_ledger_of_before_an_accepted_restore_is_noticed(path: Path, aside: Path) -> None:
    sent(path, 2, "one")
    shutil.copy(path, aside)
    sent(path, 8, "two")
    newer = path.with_name("newer.db")
    shutil.copy(path, newer)
    shutil.copy(aside, path)
    with closing(open_ledger(path)) as ledger:
        accept_restore(ledger, now(), ACTOR, "disk")
    sent(path, 2, "three")
    shutil.copy(newer, path)  # it knows more batches, and yet not the last one
    must_be_refused(path, "is not the ledger that was sent from")


# What is not


def test_a_restore_of_what_is_there_already_is_no_alarm(path: Path, aside: Path) -> None:
    sent(path, 2, "one")
    shutil.copy(path, aside)
    shutil.copy(aside, path)
    sent(path, 2, "two")


def test_reading_is_never_refused(path: Path, aside: Path) -> None:
    sent(path, 2, "one")
    shutil.copy(path, aside)
    sent(path, 2, "two")
    shutil.copy(aside, path)
    with closing(open_ledger(path)) as ledger:
        assert states(ledger) == {"accepted": 2}


DIE = (
    "import os, sys; from pathlib import Path\n"
    "from smsctl.ledger import mailings, store\n"
    "from smsctl.ledger.high_water import HighWater\n"
    "from tests.ledger.runs import Taker, send_all\n"
    "def die(*_given, **_named): os._exit(7)\n"
    "ledger = store.open_ledger(Path(sys.argv[1]))\n"
    "{where}\n"
    "send_all(ledger, mailings.newest(ledger, most=1)[0], Taker({before}))\n"
)
DEATHS = {
    "before the first commit": DIE.format(where="ledger.engine.commit = die", before=""),
    "between file and first commit": DIE.format(
        where="begin = HighWater.begin; HighWater.begin = lambda *given: (begin(*given), die())", before=""
    ),
    "between commit and file": DIE.format(where="HighWater.rise = die", before=""),
    "between file and gateway": DIE.format(where="", before="before=die"),
}


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize("death", DEATHS)
def test_no_crash_gives_a_false_alarm(death: str, earlier: int, path: Path) -> None:
    for n in range(earlier):
        sent(path, 2, f"earlier {n}")
    begun(path, 6, "killed")
    ran = subprocess.run(python(DEATHS[death], path), cwd=ROOT, check=False)
    only_of_a_new_ledger = death == "between file and first commit"
    assert ran.returncode == (0 if earlier and only_of_a_new_ledger else 7)
    with closing(open_ledger(path)) as ledger:
        recovery.recover(ledger, now())
        fitness.must_be_fit(ledger, now())
        for mailing in mailings.newest(ledger, most=1):
            send_all(ledger, mailing, Taker())
        assert states(ledger).keys() <= {"accepted", "unknown"}
        assert restoring.found_restored(ledger) is None


def test_of_two_runs_at_once_the_further_one_counts(path: Path) -> None:
    sent(path, 2, "one")
    one, other = HighWater(path), HighWater(path)
    one.rise(9)
    other.rise(8)
    water = one.read()
    assert water
    assert water.batch == 9


def test_a_run_that_comes_between_a_look_and_the_writing_is_not_written_over(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(path, 2, "one")
    one, other = HighWater(path), HighWater(path)
    put = vars(HighWater)["_put"]
    between = [threading.Thread(target=other.rise, args=(9,))]

    def put_late(mark: HighWater, handle: int, water: HighWaterRecord, *, flush: bool) -> None:
        for thread in between[:] if mark is one else ():
            thread.start()
            thread.join(0.1)  # it has to wait
        put(mark, handle, water, flush=flush)

    monkeypatch.setattr(HighWater, "_put", put_late)
    one.rise(8)
    between[0].join()
    water = one.read()
    assert water
    assert water.batch == 9


def test_who_stands_still_with_the_file_stops_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process that is stopped, or a child that has inherited it from one that wrote."""
    monkeypatch.setattr("smsctl.ledger.high_water._LOCKED_S", 0.05)
    sent(path, 2, "one")
    mark = HighWater(path)
    with mark.path.open("rb") as held:
        assert disk.lock(held.fileno())
        mark.rise(9)
    water = mark.read()
    assert water
    assert water.batch == 9


def test_a_run_flushes_the_file_for_its_first_batch_and_leaves_the_rest_to_the_system(
    path: Path, tmp_path: Path
) -> None:
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)
    sent(path, 2, "one")
    begun(path, 8, "two")
    trace = tmp_path / "trace"
    command = python(DIE.format(where="", before=""), path)
    subprocess.run(
        ["strace", "-f", "-y", "-e", "trace=write,fsync", "-o", trace, *command], cwd=ROOT, check=True
    )
    calls = [
        line.split("(")[0].split()[-1] for line in trace.read_text().splitlines() if "high-water>" in line
    ]
    assert calls == ["write", "fsync", "write", "write", "write"]


def test_a_file_that_cannot_be_written_is_told_in_words_and_nothing_is_sent(path: Path) -> None:
    sent(path, 2, "one")
    HighWater(path).path.unlink()
    HighWater(path).path.mkdir()
    gateway = Taker()
    with pytest.raises(LedgerError, match="high-water: must be a plain file"):
        sent(path, 2, "two", gateway)
    assert not gateway.taken


def test_a_mark_that_cannot_be_written_is_told_in_words(path: Path) -> None:
    sent(path, 2, "one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # as a quota does, between the look and the write
    try:
        with pytest.raises(LedgerError, match="high-water: cannot be read or written"):
            HighWater(path).rise(2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_mark_of_a_ledger_that_never_sent_keeps_nobody_from_sending(path: Path) -> None:
    with closing(open_ledger(path)):
        HighWater(path).begin(HighWaterRecord(lineage="0" * 16, batch=0))
    gateway = Taker()
    sent(path, 2, "one", gateway)
    assert len(gateway.taken) == 2


def test_a_file_that_can_only_be_read_leaves_everything_pending(path: Path, aside: Path) -> None:
    sent(path, 2, "one")
    begun(path, 2, "two")
    HighWater(path).path.rename(aside)
    HighWater(path).path.symlink_to(aside)  # is read and never written, also by root
    with closing(open_ledger(path)) as ledger:
        (mailing,) = mailings.newest(ledger, most=1)
        with pytest.raises(LedgerError, match="high-water: must be a plain file"):
            fitness.must_be_fit(ledger, now())
        with pytest.raises(LedgerError, match="high-water: must be a plain file"):
            _claim(ledger, mailing)
        assert states(ledger) == {"accepted": 2, "pending": 2}


# Going on


@pytest.fixture
def put_back(path: Path, aside: Path) -> Iterator[Ledger]:
    """A ledger with one mailing half sent and one not begun; in reality both went out, and a third."""
    gateway, halves = Taker(), list[int]()

    def half() -> None:
        halves.append(1)
        if len(halves) == 2:
            shutil.copy(path, aside)

    begun(path, 4, "unbegun")
    sent(path, 6, "half sent", Taker(before=half))
    with closing(open_ledger(path)) as ledger:
        send_all(ledger, mailings.get(ledger, 1), gateway)
    sent(path, 2, "forgotten")
    shutil.copy(aside, path)
    ledger = open_ledger(path)
    recovery.recover(ledger, now())
    yield ledger
    ledger.close()


def test_what_was_pending_is_unknown_once_the_restore_is_accepted(put_back: Ledger) -> None:
    assert states(put_back) == {"pending": 6, "accepted": 2, "unknown": 2}
    done = accept_restore(put_back, now(), ACTOR, "new disk")
    assert done
    assert (tuple(done.unknown), done.messages, done.restored.missing) == ((1, 2), 6, 4)
    assert states(put_back) == {"accepted": 2, "unknown": 8}
    everything = Taker()
    everything.taken.update(
        f"{reference}-{n}"
        for reference, messages in put_back.rows("SELECT reference, messages FROM mailings")
        for n in range(1, messages + 1)
    )
    must_be_true(put_back, everything)
    (row,) = [row for row in audit.of(put_back, "ledger") if row.action == "accept-restore"]
    assert (row.user, row.reason) == (ACTOR.user, "new disk")
    assert row.detail == "6 messages unknown, 4 batches missing"
    assert accept_restore(put_back, now(), ACTOR, "again") is None


def test_of_an_image_of_the_machine_a_person_tells_what_nothing_else_does(ledger: Ledger) -> None:
    gateway = Taker()
    send_all(ledger, new_mailing(ledger, 2), gateway)
    mailing = new_mailing(ledger, 4, body="sent, and forgotten")
    assert accept_restore(ledger, now(), ACTOR, "the image") is None
    assert states(ledger) == {"accepted": 2, "pending": 4}
    done = accept_restore(ledger, now(), ACTOR, "the image", put_back=True)
    assert done
    assert dict(done.unknown) == {mailing.id: 4}
    with closing(opened_again(ledger)) as again:
        send_all(again, mailing, gateway)
        assert states(again) == {"accepted": 2, "unknown": 4}
    assert gateway.taken.total() == 2


def test_what_became_unknown_is_neither_sent_again_nor_given_to_somebody_twice(put_back: Ledger) -> None:
    accept_restore(put_back, now(), ACTOR, "new disk")
    gateway = Taker()
    for mailing in mailings.newest(put_back, most=9):
        send_all(put_back, mailing, gateway)
        # The gateway's memory has an hour, and nobody knows when these were really sent.
        assert not [
            claim
            for claim, _ in reconciling.unknown_batches(put_back, mailing, "")
            if "-r" in claim.batch.reference
        ]
    assert not gateway.taken
    assert len(repeats.already_sent(put_back, mailings.body_hash("unbegun"), now())) == 4


def test_what_a_person_knows_was_not_sent_is_sent_after_a_restore(put_back: Ledger) -> None:
    accept_restore(put_back, now(), ACTOR, "new disk")
    (unbegun,) = [one for one in mailings.newest(put_back, most=9) if one.letter.text.body == "unbegun"]
    assert resolve(put_back, unbegun, ResolveAnswer.NOT_SENT, now(), ACTOR, "not in the gateway's log") == 4
    gateway = Taker()
    send_all(put_back, unbegun, gateway)
    assert len(gateway.taken) == 4
    assert mailings.tally(put_back, unbegun).states == {"accepted": 4}


def test_no_batch_after_a_restore_has_the_name_of_one_that_was_forgotten(
    put_back: Ledger, path: Path
) -> None:
    (half,) = [one for one in mailings.newest(put_back, most=9) if one.letter.text.body == "half sent"]
    forgotten = f"{half.reference}-b3"
    before = batch_rows.of_mailing(put_back, half.id)
    assert [one.reference for one in before] == [f"{half.reference}-b1", f"{half.reference}-b2"]
    accept_restore(put_back, now(), ACTOR, "new disk")
    assert resolve(put_back, half, ResolveAnswer.NOT_SENT, now(), ACTOR, "not in the gateway's log")
    send_all(put_back, half, Taker())
    new = [one.reference for one in batch_rows.of_mailing(put_back, half.id)[len(before) :]]
    assert len(new) > 2
    assert forgotten not in new
    assert len({one.rpartition("-")[0] for one in new}) == 1
    assert [int(one.rpartition("-")[2]) for one in new] == list(range(len(new)))


def test_reports_that_came_before_a_restore_was_accepted_count_then(put_back: Ledger) -> None:
    (half,) = [one for one in mailings.newest(put_back, most=9) if one.letter.text.body == "half sent"]
    place = half.messages
    (number,) = put_back.one("SELECT number FROM messages WHERE id = ?", half.last_message) or ("",)
    report = Report(
        gateway=half.gateway,
        told=CodeMeaning(Status.DELIVERED),
        code="0",
        reference=f"{half.reference}-{place}",
        gateway_id="id",
        number=number,
        text="",
        told_at="",
    )
    with put_back.transaction():
        fate = reports.take(put_back, report, ReportIntake(IntakeSource.PUSHED, now(), timedelta(hours=72)))
    assert fate is ReportFate.CONTRADICTS, "as far as this ledger knows, it was never sent"
    accept_restore(put_back, now(), ACTOR, "new disk")
    assert states(put_back) == {"accepted": 2, "unknown": 7, "delivered": 1}
    assert not reports.kept(put_back)


def test_after_a_restore_was_accepted_the_ledger_is_sent_from(put_back: Ledger) -> None:
    accept_restore(put_back, now(), ACTOR, "new disk")
    gateway = Taker()
    send_all(put_back, new_mailing(put_back, 2, body="new"), gateway)
    assert len(gateway.taken) == 2


def test_a_restore_is_not_accepted_while_somebody_sends(put_back: Ledger) -> None:
    mailing = mailings.get(put_back, 1)
    with (
        lock.right_to_send(put_back, mailing.reference),
        pytest.raises(LedgerError, match="another process"),
    ):
        accept_restore(put_back, now(), ACTOR, "new disk")
    assert states(put_back)["pending"] == 6


def test_a_crash_while_a_restore_is_accepted_leaves_the_alarm(path: Path, put_back: Ledger) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from smsctl.actions.accept_restore import accept_restore\n"
        "from smsctl.ledger import store\n"
        "from smsctl.ledger.high_water import HighWater\n"
        "from tests.ledger.runs import ACTOR, now\n"
        "HighWater.begin = lambda *given: os._exit(7)\n"
        "accept_restore(store.open_ledger(Path(sys.argv[1])), now(), ACTOR, 'killed')\n"
    )
    assert subprocess.run(python(code, path), cwd=ROOT, check=False).returncode == 7
    assert states(put_back) == {"accepted": 2, "unknown": 8}
    must_be_refused(path, "is not the ledger that was sent from")
    assert accept_restore(put_back, now(), ACTOR, "once more")
    assert restoring.found_restored(put_back) is None


def test_two_ledgers_are_never_taken_for_each_other(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "ledger.db"
    sent(path, 2, "one")
    sent(other, 2, "one")
    shutil.copy(other, path)
    must_be_refused(path, "is not the ledger that was sent from")


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_batch_that_is_claimed_during_the_look_is_no_alarm(earlier: int, path: Path) -> None:
    for n in range(earlier):
        sent(path, 2, f"earlier {n}")
    overtake = [lambda: sent(path, 2, "meanwhile")]

    class Overtaken(HighWater):
        def read(self) -> HighWaterRecord | None:
            water = super().read()
            while overtake:
                overtake.pop()()
            return water

    with closing(open_ledger(path)) as ledger:
        ledger.high_water = Overtaken(path)
        assert restoring.found_restored(ledger) is None
        assert not overtake
