"""School holidays: cron's run ends well without sending, and a person is asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Run, run_terminal

TODAY = datetime.now(UTC)
NOW = f"{TODAY - timedelta(days=2):%Y-%m-%d}..{TODAY + timedelta(days=2):%Y-%m-%d}"
LATER = f"{TODAY + timedelta(days=3):%Y-%m-%d}..{TODAY + timedelta(days=9):%Y-%m-%d}"
PAUSED = "It is a pause from "
CRON = ("--all", "--yes", "--max-parts", 9, "--key", "weekly")


@pytest.fixture
def live(live_gateway: LiveGateway) -> Live:
    return live_gateway(limits={"pause": [NOW]})


def end_the_pause(config: Path, days: str = LATER) -> None:
    config.write_text(config.read_text(encoding="utf-8").replace(NOW, days), encoding="utf-8")


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_cron_ends_well_and_says_so_and_the_key_is_not_used_up(
    live: Live, message: Path, run: Run, flag: str
) -> None:
    argv = ("--config", live.config)
    paused = run(*argv, "send", message, *CRON, flag)
    assert (paused.code, PAUSED in paused.out) == (0, True)
    assert live.simulator.accepted() == ()
    (row,) = [row for row in run(*argv, "audit", "--json").data["audit"] if row["action"] == "paused"]
    assert row["subject"] == "key weekly"
    assert "for it was a pause" in run(*argv, "doctor", "--expect", "weekly").out
    end_the_pause(live.config)
    assert run(*argv, "send", message, *CRON, flag).code == 0
    assert len(live.simulator.accepted()) == 3


@pytest.mark.parametrize("flags", [((), ()), (("--simulate",), ("--strict",))], ids=["live", "strictly"])
def test_a_dry_run_ends_as_the_real_one_and_shows_the_plan(
    live: Live, message: Path, run: Run, flags: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    argv, (simulate, strict) = ("--config", live.config), flags
    unbounded = ("--all", "--yes")  # which only a pause does not refuse
    for words in ((*CRON, *simulate, *strict), (*unbounded, *simulate, *strict)):
        assert (ran := run(*argv, "send", message, *words, "--quiet")).code == 0
        assert PAUSED in ran.out
        dry = run(*argv, "send", message, *words, "--dry-run", "--json")
        assert (dry.code, dry.data["paused"], dry.data["recipients"]["ready"]) == (0, True, 3)
        assert PAUSED in run(*argv, "send", message, *words, "--dry-run", "--quiet").out
    end_the_pause(live.config)
    assert run(*argv, "send", message, *unbounded, "--dry-run", *simulate).code == (0 if simulate else 5)


def test_a_line_that_is_made_in_the_pause_tells_what_stops_it_today(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(limits={"pause": [NOW]}, active=False)
    words = ("schedule", "--at", "07:30", "send", message, "--all", "--max-parts", 9)
    ran = run("--config", live.config, *words)
    assert (ran.code, ran.err.count("Today it would be refused: ")) == (0, 2)
    assert f"Today it would be refused: {PAUSED}" in ran.err


def test_in_the_pause_no_file_need_be_there(live: Live, message: Path, run: Run) -> None:
    (live.config.parent / "recipients.csv").unlink()
    assert run("--config", live.config, "send", message, *CRON).code == 0
    end_the_pause(live.config)
    assert run("--config", live.config, "send", message, *CRON).code == 8


def test_it_goes_by_the_day_on_which_the_mailing_leaves(live: Live, message: Path, run: Run) -> None:
    end_the_pause(live.config)
    at = f"{TODAY + timedelta(days=5):%Y-%m-%d}T12:00"
    held = run("--config", live.config, "send", message, *CRON, "--at", at)
    assert (held.code, PAUSED in held.out) == (0, True)
    assert run("--config", live.config, "send", message, *CRON).code == 0
    assert len(live.simulator.accepted()) == 3


def test_what_is_urgent_leaves(live: Live, message: Path, run: Run) -> None:
    sent = run("--config", live.config, "send", message, *CRON, "--urgent", "--reason", "flood")
    assert (sent.code, "Overruled, being urgent: It is a pause" in sent.err) == (0, True)
    assert len(live.simulator.accepted()) == 3


@pytest.mark.parametrize(("answer", "code", "sent"), [("y", 0, 3), ("", 5, 0)])
def test_a_person_is_asked(live: Live, message: Path, answer: str, code: int, sent: int) -> None:
    ran = run_terminal(
        ["--config", live.config, "send", message, "--all"],
        [("It is a pause. Send 3 messages? [y/N]", answer)],
    )
    assert ran.code == code, ran.seen
    assert PAUSED in ran.seen
    assert len(live.simulator.accepted()) == sent


def test_what_is_pending_waits_for_the_end(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(Behaviour(password="another"), limits={"pause": [LATER]})
    argv = ("--config", live.config)
    assert run(*argv, "send", message, *CRON).code == 6
    end_the_pause(live.config)
    live.config.write_text(live.config.read_text(encoding="utf-8").replace(LATER, NOW), encoding="utf-8")
    for words in (("mailings", "resume", 1), ("send", message, *CRON)):
        waits = run(*argv, *words, "--quiet")
        assert (waits.code, PAUSED in waits.out) == (0, True)
    dry = run(*argv, "send", message, *CRON, "--dry-run", "--quiet")
    assert (dry.code, PAUSED in dry.out) == (0, True)
    (note,) = run(*argv, "send", message, *CRON, "--dry-run", "--json").json["messages"]
    assert (note["code"], PAUSED in note["text"]) == ("pause", True)
    person = run_terminal([*argv, "mailings", "resume", 1], [("It is a pause. Send 3 messages?", "n")])
    assert person.code == 5
    assert run(*argv, "mailings", "show", 1, "--json").data["states"] == {"pending": 3}


def test_what_is_unsettled_keeps_its_exit_code(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(Behaviour(spam_limit=0, spam_queues=False), limits={"pause": [LATER]})
    argv = ("--config", live.config)
    assert run(*argv, "send", message, *CRON).code == 4
    live.config.write_text(live.config.read_text(encoding="utf-8").replace(LATER, NOW), encoding="utf-8")
    assert run(*argv, "send", message, *CRON).code == 4


def test_the_doctor_tells_and_a_rehearsal_goes_on(
    live: Live, make_config: MakeConfig, message: Path, run: Run
) -> None:
    told = run("--config", live.config, "doctor")
    assert PAUSED in told.out
    rehearsal = make_config(limits={"pause": [NOW]})
    ran = run("--config", rehearsal, "send", message, *CRON)
    assert (ran.code, "Live would refuse: It is a pause" in ran.err) == (0, True)


@pytest.mark.parametrize(
    ("pause", "says"),
    [
        (["2026-13-01..2027-01-08"], "must be days such as"),
        (["2027-01-08..2026-12-21"], "must begin before it ends"),
        (["christmas"], "must be days such as"),
        ("2026-12-21..2027-01-08", "must be a list"),
        ([20261221], "must be days such as"),
    ],
)
def test_a_pause_that_is_none_is_refused(make_config: MakeConfig, run: Run, pause: object, says: str) -> None:
    ran = run("--config", make_config(limits={"pause": pause}), "config", "check")
    assert (ran.code, f"limits.pause: {says}" in ran.err) == (8, True)


def test_one_day_is_a_pause_too(make_config: MakeConfig, run: Run) -> None:
    assert run("--config", make_config(limits={"pause": ["2026-12-24"]}), "config", "check").code == 0
