"""Two pairs of eyes: nothing of a large mailing leaves before a second person has said yes."""

import re
import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import pytest

from smsctl.cli.mailings import approve as cli_approve
from smsctl.domain.approval import ApprovalDecision, ApprovalTerms
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, stamp
from smsctl.errors import RuleError, SmsctlError
from smsctl.host import users
from smsctl.ledger import approvals, batches, mailings, packages
from smsctl.ledger.batches import ClaimRequest
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import open_ledger

from ..actions.desk import moment
from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run, run_process
from .conftest import guardians
from .quiet import ALL_DAY

ANNA, BO, CIA = 1, 2, 3
"""Users that every Linux knows by a name; who logged in is read of a file of the test's own."""

LogIn = Callable[[int], str]


@pytest.fixture
def log_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogIn:
    """Let another person be the one who logged in."""
    path = tmp_path / "loginuid"
    monkeypatch.setattr("smsctl.host.users.whoever", partial(users.whoever, path))

    def log_in(uid: int) -> str:
        path.write_text(str(uid))
        return users.whoever().user

    log_in(ANNA)
    return log_in


def send(config: Path, message: Path, run: Run, *flags: object) -> Ran:
    whom = () if "--where" in flags else ("--all",)
    return run("--config", config, "send", message, *whom, "--yes", "--max-parts", 99, "--json", *flags)


def act(config: Path, run: Run, *words: object) -> Ran:
    return run("--config", config, "mailings", *words, "--json")


def path_of(config: Path) -> Path:
    return config.parent / "ledger" / "ledger.db"


def change(config: Path, *sql: str) -> None:
    with closing(sqlite3.connect(path_of(config))) as ledger, ledger:
        for one in sql:
            ledger.execute(one)


@pytest.fixture
def site(live_gateway: LiveGateway, log_in: LogIn) -> Live:
    return live_gateway(rows=guardians(4), approval={"above": 3})


@pytest.fixture
def asked(site: Live, message: Path, run: Run) -> Live:
    """Anna has asked for a mailing to four, and more than three wait."""
    assert send(site.config, message, run).code == 5
    return site


def is_sound(live: Live, run: Run) -> bool:
    return run("--config", live.config, "ledger", "check").code == 0


def test_a_large_mailing_waits_and_nothing_of_it_is_reserved(site: Live, message: Path, run: Run) -> None:
    ran = send(site.config, message, run)
    assert ran.code == 5
    assert "approval" in [one["code"] for one in ran.json["messages"] if one["level"] == "error"]
    assert (ran.data["mailing"], ran.data["outcome"]) == (1, {"pending": 4})
    assert ran.data["approval"]["asked_by"] == users.whoever().user
    assert not site.simulator.accepted()
    (used,) = run("--config", site.config, "usage", "--json").data["municipalities"]
    assert used["parts"] == 0
    shown = run("--config", site.config, "mailings", "show", 1).out
    assert "Mailing 1 is not sent: it waits until " in shown
    assert f"smsctl --config {site.config} mailings approve 1" in shown
    assert f"smsctl --config {site.config} mailings resume 1" not in shown
    assert is_sound(site, run)


def test_a_clock_that_is_behind_is_accepted_by_what_takes_such_a_word(
    asked: Live, run: Run, log_in: LogIn
) -> None:
    log_in(BO)
    change(asked.config, "UPDATE mailings SET created_at = '2099-01-01T08:00:00.000Z'")
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, len(asked.simulator.accepted())) == (9, 0)
    assert "send, test, mailings resume or retry: --accept-clock --reason TEXT" in ran.said
    assert act(asked.config, run, "approve", 1, "--yes", "--no-send").code == 0
    said = ("--accept-clock", "--reason", "the battery was flat")
    assert act(asked.config, run, "resume", 1, "--yes", *said).code == 0


@pytest.mark.parametrize("also", [(), ("--yes",)])
def test_a_package_that_no_plan_has_shown_on_a_terminal_is_told(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn, also: tuple[str, ...]
) -> None:
    """Where the second person is asked, the plan tells of the invoice."""
    small = {"exempelkommun": {"package_size": 2, "package_price": "4900.50"}}
    live = live_gateway(rows=guardians(4), approval={"above": 3}, municipalities=small)
    assert send(live.config, message, run, "--max-new-packages", 9).code == 5
    log_in(BO)
    ran = run("--config", live.config, "mailings", "approve", 1, *also, terminal=True, stdin="y\n")
    assert (ran.code, "A package was opened" in ran.said) == (0, also == ("--yes",))
    assert "opened" not in run("--config", live.config, "invoices", "list").said


def test_a_plain_run_says_so_also_with_quiet(site: Live, message: Path, run: Run) -> None:
    argv = ("--config", site.config, "send", message, "--all", "--yes", "--max-parts", 9, "--quiet")
    ran = run(*argv)
    assert ran.code == 5
    assert "waits until" in ran.err
    assert f"smsctl --config {site.config} mailings approve 1" in ran.err


def test_a_small_mailing_and_a_test_leave_as_ever(site: Live, message: Path, run: Run) -> None:
    assert run("--config", site.config, "test", "0701740605", "hej").code == 0
    ran = send(site.config, message, run, "--where", "Namn=Person 1")
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 1})
    assert act(site.config, run, "approve", 2).code == 5


def test_a_municipality_may_have_a_figure_of_its_own(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn
) -> None:
    own = {"exempelkommun": {"approval_above": 1}}
    live = live_gateway(rows=guardians(2), approval={"above": 500}, municipalities=own)
    assert send(live.config, message, run).code == 5


def test_a_large_mailing_cannot_be_sent_as_several_small_ones(site: Live, message: Path, run: Run) -> None:
    assert send(site.config, message, run, "--where", "Namn=Person 0", "--where", "Namn=Person 1").code == 0
    assert "4 messages with this text: more than 3" in send(site.config, message, run, "--dry-run").out
    ran = send(site.config, message, run)
    assert (ran.code, ran.data["approval"]["counted"]) == (5, 4)
    assert len(site.simulator.accepted()) == 2
    message.write_text("En annan text\n")
    assert send(site.config, message, run, "--where", "Namn=Person 0").code == 0


def test_a_dry_run_ends_as_the_real_one_would_and_writes_nothing(site: Live, message: Path, run: Run) -> None:
    ran = send(site.config, message, run, "--dry-run")
    assert ran.code == 5
    assert [one["rule"] for one in ran.data["refusals"]] == []
    assert "more than 3 wait for the approval of a second person" in ran.out
    assert act(site.config, run, "list").data["mailings"] == []


def test_a_second_person_approves_it_and_it_leaves(asked: Live, run: Run, log_in: LogIn) -> None:
    bo = log_in(BO)
    ran = act(asked.config, run, "approve", 1, "--yes", "--reason", "read it")
    assert ran.code == 0
    assert ran.data["outcome"] == {"accepted": 4}
    assert (ran.data["approval"]["decision"], ran.data["approval"]["decided_by"]) == ("approved", bo)
    assert len(asked.simulator.accepted()) == 4
    assert f"Approved by {bo}, " in run("--config", asked.config, "mailings", "show", 1).out
    rows = run("--config", asked.config, "audit", "--json").data["audit"]
    assert ("approve", bo, "read it") in [(row["action"], row["user"], row["reason"]) for row in rows]
    listed = run("--config", asked.config, "mailings", "list", "--csv", "-").out.splitlines()
    assert f";{bo};" in listed[1]
    assert is_sound(asked, run)


def test_a_second_person_sees_who_asks_and_what_it_costs_and_is_asked(
    asked: Live, run: Run, log_in: LogIn
) -> None:
    anna = users.whoever().user
    log_in(BO)
    ran = run("--config", asked.config, "mailings", "approve", 1, stdin="n\n", terminal=True)
    assert ran.code == 5
    for told in (f"{anna} asks since ", "│ Hej på er", "4 parts, 1,96 kr", "Approve mailing 1?"):
        assert told in " ".join(ran.said.split())
    assert not asked.simulator.accepted()
    ran = run("--config", asked.config, "mailings", "approve", 1, stdin="y\n", terminal=True)
    assert (ran.code, len(asked.simulator.accepted())) == (0, 4)


@pytest.mark.parametrize("meanwhile", ["cancelled", "unknown"])
def test_what_became_of_it_between_the_yes_and_the_sending_is_told(
    meanwhile: str, asked: Live, run: Run, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process cancels the rest, or sends it and dies."""
    log_in(BO)
    approve = vars(cli_approve)["approve"]

    def approve_and_more(*given: object, **named: object) -> None:
        approve(*given, **named)
        if meanwhile == "cancelled":
            assert run_process("--config", asked.config, "mailings", "cancel", 1).code == 0
            return
        with closing(open_ledger(path_of(asked.config))) as ledger:
            mailing = mailings.get(ledger, 1)
            want = ClaimRequest(
                mailing=mailing, most=9, ceilings=Ceilings(), repeats=Repeats(mailing, "none")
            )
            with ledger.transaction():
                assert batches.claim(ledger, want, 0, moment())

    monkeypatch.setattr(cli_approve, "approve", approve_and_more)
    ran = run("--config", asked.config, "mailings", "approve", 1, "--yes", "--quiet")
    assert not asked.simulator.accepted()
    if meanwhile == "cancelled":
        assert (ran.code, ran.out) == (0, "Mailing 1 was cancelled and has nothing pending.\n")
    else:
        assert (ran.code, "mailings resolve 1" in ran.said) == (4, True), ran.said


def _pending_again(asked: Live, run: Run, log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Approve what another host had when it was looked for, and of which that one hears: it was not taken."""
    log_in(BO)
    monkeypatch.setattr(cli_approve, "_left", lambda *_: None)
    return run("--config", asked.config, "mailings", "approve", 1, "--yes")


def test_what_is_pending_again_does_not_let_a_yes_end_as_if_it_were_sent(
    asked: Live, run: Run, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _pending_again(asked, run, log_in, monkeypatch)
    assert (ran.code, "by another process" in ran.said) == (9, True), ran.said


def test_without_a_look_at_that_it_would(
    asked: Live, run: Run, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(cli_approve, "nothing_left", mailings.tally)
    assert _pending_again(asked, run, log_in, monkeypatch).code == 0


def test_whoever_asked_does_not_approve(asked: Live, run: Run) -> None:
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, "another person approves it" in ran.out) == (5, True)
    assert not asked.simulator.accepted()


def test_whoever_only_says_who_they_are_neither_asks_nor_approves(
    asked: Live, message: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loginuid").unlink()
    monkeypatch.setenv("SUDO_USER", "somebody")
    monkeypatch.setattr("smsctl.host.users._is_really_root", lambda: False)
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, "Nobody can tell who this is" in ran.out) == (5, True)
    message.write_text("En annan text\n")
    ran = send(asked.config, message, run)
    assert (ran.code, "Nobody can tell who this is" in ran.out) == (5, True)
    assert len(act(asked.config, run, "list").data["mailings"]) == 1


def test_an_approver_may_send_what_they_approve(asked: Live, run: Run, log_in: LogIn) -> None:
    bo = log_in(BO)
    config = asked.config.read_text()
    asked.config.write_text(f'{config}\n[senders.{bo}]\naudiences = ["staff"]\n')
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, f"{bo} may not send" in ran.out) == (5, True)
    assert not asked.simulator.accepted()


def test_approved_alone_it_leaves_by_resume(asked: Live, run: Run, log_in: LogIn) -> None:
    log_in(BO)
    assert act(asked.config, run, "approve", 1, "--yes", "--no-send").code == 0
    assert not asked.simulator.accepted()
    log_in(ANNA)
    assert act(asked.config, run, "resume", 1).code == 0
    assert len(asked.simulator.accepted()) == 4


def test_the_yes_stays_where_quiet_hours_or_a_ceiling_stop_it(asked: Live, run: Run, log_in: LogIn) -> None:
    log_in(BO)
    config = asked.config.read_text()
    asked.config.write_text(config.replace("quiet_hours = false", f'quiet_hours = "{ALL_DAY}"'))
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert ran.code == 5
    assert act(asked.config, run, "show", 1).data["approval"]["decision"] == "approved"
    assert not asked.simulator.accepted()
    asked.config.write_text(config)
    assert act(asked.config, run, "resume", 1).code == 0
    assert len(asked.simulator.accepted()) == 4


@pytest.mark.parametrize(
    "limit",
    [f'quiet_hours = "{ALL_DAY}"', 'quiet_hours = false\npause = ["2000-01-01..2999-12-31"]'],
    ids=["quiet hours", "pause"],
)
def test_what_goes_past_the_rule_that_stops_an_approved_mailing_is_told_and_works(
    limit: str, asked: Live, run: Run, log_in: LogIn
) -> None:
    log_in(BO)
    config = asked.config.read_text()
    assert config.count("quiet_hours = false") == 1
    asked.config.write_text(config.replace("quiet_hours = false", limit))
    ran = run("--config", asked.config, "mailings", "approve", 1, "--yes")
    (hint,) = re.findall(r"or now, with: smsctl (.+)", ran.err)
    assert ran.code == 5
    assert run(*shlex.split(hint)).code == 0
    assert len(asked.simulator.accepted()) == 4


def test_a_text_that_waits_holds_its_people(asked: Live, message: Path, run: Run) -> None:
    ran = send(asked.config, message, run)
    assert (ran.code, "Mailing 1 has the same text and is not finished" in ran.out) == (5, True)
    assert "mailings approve 1; drop it with: smsctl" in ran.out
    assert "mailings resume" not in ran.out  # it would be refused
    assert len(act(asked.config, run, "list").data["mailings"]) == 1


class HalfwayError(Exception):
    """The process ends here."""


EXPIRED = "UPDATE approvals SET expires_at = '2026-01-01T00:00:00.000Z'"
PASSED = "UPDATE mailings SET send_at = '2026-01-01T07:30:00+01:00'"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (EXPIRED, "Nobody approved mailing 1 in time, and it is cancelled."),
        (PASSED, "that has passed"),
    ],
)
def test_what_was_asked_for_too_long_ago_is_not_approved(
    made: str, said: str, asked: Live, run: Run, log_in: LogIn
) -> None:
    change(asked.config, made)
    log_in(BO)
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, said in ran.out) == (5, True)
    assert act(asked.config, run, "cancel", 1).code == 0
    assert is_sound(asked, run)


@pytest.mark.parametrize("who", [ANNA, BO])
def test_cancelling_is_the_no_by_either_of_them(who: int, asked: Live, run: Run, log_in: LogIn) -> None:
    log_in(who)
    assert act(asked.config, run, "cancel", 1, "--reason", "wrong day").code == 0
    log_in(BO)
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, "was cancelled by" in ran.out) == (5, True)
    assert not asked.simulator.accepted()


def test_what_is_decided_is_not_decided_again(asked: Live, run: Run, log_in: LogIn) -> None:
    log_in(BO)
    assert act(asked.config, run, "approve", 1, "--yes", "--no-send").code == 0
    log_in(CIA)
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, "was approved by" in ran.out, "mailings resume 1" in ran.out) == (5, True, True)
    assert act(asked.config, run, "resume", 1).code == 0
    ran = act(asked.config, run, "approve", 1, "--afterwards")
    assert (ran.code, "was approved by" in ran.out, "resume" in ran.out) == (5, True, False)


def test_a_retry_of_a_large_mailing_waits_too(site: Live, message: Path, run: Run, log_in: LogIn) -> None:
    assert send(site.config, message, run).code == 5
    log_in(BO)
    assert act(site.config, run, "approve", 1, "--yes").code == 0
    change(
        site.config,
        "UPDATE messages SET state = 'failed', cause = 'unreachable' WHERE id = 1",
        "UPDATE mailing_counts SET messages = 3, parts = 3 WHERE state = 'accepted'",
        "INSERT INTO mailing_counts (mailing, state, messages, parts) VALUES (1, 'failed', 1, 1)",
    )
    ran = act(site.config, run, "retry", 1, "--yes", "--max-parts", 9)
    assert (ran.code, ran.data["approval"]["counted"]) == (5, 5)
    assert len(site.simulator.accepted()) == 4


def test_a_dry_run_under_a_key_that_waits_ends_as_the_real_one(site: Live, message: Path, run: Run) -> None:
    assert send(site.config, message, run, "--key", "weekly").code == 5
    for flags in ((), ("--dry-run",)):
        ran = send(site.config, message, run, "--key", "weekly", *flags)
        assert (ran.code, "waits for the approval" in ran.out) == (5, True), ran.out


def _resume(live: Live, message: Path, run: Run) -> Ran:
    return act(live.config, run, "resume", 1)


def _keyed(live: Live, message: Path, run: Run) -> Ran:
    return send(live.config, message, run, "--key", "weekly")


def _again(live: Live, message: Path, run: Run) -> Ran:
    return send(live.config, message, run)


def _retry(live: Live, message: Path, run: Run) -> Ran:
    return act(live.config, run, "retry", 1, "--yes", "--max-parts", 9)


WAYS_IN = {"resume": _resume, "key": _keyed, "send": _again, "retry": _retry}
NO = {"waiting": "", "passed": PASSED}


@pytest.mark.parametrize("decision", NO)
@pytest.mark.parametrize("way", WAYS_IN)
def test_no_way_in_goes_past_a_second_person(
    way: str, decision: str, site: Live, message: Path, run: Run
) -> None:
    assert send(site.config, message, run, "--key", "weekly").code == 5
    if NO[decision]:
        change(site.config, NO[decision])
    ran = WAYS_IN[way](site, message, run)
    assert ran.code == 5, ran.out
    assert not site.simulator.accepted()
    assert len(act(site.config, run, "list").data["mailings"]) == 1
    assert is_sound(site, run)


def claim(config: Path) -> object:
    """Claim a batch of the first mailing, as a program would that knows nothing of approvals."""
    with closing(open_ledger(path_of(config))) as ledger:
        mailing = mailings.get(ledger, 1)
        want = ClaimRequest(
            mailing=mailing,
            most=10,
            ceilings=Ceilings(),
            repeats=Repeats(mailing, mailings.body_hash(mailing.letter.text.body)),
        )
        with ledger.transaction():
            return batches.claim(ledger, want, 0, moment())


@pytest.mark.parametrize("decision", [None, "cancelled"])
def test_a_claim_made_by_hand_is_refused_in_its_own_transaction(decision: str | None, asked: Live) -> None:
    if decision:
        change(
            asked.config,
            f"UPDATE approvals SET decision = '{decision}', decided_at = asked_at, decided_by = asked_by",
        )
    with pytest.raises(RuleError, match="waits for the approval"):
        claim(asked.config)
    with closing(sqlite3.connect(path_of(asked.config))) as ledger:
        assert ledger.execute("SELECT DISTINCT state FROM messages").fetchall() == [("pending",)]


def test_without_the_look_in_the_claim_it_would_leave_and_the_check_finds_it(
    asked: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.ledger.approvals.must_be_given", lambda *_: None)
    assert claim(asked.config)
    ran = run("--config", asked.config, "ledger", "check")
    assert "Mailing 1 is not approved, and 4 messages of it have left." in ran.said


def test_the_table_itself_refuses_the_yes_of_whoever_asked(asked: Live) -> None:
    with closing(open_ledger(path_of(asked.config))) as ledger:
        asker = approvals.of(ledger, 1)
        assert asker
        forger = Actor(user=asker.asked_by, host="here")
        with pytest.raises((sqlite3.IntegrityError, SmsctlError)), ledger.transaction():
            approvals.decide(ledger, 1, ApprovalDecision.APPROVED, moment(), forger)


def test_of_two_who_decide_at_once_one_does(asked: Live) -> None:
    together, decided = Barrier(4), list[bool]()

    def decide(decision: ApprovalDecision, user: str) -> None:
        with closing(open_ledger(path_of(asked.config))) as ledger:
            now = moment()
            together.wait()
            with ledger.transaction():
                decided.append(approvals.decide(ledger, 1, decision, now, Actor(user=user, host="here")))

    kinds = [ApprovalDecision.APPROVED, ApprovalDecision.APPROVED, ApprovalDecision.CANCELLED]
    threads = [Thread(target=decide, args=(one, f"person{n}")) for n, one in enumerate([*kinds, kinds[0]])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(decided) == [False, False, False, True]


def test_whoever_comes_second_is_told_who_was_quicker(
    asked: Live, run: Run, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from smsctl.actions import approve

    quick = approve.approve
    log_in(BO)

    def with_another_first(*given: object, **named: bool) -> None:
        monkeypatch.setattr("smsctl.cli.mailings.approve.approve", quick)
        log_in(CIA)
        assert act(asked.config, run, "approve", 1, "--yes").code == 0
        log_in(BO)
        quick(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("smsctl.cli.mailings.approve.approve", with_another_first)
    ran = act(asked.config, run, "approve", 1, "--yes")
    assert (ran.code, "was approved by" in ran.out) == (5, True)
    assert len(asked.simulator.accepted()) == 4


@pytest.fixture
def urgent(site: Live, message: Path, run: Run) -> Live:
    argv = ("--config", site.config, "send", message, "--all", "--urgent", "--reason", "the school burns")
    ran = run(*argv, stdin="y\n", terminal=True)
    assert ran.code == 0, ran.said
    assert (
        f"smsctl --config {site.config} mailings approve 1 --afterwards"
        in run("--config", site.config, "mailings", "show", 1).out
    )
    return site


def test_what_is_urgent_leaves_at_once_and_is_approved_afterwards(
    urgent: Live, run: Run, log_in: LogIn
) -> None:
    assert len(urgent.simulator.accepted()) == 4
    ran = act(urgent.config, run, "approve", 1, "--afterwards", "--yes")
    assert (ran.code, "mailings cancel" in ran.out) == (5, False), "by whoever sent it: it has left"
    assert act(urgent.config, run, "cancel", 1).code == 0, "which decides nothing"
    bo = log_in(BO)
    assert act(urgent.config, run, "approve", 1, "--yes").code == 5
    change(urgent.config, EXPIRED)  # it has left: the yes is never too late
    assert act(urgent.config, run, "approve", 1, "--afterwards", "--yes").code == 0
    assert act(urgent.config, run, "show", 1).data["approval"]["decided_by"] == bo
    assert is_sound(urgent, run)


def test_the_doctor_lists_what_left_at_once_until_it_is_approved(
    urgent: Live, run: Run, log_in: LogIn
) -> None:
    assert "approve 1 --afterwards" in run("--config", urgent.config, "doctor").said
    log_in(BO)
    act(urgent.config, run, "approve", 1, "--afterwards", "--yes")
    assert "approve 1 --afterwards" not in run("--config", urgent.config, "doctor").said


def test_a_second_person_is_told_that_the_terms_are_not_required(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    assert send(site.config, message, run, "--terms-not-required", "--reason", "fire").code == 5
    log_in(BO)
    ran = run("--config", site.config, "mailings", "approve", 1, stdin="n\n", terminal=True)
    assert "Accepted terms are not required for this mailing." in ran.seen


def test_a_second_person_and_whoever_resumes_may_lift_the_terms_too(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    may, bo, cia = users.whoever().user, log_in(BO), log_in(CIA)
    rules = f"\n[senders.{may}]\nterms_not_required = true\n[senders.{bo}]\n[senders.{cia}]\n"
    begun = site.config.read_text(encoding="utf-8")
    site.config.write_text(begun + rules + "terms_not_required = true\n", encoding="utf-8")
    log_in(ANNA)
    assert send(site.config, message, run, "--terms-not-required", "--reason", "fire").code == 5
    log_in(BO)
    ran = act(site.config, run, "approve", 1, "--yes")
    assert (ran.code, "who have not accepted the terms" in ran.said) == (5, True)
    log_in(CIA)
    assert act(site.config, run, "approve", 1, "--yes", "--no-send").code == 0
    log_in(BO)
    ran = act(site.config, run, "resume", 1)
    assert (ran.code, "who have not accepted the terms" in ran.said) == (5, True)
    log_in(ANNA)
    assert act(site.config, run, "resume", 1).code == 0
    assert len(site.simulator.accepted()) == 4


def test_whoever_approves_texts_of_their_own_afterwards_can_read_one(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    message.write_text("Hej ((Namn))")
    argv = ("--config", site.config, "send", message, "--all", "--urgent", "--reason", "the school burns")
    assert run(*argv, stdin="y\n", terminal=True).code == 0
    log_in(BO)
    approve = ("--config", site.config, "mailings", "approve", 1, "--afterwards")
    assert "the first is shown with --show-numbers" in run(*approve, stdin="n\n", terminal=True).said
    assert "│ Hej Person 0" in run(*approve, "--show-numbers", stdin="n\n", terminal=True).said


def test_without_a_terminal_or_where_the_config_says_so_urgent_waits_too(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn
) -> None:
    live = live_gateway(rows=guardians(4), approval={"above": 3, "urgent": "before"})
    argv = ("--config", live.config, "send", message, "--all", "--urgent", "--reason", "the school burns")
    assert run(*argv, stdin="y\n", terminal=True).code == 5
    live = live_gateway(rows=guardians(4), approval={"above": 3}, ledger={"path": "other/ledger.db"})
    assert send(live.config, message, run, "--urgent", "--reason", "the school burns").code == 5


def test_a_rehearsal_says_that_live_would_wait_and_with_strict_it_waits(
    make_config: MakeConfig, message: Path, run: Run, log_in: LogIn
) -> None:
    config = make_config(rows=guardians(4), approval={"above": 3})
    argv = ("--config", config, "send", message, "--all", "--yes")
    ran = run(*argv)
    assert (ran.code, "Live would wait: " in ran.said) == (0, True)
    message.write_text("En annan text\n")
    assert run(*argv, "--strict", "--max-parts", 9).code == 5
    assert run("--config", config, "mailings", "resume", 2).code == 5
    log_in(BO)
    assert run("--config", config, "mailings", "approve", 2, "--yes").code == 0


def test_of_texts_that_differ_a_second_person_may_see_the_first(
    live_gateway: LiveGateway, run: Run, log_in: LogIn
) -> None:
    rows = [f"{row};{elev}" for row, elev in zip(guardians(3), ("Kim", "Bo", "Eva"), strict=True)]
    header = "Namn;Mobil;Grupp;Kommun;Godkänt villkor;Elev"
    live = live_gateway(rows=rows, header=header, approval={"above": 2})
    whole = ("--all", "--yes", "--max-parts", 9, "--text", "Hej! Samtal för ((Elev)) kl 8.")
    assert run("--config", live.config, "send", *whole).code == 5
    log_in(BO)
    approve = ("--config", live.config, "mailings", "approve", 1)
    assert "the first is shown with --show-numbers" in run(*approve, stdin="n\n", terminal=True).said
    ran = run(*approve, "--show-numbers", stdin="y\n", terminal=True)
    assert "Samtal för Kim kl 8." in ran.said
    assert (ran.code, len(live.simulator.accepted())) == (0, 3)


def test_texts_of_their_own_leave_as_they_were_frozen_when_asked(
    live_gateway: LiveGateway, run: Run, log_in: LogIn
) -> None:
    header = "Namn;Mobil;Grupp;Kommun;Godkänt villkor"
    site = live_gateway(rows=guardians(4), header=header, approval={"above": 3})
    text = site.config.with_name("text.txt")
    text.write_text("Hej ((Namn))", encoding="utf-8")
    assert send(site.config, text, run).code == 5
    rows = site.config.with_name("recipients.csv")
    rows.write_text(rows.read_text(encoding="utf-8").replace("Person", "Another"), encoding="utf-8")
    log_in(BO)
    ran = act(site.config, run, "approve", 1, "--yes")
    assert (ran.code, ran.data["cost"]["parts"]) == (0, 4)
    assert sorted(one.content for one in site.simulator.accepted()) == [f"Hej Person {n}" for n in range(4)]
    assert is_sound(site, run)


def test_the_site_hears_of_a_mailing_of_crons_that_waits(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    alarm = tmp_path / "alarm"
    alarm.write_text(f"#!/bin/sh\nenv | grep SMSCTL > {heard}\n")
    alarm.chmod(0o700)
    live = live_gateway(rows=guardians(4), approval={"above": 3}, notify={"command": str(alarm)})
    argv = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9, "--quiet")
    assert run(*argv).code == 5
    facts = heard.read_text().splitlines()
    assert {"SMSCTL_EXIT_CODE=5", "SMSCTL_MAILING=1", "SMSCTL_OUTCOME=pending=4"} <= set(facts), facts


def settled(config: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path_of(config))) as ledger:
        return ledger.execute("SELECT decision, decided_by FROM approvals ORDER BY mailing").fetchall()


def test_what_nobody_approved_in_time_holds_nobody_and_gives_its_key_back(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    assert send(site.config, message, run, "--key", "weekly").code == 5
    change(site.config, EXPIRED)
    ran = send(site.config, message, run, "--key", "weekly")
    assert (ran.code, ran.data["mailing"], ran.data["approval"]["counted"]) == (5, 2, 4)
    said = "Nobody approved mailing 1 in time: its 4 messages are cancelled."
    assert (said in [one["text"] for one in ran.json["messages"]], settled(site.config)) == (
        True,
        [("expired", None), (None, None)],
    )
    listed = run("--config", site.config, "mailings", "list").said
    assert "4 cancelled, not approved in time" in listed
    assert "4 pending, not approved yet" in listed
    shown = run("--config", site.config, "mailings", "show", 1)
    assert "Nobody approved it in time; asked for by " in shown.out
    assert "not approved in time" in shown.out
    rows = run("--config", site.config, "audit", "--json").data["audit"]
    assert ("expire", "mailing 1", "messages: 4") in [
        (row["action"], row["subject"], row["detail"]) for row in rows
    ]
    log_in(BO)
    assert act(site.config, run, "approve", 1, "--yes").code == 5
    assert act(site.config, run, "approve", 2, "--yes").code == 0
    assert len(site.simulator.accepted()) == 4
    assert is_sound(site, run)


def _ended_in_part(site: Live, message: Path, run: Run) -> None:
    """Let nobody approve a keyed mailing, and a process die when half of it is cancelled."""
    assert send(site.config, message, run, "--key", "weekly").code == 5
    change(site.config, EXPIRED)

    def die() -> None:
        raise HalfwayError

    with closing(open_ledger(path_of(site.config))) as ledger:
        vars(ledger).update(_rows=2, give_way=die)
        with pytest.raises(HalfwayError):
            approvals.end_expired(ledger, moment(), Actor(user="cia", host="here"))
        assert ledger.pairs("SELECT state, COUNT(*) FROM messages GROUP BY state") == {
            "cancelled": 2,
            "pending": 2,
        }
    assert settled(site.config) == [("expired", None)]


def test_what_was_ended_in_part_is_ended_by_the_next_who_opens_the_ledger(
    site: Live, message: Path, run: Run
) -> None:
    _ended_in_part(site, message, run)
    assert not site.simulator.accepted()
    ran = run("--config", site.config, "mailings", "list", "--quiet")
    assert ran.code == 0
    assert "Nobody approved mailing 1 in time: its 4 messages are cancelled." in ran.err
    assert act(site.config, run, "list").data["mailings"][0]["states"] == {"cancelled": 4}
    assert send(site.config, message, run, "--key", "weekly").data["mailing"] == 2  # the key was given back
    assert is_sound(site, run)


def test_what_was_ended_in_part_holds_nobody_in_a_dry_run(site: Live, message: Path, run: Run) -> None:
    _ended_in_part(site, message, run)
    site.config.write_text(site.config.read_text().replace("above = 3", "above = 5"))
    for flags in ((), ("--key", "weekly")):
        ran = send(site.config, message, run, "--dry-run", *flags)
        assert (ran.code, ran.data["recipients"]["ready"]) == (0, 4), ran.out


TO_TWO = ("--where", "Namn=Person 0", "--where", "Namn=Person 1")


def test_what_was_ended_in_part_does_not_count_with_the_same_text(
    site: Live, message: Path, run: Run
) -> None:
    _ended_in_part(site, message, run)
    assert send(site.config, message, run, *TO_TWO, "--dry-run").code == 0  # as the real run, which ends it
    ran = send(site.config, message, run, *TO_TWO)
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 2})


def test_by_its_decision_alone_a_dry_run_would_count_the_rest(
    site: Live, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    only_undecided = f"SELECT mailing FROM approvals WHERE {packages.EXPIRED}"
    weak = vars(approvals)["_SAME_TEXT"].replace(packages.OVER, only_undecided)
    monkeypatch.setattr(approvals, "_SAME_TEXT", weak)
    _ended_in_part(site, message, run)
    ran = send(site.config, message, run, *TO_TWO, "--dry-run")
    assert (ran.code, "4 messages with this text" in ran.out) == (5, True)
    assert send(site.config, message, run, *TO_TWO).code == 0


def _unapproved_of_one_who_may_send_five(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn
) -> Ran:
    """Return a dry run to two of whoever has begun a mailing to four today, that nobody approved in time."""
    rule = {log_in(ANNA): {"max_parts_per_day": 5}}
    site = live_gateway(rows=guardians(4), approval={"above": 3}, senders=rule)
    assert send(site.config, message, run).code == 5
    change(site.config, EXPIRED)
    message.write_text("En annan text\n")
    return send(site.config, message, run, *TO_TWO, "--dry-run")


def test_what_nobody_approved_in_time_is_no_part_of_what_a_person_sends_that_day(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn
) -> None:
    assert _unapproved_of_one_who_may_send_five(live_gateway, message, run, log_in).code == 0


def test_as_what_still_waits_it_would_be(
    live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    none = f"SELECT mailing FROM ({packages.OVER}) AS found WHERE mailing = 0"
    monkeypatch.setattr(mailings, "_WAITING", vars(mailings)["_WAITING"].replace(packages.OVER, none))
    ran = _unapproved_of_one_who_may_send_five(live_gateway, message, run, log_in)
    assert (ran.code, "may send 5 parts a day" in ran.out) == (5, True), ran.out


def _doctor(site: Live, run: Run) -> str:
    return run("--config", site.config, "doctor").said


def test_the_doctor_tells_nobody_to_resume_what_no_second_person_has_approved(
    asked: Live, run: Run, log_in: LogIn
) -> None:
    told = _doctor(asked, run)
    assert "mailings approve 1" in told
    assert "pending" not in told
    log_in(BO)
    assert act(asked.config, run, "approve", 1, "--yes", "--no-send").code == 0
    assert "4 messages are pending. Go on with: " in _doctor(asked, run)


def test_the_doctor_tells_of_what_was_ended_in_part(site: Live, message: Path, run: Run) -> None:
    _ended_in_part(site, message, run)
    told = _doctor(site, run)
    assert "Nobody approved mailing 1 in time: the next command cancels it." in told
    assert "pending" not in told


def test_by_open_approvals_and_sums_alone_it_would_tell_to_resume_it(
    site: Live, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    _ended_in_part(site, message, run)
    monkeypatch.setattr(approvals, "over", lambda *_: frozenset())
    monkeypatch.setattr("smsctl.ledger.health.waiting", lambda _: {Status.PENDING: 2})
    told = _doctor(site, run)
    assert "2 messages are pending. Go on with: " in told
    assert "Nobody approved" not in told


def _retried_and_unapproved(site: Live, message: Path, run: Run) -> None:
    """Let nobody approve the mailing that sends another one again to four who were not reached."""
    text = site.config.read_text()
    site.config.write_text(text.replace("above = 3", "above = 9"))
    assert send(site.config, message, run).code == 0
    change(
        site.config,
        "UPDATE messages SET state = 'failed', cause = 'unreachable'",
        "UPDATE mailing_counts SET state = 'failed' WHERE state = 'accepted'",
        "UPDATE day_counts SET state = 'failed' WHERE state = 'accepted'",
    )
    site.config.write_text(text)
    assert _retry(site, message, run).code == 5
    change(site.config, EXPIRED)


def test_a_dry_run_of_a_retry_finds_no_other_that_nobody_approved_in_time(
    site: Live, message: Path, run: Run
) -> None:
    _retried_and_unapproved(site, message, run)
    ran = act(site.config, run, "retry", 1, "--dry-run")
    assert "was sent again before" not in ran.out
    assert ran.data["recipients"]["ready"] == 4
    assert _retry(site, message, run).data["mailing"] == 3
    assert is_sound(site, run)


def test_without_that_look_it_would_name_the_one_that_is_over(
    site: Live, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    _retried_and_unapproved(site, message, run)
    monkeypatch.setattr(approvals, "over", lambda *_: frozenset())
    ran = act(site.config, run, "retry", 1, "--dry-run")
    assert "Mailing 1 was sent again before, by mailing 2." in ran.out


def test_another_text_that_nobody_approved_does_not_count_as_the_same_one(
    site: Live, message: Path, run: Run
) -> None:
    assert send(site.config, message, run).code == 5
    change(site.config, EXPIRED)
    ran = send(site.config, message, run, "--where", "Namn=Person 1")
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 1})


@pytest.mark.parametrize("reading", [("list",), ("show", 1), ("find", "0701740605")])
def test_whoever_opens_the_ledger_next_ends_it_and_says_so(
    reading: tuple[object, ...], asked: Live, run: Run
) -> None:
    change(asked.config, EXPIRED)
    ran = run("--config", asked.config, "mailings", *reading, "--quiet")
    assert (ran.code, "Nobody approved mailing 1 in time" in ran.err) == (0, True)
    assert "Nobody approved" not in run("--config", asked.config, "mailings", *reading, "--quiet").err
    assert act(asked.config, run, "list").data["mailings"][0]["states"] == {"cancelled": 4}
    assert is_sound(asked, run)


def test_a_dry_run_ends_nothing_and_says_what_a_real_one_would(site: Live, message: Path, run: Run) -> None:
    assert send(site.config, message, run, "--key", "weekly").code == 5
    change(site.config, EXPIRED, "UPDATE approvals SET above = 9")
    site.config.write_text(site.config.read_text().replace("above = 3", "above = 9"))
    for flags in ((), ("--key", "weekly")):
        ran = send(site.config, message, run, "--dry-run", *flags)
        assert (ran.code, ran.data["recipients"]["ready"]) == (0, 4), ran.out
    assert settled(site.config) == [(None, None)]
    assert "Nobody approved mailing 1 in time" in run("--config", site.config, "doctor").said
    assert send(site.config, message, run, "--key", "weekly").code == 0
    assert len(site.simulator.accepted()) == 4


def test_in_an_old_copy_of_the_ledger_nothing_is_ended(asked: Live, run: Run, tmp_path: Path) -> None:
    change(asked.config, EXPIRED)
    copy = tmp_path / "copy.db"
    assert run("--config", asked.config, "ledger", "backup", copy).code == 0
    change(asked.config, "UPDATE approvals SET decision = NULL, decided_at = NULL")
    with closing(sqlite3.connect(copy)) as there, there:
        there.execute("UPDATE approvals SET decision = NULL, decided_at = NULL")
    path_of(asked.config).write_bytes(copy.read_bytes())
    assert act(asked.config, run, "list").code == 0
    assert settled(asked.config) == [(None, None)]


def test_what_an_old_copy_made_unknown_keeps_its_key(site: Live, message: Path, run: Run) -> None:
    assert send(site.config, message, run, "--key", "weekly").code == 5
    change(
        site.config,
        EXPIRED,
        "UPDATE messages SET state = 'unknown' WHERE id = 1",
        "UPDATE mailing_counts SET messages = 3, parts = 3 WHERE state = 'pending'",
        "INSERT INTO mailing_counts (mailing, state, messages, parts) VALUES (1, 'unknown', 1, 1)",
    )
    assert act(site.config, run, "list").data["mailings"][0]["states"] == {"unknown": 1, "cancelled": 3}
    assert send(site.config, message, run, "--key", "weekly").code == 4
    assert not site.simulator.accepted()


def test_of_an_approval_and_its_end_one_holds(asked: Live) -> None:
    together, done = Barrier(2), list[object]()
    late = moment()._replace(at="2099-01-01T00:00:00.000Z")

    def decide() -> None:
        with closing(open_ledger(path_of(asked.config))) as ledger:
            now = moment()
            together.wait()
            with ledger.transaction():
                bo = Actor(user="bo", host="here")
                done.append(approvals.decide(ledger, 1, ApprovalDecision.APPROVED, now, bo))

    def end() -> None:
        with closing(open_ledger(path_of(asked.config))) as ledger:
            together.wait()
            done.append(approvals.end_expired(ledger, late, Actor(user="cia", host="here")))

    threads = [Thread(target=decide), Thread(target=end)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = {row[0] for row in settled(asked.config)}
    assert (True in done, {1: 4} in done) in ((True, False), (False, True)), done
    assert states == ({"approved"} if True in done else {"expired"})


@pytest.fixture
def weekly(site: Live, message: Path, run: Run, log_in: LogIn) -> Live:
    """Bo has approved what Anna's crontab line sends, for every time."""
    assert send(site.config, message, run, "--key", "line-{hour}").code == 5
    log_in(BO)
    ran = act(site.config, run, "approve", 1, "--yes", "--every-time", "--reason", "read it")
    assert (ran.code, ran.data["approval"]["holds_until"] is not None) == (0, True)
    log_in(ANNA)
    change(site.config, *a_week_ago(1))
    return site


def a_week_ago(mailing: int) -> tuple[str, ...]:
    """Let what was sent be old enough to be sent again, in another slot."""
    slot_of = (
        f"UPDATE mailings SET run_key = 'line-2026-01-01T0{mailing}', created_at = '2026-01-01T00:00:00.000Z'"
        f" WHERE id = {mailing}"
    )
    sent = (
        "UPDATE batches SET claimed_at = '2026-01-01T00:00:00.000Z', boot = NULL, boot_s = NULL"
        f" WHERE mailing = {mailing}"
    )
    return slot_of, sent


def slot(live: Live, message: Path, run: Run, *flags: object) -> Ran:
    return send(live.config, message, run, "--key", "line-{hour}", *flags)


def test_a_later_slot_leaves_by_the_yes_for_every_time(weekly: Live, message: Path, run: Run) -> None:
    anna = users.whoever().user
    assert slot(weekly, message, run, "--dry-run").code == 0
    ran = slot(weekly, message, run)
    assert (ran.code, ran.data["outcome"], ran.data["approval"]["by_yes_of"]) == (0, {"accepted": 4}, 1)
    assert len(weekly.simulator.accepted()) == 8
    shown = run("--config", weekly.config, "mailings", "show", 2).said
    assert f"for every time, with mailing 1; asked for by {anna}." in shown
    assert "For later slots of its key until" in run("--config", weekly.config, "mailings", "show", 1).said
    told = run("--config", weekly.config, "doctor").said
    assert "the later slots of its key until" in told
    assert "The slot after that waits" not in told
    rows = run("--config", weekly.config, "audit", "--json").data["audit"]
    assert ("every-time", anna) in [(row["action"], row["user"]) for row in rows]
    assert is_sound(weekly, run)


@pytest.mark.parametrize(("days", "is_told"), [(29, True), (31, False), (-1, False)])
def test_the_doctor_tells_in_time_when_a_yes_for_every_time_ends(
    days: int, weekly: Live, run: Run, *, is_told: bool
) -> None:
    end = stamp(datetime.now(UTC) + timedelta(days=days))
    change(weekly.config, f"UPDATE approvals SET holds_until = '{end}'")
    told = run("--config", weekly.config, "doctor").said
    assert ("approve it with --every-time" in told) is is_told
    assert (f"the later slots of its key until {end[:10]}" in " ".join(told.split())) is (days > 0)


def another_text(live: Live, message: Path) -> tuple[object, ...]:
    message.write_text("En annan text\n")
    return ()


def another_file(live: Live, message: Path) -> tuple[object, ...]:
    copy = live.config.with_name("copy.csv")
    copy.write_text(live.config.with_name("recipients.csv").read_text())
    return ("--recipients", copy)


def more_people(live: Live, message: Path) -> tuple[object, ...]:
    path = live.config.with_name("recipients.csv")
    path.write_text(path.read_text() + "\n".join(guardians(6)[4:]) + "\n")
    return ()


def over_the_year(live: Live, message: Path) -> tuple[object, ...]:
    change(live.config, "UPDATE approvals SET holds_until = '2026-02-01T00:00:00.000Z'")
    return ()


OTHERS = {
    "text": another_text,
    "file": another_file,
    "people": more_people,
    "year": over_the_year,
    "sender": lambda *_: ("--sender", "Skolan"),
    "key": lambda *_: ("--key", "other-{hour}"),
    "audience": lambda *_: ("--where", "Kommun=Exempelkommun"),
    "again": lambda *_: ("--again", "--reason", "x"),
    "columns": lambda *_: ("--column", "group=Kommun"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_another_mailing_waits_though_the_slot_is_approved(
    name: str, weekly: Live, message: Path, run: Run
) -> None:
    ran = slot(weekly, message, run, *OTHERS[name](weekly, message))
    assert ran.code == 5, ran.out
    assert ran.data["approval"]["decision"] is None
    assert len(weekly.simulator.accepted()) == 4
    assert ("was for 4 messages" in ran.out) == (name == "people")


def test_a_column_that_decides_nothing_of_who_gets_it_takes_no_yes_away(
    weekly: Live, message: Path, run: Run
) -> None:
    ran = slot(weekly, message, run, "--column", "name=Namn")
    assert ran.code == 0, ran.out
    assert len(weekly.simulator.accepted()) == 8


def test_whoever_gave_the_yes_for_every_time_does_not_send_by_it(
    weekly: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    log_in(BO)
    assert slot(weekly, message, run).code == 5
    assert len(weekly.simulator.accepted()) == 4


def test_the_yes_for_every_time_is_taken_back_by_anybody(
    weekly: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    log_in(CIA)
    ran = run("--config", weekly.config, "mailings", "approve", 1, "--not-every-time", "--reason", "moved")
    assert (ran.code, "wait again" in ran.said) == (0, True)
    assert act(weekly.config, run, "approve", 1, "--not-every-time").code == 5, "it is gone"
    log_in(ANNA)
    assert slot(weekly, message, run).code == 5
    assert len(weekly.simulator.accepted()) == 4
    assert is_sound(weekly, run)


def test_only_a_key_with_a_slot_is_approved_for_every_time(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    assert send(site.config, message, run, "--key", "once").code == 5
    log_in(BO)
    ran = act(site.config, run, "approve", 1, "--yes", "--every-time")
    assert (ran.code, "no --key with a slot" in ran.out) == (5, True)
    assert act(site.config, run, "approve", 1, "--every-time", "--afterwards").code == 2
    assert not site.simulator.accepted()


def test_what_a_yes_for_every_time_is_for_stands_above_the_question(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    assert send(site.config, message, run, "--key", "line-{hour}").code == 5
    log_in(BO)
    argv = ("--config", site.config, "mailings", "approve", 1, "--every-time")
    ran = run(*argv, stdin="n\n", terminal=True)
    assert (ran.code, "4 to 4 messages" in " ".join(ran.said.split())) == (5, True), ran.said
    assert "fields" not in ran.said


def test_whoever_approves_fields_for_every_time_is_told_that_they_are_not_compared(
    site: Live, message: Path, run: Run, log_in: LogIn
) -> None:
    message.write_text("Hej ((Namn))")
    assert send(site.config, message, run, "--key", "line-{hour}").code == 5
    log_in(BO)
    argv = ("--config", site.config, "mailings", "approve", 1, "--every-time")
    ran = run(*argv, stdin="n\n", terminal=True)
    told = "What its fields are filled in with is not compared: each slot may say something else."
    assert (ran.code, told in " ".join(ran.seen.split())) == (5, True), ran.said


def test_a_slot_that_opens_more_packages_than_were_approved_waits(
    weekly: Live, message: Path, run: Run
) -> None:
    with closing(open_ledger(path_of(weekly.config))) as ledger:
        slot_of = approvals.of(ledger, 1)
        assert slot_of
        terms = ApprovalTerms(above=3, expires=timedelta(hours=1), slot=slot_of.slot)
        anna = Actor(user="anna", host="here")
        assert approvals.for_every_slot(ledger, terms, 4, moment(), anna)
        assert not approvals.for_every_slot(ledger, terms._replace(new_packages=9), 4, moment(), anna)


@pytest.mark.parametrize("how", ["approve", "resume", "key"])
def test_what_was_approved_opens_no_more_packages_whatever_its_asker_allowed(
    how: str, live_gateway: LiveGateway, message: Path, run: Run, log_in: LogIn
) -> None:
    packages_of_six = {"exempelkommun": {"package_size": 6, "package_price": "60.00"}}
    site = live_gateway(rows=guardians(4), approval={"above": 3}, municipalities=packages_of_six)
    ask = ("--key", "k", "--max-new-packages", 5)
    asked = send(site.config, message, run, *ask)
    assert (asked.code, asked.data["new_packages"]) == (5, 0)
    other = message.with_name("other.txt")
    other.write_text("Något annat")
    for n in range(3):  # another mailing has used the package meanwhile
        assert send(site.config, other, run, "--where", f"Namn=Person {n}").code == 0
    bo = log_in(BO)
    ran = act(site.config, run, "approve", 1, "--yes", *(() if how == "approve" else ("--no-send",)))
    assert ran.data["approval"]["decided_by"] == bo
    log_in(ANNA)
    if how == "resume":
        ran = act(site.config, run, "resume", 1)
    elif how == "key":
        ran = send(site.config, message, run, *ask)
    assert (ran.code, ran.data["outcome"]) == (5, {"accepted": 3, "pending": 1})
    assert act(site.config, run, "resume", 1, "--max-new-packages", 1).code == 0, "by a person's word"
    assert is_sound(site, run)


def test_the_check_finds_a_mailing_that_left_by_a_yes_that_was_not_for_it(
    weekly: Live, message: Path, run: Run
) -> None:
    assert slot(weekly, message, run).code == 0
    change(weekly.config, "UPDATE approvals SET slot = 'another' WHERE mailing = 2")
    assert "Mailing 2 left by the yes to mailing 1" in run("--config", weekly.config, "ledger", "check").said
