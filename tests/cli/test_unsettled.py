"""What a person must settle in a mailing: every command on it ends by one rule, and it is told of."""

import re
import shutil
import signal
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from smsctl.ledger import mailings
from smsctl.ledger.store import open_ledger
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour, start

from ..actions.desk import moment
from ..conftest import Live, LiveGateway
from ..front_door import SMSCTL, Ran, Run, Terminal, begin_process, run_process, run_terminal
from ..ledger import sending
from .conftest import guardians, submitted, wait_until

BOUNDS = ("--all", "--yes", "--max-parts", 99, "--max-new-packages", 1)
REASON = ("--reason", "support: their log")
SETTLES = {
    "unknown": "smsctl mailings resolve 1",
    "held": "ask the gateway's support",
    "unknown and pending": "smsctl mailings resolve 1",
}
SECRET = {"secret": {"source": "env"}}
LEFT = {
    "pending": Behaviour(password="another"),
    "unknown": Behaviour(faults={Fault.RESET: 1.0}),
    "held": Behaviour(spam_limit=0),
    "unknown and pending": Behaviour(faults={Fault.RESET: 1.0}),
}
READS = (
    "mailings show 1",
    "mailings list",
    "usage",
    "mailings failed 1",
    "mailings skipped 1",
    "send message.txt --key friday --dry-run",
)
ACTS = (
    "send message.txt --key friday",
    "mailings resume 1",
    "mailings cancel 1",
    "mailings resolve 1 --sent",
)
SEE = "unknown or held, the newest of mailing 1: see smsctl mailings show 1"
VOICES = {"terminal": (), "pipe": (), "quiet": ("--quiet",), "json": ("--json",)}


class Site(NamedTuple):
    """A live config, and the ledger that a first run has left."""

    live: Live
    folder: Path
    run: Run

    def __call__(self, line: str, voice: str = "pipe") -> Ran:
        words: list[object] = [*line.split(), *VOICES[voice]]
        if words[0] == "send":
            words += BOUNDS
        elif "--sent" in words:
            words += REASON
        elif "resume" in words:
            words.append("--yes")
        words = [self.folder / word if word == "message.txt" else word for word in words]
        return self.run("--config", self.live.config, *words, terminal=voice == "terminal")

    def told(self, sentence: str) -> str:
        """Return it as it is told under this config."""
        return sentence.replace("smsctl ", f"smsctl --config {self.live.config} ")

    def afresh(self) -> None:
        """Put the ledger back as the first run has left it."""
        ledger, kept = self.folder / "ledger", self.folder / "kept"
        if not kept.exists():
            shutil.copytree(ledger, kept)
        shutil.rmtree(ledger)
        shutil.copytree(kept, ledger)


@pytest.fixture(params=LEFT)
def state(request: pytest.FixtureRequest) -> str:
    left: str = request.param
    return left


@pytest.fixture
def site(state: str, live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path) -> Site:
    one_by_one = {"batch_size": 1, "connections": 1} if "and" in state else {}
    live = live_gateway(LEFT[state], rows=guardians(3), gateway=one_by_one)
    site = Site(live, tmp_path, run)
    site("send message.txt --key friday")
    states = site("mailings show 1", "json").data["states"]
    assert set(states) == set(state.split(" and "))
    site.afresh()
    return site


@pytest.mark.parametrize("voice", VOICES)
def test_by_one_rule_what_acts_ends_with_4_and_what_reads_warns(site: Site, state: str, voice: str) -> None:
    for line in (*READS, *ACTS):
        site.afresh()
        ran = site(line, voice)
        acts, is_resolved = line in ACTS, line.endswith("--sent") and "unknown" in state
        sentence = SETTLES.get(state)
        expected = 4 if acts and sentence else 6 if line in ACTS[:2] else 0
        assert ran.code == (0 if is_resolved else expected), (line, ran.said)
        if voice == "json":
            assert ran.json["ok"] is (ran.code == 0)
        if not sentence or is_resolved:
            assert "mailings resolve 1" not in _read(ran), (line, ran.said)
        elif acts:
            assert site.told(sentence) in _read(ran), (line, ran.said)
        elif voice != "quiet":
            assert site.told(sentence) in _read(ran) or site.told(SEE) in _read(ran), (line, ran.said)


def _read(ran: Ran) -> str:
    """What was said, without the folds and colours of a terminal."""
    return " ".join(Ran(code=ran.code, out=ran.said).seen.split())


# a run that was killed on the wire


class Cron(NamedTuple):
    """A crontab line on a machine whose [notify] command writes down what it is told."""

    live: Live
    told: Path

    def __call__(self, *flags: str, key: str = "friday", text: str = "message.txt") -> Ran:
        return run_process(*self.line(*flags, key=key, text=text))

    def line(self, *flags: str, key: str = "friday", text: str = "message.txt") -> list[object]:
        path = self.live.config.parent / text
        return ["--config", self.live.config, *flags, "send", path, *BOUNDS, "--key", key]

    def smsctl(self, *words: object) -> Ran:
        return run_process("--config", self.live.config, *words)

    @property
    def notices(self) -> list[str]:
        return self.told.read_text(encoding="utf-8").splitlines() if self.told.exists() else []


@pytest.fixture
def cron(live_gateway: LiveGateway, message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cron:
    """The run of a crontab line was killed while the gateway said nothing and took none of 80 messages."""
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    alarm, told = tmp_path / "alarm", tmp_path / "told.txt"
    line = '"$SMSCTL_COMMAND $SMSCTL_EXIT_CODE $SMSCTL_MAILING $SMSCTL_OUTCOME $SMSCTL_TEXT"'
    alarm.write_text(f"#!/bin/sh\necho {line} >> {told}\n", encoding="utf-8")
    alarm.chmod(stat.S_IRWXU)
    silent = Behaviour(faults={Fault.TIMEOUT_EARLY: 1.0}, keep_requests=9)
    live = live_gateway(silent, rows=guardians(80), reports=SECRET, notify={"command": str(alarm)})
    cron = Cron(live, told)
    process = begin_process(*cron.line())
    wait_until(lambda: submitted(live.simulator))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return cron


def test_the_next_run_of_the_key_tells_it_once_and_goes_on_when_it_is_settled(cron: Cron) -> None:
    first = cron("--quiet", "--json")
    assert (first.code, first.json["ok"], first.data["outcome"]) == (4, False, {"unknown": 80})
    assert "80 unknown" in first.err
    (notice,) = cron.notices
    assert notice.startswith("send 4 1 unknown=80 Mailing 1 was already sent under the key friday")
    assert f"smsctl --config {cron.live.config} mailings resolve 1" in notice
    second = cron("--quiet")
    assert (second.code, second.out, len(cron.notices)) == (4, "", 1)
    assert f"smsctl --config {cron.live.config} mailings resolve 1" in second.err
    assert cron.smsctl("mailings", "resume", 1).code == 4
    assert cron.smsctl("mailings", "resolve", 1, "--not-sent", *REASON).code == 0
    with start(Behaviour(as_a_gateway=True)) as well:
        _ask(cron, well.url)
        assert cron.smsctl("mailings", "resume", 1).code == 0
        assert len(well.accepted()) == 80
        assert cron("--quiet") == Ran(code=0, out="")
    assert len(cron.notices) == 1


def _nobody_is_named(cron: Cron, *texts: str) -> None:
    """Let the config name nobody under [notify], and there be texts of other lines."""
    config = cron.live.config.read_text("utf-8")
    cron.live.config.write_text(re.sub(r"\[notify\]\n[^\[]*", "", config), encoding="utf-8")
    for text in texts:
        (cron.live.config.parent / text).write_text(f"{text}\n", encoding="utf-8")


def _with_a_full_log(cron: Cron, text: str) -> int:
    """Run another line whose standard error goes to a disk that is full; return the exit code."""
    words = [*SMSCTL, *map(str, cron.line("--quiet", key=text, text=text))]
    with Path("/dev/full").open("w") as full:
        return subprocess.run(words, stderr=full, stdin=subprocess.DEVNULL, check=False).returncode


def test_what_could_not_be_written_is_told_by_the_run_after_that(cron: Cron) -> None:
    _nobody_is_named(cron, "other", "third")
    with start(Behaviour(as_a_gateway=True)) as well:
        _ask(cron, well.url)
        assert _with_a_full_log(cron, "other") == 0
        assert "80 unknown" in cron("--quiet", key="third", text="third").err
        assert cron("--quiet", key="third", text="third").err == ""


def test_a_run_of_something_else_tells_it_and_keeps_its_own_exit_code(cron: Cron) -> None:
    (cron.live.config.parent / "other.txt").write_text("Något annat\n", encoding="utf-8")
    with start(Behaviour(as_a_gateway=True)) as well:
        _ask(cron, well.url)
        ran = cron("--quiet", key="other", text="other.txt")
        assert (ran.code, ran.out) == (0, "")
        assert "Mailing 1 for Exempelkommun: 80 unknown" in ran.err
        assert [notice[:21] for notice in cron.notices] == ["send 4 1 unknown=80 M"]
        assert cron("--quiet", key="other", text="other.txt") == Ran(code=0, out="")
    assert cron().code == 4
    assert len(cron.notices) == 1


def test_what_listens_tells_it_when_it_starts(cron: Cron) -> None:
    ears = begin_process("--config", cron.live.config, "reports", "listen", "--port", 0)
    try:
        wait_until(lambda: cron.notices)
    finally:
        ears.send_signal(signal.SIGTERM)
        out, err = ears.communicate()
    assert cron.notices[0].startswith("reports listen 4 1 unknown=80 "), out + err
    assert cron().code == 4
    assert len(cron.notices) == 1


def test_a_notice_that_did_not_go_is_told_by_the_next_run(cron: Cron) -> None:
    alarm = cron.live.config.parent / "alarm"
    aside = alarm.rename(alarm.with_name("aside"))
    ran = cron("--quiet")
    assert (ran.code, "Nobody was told" in ran.err) == (4, True)
    (cron.live.config.parent / "other.txt").write_text("Något annat\n", encoding="utf-8")
    with start(Behaviour(as_a_gateway=True)) as well:
        before = cron.live.config.read_text(encoding="utf-8")
        _ask(cron, well.url)
        other = cron("--quiet", key="other", text="other.txt")
        assert (other.code, "Nobody was told" in other.err, "80 unknown" in other.err) == (0, True, True)
        cron.live.config.write_text(before, encoding="utf-8")
    aside.rename(alarm)
    assert cron("--quiet").code == 4
    assert cron("--quiet").code == 4
    assert len(cron.notices) == 1


def test_what_a_person_on_a_terminal_saw_is_not_told_again(cron: Cron) -> None:
    seen = run_terminal(["--config", cron.live.config, "mailings", "resume", 1])
    assert (
        seen.code,
        f"smsctl --config {cron.live.config} mailings resolve 1" in " ".join(seen.seen.split()),
    ) == (4, True)
    assert cron("--quiet").code == 4
    assert not cron.notices


def test_a_command_that_tells_nobody_and_a_dry_run_leave_it_to_the_next_run(cron: Cron) -> None:
    assert cron.smsctl("mailings", "list").code == 0
    assert cron.smsctl("send", "--help").code == 0  # a page is no run
    dry = run_process(*cron.line(), "--dry-run")
    assert (dry.code, f"smsctl --config {cron.live.config} mailings resolve 1" in dry.err) == (0, True)
    assert not cron.notices
    assert cron().code == 4
    assert len(cron.notices) == 1


def test_more_of_the_same_mailing_is_told_anew(cron: Cron) -> None:
    assert cron("--quiet").code == 4
    assert cron.smsctl("mailings", "resolve", 1, "--not-sent", *REASON).code == 0
    with start(Behaviour(as_a_gateway=True, faults={Fault.RESET: 1.0})) as lossy:
        _ask(cron, lossy.url)
        assert cron("--quiet").code == 4
    assert cron("--quiet").code == 4
    assert len(cron.notices) == 2


def test_a_refusal_is_told_with_what_is_left_and_does_not_hide_it(
    live_gateway: LiveGateway, message: Path, tmp_path: Path, run: Run
) -> None:
    one_by_one = {"batch_size": 1, "connections": 1}
    live = live_gateway(LEFT["unknown"], rows=guardians(3), gateway=one_by_one)
    site = Site(live, tmp_path, run)
    assert site("send message.txt --key friday").code == 4
    run("--config", live.config, "municipality", "deactivate", "exempelkommun", "--yes")
    for line in ACTS[:2]:
        ran = site(line)
        assert ran.code == 4
        assert "is not active" in ran.err
        assert site.told(SETTLES["unknown"]) in ran.err
        told = next(line for line in ran.err.splitlines() if site.told(SETTLES["unknown"]) in line)
        assert told.endswith(" mailings resolve 1"), "a command to be copied: no full stop after it"


def test_no_bar_is_shown_of_nothing(
    live_gateway: LiveGateway, message: Path, tmp_path: Path, run: Run
) -> None:
    """Where all is unknown, the gateway is asked and nothing is sent: 0/0 tells nobody anything."""
    site = Site(live_gateway(LEFT["unknown"], rows=guardians(3)), tmp_path, run)
    assert site("send message.txt").code == 4
    ran = run_terminal(["--config", site.live.config, "mailings", "resume", 1])
    assert (ran.code, "3  unknown" in ran.seen, "0/0" in ran.seen) == (4, True, False)


@pytest.mark.parametrize("why", ["secret", "simulator", "text"])
def test_so_is_one_before_the_gateway_is_reached(
    why: str,
    live_gateway: LiveGateway,
    message: Path,
    tmp_path: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever keeps the next run of the key from sending, the unknown ones of the first are told."""
    live = live_gateway(LEFT["unknown"], rows=guardians(3))
    site = Site(live, tmp_path, run)
    assert site("send message.txt --key friday").code == 4
    with start(Behaviour()) as told_apart:
        if why == "secret":
            monkeypatch.delenv("SMSCTL_GATEWAY_SECRET")
        elif why == "text":
            message.unlink()
        else:
            config = live.config.read_text(encoding="utf-8")
            live.config.write_text(config.replace(live.simulator.url, told_apart.url), encoding="utf-8")
        ran = site("send message.txt --key friday")
        assert (ran.code, site.told(SETTLES["unknown"]) in ran.err) == (4, True)
        assert site("send message.txt --key another").code in {6, 8}
        assert not told_apart.accepted()


def _ask(cron: Cron, url: str) -> None:
    """Let the config name another gateway address."""
    found = cron.live.config.read_text(encoding="utf-8")
    cron.live.config.write_text(found.replace(cron.live.simulator.url, url), encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "question", "told"),
    [
        ("resolve 1 --resend --reason asked", "Send again?", "1 message of mailing 1 is unknown only now"),
        ("resume 1", "Send 1 message?", "Nobody can tell whether 3 messages were accepted."),
    ],
)
def test_what_a_process_leaves_on_the_wire_while_a_question_stands_is_unknown_and_told(
    line: str, question: str, told: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    """It was alive when the command began, so nothing was recovered for it; then it was killed."""
    one_by_one = {"batch_size": 1, "connections": 1}
    live = live_gateway(Behaviour(faults={Fault.RESET: 1.0}), rows=guardians(3), gateway=one_by_one)
    run("--config", live.config, "send", message, *BOUNDS)
    (path,) = live.config.parent.rglob("ledger.db")
    with Terminal("--config", live.config, "mailings", *line.split()) as terminal:
        terminal.wait_for(question)
        with closing(open_ledger(path)) as ledger:
            assert sending.claim(ledger, mailings.get(ledger, 1), moment=moment())
        terminal.type("y")
        ran = terminal.end()
    assert (ran.code, told in " ".join(ran.seen.split())) == (4, True), ran.seen
    assert run("--config", live.config, "mailings", "show", 1, "--json").data["states"] == {"unknown": 3}
