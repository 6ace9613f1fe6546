"""In an emergency: what a person on a terminal may overrule, and where that is written."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from smsctl.ledger import lock, mailings, recovery
from smsctl.ledger.store import open_ledger
from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, run_process, run_terminal
from .conftest import guardians
from .quiet import ALL_DAY, ENDS, TOLD

QUIET = {"quiet_hours": ALL_DAY}
URGENT = ("--urgent", "--reason", "storm")


def begin(live: Live, message: Path, *flags: object) -> list[object]:
    return ["--config", live.config, "send", message, "--all", *flags]


def asked_and_sent(argv: list[object], *answers: tuple[str, str]) -> Ran:
    return run_terminal(argv, [*answers, ("messages?", "y")])


def test_in_quiet_hours_it_can_be_held_until_they_are_over(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=guardians(3), limits=QUIET)
    ran = asked_and_sent(begin(live, message), ("Your choice [3]", "1"))
    assert ran.code == 0, ran.seen
    assert f"1  Send it at {ENDS}; the gateway holds it until then." in ran.seen
    assert f"{ENDS}, held by the gateway" in ran.seen
    sent = live.simulator.accepted()
    assert len(sent) == 3
    assert {str(one.send_at)[14:19] for one in sent} == {f"{ENDS[3:]}:00"}


def test_in_quiet_hours_it_can_be_sent_with_a_reason(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=guardians(3), limits=QUIET)
    ran = asked_and_sent(begin(live, message), ("Your choice [3]", "2"), ("Why?", "a storm is coming"))
    assert ran.code == 0, ran.seen
    assert f"Overruled, being urgent: It is {TOLD}" in ran.seen
    (row,) = [
        one
        for one in run("--config", live.config, "audit", "--json").data["audit"]
        if one["action"] == "send"
    ]
    assert (row["reason"], "urgent" in row["detail"]) == ("a storm is coming", True)


@pytest.mark.parametrize("answers", [[("Your choice [3]", "3")], [("Your choice [3]", "2"), ("Why?", "")]])
def test_in_quiet_hours_nothing_is_sent_without_an_answer_or_a_reason(
    answers: list[tuple[str, str]], live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(rows=guardians(3), limits=QUIET)
    ran = run_terminal(begin(live, message), answers)
    assert (ran.code, "Not confirmed; nothing was sent." in ran.seen) == (5, True)
    assert not live.simulator.accepted()


@pytest.mark.parametrize("flags", [("--yes", "--max-parts", 9), ("--json",)])
def test_where_nothing_can_be_asked_quiet_hours_refuse(
    flags: tuple[object, ...], live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(rows=guardians(3), limits=QUIET)
    ran = run_terminal(begin(live, message, *flags))
    assert ran.code == 5
    assert f"It is {TOLD}" in ran.seen
    assert not live.simulator.accepted()


def test_a_person_overrules_the_ceilings_of_the_day_and_the_site_is_told(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    """The municipality's and the sender's; the mailing keeps that, so that each claim and resume does."""
    told = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$SMSCTL_TEXT" > {told}\n')
    script.chmod(0o755)
    limits = {"max_parts_per_day": 2}
    live = live_gateway(rows=guardians(3), limits=limits, notify={"command": str(script)})
    refused = run_terminal(begin(live, message))
    assert refused.code == 5
    assert "--urgent --reason TEXT" in refused.seen
    assert not told.exists()
    ran = asked_and_sent(begin(live, message, *URGENT))
    assert ran.code == 0, ran.seen
    assert "Overruled, being urgent: The mailing takes 3 parts; of today's 2, 0 are used." in ran.seen
    assert len(live.simulator.accepted()) == 3
    assert "Overruled, being urgent: The mailing takes 3 parts" in told.read_text()
    (row,) = [
        one
        for one in run("--config", live.config, "audit", "--json").data["audit"]
        if one["action"] == "send"
    ]
    assert row["detail"] == "messages: 3; urgent, also beyond the day's ceilings"


def test_what_is_overruled_is_not_silent_where_the_site_could_not_be_told(
    live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(
        rows=guardians(3), limits={"max_parts_per_day": 2}, notify={"command": "/no/such/program"}
    )
    ran = asked_and_sent(begin(live, message, *URGENT, "--quiet"))
    assert (ran.code, len(live.simulator.accepted())) == (0, 3), ran.seen
    assert "Nobody was told of this run" in ran.seen


def test_without_a_terminal_being_urgent_leaves_the_ceilings_of_the_day(
    live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(rows=guardians(3), limits={"max_parts_per_day": 2})
    argv = begin(live, message, *URGENT, "--yes", "--max-parts", 9)
    for ran in (run_process(*argv), run_terminal(argv)):
        assert ran.code == 5
        assert "of today's 2, 0 are used" in ran.said
    assert not live.simulator.accepted()


def test_run_ceilings_and_new_packages_stand_in_an_emergency(
    live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(
        rows=guardians(3),
        limits={"max_parts_per_run": 2, "max_new_packages": 0},
        municipalities={"exempelkommun": {"package_size": 2}},
    )
    ran = run_terminal(begin(live, message, *URGENT))
    assert (ran.code, "2 rules refuse this mailing." in ran.seen) == (5, True)


def test_what_was_overruled_is_kept_when_cron_goes_on_with_it(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(
        Behaviour(password="another"), rows=guardians(3), limits={**QUIET, "max_parts_per_day": 2}
    )
    assert asked_and_sent(begin(live, message, *URGENT)).code == 6
    well = live_gateway(rows=guardians(3), limits={**QUIET, "max_parts_per_day": 2}, active=False)
    assert run("--config", well.config, "mailings", "resume", 1).code == 0
    assert len(well.simulator.accepted()) == 3


def test_resuming_can_overrule_the_senders_ceiling_of_the_day(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    from smsctl.host.users import whoever

    senders = {whoever().user: {"max_parts_per_day": 2}}
    live = live_gateway(Behaviour(password="another"), rows=guardians(3))
    sent = run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    assert sent.code == 6
    well = live_gateway(rows=guardians(3), senders=senders, active=False)
    resume = ["--config", well.config, "mailings", "resume", 1]
    assert run(*resume).code == 5
    assert len(well.simulator.accepted()) == 2
    assert run(*resume, *URGENT).code == 5
    assert run_terminal([*resume, *URGENT], [("Send 1 message?", "y")]).code == 0
    assert len(well.simulator.accepted()) == 3


def test_the_emergency_brake_asks_nothing(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(Behaviour(password="another"), rows=guardians(3))
    run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    ran = run_terminal(["--config", live.config, "mailings", "cancel", 1])
    assert (ran.code, "3 pending messages cancelled." in ran.seen) == (0, True)


# Beside a run that sends it


@contextmanager
def sent_by_another(live: Live, url: str | None) -> Iterator[None]:
    """Let another process have the right to send the first mailing."""
    if url is None:
        with ExitStack() as stack:
            ledger = stack.enter_context(closing(open_ledger(live.config.parent / "ledger" / "ledger.db")))
            stack.enter_context(lock.right_to_send(ledger, mailings.get(ledger, 1).reference))
            yield
        return
    import psycopg

    from smsctl.ledger.postgres.rights import Rights

    with psycopg.connect(url, autocommit=True) as session:
        ((reference,),) = session.execute("SELECT reference FROM smsctl.mailings").fetchall()
        assert Rights("smsctl").take(session, reference)
        yield


def urgent_beside_a_run(
    request: pytest.FixtureRequest, live_gateway: LiveGateway, message: Path, run: Run, place: str
) -> tuple[Ran, bool]:
    """Call what is left urgent while another process sends it; say whether it is from then on."""
    url = request.getfixturevalue("url") if place == "server" else None
    ledger = {"path": None, "url": url, "state": "state"} if url else {}
    live = live_gateway(Behaviour(password="another"), active=False, rows=guardians(3), ledger=ledger)
    if url:
        run("--config", live.config, "ledger", "accept-restore", "--reason", "new")
    run("--config", live.config, "municipality", "activate", "exempelkommun", "--yes")
    assert run(*begin(live, message, "--yes", "--max-parts", "9")).code == 6
    with sent_by_another(live, url):
        ran = run("--config", live.config, "mailings", "resume", 1, *URGENT)
    audit = run("--config", live.config, "audit", "--json").data["audit"]
    return ran, any(one["action"] == "resume" for one in audit)


@pytest.mark.parametrize("place", ["file", "server"])
def test_beside_a_run_that_sends_it_nothing_is_changed(
    place: str, request: pytest.FixtureRequest, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    ran, is_changed = urgent_beside_a_run(request, live_gateway, message, run, place)
    assert (ran.code, is_changed, "by another process" in ran.err) == (9, False, True), ran.said


@pytest.mark.parametrize("place", ["file", "server"])
def test_without_the_right_to_send_it_would_be(
    place: str,
    request: pytest.FixtureRequest,
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    monkeypatch.setattr(recovery, "taking_over", lambda *_: nullcontext())
    ran, is_changed = urgent_beside_a_run(request, live_gateway, message, run, place)
    assert is_changed, ran.said
