"""How commands end with --quiet: silence and 0 say that nobody was left out and nothing is left to do."""

import json
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smsctl.actions import ending
from smsctl.actions.report import NOTHING
from smsctl.cli.incoming import receiving
from smsctl.cli.mailings import delivery
from smsctl.ledger.reports import ReportFate
from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, Live, LiveGateway, MakeConfig
from ..front_door import SMSCTL, Ran, Run, run_process
from ..gateways.fault_server import FaultServer, Line, no_simulator, reply
from .conftest import guardians

REASON = ("--reason", "support told")
DISPOSED = ("purge", "--older-than", "90d", "--decision", "KS 2026/123", "--yes")


class Office:
    """A site, and what cron or a script does there with --quiet."""

    def __init__(self, run: Run, config: Path, message: Path) -> None:
        self.config, self._run, self._message = config, run, message

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.config, *argv, "--quiet")

    def send(self) -> Ran:
        return self("send", self._message, "--all", "--yes", "--max-parts", 9, "--key", "weekly")

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.config.parent / "ledger" / "ledger.db")) as ledger, ledger:
            ledger.execute(sql)


@pytest.fixture
def live(live_gateway: LiveGateway) -> Live:
    return live_gateway(rows=guardians(3))


@pytest.fixture
def office(live: Live, message: Path, run: Run) -> Office:
    return Office(run, live.config, message)


def rejects_the_first(line: Line) -> None:
    body = line.read_request()
    messages = json.loads(body)["message"] if line.head.startswith("POST") else []
    entries = [
        {"statusCode": 1 if place else 5, "clientReference": one["clientReference"], "messageId": f"m{place}"}
        for place, one in enumerate(messages)
    ]
    line.send(reply(200, json.dumps({"messageStatus": entries}).encode()))


@pytest.fixture
def rejecting(
    make_config: MakeConfig, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """A site whose gateway has rejected one of three messages, and the run has told so."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with FaultServer(no_simulator(rejects_the_first)) as server:
        url = f"http://127.0.0.1:{server.port}"
        office = Office(run, make_config(mode="live", rows=guardians(3), gateway={"url": url}), message)
        office("municipality", "activate", "exempelkommun", "--yes")
        sent = office.send()
        assert (sent.code, "1 rejected" in sent.err) == (3, True), sent.said
        yield office


def test_a_second_slot_and_a_resume_tell_of_whom_the_gateway_refused(rejecting: Office) -> None:
    again, resumed = rejecting.send(), rejecting("mailings", "resume", 1)
    assert (again.code, resumed.code) == (0, 0)
    assert "already sent under the key weekly: 2 accepted, 1 rejected." in again.out
    assert resumed.out == "Mailing 1 has nothing pending: 2 accepted, 1 rejected.\n"


def test_the_second_line_of_cron_tells_of_them_too(rejecting: Office) -> None:
    ran = rejecting("doctor", "--expect", "weekly")
    assert (ran.code, "weekly: mailing 1 is done: 2 accepted, 1 rejected." in ran.out) == (0, True), ran.said


def test_by_what_persons_have_stopped_alone_it_would_be_silent(
    rejecting: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(ending, "has_left_out", ending.was_stopped)
    assert rejecting.send().said == ""


def test_where_everybody_was_reached_they_are_silent(office: Office) -> None:
    asked = ("doctor", "--expect", "weekly")
    ran = office.send(), office.send(), office("mailings", "resume", 1), office(*asked)
    assert [(one.code, one.said) for one in ran] == [(0, "")] * 4


def test_who_is_cancelled_as_it_begins_to_send_is_not_told_that_the_rest_is_pending(
    office: Office, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = delivery.deliver_mailing

    def deliver_late(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on
        assert run_process("--config", office.config, "mailings", "cancel", 1).code == 0
        return deliver(*given, **named)

    monkeypatch.setattr(delivery, "deliver_mailing", deliver_late)
    ran = office.send()
    assert (ran.code, len(live.simulator.accepted())) == (5, 0)
    assert "Mailing 1 was cancelled: nothing more of it is sent." in ran.err
    assert "pending" not in ran.err
    assert "3 cancelled" in ran.err


def test_the_second_line_of_cron_names_what_is_not_refused(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(rows=guardians(3), approval={"above": 2})
    office = Office(run, live.config, message)
    assert office.send().code == 5
    asked = office("doctor", "--expect", "weekly")
    assert (asked.code, "mailings approve 1" in asked.err, "resume" in asked.err) == (5, True, False)
    office.change("DELETE FROM approvals")
    assert "mailings resume 1" in office("doctor", "--expect", "weekly").err
    office.change("UPDATE mailings SET cancelled_at = created_at, half_cancelled = 1")
    half = office("doctor", "--expect", "weekly")
    assert (half.code, "mailings cancel 1" in half.err, "resume" in half.err) == (5, True, False)


def test_cancelling_what_is_on_its_way_says_so(office: Office) -> None:
    office.send()
    ran = office("mailings", "cancel", 1)
    assert (ran.code, "3 messages were accepted before: they are on their way." in ran.out) == (0, True)


def test_cancelling_what_the_phones_have_says_so(office: Office) -> None:
    office.send()
    office.change("UPDATE messages SET state = 'delivered'")
    office.change("UPDATE mailing_counts SET state = 'delivered' WHERE state = 'accepted'")
    ran = office("mailings", "cancel", 1)
    assert (ran.code, ran.out) == (0, "No message of it is pending; smsctl sends nothing more of it.\n")


def test_cancelling_all_of_it_is_silent(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    office = Office(run, live_gateway(Behaviour(password="another"), rows=guardians(3)).config, message)
    assert office.send().code == 6
    assert office("mailings", "cancel", 1).said == ""


def test_a_word_tells_what_is_pending_by_it_and_that_it_settled_nothing(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    office = Office(run, live_gateway(Behaviour(faults={"reset": 1.0}), rows=guardians(3)).config, message)
    assert office.send().code == 4
    settled = office("mailings", "resolve", 1, "--not-sent", *REASON)
    assert (settled.code, "mailings resume 1" in settled.out) == (0, True)
    nothing = office("mailings", "resolve", 1, "--sent", *REASON)
    assert "Mailing 1 has nothing unknown; nothing was changed." in nothing.out


def test_that_all_were_sent_settles_in_silence(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    office = Office(run, live_gateway(Behaviour(faults={"reset": 1.0}), rows=guardians(3)).config, message)
    assert office.send().code == 4
    assert office("mailings", "resolve", 1, "--sent", *REASON).said == ""


def test_what_a_file_of_reports_holds_that_cannot_be_read_is_told(office: Office) -> None:
    file = office.config.with_name("reports.json")
    entry = {"statuscode": 0, "customermessagereference": "another's"}
    file.write_text(json.dumps({"dr": [entry, "odd"]}), encoding="utf-8")
    ran = office("reports", "import", file)
    assert (ran.code, "1 entry cannot be read. It is kept" in ran.err) == (0, True), ran.said


def test_what_is_fetched_tells_of_what_costs_more_though_the_line_of_cron_is_quiet(
    live_gateway: LiveGateway, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    link = {"module": "pswincom", "service_id": None}
    live = live_gateway(rows=guardians(3), gateway=link, reports={"poll": True})
    with_url = f'[reports]\npoll_url = "{live.simulator.url}"\n'
    written = live.config.read_text(encoding="utf-8").replace("[reports]\n", with_url)
    live.config.write_text(written, encoding="utf-8")
    office = Office(run, live.config, message)
    assert office.send().code == 0
    assert live.simulator.wait_until_told(60)
    twice = NOTHING._replace(reports=Counter({ReportFate.TWICE: 1}))
    monkeypatch.setattr(receiving, "take_in", lambda *_: twice)
    ran = office("reports", "poll")
    assert (ran.code, "The gateway took 1 message twice" in ran.err) == (0, True), ran.said


def test_a_ledger_that_nothing_tells_was_put_back_is_not_accepted_in_silence(office: Office) -> None:
    ran = office("ledger", "accept-restore", *REASON)
    assert (ran.code, "--put-back" in ran.out) == (0, True)


def test_a_ledger_that_has_vanished_is_not_sound_in_silence(office: Office) -> None:
    assert office("ledger", "check").said == ""
    shutil.rmtree(office.config.parent / "ledger")
    ran = office("ledger", "check")
    assert (ran.code, "there is no ledger yet" in ran.out) == (0, True)


def test_what_was_sent_after_the_copy_is_told_with_its_acceptance(office: Office, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    office("ledger", "backup", backup)
    office.send()
    office("ledger", "restore", backup, "--yes")
    ran = office("ledger", "accept-restore", *REASON)
    assert (ran.code, "sent that this ledger does not know" in ran.out) == (0, True), ran.said


def test_a_purge_tells_of_what_is_never_finished(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    office = Office(run, live_gateway(Behaviour(password="another"), rows=guardians(3)).config, message)
    assert office.send().code == 6
    office.change("UPDATE mailings SET created_at = '2020-01-01T00:00:00.000Z'")
    office.change("UPDATE batches SET claimed_at = '2020-01-01T00:00:00.000Z'")
    nothing = office(*DISPOSED)
    assert (nothing.code, "Left alone, not finished: 1." in nothing.out) == (0, True), nothing.said
    office("mailings", "cancel", 1)
    assert office(*DISPOSED).said == ""


@pytest.mark.parametrize(("parts", "told"), [(3, ""), (5, "1 line differs")])
def test_a_bill_that_is_another_is_told(parts: int, told: str, office: Office, run: Run) -> None:
    office.send()
    (used,) = run("--config", office.config, "usage", "--json").data["municipalities"]
    (only,) = used["months"]
    file = office.config.with_name("supplier.csv")
    file.write_text(f"month;parts\n{only['month']};{parts}\n", encoding="utf-8")
    ran = office("invoices", "compare", file)
    assert (ran.code, told in ran.out, bool(ran.said)) == (0, True, bool(told)), ran.said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("block remove +46701740605", "The number was not on the list."),
        ("purge --release 1", "Mailing 1 was not held."),
        ("invoices export --undo", "No invoice is marked as handed over. Nothing was changed."),
    ],
)
def test_what_was_not_there_to_be_undone_is_told(words: str, told: str, office: Office) -> None:
    office.send()
    ran = office(*words.split())
    assert (ran.code, ran.out) == (0, f"{told}\n")


# What was printed and nobody took


def in_bash(line: str, config: Path) -> Ran:
    command = " ".join((*SMSCTL, "--config", str(config)))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.format(command)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.mark.parametrize("into", [">/dev/full", ">&-", "| true"])
def test_no_invoice_is_handed_over_with_a_list_that_nobody_took(into: str, office: Office, run: Run) -> None:
    ran = in_bash(f"{{}} invoices export --csv - --mark {into}", office.config)
    assert ran.code == 9, ran.said
    assert "no invoice is marked as handed over" in ran.err
    (one,) = run("--config", office.config, "invoices", "list", "--json").data["invoices"]
    assert one["handed_over"] is None


def test_a_list_that_was_taken_is_printed_once_and_marked(office: Office, run: Run) -> None:
    ran = in_bash("{} invoices export --csv - --mark | cat", office.config)
    assert (ran.code, len(ran.out.splitlines()), ran.out[-1]) == (0, 2, "\n")
    (one,) = run("--config", office.config, "invoices", "list", "--json").data["invoices"]
    assert one["handed_over"] is not None


@pytest.mark.parametrize(
    "words", ["purge --list", "purge --written", "invoices postings --month 2026-11 --preview"]
)
def test_a_flag_that_only_lists_fails_with_its_output(words: str, office: Office) -> None:
    assert in_bash(f"{{}} {words} >/dev/full", office.config).code == 9
    assert in_bash(f"{{}} {words} | true", office.config).code == 0
