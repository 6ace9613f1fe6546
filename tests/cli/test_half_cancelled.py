"""What was cancelled stays so: also a cancel of several commits that is killed, and what is settled later."""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsctl.actions.cancel import Cancelled, cancel
from smsctl.cli.mailings import cancel as cancelling
from smsctl.domain.mailing import Mailing
from smsctl.ledger import restoring
from smsctl.ledger.store import Ledger, open_ledger
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run
from ..ledger.places import ROOT, python
from .conftest import guardians, submitted

KEY = "friday"
FINISHED = "The cancelling of mailing 1 was broken off: its last {} pending message"
DIE = (
    "import os, signal, sys\n"
    "from smsctl.cli.app import main\n"
    "from smsctl.ledger import store; from smsctl.ledger.sqlite.engine import SqliteEngine\n"
    "store.MORE_ON_SLOW_DISKS, store.ROWS_IN_A_COMMIT = 1, 1\n"
    "left, commit = int(sys.argv[1]), SqliteEngine.commit\n"
    "def dying(ledger, **how):\n"
    "    global left; left -= 1\n"
    "    if not left: os.kill(os.getpid(), signal.SIGKILL)\n"
    "    commit(ledger, **how)\n"
    "SqliteEngine.commit = dying\n"
    "sys.exit(main(sys.argv[2:]))\n"
)


class Office:
    """A mailing of three that is pending, whose cancel is killed; each thing is tried on a copy of it."""

    def __init__(self, run: Run, live: Live, message: Path, folder: Path) -> None:
        self.live, self._run, self._message = live, run, message
        self._ledger, self._before = folder / "ledger", folder / "before"

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.live.config, *argv)

    def send(self, *flags: object) -> Ran:
        return self("send", self._message, "--all", "--yes", "--max-parts", 9, "--key", KEY, *flags)

    def keep(self) -> None:
        shutil.copytree(self._ledger, self._before)

    def put_back(self) -> None:
        shutil.rmtree(self._ledger)
        shutil.copytree(self._before, self._ledger)

    def killed_at(self, commit: int) -> bool:
        """Kill a cancel before its commit of this number; say whether it came so far."""
        self.put_back()
        cancel = python(DIE, commit, "--config", self.live.config, "mailings", "cancel", 1)
        code = subprocess.run(cancel, cwd=ROOT, check=False, capture_output=True).returncode
        assert code in {0, -signal.SIGKILL}
        return code != 0

    def states(self) -> dict[str, int]:
        with closing(open_ledger(self._ledger / "ledger.db")) as ledger:
            return ledger.pairs("SELECT state, COUNT(*) FROM messages GROUP BY state")


@pytest.fixture
def office(
    run: Run, live_gateway: LiveGateway, message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Office:
    found = Office(run, live_gateway(Behaviour(password="another"), rows=guardians(3)), message, tmp_path)
    assert found.send().code == 6
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "another")  # from now on it would send
    found.keep()
    return found


GOES_ON: Mapping[str, Callable[[Office], Ran]] = {
    "the same key": lambda office: office.send("--quiet"),
    "resume": lambda office: office("mailings", "resume", 1),
    "cancel": lambda office: office("mailings", "cancel", 1),
    "list": lambda office: office("mailings", "list"),
}


@pytest.mark.parametrize("way", GOES_ON)
def test_after_a_kill_at_any_commit_the_next_command_cancels_the_rest(way: str, office: Office) -> None:
    left = {2: 2, 3: 1, 4: 0}
    for commit, pending in left.items():
        assert office.killed_at(commit)
        assert office.states() == {"cancelled": 3 - pending} | ({"pending": pending} if pending else {})
        ran = GOES_ON[way](office)
        assert (ran.code, FINISHED.format(pending) in ran.err) == (0, True)
        assert office.states() == {"cancelled": 3}
        assert office("ledger", "check").code == 0
    assert not office.killed_at(5)
    assert not office.live.simulator.accepted()


@pytest.fixture
def half(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """One is cancelled, two are pending, and nobody finishes it: as while the ledger is open elsewhere."""
    assert office.killed_at(2)
    monkeypatch.setattr("smsctl.ledger.cancelling.finish_broken_off", lambda *_: iter(()))
    yield office
    assert office("ledger", "check").code == 0


def test_what_is_cancelled_in_part_says_so_and_is_not_sent_before_it_is_finished(half: Office) -> None:
    resumed = half("mailings", "resume", 1)
    assert (resumed.code, resumed.err.count("cancelled, and the rest of it is pending still")) == (5, 1)
    assert "mailings cancel 1" in resumed.err
    by_key, dry = half.send(), half.send("--dry-run")
    assert (by_key.code, dry.code) == (0, 0)
    assert "nothing of it was sent: 2 pending, 1 cancelled" in by_key.out
    assert "goes on" not in dry.out
    assert "was cancelled" in half("mailings", "list").out
    shown = half("mailings", "show", 1)
    assert "It was cancelled; cancel the rest with: smsctl" in shown.out
    assert half("mailings", "show", 1, "--json").data["half_cancelled"] is True
    assert "pending" not in half("doctor").said  # nobody can resume it
    assert not half.live.simulator.accepted()
    assert "2 pending messages cancelled." in half("mailings", "cancel", 1).out
    assert half("mailings", "show", 1, "--json").data["half_cancelled"] is False
    assert half.states() == {"cancelled": 3}


def test_without_the_look_in_the_claim_the_rest_would_be_sent(
    half: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.ledger.cancelling.must_not_be_cancelled", lambda *_, **__: None)
    assert half("mailings", "resume", 1).code == 0
    assert len(half.live.simulator.accepted()) == 2


RESETS = Behaviour(faults={Fault.RESET: 1.0}, keep_requests=100)
REASON = ("--reason", "the supplier looked")


@pytest.fixture
def lost(run: Run, live_gateway: LiveGateway, message: Path, tmp_path: Path) -> Office:
    """What became of the three is not known, and a person has cancelled the mailing."""
    office = Office(run, live_gateway(RESETS, rows=guardians(3)), message, tmp_path)
    assert office.send().code == 4
    assert office("mailings", "cancel", 1).code == 4
    return office


def test_what_was_not_sent_of_a_cancelled_mailing_is_cancelled_and_no_command_sends_it(lost: Office) -> None:
    before = len(submitted(lost.live.simulator))
    settled = lost("mailings", "resolve", 1, "--not-sent", *REASON)
    assert (settled.code, lost.states()) == (0, {"cancelled": 3})
    assert "3 unknown messages settled: not sent." in settled.out
    assert "Mailing 1 was cancelled: they are not sent any more." in settled.out
    by_key, resumed = lost.send(), lost("mailings", "resume", 1)
    assert (by_key.code, resumed.code) == (0, 0)
    assert "nothing of it was sent: 3 cancelled. To send it after all, choose another key." in by_key.out
    assert "Mailing 1 was cancelled and has nothing pending." in resumed.out
    quiet = (
        lost.send("--quiet"),
        lost("mailings", "resume", 1, "--quiet"),
    )  # silence would say that all were reached
    assert [(one.code, one.out) for one in quiet] == [(0, by_key.out), (0, resumed.out)]
    assert len(submitted(lost.live.simulator)) == before
    shown = lost("mailings", "show", 1)
    assert "3  not sent" in shown.out
    assert "resume" not in shown.out
    assert lost("mailings", "show", 1, "--json").data["cancelled_at"]
    assert lost("ledger", "check").code == 0


def test_what_is_cancelled_is_not_ordered_to_be_sent_again_and_a_new_mailing_reaches_it(lost: Office) -> None:
    before = len(submitted(lost.live.simulator))
    refused = lost("mailings", "resolve", 1, "--resend", "--yes", *REASON)
    assert (refused.code, lost.states()) == (4, {"unknown": 3})
    assert "Mailing 1 was cancelled: nothing of it is sent again." in refused.err
    assert lost("mailings", "resolve", 1, "--not-sent", *REASON).code == 0
    assert len(submitted(lost.live.simulator)) == before
    lost.send("--key", "another")
    assert len(submitted(lost.live.simulator)) > before


# What another run has handed over since it was looked at


@pytest.fixture
def held_at_once(
    run: Run, live_gateway: LiveGateway, message: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Ran]:
    """Cancel a mailing for tomorrow that another run hands over just before, for the gateway to hold."""
    live = live_gateway(Behaviour(password="another"), rows=guardians(3))
    at = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT12:00}"
    line = ("send", message, "--all", "--yes", "--max-parts", 3, "--at", at)
    assert run("--config", live.config, *line).code == 6
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "another")
    looked = restoring.refuse_restored

    def meanwhile(ledger: Ledger) -> None:
        monkeypatch.setattr(restoring, "refuse_restored", looked)
        assert run("--config", live.config, "mailings", "resume", 1).code == 0
        looked(ledger)

    def cancel() -> Ran:
        monkeypatch.setattr(restoring, "refuse_restored", meanwhile)
        return run("--config", live.config, "mailings", "cancel", 1)

    return cancel


def test_what_another_run_has_just_handed_over_is_stopped_too(held_at_once: Callable[[], Ran]) -> None:
    ran = held_at_once()
    assert (ran.code, "3 messages stopped at the gateway." in ran.out) == (0, True), ran.said


def test_by_what_was_seen_before_the_gateway_would_not_be_asked(
    held_at_once: Callable[[], Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    def unasked(ledger: Ledger, mailing: Mailing, _opening: object, *more: object) -> Cancelled:
        return cancel(ledger, mailing, None, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(cancelling, "cancel", unasked)
    ran = held_at_once()
    assert (ran.code, "3 messages could not be stopped" in ran.out) == (0, True), ran.said
