"""Sending a mailing again to those whom it did not reach: with its text, once, and never in doubt."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.actions import begin as beginning
from smsctl.errors import RuleError
from smsctl.host.users import whoever
from smsctl.ledger import mailings, retrying
from smsctl.ledger.repeats import Repeats
from smsctl.ledger.store import open_ledger

from ..actions.desk import moment
from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, run_terminal
from .conftest import guardians

FAILED, DEAD, DELIVERED = 360, 351, 0


def send(config: Path, message: Path, run: Run, *flags: object) -> Ran:
    return run("--config", config, "send", message, "--all", "--yes", "--max-parts", 99, *flags)


def retry(config: Path, run: Run, mailing: int = 1, *flags: object) -> Ran:
    return run("--config", config, "mailings", "retry", mailing, "--max-parts", 99, "--yes", "--json", *flags)


def change(config: Path, *sql: str) -> None:
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.db")) as ledger, ledger:
        for one in sql:
            ledger.execute(one)


def report(config: Path, run: Run, codes: Sequence[int], mailing: int = 1) -> None:
    """Take in a report for each of the first messages of a mailing."""
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.db")) as ledger:
        ((reference,),) = ledger.execute("SELECT reference FROM mailings WHERE id = ?", (mailing,))
    file = config.with_name(f"reports-{mailing}.json")
    told = [
        {"statuscode": code, "customermessagereference": f"{reference}-{place}"}
        for place, code in enumerate(codes, start=1)
    ]
    file.write_text(json.dumps({"dr": told}))
    assert run("--config", config, "reports", "import", file).code == 0


@pytest.fixture
def missed(live_gateway: LiveGateway, message: Path, run: Run) -> Live:
    """A mailing to five: two were not reached, the number of one is dead, two were reached or may be."""
    live = live_gateway(rows=guardians(5))
    assert send(live.config, message, run).code == 0
    report(live.config, run, [FAILED, FAILED, DEAD, DELIVERED])
    return live


def test_only_those_who_were_not_reached_get_it_again(missed: Live, run: Run) -> None:
    before = len(missed.simulator.accepted())
    ran = retry(missed.config, run)
    assert ran.code == 0
    assert (ran.data["mailing"], ran.data["retry_of"]) == (2, 1)
    assert ran.data["recipients"]["skipped"] == {"not-in-use": 1}
    assert ran.data["outcome"] == {"accepted": 2}
    sent = missed.simulator.accepted()[before:]
    assert sorted(one.recipient for one in sent) == ["+46701740605", "+46701740606"]
    assert {one.content for one in sent} == {"Hej på er"}
    assert run("--config", missed.config, "ledger", "check").code == 0


def test_where_everybody_was_reached_there_is_nobody_to_send_to(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=guardians(2))
    assert send(live.config, message, run).code == 0
    report(live.config, run, [DELIVERED, DELIVERED])
    assert retry(live.config, run).code == 5
    assert len(run("--config", live.config, "mailings", "list", "--json").data["mailings"]) == 1


def test_a_dry_run_says_what_it_costs_and_writes_nothing(missed: Live, run: Run) -> None:
    ran = run("--config", missed.config, "mailings", "retry", 1, "--dry-run", "--max-parts", 9)
    assert ran.code == 0
    for told in ("2 of 3 whom mailing 1 did not reach get", "│ Hej på er", "2 parts, 0,98 kr"):
        assert told in ran.out
    assert "The first sending was charged as well." in ran.out
    assert len(run("--config", missed.config, "mailings", "list", "--json").data["mailings"]) == 1


def test_a_dry_run_is_refused_by_a_ledger_that_nothing_is_sent_from(
    missed: Live, message: Path, run: Run, tmp_path: Path
) -> None:
    ledger, aside = tmp_path / "ledger" / "ledger.db", tmp_path / "aside.db"
    shutil.copy(ledger, aside)
    assert send(missed.config, message, run, "--again", "--reason", "they asked").code == 0
    shutil.copy(aside, ledger)
    assert (retry(missed.config, run).code, retry(missed.config, run, 1, "--dry-run").code) == (9, 9)
    ledger.unlink()
    dry = retry(missed.config, run, 1, "--dry-run")
    assert (dry.code, "is missing, and it has been sent from" in dry.said) == (9, True)


def test_in_a_pause_it_ends_as_a_mailing_does_and_sends_nothing(missed: Live, run: Run) -> None:
    config = missed.config.read_text(encoding="utf-8")
    assert "[limits]\n" in config
    always = '[limits]\npause = ["2000-01-01..2999-12-31"]\n'
    missed.config.write_text(config.replace("[limits]\n", always), encoding="utf-8")
    for flags in ((), ("--dry-run",)):
        ran = retry(missed.config, run, 1, *flags)
        assert (ran.code, ran.data["paused"], "It is a pause from " in ran.out) == (0, True, True)
    assert len(missed.simulator.accepted()) == 5


def test_a_person_is_asked(missed: Live) -> None:
    argv = ("--config", missed.config, "mailings", "retry", 1)
    ran = run_terminal(argv, [("Send 2 messages again?", "n")])
    assert ran.code == 5
    assert run_terminal(argv, [("Send 2 messages again?", "y")]).code == 0
    assert len(missed.simulator.accepted()) == 7


def test_a_mailing_is_sent_again_once_and_then_the_one_that_sent_it(missed: Live, run: Run) -> None:
    assert retry(missed.config, run).code == 0
    ran = run("--config", missed.config, "mailings", "retry", 1, "--yes", "--max-parts", 9)
    assert ran.code == 5
    assert "Mailing 1 was sent again before, by mailing 2." in ran.err
    assert f"smsctl --config {missed.config} mailings retry 2" in ran.err
    report(missed.config, run, [FAILED, DELIVERED], mailing=2)
    ran = retry(missed.config, run, 2)
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 1})
    story = run("--config", missed.config, "mailings", "show", 2).out
    assert "It sends mailing 1 again." in story
    assert "It was sent again by mailing 3." in story


def test_a_retry_that_was_broken_off_is_to_be_resumed_and_not_sent_again(missed: Live, run: Run) -> None:
    text = missed.config.read_text(encoding="utf-8")
    missed.config.write_text(text.replace(missed.simulator.url, "http://127.0.0.1:9"), encoding="utf-8")
    assert retry(missed.config, run).code == 7
    missed.config.write_text(text, encoding="utf-8")
    ran = run("--config", missed.config, "mailings", "retry", 1, "--yes", "--max-parts", 9)
    assert (ran.code, "mailings retry" in ran.err.partition("by mailing 2.")[2]) == (5, False)
    assert f"smsctl --config {missed.config} mailings resume 2" in ran.err
    assert run("--config", missed.config, "mailings", "resume", 2, "--yes").code == 0


def test_a_retry_that_waits_for_a_second_person_is_to_be_approved_and_not_sent_again(
    missed: Live, run: Run
) -> None:
    with missed.config.open("a", encoding="utf-8") as config:
        config.write("[approval]\nabove = 1\n")
    assert retry(missed.config, run).code == 5
    ran = run("--config", missed.config, "mailings", "retry", 1, "--yes", "--max-parts", 9)
    assert (ran.code, "mailings retry" in ran.err.partition("by mailing 2.")[2]) == (5, False)
    assert f"smsctl --config {missed.config} mailings approve 2" in ran.err


def test_a_retry_that_was_wholly_cancelled_does_not_count(missed: Live, run: Run) -> None:
    assert retry(missed.config, run).code == 0
    change(
        missed.config,
        "UPDATE messages SET state = 'cancelled' WHERE mailing = 2",
        "UPDATE mailing_counts SET state = 'cancelled' WHERE mailing = 2 AND state = 'accepted'",
        "DELETE FROM mailing_counts WHERE mailing = 2 AND state <> 'cancelled'",
    )
    change(missed.config, "UPDATE messages SET batch = NULL WHERE mailing = 2")
    assert retry(missed.config, run).data["mailing"] == 3


@pytest.mark.parametrize("state", ["pending", "sending", "unknown", "held"])
def test_a_mailing_that_is_not_finished_is_not_sent_again(state: str, missed: Live, run: Run) -> None:
    change(
        missed.config,
        f"UPDATE messages SET state = '{state}' WHERE id = 5",
        "UPDATE mailing_counts SET messages = 0 WHERE mailing = 1 AND state = 'accepted'",
        f"INSERT INTO mailing_counts (mailing, state, messages, parts) VALUES (1, '{state}', 1, 1)"
        " ON CONFLICT (mailing, state) DO UPDATE SET messages = 1, parts = 1",
    )
    ran = retry(missed.config, run)
    assert ran.code == 5
    assert "Mailing 1 is not finished" in ran.out
    assert len(missed.simulator.accepted()) == 5


def test_a_message_that_may_have_left_twice_is_left_alone(missed: Live, run: Run) -> None:
    change(missed.config, "UPDATE messages SET taken_besides = 1 WHERE id = 1")
    change(missed.config, "UPDATE messages SET earlier_batch = 1 WHERE id = 2")
    ran = retry(missed.config, run)
    assert ran.code == 5
    assert "Nobody of mailing 1 can be sent to again" in ran.out


def test_whom_another_report_says_it_has_reached_is_left_out(missed: Live, run: Run) -> None:
    """That it failed is final, and what contradicts it is kept; sent again, they would have it twice."""
    report(missed.config, run, [FAILED, DELIVERED])
    ran = retry(missed.config, run)
    assert ran.data["recipients"]["skipped"] == {"not-in-use": 1, "already-sent": 1}
    assert ran.data["outcome"] == {"accepted": 1}


def test_whoever_got_the_text_from_another_mailing_is_left_out(missed: Live, message: Path, run: Run) -> None:
    assert send(missed.config, message, run, "--again", "--reason", "once more").code == 0
    report(missed.config, run, [DELIVERED, FAILED, FAILED, FAILED, FAILED], mailing=2)
    ran = retry(missed.config, run)
    assert ran.data["recipients"]["skipped"] == {"already-sent": 1, "not-in-use": 1}
    assert ran.data["outcome"] == {"accepted": 1}


def test_the_claim_looks_once_more_and_counts_what_did_not_arrive_for_a_new_mailing_only(
    missed: Live, run: Run
) -> None:
    assert retry(missed.config, run, 1, "--state", "failed").code == 0
    with closing(open_ledger(missed.config.parent / "ledger" / "ledger.db")) as ledger:
        again = mailings.get(ledger, 2)
        anew = again._replace(id=99, retry_of=None)
        body_hash = mailings.body_hash(again.letter.text.body)
        had = [1, 2], ["+46701740605", "+46701740608"]  # the first failed, the second arrived
        assert Repeats(again, body_hash).among(ledger, *had, moment()) == {2}
        assert Repeats(anew, body_hash).among(ledger, *had, moment()) == {1, 2}


def test_a_blocked_number_is_left_out(missed: Live, run: Run) -> None:
    run("--config", missed.config, "block", "add", "0701740605", "--reason", "asked")
    ran = retry(missed.config, run)
    assert ran.data["recipients"]["skipped"] == {"blocked": 1, "not-in-use": 1}


def test_one_kind_alone_can_be_asked_for(missed: Live, run: Run) -> None:
    change(missed.config, "UPDATE messages SET state = 'rejected', cause = NULL WHERE id = 1")
    assert retry(missed.config, run, 1, "--state", "expired").code == 5
    assert retry(missed.config, run, 1, "--state", "rejected").data["outcome"] == {"accepted": 1}


@pytest.mark.parametrize("state", ["accepted", "unknown", "delivered", "lost"])
def test_no_other_state_can_be_asked_for(state: str, missed: Live, run: Run) -> None:
    assert retry(missed.config, run, 1, "--state", state).code == 2


def test_an_old_text_needs_a_person(missed: Live, run: Run) -> None:
    change(
        missed.config,
        "UPDATE mailings SET created_at = '2026-01-01T00:00:00.000Z'",
        "UPDATE batches SET claimed_at = '2026-01-01T00:00:00.000Z', boot_s = -999999",
    )
    ran = run("--config", missed.config, "mailings", "retry", 1, "--yes", "--max-parts", 9)
    assert ran.code == 5
    assert "perhaps it is no longer true" in ran.err
    ran = run_terminal(("--config", missed.config, "mailings", "retry", 1), [("again?", "y")])
    assert (ran.code, "perhaps it is no longer true" in ran.seen) == (0, True)


def test_todays_rules_and_rights_hold(missed: Live, run: Run, live_gateway: LiveGateway) -> None:
    assert run("--config", missed.config, "mailings", "retry", 1, "--yes", "--max-parts", 1).code == 5
    assert run("--config", missed.config, "mailings", "retry", 1, "--yes").code == 5
    missed.config.write_text(f"{missed.config.read_text()}\n[senders.somebody]\n")
    ran = retry(missed.config, run)
    assert (ran.code, f"{whoever().user} may not send" in ran.out) == (5, True)
    assert len(missed.simulator.accepted()) == 5
    missed.config.write_text(missed.config.read_text().replace("somebody", whoever().user))
    assert retry(missed.config, run).code == 0, "a retry lifts no rule, and asks for no right to"


def test_a_test_is_not_sent_again(live_gateway: LiveGateway, run: Run) -> None:
    config = live_gateway().config
    run("--config", config, "test", "0701740605", "hej")
    report(config, run, [FAILED])
    ran = retry(config, run)
    assert (ran.code, "a test is not sent again" in ran.out) == (5, True)


def test_a_purged_text_is_not_sent_again_and_an_unknown_mailing_is_told(missed: Live, run: Run) -> None:
    change(missed.config, "UPDATE mailings SET body = NULL")
    assert retry(missed.config, run).code == 9
    assert retry(missed.config, run, 7).code == 8


def test_the_cells_that_are_carried_are_kept_beside_it_too(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = [f"{row};7{n}" for n, row in enumerate(guardians(3))]
    header = "Namn;Mobil;Grupp;Kommun;Godkänt villkor;Klass"
    config = live_gateway(rows=rows, header=header, columns={"carry": ["Klass"]}).config
    send(config, message, run, "--title", "Studiedag")
    report(config, run, [DELIVERED, FAILED, DEAD])
    assert retry(config, run).code == 0
    path = tmp_path / "again.csv"
    run("--config", config, "mailings", "recipients", 2, "--csv", path)
    lines = path.read_text("utf-8-sig").splitlines()
    assert [line.rpartition(";")[2] for line in lines] == ["Klass", "71", "72"]
    assert run("--config", config, "mailings", "list", "--json").data["mailings"][0]["title"] == "Studiedag"


def test_two_who_send_it_again_at_once_send_it_once(
    missed: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has its plan before the first is written down: the creating transaction refuses it."""
    begin = beginning.begin
    both: list[Callable[[], object]] = []

    def with_another_first(*given: object, **named: object) -> object:
        if not both:
            both.append(lambda: None)
            assert retry(missed.config, run).code == 0
        return begin(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("smsctl.cli.mailings.departing.begin", with_another_first)
    ran = retry(missed.config, run)
    assert (ran.code, "was sent again before" in ran.out) == (5, True)
    assert len(missed.simulator.accepted()) == 7


def test_without_the_check_in_the_creating_transaction_it_would_be_sent_twice(
    missed: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smsctl.actions.retry.must_not_be_retried", lambda *_: None)
    monkeypatch.setattr("smsctl.actions.begin.must_not_be_retried", lambda *_: None)
    assert retry(missed.config, run).code == 0
    report(missed.config, run, [FAILED, FAILED], mailing=2)
    assert retry(missed.config, run).data["mailing"] == 3


def test_a_number_that_had_no_part_in_it_is_found_by_the_check(missed: Live, run: Run) -> None:
    assert retry(missed.config, run).code == 0
    change(missed.config, "UPDATE messages SET number = '+46701740699' WHERE mailing = 2 AND id = 6")
    ran = run("--config", missed.config, "ledger", "check")
    assert "Mailing 2 sends mailing 1 again, also to 1 numbers that it was not sent to." in ran.said


def test_a_key_and_a_retry_of_nothing(missed: Live) -> None:
    with closing(open_ledger(missed.config.parent / "ledger" / "ledger.db")) as ledger:
        beginning.must_not_be_retried(ledger, 1)
        with ledger.transaction():
            ledger.write("UPDATE mailings SET retry_of = 9 WHERE id = 1")
        with pytest.raises(RuleError):
            beginning.must_not_be_retried(ledger, 9)


def test_each_cost_centre_is_charged_for_its_own_again(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = [f"{row};{centre}" for row, centre in zip(guardians(4), ("20", "10", "20", "10"), strict=True)]
    config = live_gateway(
        rows=rows,
        header="Namn;Mobil;Grupp;Kommun;Godkänt villkor;Kst",
        columns={"cost_centre": "Kst"},
        cost_centres={"10": {"name": "Norra"}, "20": {"name": "Södra"}},
    ).config
    assert send(config, message, run).code == 0
    listed = run("--config", config, "mailings", "recipients", 1, "--json").data["recipients"]
    assert [one["row"] for one in listed] == [2, 3, 4, 5]
    report(config, run, [DELIVERED, FAILED, FAILED, FAILED])
    assert retry(config, run).code == 0
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.db")) as ledger:
        sql = "SELECT cost_centre, messages FROM cost_shares WHERE mailing = ? ORDER BY first_message"
        before, again = (ledger.execute(sql, (one,)).fetchall() for one in (1, 2))
    assert sorted(before) == [("10", 2), ("20", 2)]
    assert sum(n for _, n in again) == 3
    assert dict(again)[before[0][0]] == 1
    assert run("--config", config, "ledger", "check").code == 0


def test_whoever_was_not_reached_gets_the_text_of_their_own_again(
    live_gateway: LiveGateway, run: Run, tmp_path: Path
) -> None:
    live = live_gateway(
        rows=[f"{row};{elev}" for row, elev in zip(guardians(3), ("Kim", "Åsa", "Đorđe"), strict=True)],
        header="Namn;Mobil;Grupp;Kommun;Godkänt villkor;Elev",
    )
    whole = ("--all", "--yes", "--max-parts", 9, "--text", "Hej! Samtal för ((Elev)) kl 8.")
    assert run("--config", live.config, "send", *whole).code == 0
    report(live.config, run, [FAILED, DELIVERED, FAILED])
    ran = retry(live.config, run)
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 2})
    again = [(one.recipient[-2:], one.content) for one in live.simulator.accepted()[3:]]
    assert sorted(again) == [("05", "Hej! Samtal för Kim kl 8."), ("07", "Hej! Samtal för Đorđe kl 8.")]
    path = tmp_path / "request.csv"
    assert run("--config", live.config, "mailings", "find", "0701740605", "--csv", path).code == 0
    assert path.read_text("utf-8-sig").count("Hej! Samtal för Kim kl 8.") == 2
    assert run("--config", live.config, "ledger", "check").code == 0


def test_who_is_not_known_any_more_is_not_left_out_in_silence(missed: Live, run: Run) -> None:
    """As where a purge is under way, or was killed, on this host or another."""
    before = len(missed.simulator.accepted())
    change(missed.config, "UPDATE messages SET number = NULL WHERE id = 1")
    ran = retry(missed.config, run)
    assert (ran.code, len(missed.simulator.accepted())) == (9, before)
    assert "1 person whom mailing 1 did not reach is not known any more" in ran.said
    assert (
        retry(missed.config, run, 1, "--state", "expired").code == 5
    )  # nobody: it fails for no other reason


def test_without_that_look_it_would_be(missed: Live, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(retrying, "must_know_all", lambda *_: None)
    change(missed.config, "UPDATE messages SET number = NULL WHERE id = 1")
    ran = retry(missed.config, run)
    assert (ran.code, ran.data["outcome"]) == (0, {"accepted": 1})


SIBLINGS = [f"A;070-174 06 05;vh;Exempelkommun;ja;{elev}" for elev in ("Kim", "Åsa", "y" * 850)]


@pytest.fixture
def missed_siblings(live_gateway: LiveGateway, run: Run) -> Live:
    """Three texts of their own to one number, of which none arrived; the third takes six parts."""
    live = live_gateway(rows=SIBLINGS, header="Namn;Mobil;Grupp;Kommun;Godkänt villkor;Elev")
    whole = ("--all", "--yes", "--max-parts", 99, "--text", "Hej ((Elev))")
    assert run("--config", live.config, "send", *whole).code == 0
    report(live.config, run, [FAILED] * 3)
    return live


def set_keys(config: Path, section: str, *lines: str) -> None:
    found = config.read_text().replace(f"[{section}]", "\n".join((f"[{section}]", *lines)))
    config.write_text(found, encoding="utf-8")


def test_one_number_gets_no_more_texts_again_than_is_allowed_today(missed_siblings: Live, run: Run) -> None:
    set_keys(missed_siblings.config, "limits", "max_messages_per_number = 2")
    ran = retry(missed_siblings.config, run)
    assert (ran.code, len(missed_siblings.simulator.accepted())) == (5, 3)
    assert "One number would get 3 texts; max_messages_per_number allows 2." in ran.said
    assert "raise max_messages_per_number under [limits]" in ran.said
    assert "--one-per-number" not in ran.said, "a retry has no such flag"


def test_a_text_of_their_own_that_is_too_long_now_is_told_by_its_row(missed_siblings: Live, run: Run) -> None:
    set_keys(missed_siblings.config, "gateway", "max_parts = 5")
    ran = retry(missed_siblings.config, run)
    assert (ran.code, len(missed_siblings.simulator.accepted())) == (8, 3)
    assert "The text of row 4 of mailing 1 takes 6 parts now, and at most 5 are sent." in ran.said
    assert "max_parts under [gateway]" in ran.said


def test_nobody_is_told_to_shorten_a_text_that_is_frozen(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    message.write_text("Hej " * 80, encoding="utf-8")
    live = live_gateway(rows=guardians(2))
    assert send(live.config, message, run).code == 0
    report(live.config, run, [FAILED, FAILED])
    set_keys(live.config, "gateway", "max_parts = 2")
    ran = retry(live.config, run)
    assert (ran.code, len(live.simulator.accepted())) == (8, 2)
    assert "The text of mailing 1 takes 3 parts now, and at most 2 are sent." in ran.said
    assert "Remove" not in ran.said


@pytest.mark.parametrize("lifted_by", ["flag", "config"])
def test_whoever_may_not_lift_the_terms_sends_nothing_again_to_people_without_them(
    lifted_by: str, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=[one.replace(";ja", ";nej") for one in guardians(2)])
    flags = ("--terms-not-required", "--reason", "fire") if lifted_by == "flag" else ()
    if not flags:
        begun = live.config.read_text()
        live.config.write_text(f"require_accepted_terms = false\n{begun}", encoding="utf-8")
    assert send(live.config, message, run, *flags).code == 0
    report(live.config, run, [FAILED, FAILED])
    ruled = live.config.read_text().replace("require_accepted_terms = false\n", "")
    may = f"\n[senders.{whoever().user}]\nterms_not_required = "
    live.config.write_text(f"{ruled}{may}false\n", encoding="utf-8")
    ran = retry(live.config, run)
    assert (ran.code, len(live.simulator.accepted())) == (5, 2)
    assert "may not send to people who have not accepted the terms" in ran.said
    live.config.write_text(f"{ruled}{may}true\n", encoding="utf-8")
    ran = retry(live.config, run)
    assert (ran.code, len(live.simulator.accepted())) == (0, 4)
    assert "Accepted terms are not required for this mailing." in ran.said


def test_what_a_purge_removes_while_it_is_read_is_told_as_such(
    missed_siblings: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = retrying.missed

    def with_a_purge_behind(*given: object) -> list[retrying.MissedRow]:
        found = list(look(*given))  # type: ignore[arg-type]
        removed = ("DELETE FROM texts WHERE message = 2", "UPDATE messages SET number = NULL WHERE id = 2")
        change(missed_siblings.config, *removed)
        return found

    monkeypatch.setattr(retrying, "missed", with_a_purge_behind)
    ran = retry(missed_siblings.config, run)
    assert (ran.code, len(missed_siblings.simulator.accepted())) == (9, 3)
    assert "1 person whom mailing 1 did not reach is not known any more: a purge has begun." in ran.said
