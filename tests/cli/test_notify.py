import json
import os
import quopri
import re
import stat
from pathlib import Path

import pytest

from smsctl.actions.notify import without_numbers
from smsctl.simulator.server import Behaviour

from ..conftest import SECRET, LiveGateway, MakeConfig
from ..front_door import Run, run_process, run_terminal
from ..gateways.fault_server import FaultServer, Line, free_port
from ..gateways.test_mail import mail_server, sent

TOLD = "told.txt"


@pytest.fixture
def alarm(tmp_path: Path) -> Path:
    """A command of the site's: it writes down the environment it was given."""
    path = tmp_path / "alarm"
    path.write_text(f"#!/bin/sh\nenv | sort > {tmp_path}/{TOLD}\n", encoding="utf-8")
    path.chmod(stat.S_IRWXU)
    return path


def told(folder: Path) -> dict[str, str]:
    lines = (folder / TOLD).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line.startswith("SMSCTL_"))


def test_a_run_that_leaves_unknowns_calls_the_command_with_the_facts(
    live_gateway: LiveGateway, message: Path, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(Behaviour(faults={"reset": 1.0}), notify={"command": str(alarm)})
    ran = run_process("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
    assert ran.code == 4, ran.said
    facts = told(tmp_path)
    assert facts["SMSCTL_COMMAND"] == "send"
    assert facts["SMSCTL_EXIT_CODE"] == "4"
    assert facts["SMSCTL_MODE"] == "live"
    assert facts["SMSCTL_MAILING"] == "1"
    assert facts["SMSCTL_MUNICIPALITY"] == "exempelkommun"
    assert facts["SMSCTL_OUTCOME"] == "unknown=3"
    assert facts["SMSCTL_CONFIG"] == str(live.config)


def test_the_command_is_given_no_secret_and_no_number(
    live_gateway: LiveGateway, message: Path, alarm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["Åsa;070-174 06 0;vårdnadshavare;Exempelkommun;ja"]
    live = live_gateway(rows=rows, notify={"command": str(alarm)})
    argv = ["--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9]
    for variable in ("SMSCTL_PROXY_SECRET", "SMSCTL_LEDGER_SECRET"):
        monkeypatch.setenv(variable, SECRET)
    ran = run_process(*argv)
    assert ran.code == 8
    given = (tmp_path / TOLD).read_text(encoding="utf-8")
    assert SECRET not in given
    assert "70174" not in re.sub(r"[-\s]", "", given)  # of the number: three digits stand in many an id
    assert told(tmp_path)["SMSCTL_EXIT_CODE"] == "8"


def test_a_refusal_before_the_command_has_begun_is_told_too(
    live_gateway: LiveGateway, message: Path, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(notify={"command": str(alarm)})
    ran = run_process("--config", live.config, "send", message, "--no-such-flag")
    assert (ran.code, told(tmp_path)["SMSCTL_EXIT_CODE"]) == (2, "2")


def test_every_rule_that_refuses_is_told(
    live_gateway: LiveGateway, message: Path, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(active=False, notify={"command": str(alarm)})
    ran = run_process("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 1)
    assert ran.code == 5
    text = told(tmp_path)["SMSCTL_TEXT"]
    assert text.startswith("2 rules refuse this mailing. The SMS service is not active for Exempelkommun.")
    assert "the ceiling for one run is 1. Allow it with: smsctl --config " in text
    assert text.endswith(" --max-parts 3")


def test_a_run_that_ends_well_or_is_watched_tells_nobody(
    live_gateway: LiveGateway, make_config: MakeConfig, message: Path, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(notify={"command": str(alarm)})
    argv = ["--config", live.config, "send", message, "--all", "--yes"]
    assert run_process(*argv, "--max-parts", 9).code == 0
    assert run_terminal([*argv, "--group", "nobody-of-this-name"]).code != 0
    assert not (tmp_path / TOLD).exists()


def test_a_dry_run_that_is_refused_tells_nobody(
    live_gateway: LiveGateway, message: Path, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(notify={"command": str(alarm)})
    planned = ("send", message, "--all", "--yes", "--max-parts", 1, "--dry-run")
    for argv in (planned, ("mailings", "retry", 99, "--dry-run")):
        assert run_process("--config", live.config, *argv).code != 0
    assert not (tmp_path / TOLD).exists()


@pytest.mark.parametrize("command", ["mailings resume", "mailings retry"])
def test_what_is_resumed_or_sent_again_is_watched_over_as_well(
    command: str, live_gateway: LiveGateway, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(notify={"command": str(alarm)})
    assert run_process("--config", live.config, *command.split(), 99, "--yes").code == 8
    assert told(tmp_path)["SMSCTL_COMMAND"] == command


@pytest.mark.parametrize(("words", "code"), [("ledger backup /no/such/folder/ledger.db", 8), ("purge", 2)])
def test_cron_s_upkeep_is_watched_over_as_well(
    words: str, code: int, live_gateway: LiveGateway, alarm: Path, tmp_path: Path
) -> None:
    live = live_gateway(notify={"command": str(alarm)})
    assert run_process("--config", live.config, "--quiet", *words.split()).code == code
    assert told(tmp_path)["SMSCTL_EXIT_CODE"] == str(code)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("#!/bin/sh\nexit 3\n", "it ended with 3"),
        ("not a program", "did not do its work"),
        (None, "No such file or directory"),
    ],
)
def test_a_command_that_fails_is_told_and_changes_no_exit_code(
    make_config: MakeConfig, alarm: Path, script: str | None, says: str
) -> None:
    alarm.unlink() if script is None else alarm.write_text(script, encoding="utf-8")
    config = make_config(notify={"command": str(alarm)})
    plain = run_process("--config", config, "send", "no-such-file", "--all", "--yes")
    assert plain.code == 8
    assert says in plain.err
    assert "no-such-file" in plain.err
    spoken = run_process("--config", config, "--json", "send", "no-such-file", "--all", "--yes")
    assert spoken.code == 8
    assert any(says in one["text"] for one in json.loads(spoken.out)["messages"])


def smtp_at(port: int) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": port, "starttls": False, "from_address": "sms@example.se"}


def test_a_mail_goes_to_whom_the_config_names(live_gateway: LiveGateway, message: Path) -> None:
    with FaultServer(mail_server()) as server:
        live = live_gateway(
            Behaviour(faults={"reset": 1.0}), smtp=smtp_at(server.port), notify={"to": "drift@example.se"}
        )
        ran = run_process("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9)
        spoken = b"".join(server.requests).decode()
    assert ran.code == 4
    assert "rcpt to:<drift@example.se>" in spoken.lower()  # as Pythons differ
    assert re.search(r"^Auto-Submitted: auto-generated\r$", spoken, re.MULTILINE)
    assert re.search(r"^Subject: smsctl send on .* ended with 4", spoken, re.MULTILINE)
    assert f"smsctl --config {live.config} mailings show 1" in quopri.decodestring(spoken.encode()).decode()
    assert "0701740" not in spoken
    assert "+467" not in spoken


def test_a_notice_that_is_put_off_is_tried_again(live_gateway: LiveGateway, message: Path) -> None:
    tried: list[int] = []

    def later_please(line: Line) -> None:
        tried.append(1)
        line.send(b"250 ok\r\n" if len(tried) > 1 else b"451 4.7.1 greylisted\r\n")

    with FaultServer(mail_server(rcpt=later_please)) as server:
        live = live_gateway(active=False, smtp=smtp_at(server.port), notify={"to": "drift@example.se"})
        ran = run_process("--config", live.config, "send", message, "--all", "--yes")
        assert len(sent(server)) == 1
    assert (ran.code, "Nobody was told" in ran.err) == (5, False)


def test_a_mail_server_that_is_not_there_is_told_and_changes_no_exit_code(
    live_gateway: LiveGateway, message: Path
) -> None:
    live = live_gateway(smtp=smtp_at(free_port()), notify={"to": "drift@example.se"})
    ran = run_process("--config", live.config, "send", message, "--all", "--yes")
    assert ran.code == 5
    assert "Nobody was told of this run" in ran.err


def test_in_a_rehearsal_the_command_is_run_and_no_mail_leaves(
    make_config: MakeConfig, alarm: Path, tmp_path: Path
) -> None:
    smtp = {"host": "192.0.2.1", "starttls": False, "from_address": "sms@example.se"}
    config = make_config(smtp=smtp, notify={"command": str(alarm), "to": "drift@example.se"})
    ran = run_process("--config", config, "send", "no-such-file", "--all", "--yes")
    assert (ran.code, told(tmp_path)["SMSCTL_MODE"]) == (8, "simulate")
    assert "Nobody was told" not in ran.err


def test_a_test_sends_one_notice_in_each_way(live_gateway: LiveGateway, alarm: Path, tmp_path: Path) -> None:
    with FaultServer(mail_server()) as server:
        live = live_gateway(
            smtp=smtp_at(server.port), notify={"to": "drift@example.se", "command": str(alarm)}
        )
        ran = run_process("--config", live.config, "notify", "test", "--json")
        assert (ran.code, ran.data["told"]) == (0, ["command", "to"])
        assert len(sent(server)) == 1
        assert b"This is a test" in b"".join(server.requests)
    assert told(tmp_path)["SMSCTL_COMMAND"] == "notify test"
    alarm.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    failed = run_process("--config", live.config, "notify", "test")
    assert (failed.code, "it ended with 3" in failed.err) == (7, True)


def test_a_test_in_a_rehearsal_mails_nobody_and_without_names_is_refused(
    make_config: MakeConfig, run: Run
) -> None:
    smtp = {"host": "192.0.2.1", "starttls": False, "from_address": "sms@example.se"}
    ran = run("--config", make_config(smtp=smtp, notify={"to": "drift@example.se"}), "notify", "test")
    assert (ran.code, "no mail was sent" in ran.out) == (0, True)
    nobody = run("--config", make_config(), "notify", "test")
    assert (nobody.code, "names nobody" in nobody.err) == (8, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("row 2: +46701740605 is wrong", "row 2: *** is wrong"),
        ("070-174 06 05", "***"),
        ("(070) 174 06 05", "(***"),
        ("mailing 12, 3 unknown", "mailing 12, 3 unknown"),
        ("1 204 messages", "1 204 messages"),
        ("until 2026-12-01 17:28 for", "until 2026-12-01 17:28 for"),
        ("under the key vh-4fdc73-2026-11-30.", "under the key vh-4fdc73-2026-11-30."),
        ("2026-12-01 0701740605", "2026-12-01 ***"),
        ("2026-12-017", "***"),
        ("+2026-12-01 and 0702026-12-01", "*** and ***"),
    ],
)
def test_what_could_be_a_phone_number_is_starred(text: str, expected: str) -> None:
    assert without_numbers(text) == expected


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives a file to any group")
@pytest.mark.parametrize(("mode", "shared", "is_run"), [(0o646, 0, 0), (0o664, 0, 0), (0o664, 1, 1)])
def test_the_command_of_a_config_that_others_can_write_is_not_run(
    mode: int, shared: int, is_run: int, make_config: MakeConfig, message: Path, tmp_path: Path
) -> None:
    import grp

    told, other = tmp_path / "told", grp.getgrgid(1)
    config = make_config(
        notify={"command": f"touch {told}"},
        limits={"max_parts_per_run": 1},
        ledger={"group": other.gr_name} if shared else {},
    )
    (tmp_path / "ledger").mkdir(mode=0o700)
    os.chown(config, -1, other.gr_gid)
    config.chmod(mode)
    ran = run_process("--config", config, "send", message, "--all", "--yes", "--strict")
    assert ran.code == 5, ran.said
    assert told.exists() == bool(is_run)
    assert ("the command of [notify] is not run" in ran.err) != bool(is_run)
