"""What comes back, through the front door: listened to, polled and imported."""

import json
import os
import random
import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from smsctl.actions.report import NOTHING
from smsctl.cli.incoming.reports_screen import taken_result
from smsctl.errors import say
from smsctl.gateways import intelecom_pushes, pswincom_pushes
from smsctl.gateways.push_fields import readable
from smsctl.ledger.reports import ReportFate
from smsctl.ledger.store import read_ledger
from smsctl.simulator.server import Behaviour, PushStyle, Simulator, Sms, start

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run, begin_process, end_process, run_here, run_process
from ..gateways.fault_server import FaultServer, Line, answering, no_simulator, reply
from ..gateways.test_pswincom_pushes import REPORT as LINK_REPORT
from .conftest import guardians, wait_until

REPORTS_SECRET = "canary-of-the-reports"
LINK = {"module": "pswincom", "service_id": None}
LONG_S = 60


class Listening(NamedTuple):
    """A listener in a process of its own."""

    process: "subprocess.Popen[str]"
    port: int
    paths: dict[str, str]

    def url(self, gateway: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.paths[gateway]}"

    def push(self, body: bytes, gateway: str = "intelecom") -> int:
        """Return the status; 0 where the listener was gone."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=LONG_S)
        try:
            connection.request("POST", self.paths[gateway], body)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", REPORTS_SECRET)


FROM_ENVIRONMENT: dict[str, Any] = {"secret": {"source": "env"}}


@contextmanager
def listening(config: Path, *more: str) -> Iterator[Listening]:
    passes = run_here("--config", config, "reports", "listen", "--addresses", "--json").data["addresses"]
    process = begin_process("--config", config, "reports", "listen", "--port", "0", *more)
    try:
        assert process.stdout
        line = process.stdout.readline()
        port = int(line.rstrip(".\n").rpartition(":")[2])
        yield Listening(process, port, {one["gateway"]: one["path"] for one in passes})
    finally:
        process.kill()
        process.communicate()


def report(reference: str, code: int = 0) -> bytes:
    return json.dumps({"dr": [{"statuscode": code, "customermessagereference": reference}]}).encode()


def references(config: Path, count: int) -> list[str]:
    ledger = read_ledger(config.parent / "ledger" / "ledger.db")
    assert ledger
    (stem,) = ledger.rows("SELECT reference FROM mailings")[0]
    ledger.close()
    return [f"{stem}-{place}" for place in range(1, count + 1)]


def states(config: Path, run: Run, mailing: int = 1) -> dict[str, int]:
    found: dict[str, int] = run("--config", config, "mailings", "show", mailing, "--json").data["states"]
    return found


def send(config: Path, message: Path, run: Run) -> None:
    sent = run(
        "--config", config, "send", message, "--all", "--yes", "--max-parts", 5000, "--max-new-packages", 1
    )
    assert sent.code == 0, sent.said


@pytest.fixture
def mailed(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A config under which a mailing to twenty people was accepted."""
    live = live_gateway(rows=guardians(20), reports=FROM_ENVIRONMENT)
    send(live.config, message, run)
    return live.config


def test_a_mailing_is_followed_from_the_gateway_to_the_phones(mailed: Path, run: Run) -> None:
    names = references(mailed, 20)
    codes = dict(zip(names, [0] * 15 + [351, 361, 364], strict=False))
    with listening(mailed) as ears:
        assert {ears.push(report(name, code)) for name, code in codes.items()} == {200}
    assert states(mailed, run) == {"accepted": 2, "delivered": 15, "expired": 1, "failed": 2}
    shown = run("--config", mailed, "mailings", "show", 1)
    assert "waiting for a report" in shown.out
    assert f"smsctl --config {mailed} mailings failed 1" in shown.out
    told = {"delivered": 15, "failed": 2, "expired": 1, "waiting": 2, "no_report": 0}
    assert run("--config", mailed, "mailings", "show", 1, "--json").data["reports"] == told
    usage = run("--config", mailed, "usage", "--json").data["municipalities"][0]
    assert usage["reports"] == told
    assert usage["messages"] == 20
    assert "waiting for a report" in run("--config", mailed, "usage", "--municipality", "exempelkommun").out


def test_the_dead_numbers_are_written_for_whoever_corrects_the_register(mailed: Path, run: Run) -> None:
    file = mailed.with_name("pushed.json")
    first, second, *_ = references(mailed, 20)
    entries = [
        {"statuscode": 351, "statusdescription": "=Unknown", "customermessagereference": first},
        {"statuscode": 364, "customermessagereference": second},
    ]
    file.write_text(json.dumps({"dr": entries}), encoding="utf-8")
    assert run("--config", mailed, "reports", "import", file).code == 0
    csv = mailed.with_name("dead.csv")
    ran = run("--config", mailed, "mailings", "failed", 1, "--dead", "--csv", csv)
    assert "+46 70 *** ** 05" in ran.out
    assert "+46 70 *** ** 06" not in ran.out
    header, row = csv.read_text("utf-8-sig").splitlines()
    assert header == "Row;Number;Name;State;Why;Dead;Code;Answer"
    assert row.startswith("2;46701740605;Person 0;failed;")
    assert row.endswith(";yes;351;'=Unknown")
    assert csv.stat().st_mode & 0o777 == 0o600
    both = run("--config", mailed, "mailings", "failed", 1, "--json").data["failed"]
    assert [(one["cause"], one["dead"]) for one in both] == [("bad-number", True), ("unreachable", False)]


def test_forged_replayed_and_reordered_pushes_move_nothing_wrongly(mailed: Path, run: Run) -> None:
    names = references(mailed, 20)
    before = run("--config", mailed, "usage", "--json").data
    with listening(mailed) as ears:
        stranger = ears._replace(paths={"intelecom": "/intelecom/00000000000000000000000000000000"})
        assert stranger.push(report(names[0])) == 404
        pushes = [report(names[n], code) for n in range(10) for code in (0, 351, 0, 999, 361)] * 3
        random.Random(7).shuffle(pushes)
        forged = [report("0123456789-1"), report(f"{names[0]}00000000"), report("superoffice-4")]
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(ears.push, [*pushes, *forged])) == {200}
    found = states(mailed, run)
    assert found["accepted"] == 10
    assert sum(found.values()) == 20
    assert run("--config", mailed, "mailings", "resume", 1).code == 0
    assert (
        run("--config", mailed, "usage", "--json").data["municipalities"][0]["parts"]
        == before["municipalities"][0]["parts"]
    )
    unmatched = run("--config", mailed, "reports", "unmatched", "--json").data
    assert sum(one["fate"] == "unmatched" for one in unmatched["reports"]) == 3


def test_a_thousand_at_once_keep_the_memory_flat(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    rows = [f"Person {n};+467017{n:05};vårdnadshavare;Exempelkommun;ja" for n in range(40_000, 42_000)]
    config = live_gateway(rows=rows, reports=FROM_ENVIRONMENT).config
    send(config, message, run)
    names = references(config, 2000)
    with listening(config) as ears, ThreadPoolExecutor(100) as pool:
        assert set(pool.map(ears.push, map(report, names[:1000]))) == {200}
        before = _memory(ears.process.pid)
        assert set(pool.map(ears.push, map(report, names[1000:]))) == {200}
        assert _memory(ears.process.pid) < before + 4 * 1024 * 1024
    assert states(config, run) == {"delivered": 2000}


def _memory(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("seed", range(5))
def test_what_was_answered_with_200_outlives_a_kill(
    live_gateway: LiveGateway, message: Path, run: Run, seed: int
) -> None:
    rows = [f"Person {n};+467017{n:05};vårdnadshavare;Exempelkommun;ja" for n in range(40_000, 40_500)]
    config = live_gateway(rows=rows, reports=FROM_ENVIRONMENT).config
    send(config, message, run)
    names = references(config, 500)
    with listening(config) as ears:
        killing = threading.Timer(random.Random(seed).uniform(0.05, 0.4), ears.process.kill)
        killing.start()
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda name: (name, ears.push(report(name))), names))
        killing.join()
    acknowledged = {name for name, status in answers if status == 200}
    told = states(config, run).get("delivered", 0)  # undoes what the kill broke off
    ledger = read_ledger(config.parent / "ledger" / "ledger.db")
    assert ledger
    stored = {
        f"{names[0].rpartition('-')[0]}-{n}"
        for (n,) in ledger.rows("SELECT id FROM messages WHERE state = 'delivered'")
    }
    ledger.close()
    assert acknowledged <= stored
    assert told == len(stored)


def test_the_listener_ends_cleanly_when_it_is_told_to(mailed: Path) -> None:
    with listening(mailed) as ears:
        assert ears.push(report("nobody-1")) == 200
        ears.process.send_signal(signal.SIGTERM)
        out, err = ears.process.communicate(timeout=LONG_S)
        assert ears.process.returncode == 0
        assert "1 delivery report (0 applied, 0 early, 0 repeated, 1 unmatched)" in out
        assert not err
        assert ears.push(report("nobody-1")) == 0


def test_the_addresses_are_shown_on_request_only(mailed: Path, run: Run) -> None:
    shown = run("--config", mailed, "reports", "listen", "--addresses")
    assert "/intelecom/" in shown.out
    assert REPORTS_SECRET not in shown.said
    with listening(mailed) as ears:
        ears.process.send_signal(signal.SIGTERM)
        out, err = ears.process.communicate(timeout=LONG_S)
    assert not any(path in out + err for path in ears.paths.values())


def test_a_rehearsals_addresses_are_not_called_the_suppliers(mailed: Path, run: Run) -> None:
    shown = run("--config", mailed, "reports", "listen", "--addresses", "--simulate")
    assert ("the rehearsal's" in shown.out, "tell them to the supplier" in shown.out) == (True, False)


def test_without_its_secret_nothing_listens(mailed: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.delenv("SMSCTL_REPORTS_SECRET")
    ran = run("--config", mailed, "reports", "listen", "--port", 0)
    assert ran.code == 8
    assert "SMSCTL_REPORTS_SECRET" in ran.err


@pytest.fixture
def link(live_gateway: LiveGateway, message: Path, run: Run) -> tuple[Path, Simulator]:
    """A config for PSWinCom whose reports are polled, and a mailing that was accepted."""
    reports = {"poll": True}
    live = live_gateway(rows=guardians(5), gateway=LINK, reports=reports)
    text = live.config.read_text(encoding="utf-8")
    live.config.write_text(
        text.replace("[reports]\n", f'[reports]\npoll_url = "{live.simulator.url}"\n'), encoding="utf-8"
    )
    send(live.config, message, run)
    assert live.simulator.wait_until_told(LONG_S)
    return live.config, live.simulator


def test_polling_stores_and_empties_the_queues(link: tuple[Path, Simulator], run: Run) -> None:
    config, simulator = link
    simulator.incoming("pswincom", Sms("+46701740605", "Ja tack"))
    assert simulator.wait_until_told(LONG_S)
    ran = run("--config", config, "reports", "poll", "--json")
    assert (ran.code, ran.data["reports"], ran.data["incoming"]["ours"]) == (0, {"applied": 5}, 1)
    assert simulator.queued() == 0
    assert states(config, run) == {"delivered": 5}
    assert (
        run("--config", config, "reports", "poll").out
        == "0 delivery reports (0 applied, 0 early, 0 repeated, 0 unmatched), 0 incoming SMS.\n"
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_polling_that_is_asked_to_end_has_stored_what_it_took(
    number: signal.Signals, code: int, link: tuple[Path, Simulator], run: Run
) -> None:
    config, _ = link
    process = begin_process("--config", config, "reports", "poll", "--for", "60s")
    wait_until(lambda: states(config, run) == {"delivered": 5})
    process.send_signal(number)
    ran = end_process(process)
    assert ran.code == code
    assert "5 delivery reports (5 applied" in ran.said


def test_polling_must_be_allowed(make_config: MakeConfig, run: Run) -> None:
    config = make_config(gateway=LINK)
    ran = run("--config", config, "reports", "poll")
    assert ran.code == 5
    assert "empties the account's queues" in ran.err
    assert "poll = true" in ran.err


def test_intelecom_has_nothing_to_poll(make_config: MakeConfig, run: Run) -> None:
    config = make_config(reports={"poll": True})
    ran = run("--config", config, "reports", "poll")
    assert (ran.code, f"smsctl --config {config} reports listen" in ran.err) == (5, True)


def test_a_queue_that_is_not_ours_gets_a_sentence(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "wrong")
    with start(Behaviour(password="right", as_a_gateway=True)) as simulator:
        reports = {"poll": True, "poll_url": simulator.url}
        config = make_config(mode="live", gateway=LINK, reports=reports)
        ran = run("--config", config, "reports", "poll")
    assert ran.code == 6
    assert "HTTP 401" in ran.err
    assert "wrong" not in ran.said


Polls = Callable[[Line], None]
EMPTY = reply(404, b'{"statusCode":404,"message":"The queue is empty."}')


@contextmanager
def polled_from(behaviour: Polls, make_config: MakeConfig) -> Iterator[Path]:
    """Serve a live account's queues so."""
    with FaultServer(no_simulator(behaviour)) as server:
        yield make_config(
            mode="live", gateway=LINK, reports={"poll": True, "poll_url": f"http://127.0.0.1:{server.port}"}
        )


@pytest.mark.parametrize(
    "page",
    [
        answering(404, b"\n<HTML><h1>Not Found</h1>"),
        answering(404, b"<!DOCTYPE html><title>Not Found"),
        answering(404, b"", Content_Type="Text/HTML; charset=utf-8"),
    ],
)
def test_a_page_that_is_not_found_is_no_empty_queue(
    page: Polls, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "right")
    with polled_from(page, make_config) as config:
        ran = run("--config", config, "reports", "poll")
    assert (ran.code, "a web page" in ran.err, "poll_url" in ran.err) == (7, True, True)


@pytest.mark.parametrize("body", [b"", b"Not Found", b"[]"])
def test_a_404_that_does_not_say_so_is_no_empty_queue(
    body: bytes, make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """A proxy, or a wrong path: with code 0 no report would ever come, and nobody would know."""
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "right")
    with polled_from(answering(404, body), make_config) as config:
        ran = run("--config", config, "reports", "poll")
    assert (ran.code, "not what an empty queue says" in ran.err, "poll_url" in ran.err) == (7, True, True)


def queue_of(items: list[bytes]) -> Polls:
    """Give one after the other, whatever is acknowledged; incoming SMS only."""

    def behaviour(line: Line) -> None:
        line.read_request()
        if line.head.startswith("PUT"):
            line.send(reply(204))
        else:
            line.send(reply(200, items.pop(0)) if "/mo/" in line.head and items else EMPTY)

    return behaviour


def sms(text: bytes, reference: bytes) -> bytes:
    return b'{"reference":"%b","sender":"46701740605","receiver":"1960","text":"%b"}' % (reference, text)


def test_what_cannot_be_read_in_a_queue_keeps_nothing_behind_it_out(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "right")
    odd = [sms(b"rad\nrad", b"a"), sms("då".encode("latin-1"), b"b"), b"<html>", b"{}", sms(b"STOP", b"c")]
    with polled_from(queue_of(odd), make_config) as config:
        ran = run("--config", config, "reports", "poll")
        assert (ran.code, "holds what cannot be read" in ran.err) == (7, True)
        listed = run("--config", config, "inbox", "list", "--json").data["inbox"]
        assert {one["kind"] for one in listed} == {"ours", "stop"}
        assert len(listed) == 3


def test_a_queue_that_never_ends_is_left(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "right")
    with polled_from(queue_of([sms(b"hej", b"a")] * 100), make_config) as config:
        ran = run("--config", config, "reports", "poll")
        assert (ran.code, "again and again" in ran.err) == (7, True)
        assert len(run("--config", config, "inbox", "list", "--json").data["inbox"]) == 1


def test_queues_that_are_filled_as_fast_as_they_are_emptied_are_left(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "right")
    monkeypatch.setattr("smsctl.actions.poll.LONGEST_S", 1)
    numbered = count(1)

    def endless(line: Line) -> None:
        line.read_request()
        put = line.head.startswith("PUT")
        line.send(reply(204) if put else reply(200, sms(b"hej", b"%d" % next(numbered))))

    with polled_from(endless, make_config) as config:
        ran = run("--config", config, "reports", "poll")
        assert ran.code == 7
        assert re.search(r"were not empty after \d+ minutes\.", ran.err), "minutes are told as whole ones"
        assert len(run("--config", config, "inbox", "list", "--json").data["inbox"]) > 1
        assert run("--config", config, "reports", "poll", "--for", "1s").code == 0, "that was asked for"


def test_what_cannot_be_read_of_a_file_is_told(make_config: MakeConfig, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "reports.xml"
    file.write_text(LINK_REPORT.replace("</MSGLST>", "<MSG><ID>2</ID></MSG></MSGLST>"), encoding="latin-1")
    ran = run("--config", make_config(gateway=LINK), "reports", "import", file)
    assert (ran.code, "1 entry cannot be read" in ran.err) == (0, True)
    assert "2 delivery reports (0 applied" in ran.out


def many_reports(style: str, reference: str) -> str:
    """Return 12,000 reports in one document, all but the last on messages of nobody."""
    told = [("x-1", f"m{n}") for n in range(11_999)] + [(reference, "")]
    if style == "json":
        entries = [
            {"customerMessageReference": ours, "messageId": theirs, "statusCode": "0"}
            for ours, theirs in told
        ]
        return json.dumps({"dr": entries})
    pieces = [
        f"<r><customerMessageReference>{ours}</customerMessageReference><messageId>{theirs}</messageId>"
        "<statusCode>0</statusCode><statusDescription>&#229;</statusDescription></r>"
        for ours, theirs in told
    ]
    return f"<dr>{''.join(pieces)}</dr>"


@pytest.mark.parametrize("style", ["json", "xml"])
def test_a_large_file_is_taken_in_pieces_and_to_where_it_is_damaged(
    style: str, mailed: Path, run: Run, tmp_path: Path
) -> None:
    file, document = tmp_path / "reports", many_reports(style, references(mailed, 1)[0])
    file.write_text(document[:-40], encoding="utf-8")
    ran = run("--config", mailed, "reports", "import", file, "--json")
    assert (ran.code, "is damaged" in ran.said) == (8, True)
    assert run("--config", mailed, "reports", "unmatched", "--json").data["total"] == 11_999
    file.write_text(document, encoding="utf-8")
    for applied in ({"applied": 1, "unmatched": 11_999}, {"repeated": 1, "unmatched": 11_999}):
        ran = run("--config", mailed, "reports", "import", file, "--json")
        assert (ran.code, ran.data["reports"]) == (0, applied)
    assert run("--config", mailed, "reports", "unmatched", "--json").data["total"] == 11_999


def _taken_of_a_damaged_one(gateway: str, config: Path, run: Run) -> tuple[int, bool, int]:
    """Return the exit code, whether it tells that what came before is taken in, and how many entries are."""
    file = config.with_name("file")
    file.write_text(BAD_BELOW[gateway][:-30], encoding="utf-8")
    ran = run("--config", config, "reports", "import", file)
    told = "is damaged" in ran.err and "What came before that is taken in" in ran.err
    return ran.code, told, run("--config", config, "reports", "unmatched", "--json").data["total"]


BEFORE = {"intelecom": 3, "pswincom": 5}


@pytest.mark.parametrize("gateway", BEFORE)
def test_all_that_comes_before_the_damage_of_a_file_is_taken_in(
    gateway: str, make_config: MakeConfig, run: Run
) -> None:
    assert _taken_of_a_damaged_one(gateway, make_config(), run) == (8, True, BEFORE[gateway])


@pytest.mark.parametrize("gateway", BEFORE)
def test_as_a_whole_or_not_at_all_nothing_of_it_would_be(
    gateway: str, make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr("smsctl.gateways.push_fields._until", lambda _, entries: iter(entries))
    assert _taken_of_a_damaged_one(gateway, make_config(), run) == (8, False, 0)


BAD_BELOW = {
    "intelecom": '{"dr": [{"messageId": "a"}, {"messageId": "b"}, "bad", "odd", {"messageId": "c"}, "no"]}',
    "pswincom": "<MSGLST><MSG><REF>a</REF><STATE>DELIVRD</STATE></MSG>"
    "<MSG><REF>b</REF><STATE>DELIVRD</STATE></MSG><MSG><A>bad</A></MSG><MSG><A>worse</A></MSG>"
    "<MSG><REF>c</REF><STATE>DELIVRD</STATE></MSG><MSG><A>odd</A></MSG></MSGLST>",
}


def _taken_by_twos(gateway: str, config: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Take in two reports at a time; return the exit code, and how many entries are kept."""
    monkeypatch.setattr("smsctl.gateways.push_fields.ENTRIES_OF_A_FILE", 2)
    file = config.with_name("file")
    file.write_text(BAD_BELOW[gateway], encoding="utf-8")
    ran = run("--config", config, "reports", "import", file)
    return ran.code, run("--config", config, "reports", "unmatched", "--json").data["total"]


@pytest.mark.parametrize("gateway", BAD_BELOW)
def test_what_cannot_be_read_of_a_file_keeps_nothing_out_wherever_it_is_divided(
    gateway: str, make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _taken_by_twos(gateway, make_config(), run, monkeypatch) == (0, 6)


@pytest.mark.parametrize("gateway", BAD_BELOW)
def test_if_each_part_were_judged_alone_the_rest_would_be_lost(
    gateway: str, make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    module = {"intelecom": intelecom_pushes, "pswincom": pswincom_pushes}[gateway]
    read = vars(module)["_parcel"]
    monkeypatch.setattr(module, "_parcel", lambda some: readable(read(some), say("it is none")))
    assert _taken_by_twos(gateway, make_config(), run, monkeypatch) == (8, 2)


@pytest.mark.parametrize("style", [PushStyle.XML, PushStyle.FORM])
def test_pswincom_pushes_are_matched_on_their_reference(
    live_gateway: LiveGateway, message: Path, run: Run, style: PushStyle
) -> None:
    config = live_gateway(rows=guardians(5), gateway=LINK, reports=FROM_ENVIRONMENT).config
    with listening(config) as ears:
        behaviour = Behaviour(
            push_to={"pswincom": ears.url("pswincom")},
            push_style=style,
            report_spread_s=0.3,
            report_twice_share=0.5,
            report_codes={"BARRED": 0.3},
            as_a_gateway=True,
        )
        with start(behaviour) as simulator:
            text = config.read_text(encoding="utf-8")
            url = next(line for line in text.splitlines() if line.startswith("url"))
            config.write_text(text.replace(url, f'url = "{simulator.url}"'), encoding="utf-8")
            send(config, message, run)
            assert simulator.wait_until_told(LONG_S)
            assert set(simulator.answers()) == {200}
    found = states(config, run)
    assert found.keys() <= {"delivered", "failed"}
    assert sum(found.values()) == 5
    assert run("--config", config, "reports", "unmatched", "--json").data["total"] == 0


def test_reports_that_come_before_the_answer_are_matched_later(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    config = live_gateway(rows=guardians(10), reports=FROM_ENVIRONMENT).config
    with listening(config) as ears:
        behaviour = Behaviour(
            push_to={"intelecom": ears.url("intelecom")}, latency_s=1.0, push_batch=10, as_a_gateway=True
        )
        with start(behaviour) as simulator:
            text = config.read_text(encoding="utf-8")
            url = next(line for line in text.splitlines() if line.startswith("url"))
            config.write_text(text.replace(url, f'url = "{simulator.url}"'), encoding="utf-8")
            send(config, message, run)
            assert simulator.wait_until_told(LONG_S)
    assert states(config, run) == {"delivered": 10}


def test_a_lost_answer_that_a_report_makes_good_is_a_good_end(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    config = live_gateway(rows=guardians(3), gateway={"read_timeout": "2s"}, reports=FROM_ENVIRONMENT).config
    with listening(config) as ears:
        behaviour = Behaviour(
            push_to={"intelecom": ears.url("intelecom")}, faults={"timeout": 1.0}, as_a_gateway=True
        )
        with start(behaviour) as simulator:
            text = config.read_text(encoding="utf-8")
            url = next(line for line in text.splitlines() if line.startswith("url"))
            config.write_text(text.replace(url, f'url = "{simulator.url}"'), encoding="utf-8")
            send(config, message, run)  # which must end with 0
    assert states(config, run) == {"delivered": 3}


def test_a_file_is_taken_in_once(mailed: Path, run: Run) -> None:
    file = mailed.with_name("pushed.xml")
    name = references(mailed, 1)[0]
    file.write_text(
        f"<dr><message><customermessagereference>{name}</customermessagereference><statuscode>0</statuscode></message></dr>"
    )
    assert run("--config", mailed, "reports", "import", file, "--json").data["reports"] == {"applied": 1}
    assert run("--config", mailed, "reports", "import", file, "--json").data["reports"] == {"repeated": 1}


@pytest.mark.parametrize("number", ["0701740605", "070-174 06 05", "0046701740605", "46701740605"])
def test_a_report_that_writes_the_number_in_national_form_is_about_its_message(
    link: tuple[Path, Simulator], run: Run, number: str
) -> None:
    config, _ = link
    ledger = read_ledger(config.parent / "ledger" / "ledger.db")
    assert ledger
    (name,) = ledger.rows("SELECT gateway_id FROM messages WHERE number = '+46701740605'")[0]
    ledger.close()
    file = config.with_name("pushed.xml")
    file.write_text(f"<MSGLST><MSG><REF>{name}</REF><RCV>{number}</RCV><STATE>DELIVRD</STATE></MSG></MSGLST>")
    assert run("--config", config, "reports", "import", file, "--json").data["reports"] == {"applied": 1}
    other = file.read_text().replace(number, "0701740699")
    file.write_text(other)
    assert run("--config", config, "reports", "import", file, "--json").data["reports"] == {"unmatched": 1}


def test_reports_of_other_programs_can_be_handed_on(mailed: Path, run: Run) -> None:
    file, export = mailed.with_name("link.xml"), mailed.with_name("out.json")
    file.write_text(LINK_REPORT, encoding="iso-8859-1")
    run("--config", mailed, "reports", "import", file)
    shown = run("--config", mailed, "reports", "unmatched", "--export", export)
    assert "+46 70 *** ** 05" in shown.out
    (written,) = json.loads(export.read_text(encoding="utf-8"))
    assert (written["number"], written["code"]) == ("+46701740605", "DELIVRD")
    assert export.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "hello", "{}", "<html/>"])
def test_a_file_that_holds_no_reports_gets_a_sentence(
    make_config: MakeConfig, run: Run, content: str
) -> None:
    config = make_config()
    file = config.with_name("file")
    file.write_text(content, encoding="utf-8")
    ran = run("--config", config, "reports", "import", file)
    assert ran.code == 8
    assert "holds no delivery reports" in ran.err
    assert "smsctl itself failed" not in ran.err


def test_cron_can_poll_for_a_while(link: tuple[Path, Simulator]) -> None:
    config, _ = link
    ran = run_process("--config", config, "reports", "poll", "--for", "1s")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "5 delivery reports (5 applied, 0 early, 0 repeated, 0 unmatched), 0 incoming SMS.\n"


def test_the_listener_says_so_when_it_rehearses(make_config: MakeConfig) -> None:
    with listening(make_config()) as ears:
        assert ears.push(report("nobody-1")) == 200
    assert ears.paths.keys() == {"intelecom", "pswincom"}


def test_what_cannot_be_read_is_listed_and_what_stands_beside_it_is_taken(mailed: Path, run: Run) -> None:
    first, second, *_ = references(mailed, 20)
    body = json.dumps(
        {
            "dr": [
                {"statuscode": 0, "customermessagereference": first},
                "odd",
                {"statuscode": 0, "customermessagereference": second},
            ]
        }
    )
    with listening(mailed) as ears:
        assert ears.push(body.encode()) == 200
        assert ears.push(body.encode()) == 200
    assert states(mailed, run) == {"accepted": 18, "delivered": 2}
    (kept,) = run("--config", mailed, "reports", "unmatched", "--json").data["reports"]
    assert (kept["code"], kept["text"], kept["fate"]) == ("unreadable", '"odd"', "unmatched")
    assert "unreadable" in run("--config", mailed, "reports", "unmatched").out


def test_each_report_stands_in_one_count_of_the_line_for_a_log() -> None:
    taken = NOTHING._replace(reports=Counter(ReportFate))
    told = re.findall(r"\d+", str(taken_result(taken).summary))
    total, *counts, incoming = map(int, told)
    assert (total, sum(counts), incoming) == (len(ReportFate), len(ReportFate), 0)
