"""`mailings resume` and the same key again: held to the rules of the day."""

import sys
from datetime import datetime
from pathlib import Path

import pytest

from smsctl.actions.begin import begin
from smsctl.config.read import load
from smsctl.domain.audience import AudienceRule
from smsctl.domain.gateway import IsLate
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Answer, Batch, Letter, Status, SubmitVerdict, same_for_all
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import PackageTerms
from smsctl.domain.text import INTELECOM_PARTS, MessageText, measure
from smsctl.gateways.intelecom import Intelecom
from smsctl.host.users import whoever
from smsctl.ledger import store
from smsctl.ledger.mailings import NewMailing
from smsctl.simulator.behaviour import Behaviour

from ..actions.desk import ACTOR, moment
from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, Terminal, run_terminal
from .conftest import guardians
from .quiet import ALL_DAY, ENDS, TOLD

NO_CEILINGS = Ceilings()
QUIET = {"quiet_hours": ALL_DAY}


def begun(
    config: Path,
    *,
    package_size: int = 10_000,
    ceilings: Ceilings = NO_CEILINGS,
    run_key: str | None = None,
    send_at: datetime | None = None,
    groups: tuple[str, ...] = ("guardians",),
) -> int:
    """Leave a mailing of two messages behind, as a run does that is stopped before its first batch."""
    ledger = store.open_ledger(load(config).ledger_path)
    text = MessageText.read("Hej")
    new = NewMailing(
        kind="send",
        municipality=Municipality(
            key="exempelkommun",
            name="Exempelkommun",
            rate=PackageTerms(size=package_size, price_ore=490_000),
            in_packages=True,
        ),
        gateway="intelecom",
        letter=Letter(text=text, send_at=send_at),
        size=measure(text.body, INTELECOM_PARTS),
        audience=AudienceRule(groups=groups),
        source=None,
        rows=2,
        ceilings=ceilings,
        run_key=run_key,
    )
    people = [(2, "+46701740605", "Anna"), (3, "+46701740606", "Bo")]
    mailing = begin(new, people, [], ledger, moment(), ACTOR)
    ledger.close()
    return mailing.id


@pytest.fixture
def live(live_gateway: LiveGateway) -> Path:
    return live_gateway(limits=QUIET).config


def test_nothing_is_resumed_in_quiet_hours(live: Path, run: Run) -> None:
    number = begun(live)
    ran = run("--config", live, "mailings", "resume", str(number))
    assert ran.code == 5
    assert TOLD in ran.err
    assert run("--config", live, "mailings", "show", str(number), "--json").data["states"] == {"pending": 2}


def test_an_urgent_one_is_resumed_and_the_reason_is_asked_for(live: Path, run: Run) -> None:
    number = str(begun(live))
    assert run("--config", live, "mailings", "resume", number, "--urgent").code == 2
    ran = run("--config", live, "mailings", "resume", number, "--urgent", "--reason", "storm", "--json")
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 2})


def test_nothing_is_resumed_for_a_municipality_that_was_deactivated(
    live_gateway: LiveGateway, run: Run
) -> None:
    config = live_gateway().config
    number = str(begun(config))
    run("--config", config, "municipality", "deactivate", "exempelkommun")
    ran = run("--config", config, "mailings", "resume", number)
    assert ran.code == 5
    assert f"smsctl --config {config} municipality activate exempelkommun" in ran.err


def test_a_group_whose_name_begins_like_another_is_not_taken_for_it(
    live_gateway: LiveGateway, run: Run
) -> None:
    config = live_gateway(senders={whoever().user: {"audiences": ["guardians"]}}).config
    begun(config, groups=("guardians; and everybody else",))
    ran = run("--config", config, "mailings", "resume", 1)
    assert (ran.code, "may not send to guardians; and everybody else" in ran.err) == (5, True)
    begun(config)
    assert run("--config", config, "mailings", "resume", 2).code == 0


def test_every_claim_is_held_to_the_daily_ceiling_of_whoever_began_it(
    live_gateway: LiveGateway, run: Run
) -> None:
    me = whoever().user
    config = live_gateway(senders={me: {}, ACTOR.user: {"max_parts_per_day": 1}}).config
    ran = run("--config", config, "mailings", "resume", begun(config), "--json")
    assert (ran.code, ran.data["outcome"]) == (5, {"pending": 1, "accepted": 1})
    (why,) = [one["text"] for one in ran.json["messages"] if one["code"] == "ceiling"]
    assert why.startswith(f"The user {ACTOR.user} may send 1 part a day, and it is used")
    mend, then = [one["text"] for one in ran.json["messages"] if one["code"] == "hint"]
    assert mend.startswith("Go on tomorrow, or raise max_parts_per_day under [senders] in the config; or,")
    assert mend.endswith(f"on a terminal: smsctl --config {config} mailings resume 1 --urgent --reason TEXT")
    assert then == f"Send what is pending with: smsctl --config {config} mailings resume 1"


@pytest.mark.parametrize("command", ["mailings resume 1", "send hej.txt --group guardians --key slot"])
def test_no_package_is_opened_beyond_what_was_confirmed_where_nobody_is_asked(
    command: str, live_gateway: LiveGateway, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = live_gateway(municipalities={"exempelkommun": {"package_size": 1}}).config
    begun(config, package_size=1, ceilings=Ceilings(max_new_packages=0), run_key="slot")
    (tmp_path / "hej.txt").write_text("Hej", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ran = run_terminal(["--config", config, *command.split()], [("Send 2 messages?", "y")])
    assert ran.code == 5
    assert "It will stop before its end: The mailing would open 1 new package" in ran.seen
    assert "The ceiling max_new_packages = 0 is reached" in ran.seen
    assert f"with: smsctl --config {config} mailings resume 1 --max-new-packages PACKAGES" in " ".join(
        ran.seen.split()
    )
    assert len(run("--config", config, "invoices", "list", "--json").data["invoices"]) == 1


def test_another_gateway_does_not_go_on_with_it(live: Path, run: Run) -> None:
    """It would count other parts than were confirmed, and its reports would find no message."""
    mailing = begun(live, run_key="daily")
    assert run("--config", live, "config", "set", "gateway.module", "pswincom").code == 0
    ran = run("--config", live, "mailings", "resume", mailing)
    assert ran.code == 5
    assert f"Mailing {mailing} was begun with intelecom, and the config now names pswincom." in ran.err
    assert run("--config", live, "mailings", "cancel", mailing).code == 0


@pytest.fixture
def in_part(live_gateway: LiveGateway, run: Run, message: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    """One of three has the text, and the account in the config is another now."""
    live, submit = live_gateway(rows=guardians(3), gateway={"batch_size": 1}), Intelecom.submit

    def refuse_later(self: Intelecom, batch: Batch, *, is_late: IsLate) -> Answer:
        if live.simulator.accepted():
            return same_for_all(batch, Status.PENDING, SubmitVerdict.REFUSED, "not now")
        return submit(self, batch, is_late=is_late)

    with monkeypatch.context() as patched:
        patched.setattr(Intelecom, "submit", refuse_later)
        assert by_key(live, run, message).code == 6
    change_account(live, run, 4712)
    return live


def by_key(live: Live, run: Run, message: Path) -> Ran:
    line = ("send", message, "--all", "--yes", "--max-parts", 9, "--key", "slot")
    return run("--config", live.config, *line)


def change_account(live: Live, run: Run, service_id: int) -> None:
    assert run("--config", live.config, "config", "set", "gateway.service_id", service_id).code == 0


def test_what_one_account_has_begun_no_other_is_billed_for(in_part: Live, run: Run, message: Path) -> None:
    resumed = run("--config", in_part.config, "mailings", "resume", 1)
    keyed = by_key(in_part, run, message)
    assert (resumed.code, keyed.code) == (5, 5)
    told = "Mailing 1 was begun with the account intelecom 4711 demo, and the config now names intelecom 4712"
    assert told in resumed.err
    assert told in keyed.err
    assert len(in_part.simulator.accepted()) == 1
    change_account(in_part, run, 4711)
    assert by_key(in_part, run, message).code == 0
    assert len(in_part.simulator.accepted()) == 3


def test_the_claim_asks_for_the_account_too(in_part: Live, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host may have begun the mailing since the command looked."""
    monkeypatch.setattr("smsctl.actions.resume.must_be_its_gateway", lambda *_: None)
    assert run("--config", in_part.config, "mailings", "resume", 1).code == 5
    assert len(in_part.simulator.accepted()) == 1


def test_without_asking_the_rest_would_leave_by_another_account(
    in_part: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.ledger.accounts.must_be_its", lambda *_: None)
    assert run("--config", in_part.config, "mailings", "resume", 1).code == 0
    assert len(in_part.simulator.accepted()) == 3


def test_an_account_that_was_refused_may_be_mended(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    live = live_gateway(Behaviour(service_id=4712), rows=guardians(3))
    assert by_key(live, run, message).code == 6
    change_account(live, run, 4712)
    assert by_key(live, run, message).code == 0
    assert len(live.simulator.accepted()) == 3


def test_on_a_terminal_what_is_left_is_shown_and_asked_about(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    number = begun(live.config)
    resume = ["--config", live.config, "mailings", "resume", number]
    declined = run_terminal(resume, [("Send 2 messages?", "n")])
    assert declined.code == 5
    assert "Not confirmed; nothing was sent." in declined.seen
    for shown in (
        f"2 messages are left of mailing {number} to guardians, Exempelkommun",
        "2 messages, 2 parts, 0,98 kr. Exempelkommun is charged",
        "Package 1 has 10 000 parts left, and 9 998 after this mailing.",
        "Intelecom",
    ):
        assert shown in declined.seen.replace("\xa0", " ")
    assert not live.simulator.accepted()
    assert run_terminal(resume, [("Send 2 messages?", "y")]).code == 0
    assert len(live.simulator.accepted()) == 2


def test_with_yes_nothing_is_asked_on_a_terminal(live_gateway: LiveGateway) -> None:
    live = live_gateway()
    assert (
        run_terminal(["--config", live.config, "mailings", "resume", begun(live.config), "--yes"]).code == 0
    )
    assert len(live.simulator.accepted()) == 2


def test_the_question_is_seen_also_where_the_result_goes_into_a_file(
    live_gateway: LiveGateway, tmp_path: Path
) -> None:
    live, result = live_gateway(), tmp_path / "result"
    resume = f"exec {sys.executable} -m smsctl --config {live.config} mailings resume {begun(live.config)}"
    with Terminal(program=["sh", "-c", f"{resume} > {result}"]) as terminal:
        terminal.wait_for("Send 2 messages? [y/N]")
        terminal.type("y")
        ran = terminal.end()
    assert ran.code == 0
    assert "2 messages are left of mailing 1" in ran.seen
    assert "Mailing 1 for Exempelkommun: 2 accepted; 2 parts." in result.read_text()
    assert "Send 2 messages?" not in result.read_text()


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_one_whose_time_has_passed_is_judged_by_the_clock_on_the_wall(
    flags: tuple[str, ...], live: Path, run: Run
) -> None:
    """It would leave now: in the quiet hours, though the time it was meant for was outside them."""
    number = begun(live, send_at=datetime.fromisoformat(f"2026-11-27T{ENDS}:30+01:00"))
    ran = run("--config", live, "mailings", "resume", number, *flags)
    assert ran.code == 5
    assert f"{TOLD}; the mailing would leave at " in ran.said
    assert f"would leave at {ENDS}" not in ran.said


def test_in_quiet_hours_a_person_is_asked_and_the_reason_stays_with_the_mailing(
    live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(limits=QUIET)
    resume = ["--config", live.config, "mailings", "resume", begun(live.config)]
    declined = run_terminal(resume, [("Your choice [3]", "")])
    assert declined.code == 5
    assert f"It is {TOLD}" in declined.seen
    answers = [("Your choice [3]", "2"), ("Why?", "storm"), ("Send 2 messages?", "y")]
    assert run_terminal(resume, answers).code == 0
    assert len(live.simulator.accepted()) == 2
    rows = run("--config", live.config, "audit", "--json").data["audit"]
    assert ("resume", "storm") in [(row["action"], row["reason"]) for row in rows]


def test_in_quiet_hours_what_is_left_can_be_held_until_they_are_over(
    live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(limits=QUIET)
    resume = ["--config", live.config, "mailings", "resume", begun(live.config)]
    ran = run_terminal(resume, [("Your choice [3]", "1"), ("Send 2 messages?", "y")])
    assert ran.code == 0, ran.seen
    sent = live.simulator.accepted()
    assert [str(one.send_at)[14:19] for one in sent] == [f"{ENDS[3:]}:00"] * 2
    cancelled = run("--config", live.config, "mailings", "cancel", 1, "--json")
    assert cancelled.data["states"].keys() <= {"cancelled", "accepted"}
