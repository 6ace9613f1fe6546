"""A mailing whose people are all left out by its claims: nobody was reached, which is never success."""

from pathlib import Path

import pytest

from smsctl.actions import deliver, ending
from smsctl.cli.mailings import departing

from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run
from .conftest import guardians


class Site:
    """Whose config names a ledger, and what happens between a plan and its mailing."""

    def __init__(self, run: Run, live: Live, message: Path) -> None:
        self._run, self.live, self._message = run, live, message

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.live.config, *argv, "--quiet")

    def send(self, *flags: object, whom: tuple[str, ...] = ("--all",)) -> Ran:
        return self("send", self._message, *whom, "--yes", "--max-parts", 9, *flags)

    def meanwhile(self, what: str) -> None:
        """Let another line send the same text to some, or somebody block their numbers."""
        if what == "sent":
            assert self.send(whom=("--where", "Grupp=vårdnadshavare")).code == 0
        for number in range(3) if what == "blocked" else ():
            assert self("block", "add", f"+4670174060{5 + number}", "--reason", "asked for it").code == 0


@pytest.fixture(params=["file", "server"])
def site(request: pytest.FixtureRequest, live_gateway: LiveGateway, run: Run, message: Path) -> Site:
    if request.param == "file":
        return Site(run, live_gateway(rows=guardians(3)), message)
    ledger = {"path": None, "url": request.getfixturevalue("url"), "state": "state"}
    made = Site(run, live_gateway(active=False, rows=guardians(3), ledger=ledger), message)
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
