"""A mailing whose people are all left out by its claims: nobody was reached, which is never success."""

from itertools import count
from pathlib import Path
from subprocess import Popen
from threading import Event

import pytest

from smsctl.actions import deliver, ending
from smsctl.cli.mailings import departing
from smsctl.ledger import repeats
from smsctl.simulator.faults import Faults
from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, Live, LiveGateway
from ..front_door import Ran, Run, begin_process, end_process
from .conftest import WAIT_S, guardians


class Site:
    """Whose config names a ledger, and what happens between a plan and its mailing."""

    def __init__(self, run: Run, live: Live, message: Path) -> None:
        self._run, self.live, self._message = run, live, message

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.live.config, *argv, "--quiet")

    def send(self, *flags: object, whom: tuple[str, ...] = ("--all",)) -> Ran:
        return self("send", self._message, *whom, "--yes", "--max-parts", 9, *flags)

    def begin(self) -> Popen[str]:
        line = ("send", self._message, "--all", "--yes", "--max-parts", 9)
        return begin_process("--config", self.live.config, *line)

    def meanwhile(self, what: str) -> None:
        """Let another line send the same text to some, or somebody block their numbers."""
        if what == "sent":
            assert self.send(whom=("--where", "Grupp=vårdnadshavare")).code == 0
        for number in range(3) if what == "blocked" else ():
            assert self("block", "add", f"+4670174060{5 + number}", "--reason", "asked for it").code == 0


IN_TWOS, KNOWN = {"batch_size": 2}, Behaviour(password=SECRET)


@pytest.fixture(params=["file", "server"])
def site(request: pytest.FixtureRequest, live_gateway: LiveGateway, run: Run, message: Path) -> Site:
    if request.param == "file":
        return Site(run, live_gateway(KNOWN, rows=guardians(3), gateway=IN_TWOS), message)
    ledger = {"path": None, "url": request.getfixturevalue("url"), "state": "state"}
    made = Site(
        run, live_gateway(KNOWN, active=False, rows=guardians(3), gateway=IN_TWOS, ledger=ledger), message
    )
    assert made("ledger", "accept-restore", "--reason", "new").code == 0
    assert made("municipality", "activate", "exempelkommun", "--yes").code == 0
    return made


def _left_out(site: Site, monkeypatch: pytest.MonkeyPatch, what: str, *flags: str) -> Ran:
    """Send, and let it happen when the plan is made and the mailing is not begun."""
    begin, once = vars(departing)["begin"], iter((True,))

    def late(*given: object) -> object:
        if next(once, False):
            site.meanwhile(what)
        return begin(*given)

    monkeypatch.setattr(departing, "begin", late)
    return site.send(*flags)


WHY = {"sent": 3, "blocked": 0}
"""What may happen meanwhile, and how many the gateway has then."""


@pytest.mark.parametrize("what", WHY)
def test_a_run_that_leaves_out_everybody_is_refused_as_its_plan_would_be(
    what: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _left_out(site, monkeypatch, what, "--key", "k")
    assert (ran.code, "Nothing was sent: everybody has had this text" in ran.err) == (5, True), ran.said
    assert len(site.live.simulator.accepted()) == WHY[what]
    again = site.send("--key", "k")
    assert (again.code, "nothing of it was sent: 3 cancelled" in again.out) == (0, True), again.said
    newest = WHY[what] // 3 + 1
    rest = site("mailings", "resume", newest)
    assert (rest.code, rest.out) == (0, f"Mailing {newest} has nothing pending: 3 cancelled.\n")


@pytest.mark.parametrize("what", WHY)
def test_without_asking_whom_it_has_reached_it_would_end_well_in_silence(
    what: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    for module in (deliver, ending):
        monkeypatch.setattr(module, "reached_nobody", lambda _totals: False)
    ran = _left_out(site, monkeypatch, what, "--key", "k")
    assert (ran.code, ran.said) == (0, "")
    newest = WHY[what] // 3 + 1
    for again in (site.send("--key", "k"), site("mailings", "resume", newest)):
        assert (again.code, again.said) == (0, "")


def test_who_is_left_out_of_what_reaches_others_is_as_in_a_plan(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody has had the text then, once."""
    path = site.live.config.with_name("recipients.csv")
    path.write_text(path.read_text("utf-8").replace("vårdnadshavare", "elever", 1), encoding="utf-8")
    ran = _left_out(site, monkeypatch, "sent")
    assert (ran.code, ran.said) == (0, "")
    assert len({one.recipient for one in site.live.simulator.accepted()}) == 3
    assert len(site.live.simulator.accepted()) == 3


# Left out for a mailing that has reached nobody


def _left_out_for_one_that_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Let another line have two of three on the wire as this one looks, and be refused its login then."""
    begin, draw, others = vars(departing)["begin"], vars(Faults)["draw"], list[Popen[str]]()
    asked, looked, turns = Event(), Event(), count()

    def late(*given: object) -> object:
        with monkeypatch.context() as wrong:
            wrong.setenv("SMSCTL_GATEWAY_SECRET", "another")
            others.append(site.begin())
        assert asked.wait(WAIT_S)
        return begin(*given)

    def answer(faults: Faults) -> object:
        if next(turns) == 0:  # the other's
            asked.set()
            assert looked.wait(WAIT_S)
        elif not looked.is_set():
            looked.set()
            assert end_process(others[0]).code == 6
        return draw(faults)

    monkeypatch.setattr(departing, "begin", late)
    monkeypatch.setattr(Faults, "draw", answer)
    return site.send()


def test_who_was_left_out_for_a_mailing_that_still_holds_them_is_told_of(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _left_out_for_one_that_is_refused(site, monkeypatch)
    assert (ran.code, "Mailing 1 has the same text and is not finished" in ran.err) == (7, True), ran.said
    assert "mailings resume 1" in ran.err
    assert len(site.live.simulator.accepted()) == 1
    assert site("mailings", "resume", 1).code == 0
    assert len({one.recipient for one in site.live.simulator.accepted()}) == 3
    assert len(site.live.simulator.accepted()) == 3


def test_without_a_look_at_the_end_it_would_end_well_in_silence(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: who was to send to them may be dead."""
    monkeypatch.setattr(repeats, "left_to", lambda *_: None)
    ran = _left_out_for_one_that_is_refused(site, monkeypatch)
    assert (ran.code, ran.said) == (0, "")
