"""Who got it? Everyone of a mailing, everything about one number, and the numbers that do not work."""

import csv
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smsctl.actions import sender_rights
from smsctl.cli.incoming import names_by_number
from smsctl.host.users import whoever
from smsctl.ledger import blocklist

from ..conftest import LiveGateway, MakeConfig
from ..front_door import Run
from .conftest import guardians

ME = whoever().user
HEADER = "Elev-ID;Namn;Mobil;Grupp;Kommun;Godkänt villkor;Skola;Klass"
ROWS = (
    "17;Åsa Öberg;070-174 06 05;vårdnadshavare;Exempelkommun;ja;Norra;7B",
    "18;Örjan Ek;+46701740606;vårdnadshavare;Exempelkommun;ja;Norra;7A",
    "19;Bo Nej;0701740608;vårdnadshavare;Exempelkommun;nej;Södra;9C",
    "20;Ida Grann;0701740609;vårdnadshavare;Grannkommun;ja;Östra;8A",
)
CARRY = {"carry": ["Elev-ID", "Skola", "Klass"]}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def send(config: Path, message: Path, run: Run, *flags: object) -> None:
    ran = run("--config", config, "send", message, "--group", "guardians", "--yes", "--max-parts", 99, *flags)
    assert ran.code == 0, ran.said


def ledger_of(config: Path) -> Path:
    return config.parent / "ledger" / "ledger.db"


def report(config: Path, run: Run, mailing: int, codes: Sequence[int]) -> None:
    """Take in a report for each of the first messages of a mailing."""
    with closing(sqlite3.connect(ledger_of(config))) as ledger:
        ((reference,),) = ledger.execute("SELECT reference FROM mailings WHERE id = ?", (mailing,))
    file = config.with_name(f"reports-{mailing}-{len(codes)}.json")
    told = [
        {"statuscode": code, "customermessagereference": f"{reference}-{place}"}
        for place, code in enumerate(codes, start=1)
    ]
    file.write_text(json.dumps({"dr": told}))
    assert run("--config", config, "reports", "import", file).code == 0


@pytest.fixture
def site(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A mailing to three guardians: reached, with a dead number, and without accepted terms."""
    config = live_gateway(rows=ROWS, header=HEADER, columns=CARRY).config
    send(config, message, run)
    report(config, run, 1, [0, 351])
    return config


def test_everyone_of_a_mailing_is_listed_in_the_order_of_the_file(site: Path, run: Run) -> None:
    ran = run("--config", site, "mailings", "recipients", 1)
    assert ran.code == 0
    title, _, *rows = ran.out.splitlines()
    assert title.startswith("Mailing 1, ")
    assert title.endswith("guardians, Exempelkommun: 3 rows")
    cells = [[cell for cell in row.split("  ") if cell.strip()] for row in rows]
    assert [(row[0].strip(), row[1].strip(), row[2].strip()) for row in cells] == [
        ("2", "+46 70 *** ** 05", "delivered"),
        ("3", "+46 70 *** ** 06", "failed"),
        ("4", "+46 70 *** ** 08", "skipped"),
    ]
    assert "the number does not exist: correct it" in rows[1]
    assert "has not accepted the terms" in rows[2]
    assert "Öberg" not in ran.out


@pytest.mark.parametrize(
    ("flags", "rows"),
    [
        ((), [2, 3, 4]),
        (("--state", "failed"), [3]),
        (("--state", "failed", "--state", "delivered"), [2, 3]),
        (("--skipped",), [4]),
        (("--not-in-use",), [3]),
        (("--not-in-use", "--skipped"), [3, 4]),
        (("--state", "held"), []),
    ],
)
def test_a_part_of_them_can_be_chosen(flags: tuple[str, ...], rows: list[int], site: Path, run: Run) -> None:
    data = run("--config", site, "mailings", "recipients", 1, *flags, "--json").data
    assert ([one["row"] for one in data["recipients"]], data["rows"]) == (rows, len(rows))


def test_an_unknown_state_is_told_with_those_there_are(site: Path, run: Run) -> None:
    ran = run("--config", site, "mailings", "recipients", 1, "--state", "lost")
    assert ran.code == 2
    assert "--state lost: there is no such state." in ran.err
    assert "delivered" in ran.err


def test_the_file_has_numbers_as_a_register_has_them_and_what_is_carried(
    site: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "all.csv"
    assert run("--config", site, "mailings", "recipients", 1, "--csv", path).code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    rows = read(path)
    assert [(row["Number"], row["Name"], row["State"]) for row in rows] == [
        ("070-174 06 05", "Åsa Öberg", "delivered"),
        ("070-174 06 06", "Örjan Ek", "failed"),
        ("070-174 06 08", "Bo Nej", "skipped"),
    ]
    assert [(row["Elev-ID"], row["Skola"], row["Klass"]) for row in rows] == [
        ("17", "Norra", "7B"),
        ("18", "Norra", "7A"),
        ("19", "Södra", "9C"),
    ]
    assert [row["Accepted terms"] for row in rows] == ["yes", "yes", "no"]


@pytest.mark.parametrize("language", ["en", "sv"])
def test_the_file_given_as_a_recipients_file_reaches_nobody_who_has_not_accepted(
    language: str, site: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", language)
    path = tmp_path / "all.csv"
    run("--config", site, "mailings", "recipients", 1, "--csv", path)
    argv = ("--config", site, "send", "--text", "Nytt", "--all", "--recipients", path, "--dry-run", "--json")
    ran = run(*argv, "--max-parts", 9)
    assert ran.data["recipients"]["skipped"] == {"terms": 1}
    assert ran.data["recipients"]["ready"] == 2


def test_the_words_of_a_file_are_in_the_readers_language(
    site: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    path = tmp_path / "alla.csv"
    run("--config", site, "mailings", "recipients", 1, "--csv", path)
    (row, dead, _) = read(path)
    assert (row["Rad"], row["Nummer"], row["Namn"]) == ("2", "070-174 06 05", "Åsa Öberg")
    assert "numret finns inte" in dead["Varför"]


def test_the_register_gets_the_numbers_whose_newest_report_says_no(
    site: Path, message: Path, run: Run, tmp_path: Path
) -> None:
    message.write_text("En annan text\n")
    send(site, message, run)
    report(site, run, 2, [351, 0])  # now the other one is dead, and the first dead one is reached
    path = tmp_path / "dead.csv"
    ran = run("--config", site, "mailings", "failed", "--since", "2026-01", "--csv", path)
    assert ran.code == 0
    (row,) = read(path)
    assert (row["Number"], row["Name"], row["Mailing"]) == ("070-174 06 05", "Åsa Öberg", "2")
    assert (row["Elev-ID"], row["Skola"], row["Klass"]) == ("17", "Norra", "7B")
    data = run("--config", site, "mailings", "failed", "--since", "2026-01", "--dead", "--json").data
    assert [(one["mailing"], one["dead"]) for one in data["failed"]] == [(2, True)]
    assert run("--config", site, "mailings", "failed", "--since", "2999-01", "--json").data["failed"] == []


def _one_more_later(site: Path, message: Path, run: Run) -> None:
    """Let what was sent be of January, and send another text now."""
    with closing(sqlite3.connect(ledger_of(site))) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_day = '2026-01-10'")
    message.write_text("En annan text\n")
    send(site, message, run)


def test_the_numbers_of_some_days_are_those_of_the_mailings_begun_on_them(
    site: Path, message: Path, run: Run
) -> None:
    _one_more_later(site, message, run)
    report(site, run, 2, [351])
    argv = ("--config", site, "mailings", "failed", "--since", "2026-01", "--json")
    assert [(one["mailing"], one["row"]) for one in run(*argv).data["failed"]] == [(2, 2), (1, 3)]
    data = run(*argv, "--until", "2026-01-10").data
    assert [(one["mailing"], one["row"]) for one in data["failed"]] == [(1, 3)]


def test_a_number_that_failed_again_afterwards_is_told_of_in_both_months(
    site: Path, message: Path, run: Run
) -> None:
    _one_more_later(site, message, run)
    report(site, run, 2, [351, 351])
    argv = ("--config", site, "mailings", "failed", "--since", "2026-01", "--json")
    data = run(*argv, "--until", "2026-01-10").data
    assert [(one["mailing"], one["row"]) for one in data["failed"]] == [(1, 3)]
    assert [(one["mailing"], one["row"]) for one in run(*argv).data["failed"]] == [(2, 2), (2, 3)]


def test_what_was_delivered_last_counts_also_where_its_mailing_was_begun_first(
    site: Path, message: Path, run: Run
) -> None:
    message.write_text("En annan text\n")
    send(site, message, run)
    report(site, run, 2, [351, 351])
    with closing(sqlite3.connect(ledger_of(site))) as ledger, ledger:  # handed over for a later time
        late = "state = 'delivered', reported_at = '2999-01-01T00:00:00.000Z'"
        ledger.execute(f"UPDATE messages SET {late} WHERE mailing = 1 AND sheet_row = 2")
    data = run("--config", site, "mailings", "failed", "--since", "2026-01", "--json").data
    assert [(one["mailing"], one["row"]) for one in data["failed"]] == [(2, 3)]


@pytest.mark.parametrize("words", [(), ("1", "--since", "2026-01"), ("1", "--until", "2026-01")])
def test_one_mailing_or_a_day_is_asked_for(words: tuple[str, ...], site: Path, run: Run) -> None:
    assert run("--config", site, "mailings", "failed", *words).code == 2


def test_the_lists_of_before_are_as_they_were(site: Path, run: Run) -> None:
    failed = run("--config", site, "mailings", "failed", 1, "--json").data
    assert failed == {
        "mailing": 1,
        "failed": [{"row": 3, "state": "failed", "cause": "bad-number", "dead": True, "code": "351"}],
    }
    skipped = run("--config", site, "mailings", "skipped", 1, "--json").data
    assert skipped == {"mailing": 1, "skipped": [{"row": 4, "reason": "terms", "column": ""}]}


def test_everything_about_one_number_is_found_in_any_spelling(site: Path, message: Path, run: Run) -> None:
    message.write_text("En annan text\n")
    send(site, message, run, "--title", "Studiedag")
    ran = run("--config", site, "mailings", "find", "070-174 06 05")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "+46 70 *** ** 05: 2 messages in 2 mailings"
    assert [line.split()[0] for line in lines[2:4]] == ["2", "1"]
    assert ("Studiedag" in lines[2], "guardians" in lines[3], "delivered" in lines[3]) == (True, True, True)
    assert "Not on the block list." in lines
    data = run("--config", site, "mailings", "find", "+46701740605", "--json").data
    assert [(one["mailing"], one["state"]) for one in data["messages"]] == [(2, "accepted"), (1, "delivered")]


def test_whoever_was_left_out_is_found_with_why_and_the_block_list(site: Path, run: Run) -> None:
    run("--config", site, "block", "add", "0701740608", "--reason", "asked")
    ran = run("--config", site, "mailings", "find", "0701740608")
    assert "Nothing was sent to +46 70 *** ** 08." in ran.out
    assert "Left out: mailing 1, has not accepted the terms." in ran.out
    assert "On the block list." in ran.out


def test_nobody_found_is_an_empty_list_and_no_mistake(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "mailings", "find", "0701740699", "--json")
    assert ran.code == 0
    assert (ran.data["messages"], ran.data["skipped"], ran.data["blocked"]) == ([], [], False)
    assert run("--config", make_config(), "mailings", "find", "hello").code == 8


def test_a_search_is_in_the_audit_with_its_reason_and_no_number(site: Path, run: Run) -> None:
    run("--config", site, "mailings", "find", "0701740605", "--reason", "BUN 2026/7")
    newest = run("--config", site, "audit", "--json").data["audit"][0]
    assert (newest["action"], newest["subject"], newest["reason"]) == (
        "find",
        "number +46 70 *** ** 05",
        "BUN 2026/7",
    )


def test_what_is_kept_of_one_person_is_written_with_the_texts_and_nobody_elses(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    config = live_gateway(rows=ROWS[:1], header=HEADER).config
    send(config, message, run)
    recipients = config.with_name("recipients.csv")
    recipients.write_text(recipients.read_text().replace("Åsa Öberg", "Nils Ny"))
    send(config, message, run, "--again", "--reason", "a new owner")
    path = tmp_path / "request.csv"
    ran = run("--config", config, "mailings", "find", "0701740605", "--csv", path)
    assert "1 of them is under another name than the newest" in ran.out
    assert "1 message under another name is not in the file." in ran.out
    (row,) = read(path)
    assert (row["Mailing"], row["Name"], row["Text"]) == ("2", "Nils Ny", "Hej på er")
    assert row["Number"] == "070-174 06 05"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_purged_is_gone_and_said_to_be(site: Path, run: Run, tmp_path: Path) -> None:
    assert b"\x1fNorra\x1f7B" in ledger_of(site).read_bytes()
    with closing(sqlite3.connect(ledger_of(site))) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_at = '2020-01-01T00:00:00.000Z'")
        ledger.execute("UPDATE mailings SET created_day = '2020-01-01'")
        ledger.execute("UPDATE batches SET claimed_at = '2020-01-01T00:00:00.000Z'")
    assert run("--config", site, "purge", "--older-than", "90d", "--decision", "KS 2026/1").code == 0
    assert b"\x1fNorra\x1f7B" not in ledger_of(site).read_bytes()
    ran = run("--config", site, "mailings", "find", "0701740605")
    assert ran.code == 0
    assert "Mailings up to 2020-01-01 were purged: whom they reached is not known." in ran.out
    assert run("--config", site, "mailings", "recipients", 1).code == 0
    path = tmp_path / "purged.csv"
    assert run("--config", site, "mailings", "recipients", 1, "--csv", path).code == 0
    assert [(row["Number"], row["Name"], row["Skola"]) for row in read(path)] == [("", "", "")] * 3
    assert run("--config", site, "ledger", "check").code == 0


def test_a_large_mailing_keeps_its_cells_too(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = [f"{row};7B" for row in guardians(5_003)]
    header = "Namn;Mobil;Grupp;Kommun;Godkänt villkor;Klass"
    config = make_config(rows=rows, header=header, columns={"carry": ["klass"]})
    send(config, message, run, "--max-parts", 9999)
    path = tmp_path / "all.csv"
    assert run("--config", config, "mailings", "recipients", 1, "--csv", path).code == 0
    written = read(path)
    assert (len(written), {row["klass"] for row in written}) == (5_003, {"7B"})


def test_a_column_to_carry_that_the_file_has_not_stops_the_mailing(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config(columns={"carry": ["Elev-ID"]})
    ran = run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9)
    assert ran.code == 8
    assert "No column is called Elev-ID" in ran.err
    assert run("--config", config, "mailings", "list", "--json").data["mailings"] == []


def test_nothing_is_kept_of_a_row_that_is_protected(
    make_config: MakeConfig, message: Path, run: Run, tmp_path: Path
) -> None:
    rows = [f"{row};{shut}" for row, shut in zip(ROWS[:2], ("", "ja"), strict=True)]
    config = make_config(rows=rows, header=f"{HEADER};Sekretess", columns=CARRY)
    send(config, message, run)
    path = tmp_path / "all.csv"
    run("--config", config, "mailings", "recipients", 1, "--csv", path)
    first, shut = read(path)
    assert (first["Skola"], shut["Skola"], shut["Name"], shut["State"]) == ("Norra", "", "", "skipped")


@pytest.fixture
def two_towns(make_config: MakeConfig, message: Path, run: Run) -> dict[str, Any]:
    """A ledger that two municipalities share, each with one mailing to the same number."""
    rows = (ROWS[0], ROWS[0].replace("Exempelkommun", "Grannkommun"))
    other = {"grannkommun": {"name": "Grannkommun"}}
    towns = {"default_municipality": "exempelkommun", "municipalities": other}
    config = make_config(rows=rows, header=HEADER, **towns)
    for town in ("exempelkommun", "grannkommun"):
        send(config, message, run, "--municipality", town)
    return {"rows": rows, "header": HEADER, **towns}


def test_between_authorities_it_is_secret_who_got_what(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    ask = ("--config", config, "--json")
    for words in (("recipients", 2), ("skipped", 2), ("failed", 2)):
        assert run(*ask, "mailings", *words).code == 5
        assert run(*ask, "mailings", words[0], 1).code == 0
    found = run(*ask, "mailings", "find", "0701740605").data["messages"]
    assert [one["mailing"] for one in found] == [1]
    subjects = {row["subject"] for row in run(*ask, "audit").data["audit"]}
    assert subjects == {"mailing 1", "exempelkommun"}
    assert run(*ask, "audit", "--municipality", "grannkommun").data["audit"] == []
    assert run(*ask, "usage").code == 0
    assert "By [senders] you see only: Exempelkommun" in run("--config", config, "audit").out


def _purged(run: Run, config: Path, *named: str) -> int:
    """Purge all that there is, of one municipality or of all; return the exit code."""
    line = ("purge", "--older-than", "1s", "--decision", "KS 1", "--yes", *named)
    return run("--config", config, *line).code


def _is_whole(run: Run, config: Path, mailing: int) -> bool:
    return "were purged" not in run("--config", config, "mailings", "show", mailing).out


def test_whose_data_a_person_removes_is_their_own_municipalitys(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run, set_clocks: Callable[[str], None]
) -> None:
    set_clocks("2036-01-01T12:00Z")
    limited: tuple[dict[str, Any], ...] = ({ME: {"municipalities": ["exempelkommun"]}}, {"somebody": {}})
    for senders in limited:
        config = make_config(**two_towns, senders=senders)
        for named in ((), ("--dry-run",), ("--municipality", "grannkommun")):
            assert _purged(run, config, *named) == 5
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    assert _purged(run, config, "--municipality", "exempelkommun") == 0
    assert [_is_whole(run, config, one) for one in (1, 2)] == [False, True]
    assert _purged(run, make_config(**two_towns, senders={ME: {}})) == 0
    assert not _is_whole(run, config, 2)


def test_without_asking_whose_it_is_they_would_remove_all(
    two_towns: dict[str, Any],
    make_config: MakeConfig,
    run: Run,
    set_clocks: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    set_clocks("2036-01-01T12:00Z")
    monkeypatch.setattr(sender_rights, "must_purge", lambda *_: None)
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    assert _purged(run, config) == 0
    assert not _is_whole(run, config, 2)


def test_what_becomes_of_a_mailing_is_for_its_own_municipality_to_say(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    for words in (("cancel",), ("resolve", "--sent", "--reason", "x")):
        ran = run("--config", config, "mailings", words[0], 2, *words[1:])
        assert (ran.code, "may not change mailing 2" in ran.err) == (5, True)
        assert run("--config", config, "mailings", words[0], 1, *words[1:]).code == 0
    own, other = (run("--config", config, "mailings", "show", one) for one in (1, 2))
    assert "you see only" not in own.out
    assert "By [senders] you see only: Exempelkommun" in other.out
    with closing(sqlite3.connect(ledger_of(config).with_name("ledger.simulate.db"))) as ledger, ledger:
        ledger.execute("UPDATE messages SET state = 'rejected'")
    assert "** 05" in run("--config", config, "mailings", "show", 1).out
    assert "** 05" not in run("--config", config, "mailings", "show", 2).out
    assert run("--config", config, "mailings", "show", 2, "--json").data["history"] == []


_BO = "18;Bo Hemlig;0701740609;vårdnadshavare;Grannkommun;ja;Norra;7B"


def _told_of_another(make_config: MakeConfig, run: Run, towns: dict[str, Any], theirs: str) -> dict[str, str]:
    """Return what each command tells whose user may see one of two municipalities, or `theirs`, empty: both.

    Of the second one there are a mailing to somebody by name, with a key and a reason, one that no purge
    touches, and a report that contradicts what is known; a report that fits no message is nobody's.
    """
    config = make_config(**towns)
    text = config.with_name("text.txt")
    text.write_text("Bara till dig", encoding="utf-8")
    by_name = ("--where", "Namn=Bo Hemlig", "--municipality", "grannkommun", "--yes")
    why = ("--key", "hemlig", "--again", "--reason", "hemligt")
    assert run("--config", config, "send", text, *by_name, *why).code == 0
    hold = ("purge", "--hold", 2, "--reason", "hemlig")
    assert run("--config", config, *hold).code == 0
    with closing(sqlite3.connect(ledger_of(config).with_name("ledger.simulate.db"))) as ledger, ledger:
        for table in ("messages", "mailing_counts"):
            ledger.execute(f"UPDATE {table} SET state = 'failed' WHERE mailing = 3 AND state = 'accepted'")
        for row, message, fate in ((1, 2, "contradicts"), (2, None, "unmatched")):
            ledger.execute(
                "INSERT INTO reports (id, at, source, gateway, reference, gateway_id, number, state, code,"
                " answer, told_at, fate, message) VALUES (?, '2026-01-01T00:00Z', 'pushed', 'intelecom', ?,"
                " '', '+46701740605', 'failed', '5', 'hemligt', '', ?, ?)",
                (row, f"r{row}", fate, message),
            )
    (newest,) = (row["id"] for row in run("--config", config, "--json", "audit").data["audit"][:1])
    config = make_config(**towns, senders={ME: {"municipalities": [theirs]} if theirs else {}})
    told = dict[str, str]()
    for words in (
        *("mailings list", "mailings show 3", "usage --municipality grannkommun", "reports unmatched"),
        *("reports unmatched --export reports.json", "purge --list", "purge --written"),
        f"purge --blank {newest} --dry-run --reason x",
        *(
            "doctor",
            "mailings resume 3",
            "mailings retry 3 --dry-run",
            "mailings retry 3 --yes --max-parts 9",
        ),
    ):
        export = config.with_name("reports.json")
        argv = [str(export) if word == export.name else word for word in words.split()]
        ran = run("--config", config, "--json", *argv)
        told[words] = ran.said + (export.read_text("utf-8") if export.exists() else "")
        export.unlink(missing_ok=True)
    return told


def test_what_is_told_of_another_municipality_names_nobody(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    """Neither a number in a report, nor a name by which rows were chosen, nor what somebody wrote."""
    named = {**two_towns, "rows": [*two_towns["rows"], _BO]}
    told = _told_of_another(make_config, run, named, "exempelkommun")
    found = {words: text for words, text in told.items() if "hemlig" in text.casefold() or "0174" in text}
    assert found == {}
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    assert run("--config", config, "--json", "reports", "unmatched").data == {"total": 0, "reports": []}
    for words in (("--hold", 1), ("--hold", 2), ("--release", 2), ("--written",), ("--blank", 1)):
        ran = run("--config", config, "purge", *words, "--reason", "x")
        assert ran.code == (0 if words == ("--hold", 1) else 5), ran.said


def test_whoever_sees_all_is_told_all_of_that(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    """The control."""
    named = {**two_towns, "rows": [*two_towns["rows"], _BO]}
    for words, text in _told_of_another(make_config, run, named, "").items():
        assert "hemlig" in text.casefold() or "mailings retry" in words, words  # it names it where it refuses


def test_whoever_may_send_for_all_sees_all_and_whom_no_rule_names_sees_nobody(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    find = ("mailings", "find", "0701740605", "--json")
    config = make_config(**two_towns, senders={ME: {}})
    assert len(run("--config", config, *find).data["messages"]) == 2
    config = make_config(**two_towns, senders={"somebody": {}})
    assert run("--config", config, *find).data["messages"] == []
    assert run("--config", config, "mailings", "recipients", 1).code == 5


def test_an_incoming_sms_is_seen_by_whoever_wrote_to_its_sender_last(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    config = make_config(**two_towns)
    path = config.parent / "ledger" / "ledger.simulate.db"
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_at = '2026-01-01T00:00:00.000Z' WHERE id = 2")
        for at, last in (("2026-02-01", "05"), ("2999-01-01", "05"), ("2999-01-01", "99")):
            ledger.execute(
                "INSERT INTO inbox (at, gateway, vendor_id, sender, receiver, body, keyword, told_at, kind)"
                " VALUES (?, 'intelecom', '', ?, '', 'hej', '', '', 'ours')",
                (f"{at}T00:00:00.000Z", f"+467017406{last}"),
            )
    for town, ids in (("exempelkommun", [2]), ("grannkommun", [1]), (None, [3, 2, 1])):
        config = make_config(**two_towns, senders={ME: {"municipalities": [town]} if town else {}})
        inbox = run("--config", config, "inbox", "list", "--json").data
        assert ([one["id"] for one in inbox["inbox"]], inbox["total"]) == (ids, len(ids))
        assert run("--config", config, "inbox", "show", 3).code == (5 if town else 0)
        found = run("--config", config, "mailings", "find", "0701740605", "--json").data
        assert found["incoming"] == (1 if town else 2)


def _named_in_the_inbox(towns: dict[str, Any], make_config: MakeConfig, run: Run, path: Path) -> list[str]:
    """Return the name beside an SMS from a number that another municipality knows by another name by now.

    It is told to whoever may see the first of them, the second, both, or all; where the first has its rows in
    the common file, and in a file of its own.
    """
    both = [*towns["rows"][:1], _BO.replace("0701740609", "0701740605")]
    told = list[str]()
    for rows, own in ((both[1:], ()), (both[:0], both[1:]), (both, ())):
        path.write_text("\n".join([HEADER, *own]) + "\n", encoding="utf-8")
        towns = towns | {"municipalities": {"grannkommun": {"recipients": path.name if own else None}}}
        towns["municipalities"]["grannkommun"]["name"] = "Grannkommun"
        for senders in ({"municipalities": ["exempelkommun"]}, {}):
            config = make_config(**towns | {"rows": rows}, senders={ME: senders})
            (sms,) = run("--config", config, "inbox", "list", "--json").data["inbox"]
            assert run("--config", config, "inbox", "show", 1, "--json").data["name"] == sms["name"]
            told.append(sms["name"])
    return told


@pytest.fixture
def answered(two_towns: dict[str, Any], make_config: MakeConfig, run: Run) -> dict[str, Any]:
    """Whom both have written to has answered the first of them, who wrote last."""
    config = make_config(**two_towns)
    ledger_path = ledger_of(config).with_name("ledger.simulate.db")
    with closing(sqlite3.connect(ledger_path)) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_at = '2026-01-01T00:00:00.000Z' WHERE id = 2")
        ledger.execute(
            "INSERT INTO inbox (at, gateway, vendor_id, sender, receiver, body, keyword, told_at, kind)"
            " VALUES ('2999-01-01T00:00:00.000Z', 'intelecom', '', '+46701740605', '', 'hej', '', '', 'ours')"
        )
    return two_towns


def test_who_has_written_is_named_by_ones_own_municipalities_alone(
    answered: dict[str, Any], make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    told = _named_in_the_inbox(answered, make_config, run, tmp_path / "grannkommun.csv")
    assert told == [None, "Bo Hemlig", None, "Bo Hemlig", "Åsa Öberg", "Åsa Öberg"]


def test_without_asking_whose_row_it_is_another_s_would_name_them(
    answered: dict[str, Any],
    make_config: MakeConfig,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    names_of = names_by_number.names_of
    monkeypatch.setattr(
        names_by_number, "names_of", lambda wiring, wanted, _of: names_of(wiring, wanted, None)
    )
    told = _named_in_the_inbox(answered, make_config, run, tmp_path / "grannkommun.csv")
    assert told[:4] == ["Bo Hemlig"] * 4


_NUMBER = "070-174 06 05"


def test_a_number_is_blocked_for_the_municipalities_of_whoever_blocks_it(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    blocks = ("--config", config, "--json", "block")
    assert run(*blocks, "add", _NUMBER).data == {"added": 1}
    (row,) = run(*blocks, "list").data["blocked"]
    assert (row["last_digits"], row["municipality"]) == ("05", "exempelkommun")
    assert run(*blocks, "add", _NUMBER, "--municipality", "grannkommun").code == 5
    assert run("--config", config, "mailings", "find", _NUMBER, "--json").data["blocked"]

    config = make_config(**two_towns, senders={ME: {"municipalities": ["grannkommun"]}})
    assert run(*blocks, "list").data["blocked"] == []
    assert not run("--config", config, "mailings", "find", _NUMBER, "--json").data["blocked"]
    assert run(*blocks, "remove", _NUMBER).data == {"removed": False}
    again = ("send", message, "--all", "--yes", "--again", "--reason", "x", "--json", "--municipality")
    assert run("--config", config, *again, "grannkommun").data["outcome"] == {"accepted": 1}

    config = make_config(**two_towns, senders={ME: {}})
    assert run("--config", config, *again, "exempelkommun").data["recipients"]["skipped"] == {"blocked": 1}
    assert run(*blocks, "add", _NUMBER).data == {"added": 1}
    assert "all" in run("--config", config, "block", "list").out.split()
    assert run("--config", config, *again, "grannkommun").data["recipients"]["skipped"] == {"blocked": 1}

    config = make_config(**two_towns, senders={ME: {"municipalities": ["grannkommun"]}})
    refused = run(*blocks, "remove", _NUMBER)
    assert (refused.code, "for all municipalities" in str(refused.json)) == (5, True)
    config = make_config(**two_towns, senders={"somebody": {}})
    assert run(*blocks, "add", "0701740699").code == 5


def _reasons_told(config: Path, run: Run) -> list[str]:
    return [row["reason"] for row in run("--config", config, "--json", "block", "list").data["blocked"]]


@pytest.fixture
def blocked_for_all(two_towns: dict[str, Any], make_config: MakeConfig, run: Run) -> Path:
    """The config of who sees one municipality, where who sees all has blocked a number and named somebody."""
    config = make_config(**two_towns, senders={ME: {}})
    assert run("--config", config, "block", "add", _NUMBER, "--reason", "for Ida Grann").code == 0
    assert _reasons_told(config, run) == ["for Ida Grann"]
    config = make_config(**two_towns, senders={ME: {"municipalities": ["exempelkommun"]}})
    assert run("--config", config, "block", "add", "0701740699", "--reason", "by phone").code == 0
    return config


def test_why_a_number_is_blocked_for_all_is_told_to_who_sees_all(blocked_for_all: Path, run: Run) -> None:
    assert sorted(_reasons_told(blocked_for_all, run)) == ["", "by phone"]


def test_else_a_block_list_would_name_another_municipalitys_recipient(
    blocked_for_all: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(blocklist, "_without_words", lambda row: row)
    assert "for Ida Grann" in _reasons_told(blocked_for_all, run)


def test_without_senders_a_number_is_blocked_for_all_or_for_one_by_name(
    two_towns: dict[str, Any], make_config: MakeConfig, run: Run
) -> None:
    blocks = ("--config", make_config(**two_towns), "--json", "block")
    assert run(*blocks, "add", _NUMBER, "--municipality", "grannkommun").data == {"added": 1}
    assert run(*blocks, "add", "0701740606").data == {"added": 1}
    found = {row["last_digits"]: row["municipality"] for row in run(*blocks, "list").data["blocked"]}
    assert found == {"05": "grannkommun", "06": None}
    assert run(*blocks, "remove", _NUMBER).data == {"removed": True}
