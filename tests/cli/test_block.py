"""The block list through the front door: in every plan, at every claim, and in `test`."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run
from ..workbooks import xlsx
from .conftest import guardians


@pytest.fixture
def config(make_config: MakeConfig) -> Path:
    return make_config(rows=guardians(5))


def add(config: Path, run: Run, *numbers: str) -> None:
    assert run("--config", config, "block", "add", *numbers, "--reason", "asked by phone").code == 0


def test_the_list_shows_when_why_who_and_two_digits(config: Path, run: Run) -> None:
    assert "The block list is empty." in run("--config", config, "block", "list").out
    add(config, run, "070-174 06 05", "+46701740606")
    ran = run("--config", config, "block", "list")
    assert "asked by phone" in ran.out
    (first, second) = run("--config", config, "block", "list", "--json").data["blocked"]
    assert {first["last_digits"], second["last_digits"]} == {"05", "06"}
    assert "1740605" not in ran.out.replace(" ", "")


def test_who_is_blocked_is_skipped_in_the_plan(config: Path, message: Path, run: Run) -> None:
    add(config, run, "+46701740605")
    ran = run("--config", config, "send", message, "--all", "--yes", "--json")
    found = ran.data["recipients"]
    assert (found["rows"], found["ready"], found["skipped"]) == (5, 4, {"blocked": 1})
    assert ran.data["outcome"] == {"accepted": 4}


def test_where_one_number_is_refused_each_of_the_others_is_told_of(config: Path, run: Run) -> None:
    ran = run("--config", config, "block", "add", "070-174 06 05", "0701", "+46701740606", "12")
    assert ran.code == 8
    assert "2 numbers cannot be read; nothing was put on the block list." in ran.err
    for told in ('"0701" has', '"12" has', "+46 70 *** ** 05 can be read, and was not", "** 06 can be read"):
        assert told in ran.err
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []


def test_what_the_gateway_holds_for_one_who_is_blocked_meanwhile_is_told(
    config: Path, message: Path, run: Run
) -> None:
    """It was handed over with `--at`, and nothing can be taken out of it: only a person can stop it."""
    at = datetime.now(UTC) + timedelta(hours=40)
    for when in (("--at", f"{at:%Y-%m-%dT%H:%M}"), ()):
        assert run("--config", config, "send", message, "--all", "--yes", "--again", *when).code == 0
    told = "2 messages of mailing 1, which the gateway holds until its time, go to numbers on the block list."
    stopping = " To stop the mailing for everybody: smsctl"
    stop = {"messageid": "m1", "sno": "71234", "originator": "+46701740605", "content": "STOP"}
    pushed = config.with_name("pushed.json")
    pushed.write_text(json.dumps({"mo": [stop]}), encoding="utf-8")
    ran = run("--config", config, "reports", "import", pushed, "--quiet")
    assert (ran.code, "1 message of mailing 1, which the gateway holds" in ran.said) == (0, True)
    ran = run("--config", config, "block", "add", "+46701740606", "--quiet")
    assert (ran.code, told + stopping in ran.said, "mailing 2" in ran.said) == (0, True, False)
    numbers = config.with_name("blocked.csv")
    numbers.write_text("+46701740606\n", encoding="utf-8")
    assert told in run("--config", config, "block", "import", numbers, "--quiet").said
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.simulate.db")) as ledger, ledger:
        ledger.execute("UPDATE mailings SET send_at = ? WHERE id = 1", [at.replace(year=2020).isoformat()])
    assert run("--config", config, "block", "add", "+46701740607", "--quiet").said == ""


def test_a_gateway_that_gives_nothing_back_is_told_as_such(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(gateway={"module": "pswincom", "service_id": None})
    at = datetime.now(UTC) + timedelta(hours=40)
    send = ("send", message, "--all", "--yes", "--at", f"{at:%Y-%m-%dT%H:%M}")
    assert run("--config", config, *send).code == 0
    ran = run("--config", config, "block", "add", "+46701740605")
    assert "goes to a number on the block list. This gateway gives nothing back." in ran.said
    assert "mailings cancel" not in ran.said


def test_a_new_recipients_file_cannot_undo_it(config: Path, message: Path, run: Run) -> None:
    add(config, run, "+46701740605")
    rows = (
        config.with_name("recipients.csv")
        .read_text(encoding="utf-8")
        .replace("+46701740605", "070 174 06 05")
    )
    config.with_name("recipients.csv").write_text(rows, encoding="utf-8")
    ran = run("--config", config, "send", message, "--all", "--yes", "--json")
    assert ran.data["recipients"]["skipped"] == {"blocked": 1}


def test_who_is_blocked_between_plan_and_sending_is_cancelled(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    refusing = live_gateway(Behaviour(password="another"), rows=guardians(5))
    sending = ("send", message, "--all", "--yes", "--max-parts", 9, "--max-new-packages", 1)
    first = run("--config", refusing.config, *sending, "--json")
    assert (first.code, first.data["outcome"]) == (6, {"pending": 5})
    add(refusing.config, run, "+46701740606")
    live = live_gateway(rows=guardians(5))  # under the same ledger
    ran = run("--config", live.config, "mailings", "resume", 1, "--json")
    assert ran.data["outcome"] == {"accepted": 4, "cancelled": 1}
    assert "+46701740606" not in {one.recipient for one in live.simulator.accepted()}
    shown = run("--config", live.config, "mailings", "show", 1, "--json").data
    assert shown["cancelled"] == {"blocked": 1}
    assert "on the block list" in run("--config", live.config, "mailings", "show", 1).out


def test_a_test_obeys_the_list(config: Path, run: Run) -> None:
    add(config, run, "+46701740605")
    ran = run("--config", config, "test", "070-1740605", "hej")
    assert ran.code == 5
    assert "+46 70 *** ** 05 is on the block list; nothing was sent." in ran.err
    assert run("--config", config, "test", "070-1740606", "hej").code == 0


def test_who_is_taken_off_is_sent_to_again(config: Path, run: Run) -> None:
    add(config, run, "+46701740605")
    assert "may be sent to again" in run("--config", config, "block", "remove", "070-1740605").out
    assert "was not on the list" in run("--config", config, "block", "remove", "070-1740605").out
    assert run("--config", config, "test", "070-1740605", "hej").code == 0
    actions = [row["action"] for row in run("--config", config, "audit", "--json").data["audit"]]
    assert actions[-2:] == ["unblock", "block"]


@pytest.mark.parametrize(("id_of_the_second", "blocked"), [("", 1), ("7", 0), ("8", 1)])
def test_who_says_stop_anew_after_being_taken_off_is_on_it_again(
    id_of_the_second: str, blocked: int, config: Path, run: Run
) -> None:
    """Without an id it may be the same SMS that is pushed again: then too, rather nobody is sent to."""

    def stop(vendor_id: str) -> int:
        told = {"originator": "46701740605", "content": "STOP", "sno": "72401", "messageid": vendor_id}
        file = config.with_name("incoming.json")
        file.write_text(json.dumps({"mo": [told]}))
        ran = run("--config", config, "reports", "import", file, "--json")
        assert ran.code == 0
        return int(ran.data["blocked"])

    assert stop("7" if id_of_the_second else "") == 1
    assert stop(id_of_the_second and "7") == 0
    run("--config", config, "block", "remove", "+46701740605")
    assert stop(id_of_the_second) == blocked
    assert len(run("--config", config, "block", "list", "--json").data["blocked"]) == blocked


@pytest.mark.parametrize(
    "content",
    [
        "Namn;Mobil\nÅsa;070-174 06 05\nÖrjan;+46701740606\n",
        "070-174 06 05\n\n+46701740606\n",
        "\ufeff0701740605\r\n0701740606\r\n0701740606\r\n",
        "Telefon\n0701740605\n0701740606\n",
    ],
    ids=["csv", "bare list", "with a mark", "one column"],
)
def test_a_file_of_numbers_is_taken_over(config: Path, run: Run, content: str) -> None:
    file = config.with_name("blocked.csv")
    file.write_bytes(content.encode())
    assert run("--config", config, "block", "import", file, "--json").data == {"added": 2, "known": 0}
    assert run("--config", config, "block", "import", file, "--json").data == {"added": 0, "known": 2}


def test_a_file_with_a_number_that_cannot_be_read_blocks_nobody(config: Path, run: Run) -> None:
    file = config.with_name("blocked.csv")
    file.write_text("Mobil\n0701740605\n4,67E+10\n", encoding="utf-8")
    ran = run("--config", config, "block", "import", file)
    assert ran.code == 8
    assert "row 3:" in ran.err.lower()
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []


@pytest.mark.parametrize("row", ["Bo,0701740606", "Bo;;0701740606", "0701740606"])
def test_a_row_whose_number_stands_in_no_column_of_numbers_blocks_nobody(
    config: Path, run: Run, row: str
) -> None:
    """Else whoever asked for no more would be sent to, and nobody would know."""
    file = config.with_name("blocked.csv")
    file.write_text(f"Namn;Mobil\nÅsa;0701740605\n;\n\n{row}\n", encoding="utf-8")
    ran = run("--config", config, "--quiet", "block", "import", file)
    assert (ran.code, "row 5: it has " in ran.err.lower()) == (8, True), ran.said
    assert run("--config", config, "block", "list", "--json").data["blocked"] == []
    file.write_text("Namn;Mobil\nÅsa;0701740605\nBo;\n;\n\n", encoding="utf-8")
    assert run("--config", config, "block", "import", file, "--json").data == {"added": 1, "known": 0}


def test_rows_without_a_number_are_told_and_a_file_of_nothing_else_is_refused(config: Path, run: Run) -> None:
    file = config.with_name("blocked.csv")
    file.write_text("Namn;Mobil\nÅsa;0701740605\nBo;\n;\nCy;-\n", encoding="utf-8")
    ran = run("--config", config, "block", "import", file, "--json")
    assert (ran.code, ran.data["added"]) == (0, 1)
    assert [one["text"] for one in ran.json["messages"]] == ["2 rows have no number, and block nobody: 3, 5."]
    assert "block nobody: 3, 5." in run("--config", config, "block", "import", file).said
    file.write_text("Namn;Mobil\nBo;\n", encoding="utf-8")
    ran = run("--config", config, "block", "import", file)
    assert (ran.code, "no row has a number" in ran.said) == (8, True), ran.said


def test_the_sheet_and_the_delimiter_can_be_said_and_what_is_wrong_names_the_file(
    config: Path, run: Run
) -> None:
    book = xlsx(config.with_name("b.xlsx"), {one: [("Mobil",), ("0701740605",)] for one in ("A", "B")})
    assert "--sheet" in run("--config", config, "block", "import", book).said
    assert run("--config", config, "block", "import", book, "--sheet", "B").code == 0
    book = xlsx(book, {"A": [("Mobil",), ("0701740605",)], "B": [("Tel.nr",), ("0701740606",)]})
    ran = run("--config", config, "--quiet", "block", "import", book)
    assert "numbers in others too: B." in ran.said
    file = config.with_name("blocked.csv")
    file.write_text("Namn,x;Mobil\nA,0701740605;0701740606\n", encoding="utf-8")
    assert "--delimiter" in run("--config", config, "block", "import", file).said
    done = run("--config", config, "block", "import", file, "--delimiter", "semicolon", "--json")
    assert done.data == {"added": 1, "known": 0}
    file.write_text("Nummer på den som sagt nej\n0701740605\n", encoding="utf-8")
    ran = run("--config", config, "block", "import", file)
    assert "blocked.csv: No column" in ran.said
    assert "--column number='Nummer på den som sagt nej'" in ran.said


@pytest.mark.parametrize("number", ["hej", "08-123456", ""])
def test_what_is_no_mobile_number_is_refused(config: Path, run: Run, number: str) -> None:
    assert run("--config", config, "block", "add", number).code == 8


def test_without_its_key_nothing_is_sent(config: Path, message: Path, run: Run) -> None:
    add(config, run, "+46701740605")
    for key in config.parent.rglob("*.key"):
        key.unlink()
    ran = run("--config", config, "send", message, "--all", "--yes")
    assert ran.code == 9
    assert "key is missing" in ran.err
