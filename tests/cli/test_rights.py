from pathlib import Path

import pytest

from smsctl.cli import seen
from smsctl.host.users import groups_of, whoever

from ..conftest import HEADER, ROWS, LiveGateway, MakeConfig
from ..front_door import Run

ME = whoever().user


def send(run: Run, config: Path, message: Path, *flags: object) -> tuple[int, str]:
    ran = run("--config", config, "send", message, "--yes", "--max-parts", 9, *flags)
    return ran.code, ran.said


def test_without_a_rule_for_them_nobody_sends(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(senders={"somebody": {}})
    code, said = send(run, live.config, message, "--all")
    assert code == 5
    assert f"{ME} may not send" in said
    assert run("--config", live.config, "test", "+46701740605", "hej").code == 5
    assert not live.simulator.accepted()


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--group", "guardians"], 0),
        (["--group", "vårdnadshavare"], 0),
        (["--group", "students"], 5),
        (["--group", "guardians", "--group", "students"], 5),
        (["--all"], 5),
        (["--where", "Grupp=elever"], 5),
    ],
)
def test_a_rule_is_kept_to_its_audiences(
    flags: list[str], code: int, live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway(senders={ME: {"audiences": ["guardians"], "municipalities": ["exempelkommun"]}})
    assert send(run, live.config, message, *flags)[0] == code


def test_a_dry_run_says_so_too(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(senders={ME: {"audiences": ["staff"]}})
    ran = run("--config", live.config, "send", message, "--all", "--dry-run", "--max-parts", 9, "--json")
    assert ran.code == 5
    assert [one["rule"] for one in ran.data["refusals"]] == ["sender"]


def test_a_rehearsal_is_refused_as_well(make_config: MakeConfig, message: Path, run: Run) -> None:
    assert send(run, make_config(senders={"somebody": {}}), message, "--all")[0] == 5


def test_a_group_of_the_operating_system_has_rules(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    mine = sorted(groups_of(ME))
    if not mine:
        pytest.skip("this user is in no group of the operating system")
    live = live_gateway(senders={f"@{mine[0]}": {}})
    assert send(run, live.config, message, "--all")[0] == 0


def test_their_daily_ceiling_counts_what_they_have_begun_today(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path
) -> None:
    live = live_gateway(senders={ME: {"max_parts_per_day": 4}})
    assert send(run, live.config, message, "--all")[0] == 0
    other = tmp_path / "other.txt"
    other.write_text("Hej igen")
    code, said = send(run, live.config, other, "--all")
    assert code == 5
    assert f"{ME} may send 4 parts a day; 3 already used, and this takes 3." in said
    assert run("--config", live.config, "test", "+46701740605", "hej").code == 0
    ran = run("--config", live.config, "test", "+46701740605", "hej")
    assert ran.code == 5
    assert "raise max_parts_per_day under [senders] in the config.\n" in ran.err
    assert "0701740605" not in ran.said.replace("+46", "0")


def test_who_sent_is_recorded_on_the_mailing(live_gateway: LiveGateway, message: Path, run: Run) -> None:
    live = live_gateway(senders={ME: {}})
    send(run, live.config, message, "--all")
    (mailing,) = run("--config", live.config, "mailings", "list", "--json").data["mailings"]
    assert mailing["created_by"] == ME


def test_nobody_goes_on_with_what_they_may_not_send(
    live_gateway: LiveGateway, message: Path, run: Run
) -> None:
    live = live_gateway()
    ran = run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    assert ran.code == 0
    import sqlite3

    with sqlite3.connect(live.config.parent / "ledger" / "ledger.db") as ledger:
        ledger.execute("UPDATE messages SET state = 'pending', batch = NULL WHERE id = 1")
        ledger.execute("UPDATE mailing_counts SET messages = 2, parts = 2 WHERE state = 'accepted'")
        ledger.execute("UPDATE mailing_counts SET messages = 1, parts = 1 WHERE state = 'pending'")
    ledger.close()
    text = live.config.read_text()
    live.config.write_text(text + '\n[senders.somebody]\nmunicipalities = ["exempelkommun"]\n')
    ran = run("--config", live.config, "mailings", "resume", 1)
    assert ran.code == 5
    assert f"{ME} may not send" in ran.err


SERVICE: tuple[tuple[str, ...], ...] = (
    ("order",),
    ("activate", "--yes"),
    ("activate", "--yes", "--new-package", "--reason", "new deal"),
    ("deactivate", "--yes"),
)


@pytest.mark.parametrize("mine", [ME, "somebody"])
@pytest.mark.parametrize("words", SERVICE)
def test_the_service_of_another_municipality_is_neither_begun_nor_ended(
    live_gateway: LiveGateway, run: Run, words: tuple[str, ...], mine: str
) -> None:
    """It would open a package, which is invoiced, or stop its mailings."""
    package = {"package_size": 10_000, "package_price": "4900.00"}
    live = live_gateway(
        municipalities={"grannby": {"name": "Grannby", **package}},
        senders={mine: {"municipalities": ["grannby"] if mine == ME else ["exempelkommun"]}},
    )
    before = run("--config", live.config, "municipality", "list", "--json").data
    ran = run("--config", live.config, "municipality", words[0], "exempelkommun", *words[1:])
    assert (ran.code, f"{ME} may not change the service of Exempelkommun" in ran.err) == (5, True), ran.err
    assert run("--config", live.config, "municipality", "list", "--json").data == before
    own = run("--config", live.config, "municipality", "activate", "grannby", "--yes")
    assert own.code == (0 if mine == ME else 5)


NUMBER = "+46701740606"
PLANS = (
    ("test", NUMBER, "Hej"),
    ("send", "one.csv", "--dry-run"),
    ("send", "one.csv", "--dry-run", "--json"),
    ("send", "one.csv"),
)
"""What tells of one number how a plan judges it."""

TOLD = ("block", "Nobody in the audience can be sent to")


def _asked_of_another(
    live_gateway: LiveGateway, message: Path, run: Run, plan: tuple[str, ...], mine: list[str]
) -> str:
    """Plan to send to a number that another municipality has blocked, by a file of one's own."""
    package = {"package_size": 10_000, "package_price": "4900.00"}
    live = live_gateway(municipalities={"grannby": {"name": "Grannby", **package}})
    blocked = ("--municipality", "exempelkommun", "--reason", "asked by phone")
    assert run("--config", live.config, "block", "add", NUMBER, *blocked).code == 0
    live.config.with_name("one.csv").write_text(f"{HEADER}\n{ROWS[1]}\n", encoding="utf-8")
    rule = "somebody" if not mine else ME
    with live.config.open("a", encoding="utf-8") as config:
        config.write(f"\n[senders.{rule}]\nmunicipalities = {mine or ['exempelkommun']}\n")
    words: list[object] = [*plan]
    if plan[0] == "send":
        mailing = (message, "--all", "--yes", "--max-parts", 9, "--recipients")
        words = ["send", *mailing, live.config.with_name(plan[1]), *plan[2:]]
    ran = run("--config", live.config, *words, "--municipality", "exempelkommun")
    assert (ran.code, f"{ME} may not send" in ran.said) == (5, True), ran.said
    assert not live.simulator.accepted()
    return ran.said


@pytest.mark.parametrize("mine", [["grannby"], []])
@pytest.mark.parametrize("plan", PLANS)
def test_whether_a_number_is_blocked_is_not_told_to_who_may_not_send_there(
    live_gateway: LiveGateway, message: Path, run: Run, plan: tuple[str, ...], mine: list[str]
) -> None:
    said = _asked_of_another(live_gateway, message, run, plan, mine)
    assert not [one for one in TOLD if one in said]


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_would_tell_it(
    live_gateway: LiveGateway,
    message: Path,
    run: Run,
    plan: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seen, "must_plan", lambda *_asked, **_more: None)
    said = _asked_of_another(live_gateway, message, run, plan, ["grannby"])
    assert [one for one in TOLD if one in said]
