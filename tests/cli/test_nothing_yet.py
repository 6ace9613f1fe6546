"""Where there is nothing yet, every list says so in words: no zeros, no bars, no bare headings."""

import re
import shlex

import pytest

from smsctl.cli.output import figures

from ..conftest import MakeConfig
from ..front_door import Run

EMPTY = {
    "usage": "Nothing that costs has been sent yet.",
    "usage --by cost-centre": "Nothing has been sent.",
    "usage --since 2020-01 --until 2020-02": "Nothing that costs was sent from 2020-01-01 to 2020-02-29.",
    "mailings list": "Nothing has been sent yet.",
    "mailings list --since 2020-01 --until 2020-02": "Nothing was sent in that time.",
    "mailings failed --since 2020-01": "No delivery report has come in yet.",
    "mailings find 070-1740605": "Nothing was sent to +46 70 *** ** 05.",
    "invoices list": "There are no invoices: no package was opened.",
    "reports unmatched": "No delivery report has come in yet.",
    "inbox list": "Nothing has come in.",
    "block list": "The block list is empty.",
    "audit --until 2020-02": "Nothing was done in that time.",
    "purge --list": "Nothing was purged yet.",
    "invoices postings --month 2020-01 --csv p.csv": "There is nothing to post: nothing was used.",
}


@pytest.mark.parametrize("where", ["pipe", "terminal"])
def test_every_list_says_that_there_is_nothing_yet(
    where: str, make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config()
    monkeypatch.chdir(config.parent)
    assert run("--config", config, "audit").out == "Nothing has been done yet.\n"
    for line, told in EMPTY.items():
        ran = run("--config", config, *shlex.split(line), terminal=where == "terminal")
        assert (ran.code, told in ran.seen) == (0, True), ran.said
        assert not re.search(r"(?<![\d,])0(?![\d,-])|[█░─]", ran.seen), ran.seen


def test_a_package_of_which_nothing_is_used_has_no_bar(make_config: MakeConfig, run: Run) -> None:
    config = make_config()
    run("--config", config, "municipality", "activate", "exempelkommun", "--yes")
    told = run("--config", config, "usage", terminal=True).seen
    assert "Nothing of it is used yet: 10 000 parts left." in told
    assert not re.search("[█░]|%", told)


def test_a_package_that_is_begun_is_not_told_as_nought() -> None:
    assert [figures.percent(part, 10_000) for part in (0, 1, 99, 100, 9_999)] == [
        "0 %",
        "<1 %",
        "<1 %",
        "1 %",
        "99 %",
    ]


def test_a_secret_that_was_stored_is_told_in_a_whole_sentence(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = {"source": "file", "path": "gateway.secret"}
    config = make_config(gateway={"password": secret})
    monkeypatch.chdir(config.parent)
    (config.parent / "block.txt").write_text("intele_password = canary\n", encoding="utf-8")
    told = run("--config", config, "config", "import", "block.txt").out
    assert told.startswith("The password is kept in: the file ")
    told = run("--config", config, "credential", "set", stdin="canary\n").out
    assert told.startswith("The secret gateway is kept in: the file ")
