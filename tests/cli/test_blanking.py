"""`purge --written`, `--blank` and `--blank-key`: what people wrote goes, and nothing is sent once more."""

from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run, run_terminal
from .conftest import guardians

KEY = "anna-test-{date}"
WORDS = "Anna Test ringde 070-174 06 05"
WHY = ("--reason", "ett nummer stod där")


class Cron:
    """One crontab line, and whatever else is asked of the same config."""

    def __init__(self, run: Run, live: Live, message: Path) -> None:
        self.live, self._run, self._message = live, run, message

    def send(self, *flags: object) -> Ran:
        words = ("send", self._message, "--all", "--yes", "--max-parts", 9, "--key", KEY)
        return self(*words, *flags)

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.live.config, *argv)

    @property
    def accepted(self) -> int:
        return len(self.live.simulator.accepted())


@pytest.fixture
def cron(run: Run, live_gateway: LiveGateway, message: Path) -> Cron:
    """A key with a name has sent to three people; the words with a number stand where a mailing is held."""
    cron = Cron(run, live_gateway(rows=guardians(3)), message)
    assert cron.send().code == 0
    assert cron("purge", "--hold", 1, "--reason", WORDS).code == 0
    return cron


def held_in_files(folder: Path, text: str) -> bool:
    """Whether the text stands in any file beside the ledger."""
    return any(text.encode() in one.read_bytes() for one in (folder / "ledger").iterdir() if one.is_file())


def ids(cron: Cron) -> dict[str, int]:
    return {one["text"]: one["id"] for one in cron("purge", "--written", "--json").data["written"]}


def test_what_people_wrote_is_shown_by_id_without_its_number(cron: Cron) -> None:
    ran = cron("purge", "--written")
    assert ran.code == 0
    assert "Anna Test ringde 070-*** ** 05" in ran.out
    assert "a number, perhaps a name" in ran.out
    assert KEY in ran.out
    found = cron("purge", "--written", "--json").data["written"]
    assert [(one["kind"], one["subject"], one["rows"], one["may_hold"]) for one in found] == [
        ("reason", "mailing 1", 1, ["number", "name"]),
        ("key", "mailing 1", 1, []),
    ]
    assert "070-174 06 05" in cron("purge", "--written", "--show-numbers").out


def test_a_reason_is_blanked_wherever_it_stands(cron: Cron, tmp_path: Path) -> None:
    assert held_in_files(tmp_path, "070-174 06 05")
    row = next(id_ for text, id_ in ids(cron).items() if "ringde" in text)
    ran = cron("purge", "--blank", row, *WHY)
    assert (ran.code, "Blanked, in 1 row." in ran.out) == (0, True)
    assert not held_in_files(tmp_path, "Anna Test ringde")
    assert "(blanked)" in cron("purge", "--list").out
    assert (cron("ledger", "check").code, cron.accepted) == (0, 3)
    newest = cron("audit", "--json").data["audit"][0]
    assert (newest["action"], newest["subject"], newest["reason"]) == ("blank", f"audit {row}", WHY[1])
    again = cron("purge", "--blank", row, *WHY)
    assert (again.code, "blanked already" in again.out) == (0, True)


def test_under_a_blanked_key_the_same_line_sends_nothing_more(cron: Cron, tmp_path: Path) -> None:
    ran = cron("purge", "--blank-key", ids(cron)[KEY], *WHY)
    assert (ran.code, "change it between two runs" in ran.out) == (0, True)
    assert not held_in_files(tmp_path, "anna-test")
    again = cron.send()
    assert (again.code, "already sent under the key" in again.out) == (0, True)
    assert cron.send("--again", "--reason", "once more").code == 0
    assert cron("doctor", "--expect", KEY).code == 0
    assert cron.accepted == 3
    assert "anna-test" not in cron("mailings", "show", 1).out


def test_without_the_ledgers_key_a_blanked_one_sends_nothing(cron: Cron, tmp_path: Path) -> None:
    assert cron("purge", "--blank-key", ids(cron)[KEY], *WHY).code == 0
    (tmp_path / "ledger" / "ledger.db.key").unlink()
    assert (cron.send().code, cron.accepted) == (9, 3)


def test_a_key_of_which_something_is_pending_is_gone_on_with(
    run: Run, live_gateway: LiveGateway, message: Path
) -> None:
    refusing = live_gateway(Behaviour(password="another"), rows=guardians(3))
    cron = Cron(run, refusing, message)
    assert cron.send().code == 6
    assert cron("purge", "--blank-key", ids(cron)[KEY], *WHY).code == 0
    again = cron.send()
    assert (again.code, len(cron("mailings", "list", "--json").data["mailings"])) == (6, 1)
    assert ids(cron) == {WHY[1]: 3}


def test_an_empty_run_under_a_blanked_key_is_still_done(
    run: Run, live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    refused = [row.replace(";ja", ";nej") for row in guardians(3)]
    cron = Cron(run, live_gateway(rows=refused), message)
    assert cron.send("--allow-empty").code == 0
    assert cron("purge", "--blank-key", ids(cron)[KEY], *WHY).code == 0
    assert not held_in_files(tmp_path, "anna-test")
    assert cron("doctor", "--expect", KEY).code == 0
    assert cron("ledger", "check").code == 0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--blank", 1], 8, "no reason that a person wrote"),
        (["--blank", 99], 8, "no row 99"),
        (["--blank", -3], 2, "not in the range"),
        (["--blank", 0], 2, "not in the range"),
        (["--blank", 99999999999999999999], 2, "not in the range"),
        (["--blank", "anna"], 2, "not a whole number"),
        (["--blank-key", 3], 8, "names no key"),
        (["--blank", 3, "--blank-key", 2], 2, "one of --hold"),
        (["--blank", 3, "--municipality", "exempelkommun"], 2, "--municipality"),
    ],
)
def test_a_wrong_id_is_told_and_nothing_changes(
    words: list[object], code: int, told: str, cron: Cron, tmp_path: Path
) -> None:
    before = (tmp_path / "ledger" / "ledger.db").read_bytes()
    ran = cron("purge", *words, *WHY)
    assert (ran.code, told in ran.said) == (code, True)
    assert (tmp_path / "ledger" / "ledger.db").read_bytes() == before


@pytest.mark.parametrize(
    "why", [[], ["--reason", WORDS], ["--reason", f"{WORDS}, borttaget"], ["--reason", "0701740606"]]
)
def test_a_blanking_wants_a_reason_that_does_not_say_it_all_again(why: list[str], cron: Cron) -> None:
    row = next(id_ for text, id_ in ids(cron).items() if "ringde" in text)
    ran = cron("purge", "--blank", row, *why)
    assert (ran.code, "reason" in ran.err) == (2, True)
    assert "070-174" not in ran.said
    assert "ringde" in str(ids(cron))


def test_a_dry_run_and_a_no_leave_it(cron: Cron) -> None:
    row = next(id_ for text, id_ in ids(cron).items() if "ringde" in text)
    dry = cron("purge", "--blank", row, "--dry-run", "--json")
    assert (dry.code, dry.data["blanked"]["id"], dry.data["dry_run"]) == (0, row, True)
    argv = ["--config", cron.live.config, "purge", "--blank", row, *WHY]
    assert run_terminal(argv, [("for good? [y/N]", "n")]).code == 5
    assert "ringde" in str(ids(cron))
    assert run_terminal(argv, [("for good? [y/N]", "y")]).code == 0
    assert "ringde" not in str(ids(cron))


def test_nobody_has_written_anything_in_a_new_ledger(make_config: MakeConfig, run: Run) -> None:
    config = make_config()
    ran = run("--config", config, "purge", "--written")
    assert (ran.code, "Nobody has written" in ran.out) == (0, True)
    assert run("--config", config, "purge", "--blank", 1, *WHY).code == 8


def test_the_doctor_names_words_that_may_hold_a_number(cron: Cron) -> None:
    ran = cron("doctor", "--json")
    (told,) = [one for one in ran.data["checks"] if one["check"] == "retention" and "number" in one["text"]]
    assert told["level"] == "warning"
    assert "purge --written" in told["mend"]


@pytest.mark.parametrize("mark", ["", "blank.", "x'00ff'", "9.9.9"])
def test_any_mark_that_stands_is_told_and_ended(mark: str, cron: Cron, tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(tmp_path / "ledger" / "ledger.db")) as ledger:
        value = mark if mark.startswith("x'") else f"'{mark}'"
        ledger.execute(f"INSERT INTO facts VALUES ('purge-unfinished', {value})")
        ledger.commit()
    checked = cron("ledger", "check")
    assert (checked.code, "Traceback" in checked.said) == (9, False)
    ran = cron("purge")
    assert (ran.code, "overwritten in the file now" in ran.out) == (0, True)
    assert cron("ledger", "check").code == 0
