"""What a mailing is called: told wherever mailings are, for ten of them go to the same guardians."""

import csv
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ..conftest import MakeConfig
from ..front_door import Run

TITLE, CASE = "Studiedag 11 december", "BUN 2026/123"
LABEL = ("--title", TITLE, "--case", CASE)
TODAY = datetime.now(ZoneInfo("Europe/Stockholm")).date().isoformat()


@pytest.fixture
def titled(make_config: MakeConfig, message: Path, run: Run) -> Path:
    """A config under which two mailings to the guardians were rehearsed, the second with a title."""
    config = make_config()
    for label in ((), LABEL):
        argv = ("--config", config, "send", message, "--group", "guardians", "--yes", *label)
        assert run(*argv).code == 0
    return config


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_a_title_tells_mailings_apart_wherever_they_are_listed(
    titled: Path, run: Run, tmp_path: Path
) -> None:
    page = tmp_path / "usage.html"
    assert run("--config", titled, "usage", "--html", page).code == 0
    for told in (
        run("--config", titled, "mailings", "list").out,
        run("--config", titled, "usage", "--municipality", "exempelkommun").out,
        page.read_text(),
    ):
        assert TITLE in told
        assert "guardians" in told  # of the one without a title
    first, second = run("--config", titled, "mailings", "list", "--json").data["mailings"][::-1]
    assert (first["title"], first["case"]) == (None, None)
    assert (second["title"], second["case"], second["audience"]) == (TITLE, CASE, "guardians")


def test_the_story_has_the_title_the_case_and_the_audience(titled: Path, run: Run) -> None:
    lines = run("--config", titled, "mailings", "show", 2).out.splitlines()
    assert "guardians" in lines[1]
    assert [line.split(maxsplit=1) for line in lines[2:4]] == [["Title", TITLE], ["Case", CASE]]
    assert TITLE not in run("--config", titled, "mailings", "show", 1).out


def test_the_plan_has_them_and_a_list_without_titles_has_no_column_for_them(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config()
    argv = ("--config", config, "send", message, "--group", "guardians")
    assert TITLE in run(*argv, "--dry-run", *LABEL).out
    run(*argv, "--yes")
    assert "Title" not in run("--config", config, "mailings", "list").out


def test_the_audit_tells_of_which_mailing_a_row_is(titled: Path, run: Run) -> None:
    newest, *_, oldest = run("--config", titled, "audit", "--json").data["audit"]
    assert (newest["subject"], newest["title"], newest["case"]) == ("mailing 2", TITLE, CASE)
    assert oldest["title"] is None
    shown = run("--config", titled, "audit").out
    assert (TITLE in shown, CASE in shown) == (True, True)


def test_a_purge_takes_the_title_and_leaves_the_case(titled: Path, run: Run) -> None:
    path = titled.parent / "ledger" / "ledger.simulate.db"
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_at = '2020-01-01T00:00:00.000Z'")
        ledger.execute("UPDATE batches SET claimed_at = '2020-01-01T00:00:00.000Z'")
    assert TITLE.encode() in path.read_bytes()
    argv = ("--config", titled, "purge", "--older-than", "90d", "--decision", "KS 2026/1")
    assert run(*argv).code == 0
    newest = run("--config", titled, "mailings", "list", "--json").data["mailings"][0]
    assert (newest["title"], newest["case"]) == (None, CASE)
    assert TITLE.encode() not in path.read_bytes()


def test_the_same_key_with_another_title_is_the_same_mailing(
    make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config()
    argv = ("--config", config, "send", message, "--group", "guardians", "--yes", "--key", "once")
    assert run(*argv).code == 0
    ran = run(*argv, *LABEL)
    assert (ran.code, "was already sent under the key once" in ran.out) == (0, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--title", "x" * 81), "--title must be one line of at most 80 visible characters."),
        (("--case", "x" * 41), "--case must be one line of at most 40 visible characters."),
        (("--title", "two\nlines"), "--title must be one line"),
        (("--title", "hid\u200bden"), "--title must be one line"),
        (
            ("--title", "Ring 070-174 06 05"),
            "--title holds what may be the number of a telephone or a person.",
        ),
        (("--title", "20120104-2385 är sjuk"), "--title holds what may be the number"),
        (("--title", " "), "--title has no value."),
        (("--case", ""), "--case has no value."),
    ],
)
def test_a_title_that_does_not_fit_in_a_list_is_refused_and_nothing_is_sent(
    words: tuple[str, str], sentence: str, make_config: MakeConfig, message: Path, run: Run
) -> None:
    config = make_config()
    ran = run("--config", config, "send", message, "--group", "guardians", "--yes", *words)
    assert ran.code == 2
    assert sentence in " ".join(ran.err.split())
    assert run("--config", config, "mailings", "list", "--json").data["mailings"] == []


def test_a_file_of_mailings_has_texts_and_figures_and_nobodys_number(
    titled: Path, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "mailings.csv"
    assert run("--config", titled, "mailings", "list", "--csv", path).code == 0
    newest, oldest = read(path)
    assert (newest["Title"], newest["Case"], newest["To"]) == (TITLE, CASE, "guardians")
    assert (newest["Text"], newest["Sender"], newest["Messages"]) == ("Hej på er", "Kommunen", "2")
    assert (newest["accepted by the gateway"], newest["failed"]) == ("2", "0")
    assert (newest["Parts"], newest["Kronor"]) == ("2", "0,98")
    assert oldest["Title"] == ""
    assert "46701740" not in path.read_text()
    assert "Öberg" not in path.read_text(encoding="utf-8")


def test_the_file_is_in_the_readers_language(
    titled: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMSCTL_LANGUAGE", "sv")
    path = tmp_path / "utskick.csv"
    assert run("--config", titled, "mailings", "list", "--csv", path).code == 0
    assert (read(path)[0]["Rubrik"], read(path)[0]["Till"]) == (TITLE, "vårdnadshavare")


def test_mailings_and_audit_of_a_time_are_all_of_it(titled: Path, run: Run, tmp_path: Path) -> None:
    for word, ids in ((("mailings", "list"), "mailings"), (("audit",), "audit")):
        ask = ("--config", titled, *word, "--json")
        assert len(run(*ask, "--since", TODAY, "--until", TODAY).data[ids]) >= 2
        assert run(*ask, "--until", "2026-01").data[ids] == []
        assert run(*ask, "--since", "2999-01-01").data[ids] == []
        assert len(run(*ask, "--since", TODAY, "--most", 1).data[ids]) == 1
        assert run(*ask, "--since", "2026-13").code == 2


def test_the_audit_of_one_municipality_has_what_was_done_to_it_and_its_mailings(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    config = make_config(
        default_municipality="exempelkommun", municipalities={"grannkommun": {"name": "Grannkommun"}}
    )
    for municipality in ("exempelkommun", "grannkommun"):
        run("--config", config, "test", "+46701740605", "hej", "--municipality", municipality)
    run("--config", config, "config", "set", "gateway.priority", "high")
    path = tmp_path / "audit.csv"
    ran = run("--config", config, "audit", "--municipality", "Exempelkommun", "--csv", path)
    assert (ran.code, f"Written to {path}." in ran.out) == (0, True)
    assert [row["Of what"] for row in read(path)] == ["mailing 1", "exempelkommun"]
    ran = run("--config", config, "audit", "--municipality", "grannkommun", "--json")
    assert [row["subject"] for row in ran.data["audit"]] == ["mailing 2"]
    assert run("--config", config, "audit", "--municipality", "nowhere").code == 8
