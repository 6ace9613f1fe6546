"""A ledger that three municipalities share: a disposal decision reaches no data of another."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..conftest import MakeConfig
from ..front_door import Ran, Run

LONG_AGO = "2020-01-01T00:00:00.000Z"
ROWS = [
    "Bo Alfa;+46701740605;vårdnadshavare;Alfa;ja",
    "Eva Beta;+46701740606;vårdnadshavare;Beta;ja",
    "Ida Gamma;+46701740607;vårdnadshavare;Gamma;ja",
]
OTHERS = {
    "exempelkommun": None,
    "alfa": {"name": "Alfa"},
    "beta": {"name": "Beta", "retention": {"days": 30, "decision": "KF Beta 7"}},
    "gamma": {"name": "Gamma", "retention": {"days": 9000, "decision": "KS Gamma 9"}},
}
COMMON = {"days": 90, "decision": "KS Alfa 1"}


class Shared:
    """A ledger with a mailing of each municipality, all of the same age."""

    def __init__(self, run: Run, config: Path, ledger: Path) -> None:
        self.config, self._run, self.ledger = config, run, ledger

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.config, *argv)

    def named(self) -> str:
        """Whose names are still in the ledger's file, by their first letters."""
        there = self.ledger.read_bytes()
        return "".join(name[0] for name in ("Bo Alfa", "Eva Beta", "Ida Gamma") if name.encode() in there)


@pytest.fixture
def shared(make_config: MakeConfig, run: Run, message: Path, tmp_path: Path) -> Shared:
    config = make_config(rows=ROWS, municipalities=OTHERS, default_municipality="alfa", retention=COMMON)
    found = Shared(run, config, tmp_path / "ledger" / "ledger.simulate.db")
    for name in ("alfa", "beta", "gamma"):
        assert found("send", message, "--all", "--municipality", name, "--yes", "--max-parts", 9).code == 0
    with closing(sqlite3.connect(found.ledger)) as ledger:
        ledger.execute("UPDATE mailings SET created_at = ?", (LONG_AGO,))
        ledger.execute("UPDATE batches SET claimed_at = ?, boot = NULL", (LONG_AGO,))
        ledger.execute(
            "INSERT INTO inbox (at, gateway, vendor_id, sender, receiver, body, keyword, told_at, kind)"
            " VALUES (?, 'intelecom', '', '+46701740611', '72000', 'Tack', '', '', 'ours')",
            (LONG_AGO,),
        )
        ledger.commit()
    assert found.named() == "BEI"
    return found


def test_the_common_decision_takes_what_has_none_of_its_own(shared: Shared) -> None:
    ran = shared("purge", "--json")
    assert (ran.code, shared.named()) == (0, "EI")
    assert (ran.data["municipalities"], ran.data["outside"]) == (["alfa"], ["beta"])
    protocol = ran.data["protocol"]
    assert (protocol["decision"], protocol["municipalities"], protocol["incoming"]) == (
        "KS Alfa 1",
        ["alfa"],
        1,
    )


def test_it_says_whose_data_its_decision_did_not_reach(shared: Shared) -> None:
    ran = shared("purge", "--dry-run")
    assert "of Alfa:" in ran.out
    assert f"its own decision: smsctl --config {shared.config} purge --municipality beta" in ran.out
    assert "gamma" not in ran.out  # its own decision keeps it for years


def test_a_municipality_is_purged_by_its_name_under_its_own_decision(shared: Shared) -> None:
    ran = shared("purge", "--municipality", "Beta", "--quiet", "--json")
    assert (ran.code, shared.named()) == (0, "BI")
    protocol = ran.data["protocol"]
    assert (protocol["decision"], protocol["municipalities"], protocol["incoming"]) == (
        "KF Beta 7",
        ["beta"],
        0,
    )
    listed = shared("purge", "--list").out
    assert "KF Beta 7" in listed
    assert "Beta" in listed


def test_one_without_its_own_falls_under_the_common_decision_alone(shared: Shared) -> None:
    ran = shared("purge", "--municipality", "alfa", "--json")
    assert (ran.code, shared.named()) == (0, "EI")
    assert (ran.data["protocol"]["decision"], ran.data["protocol"]["incoming"]) == ("KS Alfa 1", 0)


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        (["--municipality", "gamma", "--decision", "KS Alfa 1"], 2, "a decision of its own"),
        (["--municipality", "gamma", "--older-than", "90d"], 2, "a decision of its own"),
        (["--municipality", "delta"], 8, 'no municipality "delta"'),
        (["--municipality", ""], 8, "no municipality"),
        (["--municipality", "beta", "--list"], 2, "--municipality"),
        (["--municipality", "beta", "--written"], 2, "--municipality"),
    ],
)
def test_no_flag_brings_a_decision_to_another(flags: list[str], code: int, told: str, shared: Shared) -> None:
    ran = shared("purge", *flags)
    assert (ran.code, told in ran.said, shared.named()) == (code, True, "BEI")


def test_flags_without_a_name_reach_none_with_its_own(shared: Shared) -> None:
    assert shared("purge", "--older-than", "1d", "--decision", "KS 2026/123").code == 0
    assert shared.named() == "EI"


def test_without_a_common_decision_a_plain_purge_names_the_others(
    shared: Shared, make_config: MakeConfig
) -> None:
    make_config(rows=ROWS, municipalities=OTHERS, default_municipality="alfa")
    ran = shared("purge")
    assert (ran.code, shared.named()) == (2, "BEI")
    assert f"smsctl --config {shared.config} purge --municipality beta | gamma" in ran.err


def test_one_that_the_config_has_forgotten_keeps_its_data_until_it_is_named(
    shared: Shared, make_config: MakeConfig
) -> None:
    """It left, and its section with its decision: the decision of another must not reach what it left."""
    left = {**OTHERS, "beta": None}
    make_config(rows=ROWS, municipalities=left, default_municipality="alfa", retention=COMMON)
    ran = shared("purge")
    assert (ran.code, shared.named()) == (0, "EI")
    assert (
        f"the config does not know it: smsctl --config {shared.config} purge --municipality beta"
        in shared("purge").out
    )
    assert shared("purge", "--municipality", "beta").code == 2
    done = shared("purge", "--municipality", "beta", "--older-than", "1d", "--decision", "KF Beta 7")
    assert (done.code, shared.named()) == (0, "I")


def test_the_doctor_says_which_purge_is_not_run(shared: Shared) -> None:
    checks = shared("doctor", "--json").data["checks"]
    assert [one["mend"] for one in checks if one["check"] == "retention"] == [
        f"Run: smsctl --config {shared.config} purge",
        f"Run: smsctl --config {shared.config} purge --municipality beta",
    ]
    for flags in ([], ["--municipality", "beta"]):
        assert shared("purge", *flags).code == 0
    checks = shared("doctor", "--json").data["checks"]
    assert [one["level"] for one in checks if one["check"] == "retention"] == ["ok"]


def test_the_doctor_says_that_what_came_in_is_not_removed(shared: Shared) -> None:
    for name in ("alfa", "beta"):
        assert shared("purge", "--municipality", name).code == 0
    checks = shared("doctor", "--json").data["checks"]
    (found,) = [one for one in checks if one["check"] == "retention"]
    assert found["text"] == "Incoming SMS or stray delivery reports should have been purged a month ago."
    assert found["mend"] == f"Run: smsctl --config {shared.config} purge"


def test_a_new_ledger_has_nothing_of_anybody(make_config: MakeConfig, run: Run) -> None:
    config = make_config(municipalities={"exempelkommun": {"retention": COMMON}})
    ran = run("--config", config, "purge", "--municipality", "exempelkommun", "--json")
    assert (ran.code, ran.data["protocol"]) == (0, None)
