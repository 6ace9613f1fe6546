"""The internal posting of a month: handed over once, the same ever after, and balanced."""

import csv
import io
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from smsctl.errors import LedgerError, say
from smsctl.ledger import restoring
from smsctl.ledger.sqlite.engine import SqliteEngine
from smsctl.simulator.faults import Fault
from smsctl.simulator.server import Behaviour

from ..conftest import LiveGateway
from ..front_door import Ran, Run

TOWN = "exempelkommun"
CENTRES = {
    "4711": {"konto": "6250", "verksamhet": "610"},
    "4712": {"motpart": "862"},
    "9999": {"konto": "1790"},
}
ROWS = (
    "Anna;070-174 06 05;Personal;Exempelkommun;ja;4712",
    "Bo;070-174 06 06;Personal;Exempelkommun;ja;4711",
    "Cia;070-174 06 07;Personal;Exempelkommun;ja;",
)


def month_before(n: int) -> str:
    found = (
        datetime.now(ZoneInfo("Europe/Stockholm")).date().replace(day=15)
    )  # the config's, not this machine's
    for _ in range(n):
        found = found.replace(day=1) - timedelta(days=1)
    return found.isoformat()[:7]


LAST, BEFORE_LAST, NOW = month_before(1), month_before(2), month_before(0)


def change(config: Path, *statements: str) -> None:
    """Make the ledger say otherwise: what was sent today was sent earlier, or its fate is not known."""
    with closing(sqlite3.connect(config.parent / "ledger" / "ledger.db", isolation_level=None)) as ledger:
        for statement in statements:
            ledger.execute(statement)


def dated(config: Path, month: str, *, since: str = f"{NOW}-01") -> None:
    """Let what was sent this month have been sent in another."""
    sums = ("entries", "day_parts", "day_counts", "outside_parts", "cost_centre_parts")
    days = {**dict.fromkeys(sums, "day"), "batches": "claimed_day", "mailings": "created_day"}
    for table, day in days.items():
        change(config, f"UPDATE {table} SET {day} = '{month}-10' WHERE {day} >= '{since}'")


@pytest.fixture
def config(live_gateway: LiveGateway, message: Path, run: Run) -> Path:
    """A site that sent three messages, of two cost centres and none, in the month that has ended."""
    config = live_gateway(
        rows=ROWS,
        header="Namn;Mobil;Grupp;Kommun;Villkor;Kst",
        cost_centres=CENTRES,
        contra_cost_centre="9999",
        columns={"cost_centre": "Kst"},
    ).config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    dated(config, LAST)
    return config


def post(run: Run, config: Path, month: str, *more: object) -> Ran:
    return run("--config", config, "invoices", "postings", "--month", month, *more)


def lines_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";"))


def test_a_month_is_posted_by_cost_centre_and_balanced(config: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "post.csv"
    told = post(run, config, LAST, "--csv", path, "--json").data
    found = lines_of(path)
    assert [
        (one["Municipality"], one["Cost centre"], one["Parts"], one["Amount without VAT"]) for one in found
    ] == [
        ("Exempelkommun", "", "1", "0,49"),
        ("Exempelkommun", "4711", "1", "0,49"),
        ("Exempelkommun", "4712", "1", "0,49"),
        ("contra line", "9999", "0", "-1,47"),
    ]
    assert [(one["konto"], one["verksamhet"], one["motpart"]) for one in found] == [
        ("", "", ""),
        ("6250", "610", ""),
        ("", "", "862"),
        ("1790", "", ""),
    ]
    assert {one["Document"] for one in found} == {told["document"]}
    (usage,) = run("--config", config, "usage", "--by", "cost-centre", "--json").data["municipalities"]
    amounts = [one["amount_ore"] for one in told["lines"][:-1]]
    assert amounts == [one["cost_ore"] for one in usage["cost_centres"]]
    assert run("--config", config, "ledger", "check").code == 0


def test_a_second_export_is_the_same_file_and_tells_of_the_first(
    config: Path, run: Run, tmp_path: Path
) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    assert post(run, config, LAST, "--csv", first).code == 0
    config.write_text(config.read_text().replace('"6250"', '"6999"'))
    again = post(run, config, LAST, "--csv", second)
    assert again.code == 0
    assert f"{LAST} was first handed over 20" in again.out
    assert second.read_bytes() == first.read_bytes()
    printed = post(run, config, LAST, "--csv", "-").out
    assert printed.splitlines() == second.read_text("utf-8-sig").splitlines()
    rows = run("--config", config, "audit", "--json").data["audit"]
    (one,) = [row for row in rows if row["action"] == "posting"]
    assert one["subject"] == f"month {LAST}"


def test_what_is_corrected_later_is_a_line_of_its_own_in_the_next_month(
    config: Path, message: Path, run: Run, tmp_path: Path
) -> None:
    dated(config, BEFORE_LAST, since=f"{LAST}-01")
    change(
        config,
        "UPDATE messages SET state = 'unknown'",
        "UPDATE mailing_counts SET state = 'unknown' WHERE state = 'accepted'",
        "UPDATE day_counts SET state = 'unknown' WHERE state = 'accepted'",
    )
    assert post(run, config, BEFORE_LAST, "--csv", tmp_path / "1.csv").code == 0
    settle = ("mailings", "resolve", 1, "--not-sent", "--reason", "prov")
    assert run("--config", config, *settle).code == 0
    dated(config, LAST)
    path = tmp_path / "2.csv"
    assert post(run, config, LAST, "--csv", path).code == 0
    assert [
        (one["Cost centre"], one["Correction of"], one["Parts"], one["Amount without VAT"])
        for one in lines_of(path)
    ] == [
        ("", BEFORE_LAST, "-1", "-0,49"),
        ("4711", BEFORE_LAST, "-1", "-0,49"),
        ("4712", BEFORE_LAST, "-1", "-0,49"),
        ("9999", "", "0", "1,47"),
    ]


def test_what_is_noted_late_of_a_closed_month_is_in_the_next_and_in_a_look_at_it(
    config: Path, message: Path, run: Run, tmp_path: Path
) -> None:
    assert post(run, config, BEFORE_LAST, "--csv", tmp_path / "1.csv").code == 0
    message.write_text("En annan text\n")
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    dated(config, BEFORE_LAST)  # of the month's last second
    looked = post(run, config, LAST, "--preview", "--json").data["lines"]
    assert [one["correction_of"] for one in looked].count(BEFORE_LAST) == 3
    assert post(run, config, LAST, "--csv", tmp_path / "2.csv", "--json").data["lines"] == looked


def test_a_look_writes_no_file_and_says_so(config: Path, run: Run, tmp_path: Path) -> None:
    looked = post(run, config, LAST, "--preview", "--csv", tmp_path / "1.csv")
    assert (looked.code, "writes no file" in looked.err) == (2, True), looked.said
    assert not (tmp_path / "1.csv").exists()


def test_only_the_next_month_that_has_ended_is_posted(config: Path, run: Run, tmp_path: Path) -> None:
    running = post(run, config, NOW, "--csv", tmp_path / "now.csv")
    assert (running.code, f"{NOW} has not ended" in running.err) == (5, True)
    assert not (tmp_path / "now.csv").exists()
    seen = post(run, config, NOW, "--preview", "--json")
    assert (seen.code, seen.data["closed"], len(seen.data["lines"])) == (0, False, 1)
    looked = post(run, config, LAST, "--preview")
    assert "0,49 kr" in looked.out
    assert post(run, config, BEFORE_LAST, "--csv", tmp_path / "1.csv").code == 0
    (tmp_path / "ledger2").mkdir()
    earlier = post(run, config, month_before(3), "--csv", tmp_path / "0.csv")
    assert (earlier.code, "is before" in earlier.err) == (5, True)
    assert post(run, config, LAST, "--csv", tmp_path / "2.csv").code == 0


def test_months_are_posted_one_after_the_other(config: Path, run: Run, tmp_path: Path) -> None:
    assert post(run, config, month_before(3), "--csv", tmp_path / "3.csv").code == 0
    skipping = post(run, config, LAST, "--csv", tmp_path / "1.csv")
    assert skipping.code == 5
    assert f"smsctl --config {config} invoices postings --month {BEFORE_LAST} --csv FILE" in skipping.err


@pytest.mark.parametrize("month", ["2026-13", "2026", "2026-11-01", "x"])
def test_what_is_no_month_is_told_of(month: str, config: Path, run: Run) -> None:
    assert post(run, config, month, "--preview").code == 2
    assert post(run, config, LAST).code == 2


def test_a_run_that_was_killed_before_it_closed_the_month_leaves_nothing_in_the_way(
    config: Path, run: Run, tmp_path: Path
) -> None:
    ledger, kept, path = config.parent / "ledger" / "ledger.db", tmp_path / "kept.db", tmp_path / "post.csv"
    shutil.copy(ledger, kept)
    assert post(run, config, LAST, "--csv", path).code == 0
    shutil.copy(kept, ledger)  # the file was there, and nothing was committed
    assert post(run, config, LAST, "--csv", path, "--json").data["closed"]
    other = tmp_path / "other.csv"
    other.write_text("mine", encoding="utf-8")
    assert post(run, config, LAST, "--csv", other).code == 8
    assert other.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
@pytest.mark.parametrize(
    "why", [LedgerError(say("the connection to the database broke.")), KeyboardInterrupt()]
)
def test_a_file_of_a_month_that_is_perhaps_not_closed_is_told_of(
    config: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: BaseException, flag: str
) -> None:
    """What is corrected before it is posted again makes another file of it."""
    path, commit = tmp_path / "post.csv", vars(SqliteEngine)["commit"]

    def breaks(*given: object, **more: object) -> None:
        if path.exists():
            raise why
        commit(*given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(SqliteEngine, "commit", breaks)
        ran = post(run, config, LAST, "--csv", path, flag)
    code = 9 if isinstance(why, LedgerError) else 130
    assert (ran.code, f"not certain that {LAST} is closed" in ran.said) == (code, True), ran.said
    again = post(run, config, LAST, "--csv", path, flag)
    assert (again.code, "not certain" in again.said) == (0, False), again.said


def test_parts_without_a_price_are_told_and_cost_nothing(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    unpriced = {TOWN: {"package_size": None, "package_price": None}}
    config = live_gateway(active=False, municipalities=unpriced).config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    dated(config, LAST)
    ran = post(run, config, LAST, "--csv", tmp_path / "post.csv")
    assert "3 parts have no price that is known, and cost nothing here." in ran.out
    assert [one["Amount without VAT"] for one in lines_of(tmp_path / "post.csv")] == ["0,00", "0,00"]


def test_a_cost_centre_that_has_left_the_config_is_told_before_its_month_is_closed(
    config: Path, run: Run, tmp_path: Path
) -> None:
    assert "under [cost_centres]" not in post(run, config, LAST, "--preview").out
    config.write_text(config.read_text().replace("[cost_centres.4711]", "[cost_centres.4700]"))
    for words in (("--preview",), ("--csv", tmp_path / "post.csv")):
        told = post(run, config, LAST, *words)
        assert "does not have 4711 under [cost_centres]: konto, verksamhet, motpart are empty" in told.out


def test_what_comes_back_at_a_price_that_the_config_had_once_is_told_in_money(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    priced = {TOWN: {"package_size": None, "package_price": None, "part_price": "0.50"}}
    lost = Behaviour(faults={Fault.MISSING_ENTRY: 1})
    config = live_gateway(lost, active=False, municipalities=priced).config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 4
    dated(config, LAST)
    config.write_text(config.read_text().replace("part_price", "# part_price"))
    settle = ("mailings", "resolve", 1, "--not-sent", "--reason", "prov")
    assert run("--config", config, *settle).code == 0
    (found,) = run("--config", config, "usage", "--since", NOW, "--json").data["municipalities"]
    assert (found["parts"], found["cost_ore"], found["months"][0]["cost_ore"]) == (-1, -50, -50)
    shown = run("--config", config, "usage", "--since", NOW).out
    assert f"Cost since {NOW}-01: -0,50 kr without VAT." in shown


def test_marks_can_be_taken_back(config: Path, run: Run, tmp_path: Path) -> None:
    def new() -> int:
        listed = run("--config", config, "invoices", "list", "--json").data["invoices"]
        return sum(one["handed_over"] is None for one in listed)

    export = ("--config", config, "invoices", "export")
    assert run(*export, "--undo").out == "No invoice is marked as handed over. Nothing was changed.\n"
    assert run(*export, "--csv", tmp_path / "1.csv", "--mark").code == 0
    assert new() == 0
    undone = run(*export, "--undo")
    assert (undone.code, undone.out) == (0, "1 invoice is not marked as handed over any more: 1.\n")
    assert new() == 1
    actions = [row["action"] for row in run("--config", config, "audit", "--json").data["audit"]]
    assert actions[:2] == ["hand-over-undone", "hand-over"]
    assert run(*export).code == run(*export, "--undo", "--csv", tmp_path / "2.csv").code == 2


def test_a_killed_export_leaves_no_name_that_the_next_refuses(config: Path, run: Run, tmp_path: Path) -> None:
    ledger, kept, path = config.parent / "ledger" / "ledger.db", tmp_path / "kept.db", tmp_path / "1.csv"
    export = ("--config", config, "invoices", "export", "--csv", path, "--mark", "--json")
    shutil.copy(ledger, kept)
    assert run(*export).code == 0
    shutil.copy(kept, ledger)
    again = run(*export)
    assert (again.code, len(again.data["invoices"])) == (0, 1)


def _posted_by_an_older_ledger(config: Path, message: Path, run: Run) -> Ran:
    """Put the ledger back from before a month was posted and something sent, and let cron post it."""
    ledger = config.parent / "ledger" / "ledger.db"
    kept = shutil.copy(ledger, config.parent / "kept.db")
    assert post(run, config, LAST, "--csv", config.parent / "first.csv").code == 0
    message.write_text("Hej igen\n", encoding="utf-8")
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    shutil.copy(kept, ledger)
    return post(run, config, LAST, "--csv", config.parent / "again.csv", "--quiet")


def test_an_older_ledger_posts_no_month_until_a_person_accepts_it(
    config: Path, message: Path, run: Run
) -> None:
    ran = _posted_by_an_older_ledger(config, message, run)
    assert (ran.code, "would be handed over twice; nothing was written" in ran.err) == (9, True), ran.said
    assert not (config.parent / "again.csv").exists()


def test_else_it_would_post_it_once_more_and_end_well(
    config: Path, message: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(restoring, "refuse_forgotten", lambda _ledger: None)
    ran = _posted_by_an_older_ledger(config, message, run)
    assert (ran.code, "twice" in ran.said) == (0, False)


def test_what_was_used_before_the_first_month_that_is_posted_is_told(
    config: Path, run: Run, tmp_path: Path
) -> None:
    dated(config, BEFORE_LAST, since=f"{LAST}-01")
    looked = post(run, config, LAST, "--preview")
    told = f"Before {LAST}, 1,47 kr without VAT were used that no posting has"
    assert (looked.code, told in looked.err) == (0, True)
    assert f"smsctl --config {config} usage --until {BEFORE_LAST}" in looked.err
    for where in ("-", tmp_path / "1.csv"):  # the second time it is closed, and nothing can be done
        assert (told in post(run, config, LAST, "--csv", where, "--quiet").err) is (where == "-")


def test_cron_is_told_with_quiet_what_no_posting_can_have_any_more(
    config: Path, run: Run, tmp_path: Path
) -> None:
    dated(config, BEFORE_LAST, since=f"{LAST}-01")
    for where, is_told in (("1.csv", True), ("2.csv", False)):
        ran = post(run, config, LAST, "--csv", tmp_path / where, "--quiet")
        assert (ran.code, f"Before {LAST}, 1,47 kr" in ran.err) == (0, is_told)


def test_nothing_is_left_out_where_the_first_month_is_posted_first(
    config: Path, run: Run, tmp_path: Path
) -> None:
    assert post(run, config, LAST, "--csv", tmp_path / "1.csv").err == ""
    assert post(run, config, NOW, "--preview").err == ""
