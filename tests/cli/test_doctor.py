import os
import re
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, LiveGateway, MakeConfig
from ..front_door import Ran, Run, Terminal, run_process, run_terminal
from ..gateways.fault_server import FaultServer, free_port
from ..gateways.test_mail import mail_server, sent
from .conftest import guardians
from .quiet import ALL_DAY, TOLD
from .test_notify import smtp_at


def level(ran: Ran, check: str) -> str:
    found = [one["level"] for one in ran.data["checks"] if one["check"] == check]
    return "+".join(found)


def mend(ran: Ran, check: str) -> str:
    return str(next(one["mend"] for one in ran.data["checks"] if one["check"] == check))


def text(ran: Ran, check: str) -> str:
    return " ".join(one["text"] for one in ran.data["checks"] if one["check"] == check)


LIVE_CHECKS = (
    *(
        "config",
        "permissions",
        "secret",
        "recipients",
        "ledger",
        "beside",
        "disk",
        "clock",
        "package",
        "waiting",
    ),
    *("reports", "retention", "last-run", "notify", "time-zone", "dns", "tcp", "tls", "login"),
)


def test_a_live_site_in_order_is_found_in_order(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(time_zone="Pacific/Auckland")
    ran = run("--config", live.config, "doctor", "--json")
    assert tuple(one["check"] for one in ran.data["checks"]) == LIVE_CHECKS
    bad = {one["check"] for one in ran.data["checks"] if one["level"] not in ("ok", "skipped")}
    assert (ran.code, bad) == (0, {"secret"})  # of the environment, which is warned of
    assert live.simulator.accepted() == ()


def test_each_check_is_one_line_with_what_mends_it(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(active=False)
    ran = run("--config", live.config, "doctor")
    assert len(ran.out.splitlines()) == len(LIVE_CHECKS)
    (line,) = [line for line in ran.out.splitlines() if " package " in line[:24]]
    assert line.split()[:2] == ["error", "package"]
    assert line.endswith(f"smsctl --config {live.config} municipality activate exempelkommun")


def test_it_ends_as_a_mailing_of_the_municipality_would(live_gateway: LiveGateway, run: Run) -> None:
    two = {"exempelkommun": {}, "grannby": {"name": "Grannby", "package_size": 100, "package_price": "1.00"}}
    live = live_gateway(default_municipality="exempelkommun", municipalities=two)
    assert run("--config", live.config, "doctor").code == 0  # the neighbour has no service: warned of
    assert level(run("--config", live.config, "doctor", "--json"), "package") == "ok+warning"
    neighbour = run("--config", live.config, "doctor", "--municipality", "grannby", "--json")
    assert (neighbour.code, level(neighbour, "package")) == (5, "ok+error")
    assert run("--config", live.config, "doctor", "--municipality", "nowhere").code == 8


def test_a_package_that_is_used_up_is_an_error_where_no_other_may_be_opened(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    payers = {"exempelkommun": {"package_size": 3}}
    live = live_gateway(municipalities=payers)
    send = ("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 3)
    assert run(*send).code == 0
    assert run("--config", live.config, "doctor").code == 0  # the next one is opened
    live.config.write_text(live.config.read_text().replace("[limits]", "[limits]\nmax_new_packages = 0"))
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "package")) == (5, "error")


def test_what_passes_by_itself_is_told_and_is_no_error(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    limits = {"quiet_hours": ALL_DAY, "max_parts_per_day": 3}
    live = live_gateway(limits=limits)
    urgent = ("--urgent", "--reason", "storm", "--max-parts", 3)
    assert run("--config", live.config, "send", message, "--all", "--yes", *urgent).code == 0
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "now")) == (0, "warning+warning")
    assert f"It is {TOLD}" in text(ran, "now")
    assert "of today's 3, 3 are used" in text(ran, "now")


def test_a_ceiling_of_the_month_passes_with_the_month(live_gateway: LiveGateway, run: Run) -> None:
    ran = run("--config", live_gateway(limits={"max_cost_per_month": "0.10"}).config, "doctor")
    assert ran.code == 0
    assert "Nothing needs to be mended: a mailing leaves when that is over." in " ".join(ran.out.split())
    assert "max_new_packages" not in ran.out


@pytest.mark.parametrize(
    ("command", "found", "says"),
    [
        ("true --loudly", "ok", "is there: true."),
        ("/no/such/alarm --loudly", "warning", "is not there: /no/such/alarm."),
        ("{folder}/message.txt", "warning", "may not be run"),
        ("'half", "warning", "cannot be read"),
    ],
)
def test_the_command_of_notify_is_looked_at(
    make_config: MakeConfig, message: Path, run: Run, command: str, found: str, says: str
) -> None:
    config = make_config(notify={"command": command.format(folder=message.parent)})
    ran = run("--config", config, "doctor", "--json")
    assert (ran.code, level(ran, "notify")) == (0, found)
    assert says in text(ran, "notify")


def test_the_mail_server_of_notify_is_looked_for(live_gateway: LiveGateway, run: Run) -> None:
    to = {"to": "drift@example.se"}
    with FaultServer(mail_server()) as server:
        live = live_gateway(smtp=smtp_at(server.port), notify=to)
        assert level(run("--config", live.config, "doctor", "--json"), "notify") == "ok"
        assert not sent(server)
    gone = live_gateway(smtp=smtp_at(free_port()), notify=to)
    ran = run("--config", gone.config, "doctor", "--json")
    assert (ran.code, level(ran, "notify")) == (0, "warning")


def test_in_simulate_mode_the_network_is_left_alone_and_it_says_why(
    make_config: MakeConfig, run: Run
) -> None:
    ran = run("--config", make_config(), "doctor", "--json")
    assert ran.code == 0
    for check in ("dns", "tcp", "tls", "login"):
        assert level(ran, check) == "skipped"
        assert "simulate" in text(ran, check)


def test_nothing_is_written(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    config = make_config()
    before = sorted(tmp_path.rglob("*"))
    assert run("--config", config, "doctor").code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_config_that_does_not_load_is_all_that_is_told(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "config.toml"
    path.write_text('mode = "live"\n', encoding="utf-8")
    ran = run("--config", path, "doctor", "--json")
    assert (ran.code, level(ran, "config"), len(ran.data["checks"])) == (8, "error", 1)
    assert " mistakes. " in text(ran, "config")


def test_a_config_that_others_can_change_is_warned_of(make_config: MakeConfig, run: Run) -> None:
    config = make_config()
    config.chmod(0o666)
    ran = run("--config", config, "doctor", "--json")
    assert (ran.code, level(ran, "permissions")) == (0, "warning")
    assert mend(ran, "permissions") == f"Run: chmod go-w {config}"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(("mode", "found"), [(0o777, "warning"), (0o1777, "ok"), (0o755, "ok")])
def test_a_config_in_a_folder_that_others_may_write_in_is_told(
    mode: int, found: str, make_config: MakeConfig, run: Run
) -> None:
    """Above it stands pytest's own folder, in one as /tmp."""
    config = make_config()
    config.chmod(0o600)
    config.parent.chmod(mode)
    ran = run("--config", config, "doctor", "--json")
    assert (ran.code, level(ran, "permissions")) == (0, found)
    assert mend(ran, "permissions") == (f"Run: chmod go-w {config.parent}" if found == "warning" else "None")


def test_a_ledger_in_a_folder_that_cannot_be_looked_into_is_an_error(
    make_config: MakeConfig, run: Run
) -> None:
    config = make_config(ledger={"path": f"{'x' * 300}/ledger.db"})
    ran = run("--config", config, "doctor", "--json")
    assert (ran.code, level(ran, "ledger")) == (9, "error")
    assert "File name too long" in text(ran, "ledger")


def test_a_secret_that_cannot_be_had_is_an_error_when_it_is_needed(
    live_gateway: LiveGateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = live_gateway()
    monkeypatch.delenv("SMSCTL_GATEWAY_SECRET")
    assert level(run("--config", live.config, "doctor", "--json"), "secret") == "error"
    assert run("--config", live.config, "doctor", "--json").code == 8
    rehearsal = run("--config", live.config, "--simulate", "doctor", "--json")
    assert (rehearsal.code, level(rehearsal, "secret")) == (0, "warning")


def test_the_step_that_answered_for_the_secret_is_named(
    live_gateway: LiveGateway, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "gateway").write_text(SECRET, encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    live = live_gateway(gateway={"password": {"source": "auto"}})
    ran = run("--config", live.config, "doctor", "--json")
    assert (level(ran, "secret"), text(ran, "secret")) == (
        "ok",
        "The secret gateway comes from the systemd credential gateway.",
    )


def test_a_secret_that_only_the_service_is_given_is_not_missed_elsewhere(
    live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(gateway={"password": {"source": "systemd"}})
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "secret"), level(ran, "login")) == (0, "skipped", "skipped")
    assert "systemd-run" in mend(ran, "secret")


@pytest.mark.parametrize(
    ("wrong", "code", "says", "mends"),
    [
        (lambda file: file.unlink(), 8, "does not exist", "`recipients` in the config"),
        (lambda file: file.write_text("", encoding="utf-8"), 8, "is empty", "Export"),
        (
            lambda file: file.write_text("Namn;Grupp\na;b\n", encoding="utf-8"),
            8,
            "mobile numbers",
            "[columns]",
        ),
        (lambda file: file.write_text('Mobil;Villkor\n"1;ja\n', encoding="utf-8"), 8, "line 2", "Export"),
        (lambda file: os.utime(file, (0, 0)), 5, "recipients_max_age", "Export"),
    ],
)
def test_a_recipients_file_that_would_stop_the_mailing_is_an_error(
    wrong: Callable[[Path], object], code: int, says: str, mends: str, live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(recipients_max_age="2d")
    file = live.config.parent / "recipients.csv"
    text_file = live.config.parent / "text.txt"
    text_file.write_text("hej", encoding="utf-8")
    assert level(run("--config", live.config, "doctor", "--json"), "recipients") == "ok"
    wrong(file)
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "recipients")) == (code, "error")
    assert says in text(ran, "recipients")
    assert mends in mend(ran, "recipients")
    sent = run("--config", live.config, "send", text_file, "--all", "--yes", "--max-parts", 9)
    assert sent.code == code
    assert says in sent.said


def test_each_recipients_file_of_the_config_is_looked_at_once(make_config: MakeConfig, run: Run) -> None:
    config = make_config(
        municipalities={"a": {"name": "A"}, "b": {"name": "B"}, "c": {"name": "C", "recipients": "c.csv"}},
        default_municipality="a",
    )
    ran = run("--config", config, "doctor", "--json")
    assert level(ran, "recipients") == "ok+error"
    assert "c.csv does not exist" in text(ran, "recipients")


def test_a_config_without_a_recipients_file_is_not_looked_at(make_config: MakeConfig, run: Run) -> None:
    assert level(run("--config", make_config(recipients=None), "doctor", "--json"), "recipients") == "skipped"


def test_a_damaged_ledger_is_an_error(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    ledger = live.config.parent / "ledger" / "ledger.db"
    pages = ledger.read_bytes()
    ledger.write_bytes(pages[:4096] + b"\xff" * 4096 + pages[8192:])
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "ledger")) == (9, "error")
    assert level(ran, "waiting") == ""


def test_a_clock_behind_the_ledger_is_an_error(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _sql(live.config, _ENTRY, later)
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "clock")) == (9, "error")


def test_a_clock_that_was_accepted_is_none(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway()
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _sql(live.config, _ENTRY, later)
    test = ("test", "+46701740605", "hej", "--accept-clock", "--reason", "it was a day ahead")
    assert run("--config", live.config, *test).code == 0
    assert level(run("--config", live.config, "doctor", "--json"), "clock") == "ok"


@pytest.mark.parametrize("beside", ["high-water", "locks"])
def test_what_lies_beside_the_ledger_must_be_open_to_whoever_sends(
    beside: str, live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway()
    test = ("test", "+46701740605", "hej")
    assert run("--config", live.config, *test).code == 0
    place = live.config.parent / "ledger" / f"ledger.db.{beside}"
    place.rename(place.with_suffix(".aside"))
    if beside == "locks":
        place.write_bytes(b"")  # no folder
    else:
        place.symlink_to(place.with_suffix(".aside"))  # is read, and never written
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "ledger")) == (9, "error")
    assert run("--config", live.config, *test).code == 9
    assert len(live.simulator.accepted()) == 1


def test_a_machine_of_another_time_zone_is_warned_of(make_config: MakeConfig, run: Run) -> None:
    ran = run("--config", make_config(), "doctor", "--json")
    assert level(ran, "time-zone") == "warning"
    assert "Europe/Stockholm" in mend(ran, "time-zone")
    same = run("--config", make_config(time_zone="Pacific/Auckland"), "doctor", "--json")
    assert level(same, "time-zone") == "ok"


def test_a_used_package_is_warned_of(live_gateway: LiveGateway, run: Run) -> None:
    live = live_gateway(municipalities={"exempelkommun": {"package_size": 2}}, limits={"warn_share": 0.5})
    assert run("--config", live.config, "test", "+46701740605", "hej").code == 0
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "package")) == (0, "warning")
    assert "1 of 2 parts left" in text(ran, "package")


def test_a_little_that_was_given_back_to_a_used_package_is_no_warning(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    """Of ten parts one is left in the first package, and three in the second."""
    live = live_gateway(rows=guardians(8), municipalities={"exempelkommun": {"package_size": 10}})
    at = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT12:00")
    limits = ("--yes", "--max-parts", 9, "--max-new-packages", 1)
    codes: list[int] = []
    for whom in (("--where", "Namn=Person 0", "--at", at), ("--all",), ("--all",)):
        message.write_text(f"Hej {len(codes)}\n", encoding="utf-8")
        codes.append(run("--config", live.config, "send", message, *whom, *limits).code)
    assert (codes, run("--config", live.config, "mailings", "cancel", 1).code) == ([0, 0, 0], 0)
    ran = run("--config", live.config, "doctor", "--json")
    assert (level(ran, "package"), "1 of 10 parts left" in text(ran, "package")) == ("ok", True)
    assert not run("--config", live.config, "usage").err


def test_a_refused_login_is_told_apart_from_a_gateway_that_is_not_there(
    live_gateway: LiveGateway, run: Run
) -> None:
    live = live_gateway(Behaviour(password="another"))
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "tcp"), level(ran, "login")) == (6, "ok", "error")
    live.simulator.stop()
    gone = run("--config", live.config, "doctor", "--json")
    assert (gone.code, level(gone, "dns"), level(gone, "tcp")) == (7, "ok", "error")
    assert (level(gone, "tls"), level(gone, "login")) == ("skipped", "skipped")


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), ("junk\n", "no certificate")])
def test_certificates_that_are_none_stop_a_mailing_before_anything_is_marked(
    content: str | None, says: str, live_gateway: LiveGateway, run: Run, message: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    if content:
        bundle.write_text(content, encoding="utf-8")
    live = live_gateway()
    url = live.simulator.url.replace("http:", "https:")
    live = live_gateway(gateway={"url": url, "ca_bundle": str(bundle)}, active=False)
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "tls")) == (8, "error")
    assert says in text(ran, "tls")
    assert "ca_bundle" in mend(ran, "tls")
    for argv in (["send", message, "--all", "--yes", "--max-parts", 9], ["test", "+46701740605", "hej"]):
        refused = run("--config", live.config, *argv)
        assert (refused.code, says in refused.said) == (8, True)
    assert run("--config", live.config, "mailings", "list", "--json").data["mailings"] == []


def test_what_waits_for_a_person_is_counted(live_gateway: LiveGateway, run: Run, message: Path) -> None:
    live = live_gateway(Behaviour(faults={"reset": 1.0}))
    sent = run(
        "--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9, "--key", "w-{week}"
    )
    assert sent.code == 4, sent.said
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "waiting"), level(ran, "last-run")) == (0, "warning", "warning")
    assert text(ran, "waiting") == "3 messages are unknown."
    assert text(ran, "last-run") == "w-{week}: mailing 1 is not finished, and none was sent whole before."


def test_the_last_mailing_of_each_key_that_went_well_is_named(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    live = live_gateway()
    argv = ["--config", live.config, "send", message, "--yes", "--max-parts", 9]
    assert run(*argv, "--group", "guardians", "--key", "g-{date}").code == 0
    assert run(*argv, "--group", "students", "--key", "s-{hour}").code == 0
    ran = run("--config", live.config, "doctor", "--json")
    assert level(ran, "last-run") == "ok+ok"
    assert "s-{hour}: sent whole at " in text(ran, "last-run")
    assert "g-{date}: sent whole at " in text(ran, "last-run")


@pytest.mark.parametrize(("reported", "expected"), [(0, "warning"), (1, "ok")])
def test_reports_that_do_not_come_are_missed_after_a_day(
    live_gateway: LiveGateway, run: Run, message: Path, reported: int, expected: str
) -> None:
    live = live_gateway()
    assert run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    assert level(run("--config", live.config, "doctor", "--json"), "reports") == "skipped"
    earlier = (
        (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    _sql(live.config, "UPDATE mailings SET created_at = ?", earlier)
    if reported:
        _sql(
            live.config,
            "INSERT INTO mailing_counts SELECT id, 'delivered', 1, 1 FROM mailings WHERE 1 = ?",
            1,
        )
    ran = run("--config", live.config, "doctor", "--json")
    assert (ran.code, level(ran, "reports")) == (0, expected)


def test_as_cron_it_has_neither_this_environment_nor_this_terminal(
    live_gateway: LiveGateway, run: Run, tmp_path: Path
) -> None:
    live = live_gateway()  # with the secret in the environment
    assert run("--config", live.config, "doctor").code == 0
    ran = run("--config", live.config, "doctor", "--as-cron", "--json")
    assert (ran.code, level(ran, "secret")) == (8, "error")
    secret = tmp_path / "gateway.secret"
    secret.write_text(SECRET, encoding="utf-8")
    secret.chmod(stat.S_IRUSR | stat.S_IWUSR)
    kept = live_gateway(gateway={"password": {"source": "file", "path": str(secret)}})
    mended = run("--config", kept.config, "doctor", "--as-cron", "--json")
    assert (mended.code, level(mended, "login"), mended.json["mode"]) == (0, "ok", "live")


@pytest.mark.parametrize("goal", ["nowhere", "folder"])  # the second leads to itself
def test_a_folder_of_the_ledger_that_is_a_link_to_nowhere_is_told(
    goal: str, make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "folder").symlink_to(tmp_path / goal)
    ran = run("--config", make_config(ledger={"path": "folder/ledger.db"}), "doctor")
    assert (ran.code, "the ledger cannot be created" in ran.said) == (9, True), ran.said


def test_as_cron_a_municipality_that_is_not_there_is_told_as_such(make_config: MakeConfig, run: Run) -> None:
    argv = ("--config", make_config(), "doctor", "--municipality", "ankeborg")
    own, crons = run(*argv), run(*argv, "--as-cron")
    assert (own.code, "ankeborg" in own.err) == (8, True)
    assert crons == own


def test_as_cron_a_person_sees_the_same_screen(live_gateway: LiveGateway) -> None:
    live = live_gateway(gateway={"password": {"source": "file", "path": "nowhere"}})
    argv = ["--config", live.config, "doctor"]
    own, crons = (run_terminal([*argv, *flags]).seen for flags in ([], ["--as-cron"]))
    until = own.index("disk ")  # what follows differs by the minute, and by this session's time zone
    assert own[:until] == crons[:until]
    assert "secret" in own[:until]


def test_on_a_narrow_terminal_no_path_is_cut(live_gateway: LiveGateway) -> None:
    live = live_gateway()
    with Terminal("--config", live.config, "doctor", columns=60) as terminal:
        seen = terminal.end().seen
    assert str(live.config) in re.sub(r"\s|\x1b\[[0-9;]*m", "", seen)


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_on_a_narrow_terminal_no_command_is_broken(live_gateway: LiveGateway, columns: int) -> None:
    live = live_gateway(active=False)
    with Terminal("--config", live.config, "doctor", columns=columns) as terminal:
        lines = [line.strip() for line in terminal.end().seen.splitlines()]
    assert f"smsctl --config {live.config} municipality activate exempelkommun" in lines


def test_figures_and_times_are_those_of_a_person(live_gateway: LiveGateway, run: Run) -> None:
    told = run("--config", live_gateway().config, "doctor").out
    assert "package 1 has 10 000 of 10 000 parts left" in told
    assert re.search(r"The clock says 20\d\d-\d\d-\d\d \d\d:\d\d\.\n", told)


def test_as_cron_it_is_given_up_after_ten_seconds(make_config: MakeConfig, run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "config.toml"
    os.mkfifo(pipe)  # whoever reads it waits for ever
    ran = run_process("--config", pipe, "doctor", "--as-cron", "--json")
    assert (ran.code, level(ran, "as-cron")) == (7, "error")


_ENTRY = "INSERT INTO audit (at, by_whom, host, action, subject, detail) VALUES (?, '', '', '', '', '')"


def _sql(config: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(config.parent / "ledger" / "ledger.db") as connection:
        connection.execute(statement, values)
    connection.close()
