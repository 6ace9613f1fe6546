"""A config whose ledger is on a server: every command by the front door, and what is wrong with one."""

import json
import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from smsctl.cli import contents, wiring_listener, wiring_server
from smsctl.cli.flags import Flags
from smsctl.cli.incoming import receiving
from smsctl.cli.output.output import Output
from smsctl.cli.wiring import Wiring
from smsctl.domain.incoming import Incoming
from smsctl.domain.push import PushBatch
from smsctl.errors import LedgerError
from smsctl.ledger import hosts, inbox, moving, store
from smsctl.ledger.host_mark import HostMark
from smsctl.ledger.reports import IntakeSource
from smsctl.ledger.seam.sentences import OutOfDateError
from smsctl.ledger.seam.standing import Standing
from smsctl.ledger.sqlite.schema import newest as newest_of_a_file
from smsctl.simulator.server import Behaviour

from .. import postgres_server
from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run, begin_process
from ..ledger.cut_line import CutLine
from ..postgres_server import Cluster
from .test_reports import FROM_ENVIRONMENT, LONG_S, listening, references, report, send, states

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.ledger.postgres import connect
from smsctl.ledger.postgres.sentences import in_words

_NUMBERS = count(1)


@pytest.fixture
def new(new_on_server: Live) -> Live:
    return new_on_server


@pytest.fixture
def live(live_on_server: Live) -> Live:
    return live_on_server


def on(live: Live, run: Run, *argv: object) -> Ran:
    return run("--config", live.config, *argv)


def test_a_backup_is_made_and_who_wants_it_back_is_told_the_line(
    live: Live, run: Run, tmp_path: Path, server: Cluster, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{server.binaries}{os.pathsep}{os.environ['PATH']}")
    backup = tmp_path / "ledger dump"
    made = on(live, run, "ledger", "backup", backup)
    assert (made.code, made.err) == (0, "")
    assert "was copied to" in made.out
    assert backup.stat().st_mode & 0o777 == 0o600
    back = on(live, run, "ledger", "restore", backup, "--yes")
    assert back.code == 8
    said = back.said.replace("\n", " ")
    assert "pg_restore --clean --if-exists --no-owner --no-privileges --single-transaction" in said
    assert f"--dbname={url} '{backup}'" in said
    assert "ledger accept-restore --reason TEXT" in said


def _dated(live: Live, ahead: timedelta, monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """Take in an SMS, set the clock of this machine right, and take in another; return how old they are."""
    output, shown = Output("reports listen"), time.time
    with Wiring(Flags(config=live.config), output) as wiring:
        monkeypatch.setattr(time, "time", lambda: shown() + ahead.total_seconds())
        rules = wiring_listener.intake_rules(wiring, IntakeSource.PUSHED)
        intake = receiving.PushIntake(wiring, rules, output.warn)
        intake.open(output.warn)
        sms = Incoming(gateway="intelecom", sender="+46701740605", receiver="71234", text="ja", vendor_id="1")
        intake.store(PushBatch(incoming=(sms,)))
        monkeypatch.setattr(time, "time", shown)
        intake.store(PushBatch(incoming=(sms._replace(vendor_id="2"),)))
        now = datetime.now(UTC)
        return [
            now - datetime.fromisoformat(one.at) for one in inbox.newest(wiring.ledger, most=9, other=False)
        ]


@pytest.mark.parametrize("ahead", [timedelta(days=31), timedelta(hours=-1)])
def test_a_listener_goes_by_the_servers_clock_when_this_machines_is_set_right(
    live: Live, ahead: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an SMS would be dated before the mailing that it answers, or so that nobody may send."""
    assert [abs(one) < timedelta(minutes=1) for one in _dated(live, ahead, monkeypatch)] == [True, True]


def test_by_what_it_knew_at_its_start_it_would_date_them_by_a_month_wrong(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(receiving.PushIntake, "_now", lambda intake: vars(intake)["_clock"].now())
    after, before = _dated(live, timedelta(days=31), monkeypatch)
    assert abs(before) < timedelta(minutes=1)
    assert after > timedelta(days=30)


def test_a_mailing_is_sent_and_told_of(live: Live, run: Run, message: Path) -> None:
    sent = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3, "--json")
    assert (sent.code, sent.err) == (0, ""), sent.said
    assert sent.data["outcome"] == {"accepted": 3}
    assert len(live.simulator.accepted()) == 3
    again = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3, "--json")
    assert again.code == 5
    usage = on(live, run, "usage", "--json")
    assert usage.data["municipalities"][0]["states"] == {"accepted": 3}
    check = on(live, run, "ledger", "check")
    assert check.code == 0, check.said
    assert not (live.config.parent / "state" / "ledger.high-water").exists()


def test_a_person_may_call_urgent_what_is_left_of_a_mailing(
    live_gateway: LiveGateway, url: str, run: Run, message: Path
) -> None:
    ledger = {"path": None, "url": url, "state": "state"}
    refused = live_gateway(Behaviour(password="another"), active=False, ledger=ledger)
    on(refused, run, "ledger", "accept-restore", "--reason", "nothing was sent before")
    on(refused, run, "municipality", "activate", "exempelkommun", "--yes")
    assert on(refused, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 6
    resumed = on(refused, run, "mailings", "resume", 1, "--urgent", "--reason", "a storm is coming")
    assert resumed.code == 6, resumed.said
    with psycopg.connect(url) as admin:
        assert admin.execute("SELECT urgent, over_day FROM smsctl.mailings").fetchall() == [(1, 0)]


SENDS = {"the gateway's own": {"url": None}, "https": {"url": "https://127.0.0.1"}}
SENDS["a proxy"] = {"proxy": "http://127.0.0.1:3128"}


@pytest.mark.parametrize("gateway", SENDS.values(), ids=SENDS)
def test_with_a_gateway_that_sends_it_is_taken(
    gateway: dict[str, object], live_gateway: LiveGateway, run: Run, url: str
) -> None:
    live = live_gateway(ledger={"path": None, "url": url, "state": "state"}, gateway=gateway)
    ran = on(live, run, "mailings", "list")
    assert ran.code == 0, ran.said


@pytest.mark.parametrize("gateway", SENDS.values(), ids=SENDS)
def test_that_goes_on_by_itself_in_another_database_only_with_a_simulator(
    gateway: dict[str, object], live_gateway: LiveGateway, run: Run, url: str
) -> None:
    server = {"path": None, "url": url, "state": "state", "standby": "synchronous"}
    refused = on(live_gateway(ledger=server, gateway=gateway), run, "mailings", "list")
    assert (refused.code, "ledger.standby: is on trial" in refused.said) == (8, True), refused.said
    taken = on(live_gateway(ledger=server), run, "mailings", "list")
    assert taken.code == 0, taken.said


def test_that_sends_by_e_mail_it_is_refused(live_gateway: LiveGateway, run: Run, url: str) -> None:
    server: dict[str, object] = {"path": None, "url": url, "state": "state"}
    route: dict[str, object] = {"host": "127.0.0.1", "port": 9, "from_address": "sms@example.se"}
    live = live_gateway(ledger=server, gateway={"use_web_service": False}, smtp=route)
    ran = on(live, run, "mailings", "list")
    assert (ran.code, "gateway.use_web_service: must be true" in ran.said) == (8, True), ran.said


NUMBER = "+46701740605"


def every_command(message: Path, tmp_path: Path) -> dict[str, tuple[tuple[object, ...], int]]:
    """Return how each command that ends by itself is typed, and how it ends where a mailing was sent."""
    reports, numbers, plugin = tmp_path / "reports.csv", tmp_path / "numbers.csv", tmp_path / "plugin.txt"
    reports.write_text("reference;status\n", encoding="utf-8")
    numbers.write_text("Mobil\n0701740609\n", encoding="utf-8")
    plugin.write_text("intele_service_id=4711\n", encoding="utf-8")
    return {
        "test": ((NUMBER, "Hej"), 0),
        "send": ((message, "--all", "--yes", "--max-parts", 3), 0),
        "usage": ((), 0),
        "mailings list": ((), 0),
        "mailings show": ((2,), 0),
        "mailings recipients": ((2,), 0),
        "mailings find": ((NUMBER,), 0),
        "mailings resume": ((2,), 0),
        "mailings approve": ((2,), 5),
        "mailings retry": ((2, "--yes"), 5),
        "mailings cancel": ((2,), 0),
        "mailings resolve": ((2, "--sent", "--reason", "asked"), 0),
        "mailings skipped": ((2,), 0),
        "mailings failed": ((2,), 0),
        "municipality list": ((), 0),
        "municipality order": (("exempelkommun",), 0),
        "municipality activate": (("exempelkommun", "--yes"), 0),
        "invoices list": ((), 0),
        "invoices export": (("--csv", tmp_path / "invoices.csv"), 0),
        "invoices postings": (("--month", "2026-01", "--preview"), 0),
        "invoices compare": ((tmp_path / "bill.csv",), 8),
        "reports poll": ((), 5),
        "reports import": ((reports,), 8),
        "reports unmatched": ((), 0),
        "inbox list": ((), 0),
        "inbox show": ((1,), 8),
        "block add": ((NUMBER,), 0),
        "block list": ((), 0),
        "block remove": ((NUMBER,), 0),
        "block import": ((numbers,), 0),
        "recipients check": ((), 0),
        "gateway verify-dedup": ((NUMBER, "--yes"), 8),
        "gateway probe": ((), 0),
        "credential check": (("gateway",), 0),
        "config check": ((), 0),
        "config show": ((), 0),
        "config set": (("limits.max_parts_per_run", 1000), 0),
        "ledger check": ((), 0),
        "ledger backup": ((tmp_path / "backup",), 0),
        "ledger restore": ((tmp_path / "backup", "--yes"), 8),
        "ledger copy": (("--from", tmp_path / "none.db", "--yes"), 8),
        "ledger join": ((tmp_path / "none.key",), 8),
        "ledger accept-restore": (("--reason", "none"), 0),
        "ledger accept-time-zone": (("--reason", "none"), 0),
        "purge": (("--older-than", "1d", "--decision", "7", "--yes"), 0),
        "audit": ((), 0),
        "doctor": ((), 0),
        "notify test": ((), 8),
        "municipality deactivate": (("exempelkommun", "--yes"), 0),
        "schedule": (("--at", "07:30", "send", message, "--all"), 0),
    }


ELSEWHERE = {
    *("reports listen", "credential set", "credential delete", "config init", "config import"),
    *("completion", "simulator", "simulator incoming"),
}


def test_every_command_does_on_a_server_what_it_does_on_a_file(
    live: Live, run: Run, message: Path, tmp_path: Path, server: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(server.binaries), prepend=os.pathsep)
    script = every_command(message, tmp_path)
    assert {*script, *ELSEWHERE} == {*contents.COMMANDS}
    told = {}
    for name, (argv, code) in script.items():
        ran = on(live, run, *name.split(), *argv)
        if ran.code != code or "Traceback" in ran.said:
            told[name] = f"{ran.code} for {code}: {ran.said[-900:]}"
    assert not told, "\n\n".join(f"{name}: {text}" for name, text in told.items())


# What is wrong with such a config


@pytest.mark.parametrize(
    ("ledger", "code", "told"),
    [
        ({"url": "postgresql://a:canary@127.0.0.1/x"}, 8, "must hold no password"),
        ({"url": "postgresql://a@127.0.0.1/x?password=canary"}, 8, "must hold no options"),
        ({"url": "mysql://a@127.0.0.1/x"}, 8, "must begin with postgresql://"),
        ({"url": "postgresql://a@no..host/x"}, 8, "must name the hosts"),
        ({"path": "ledger.db", "url": "postgresql://a@127.0.0.1/x"}, 8, "does not go with url"),
        ({"state": "x"}, 8, "goes with url"),
        ({"url": "postgresql://a@127.0.0.1/x", "standby": "perhaps"}, 8, "ledger.standby"),
        ({"url": "postgresql://a@127.0.0.1:1/x"}, 9, "cannot be reached"),
        ({"url": "postgresql://a@localhost:1/x"}, 9, "cannot be reached"),
        ({"url": "postgresql://a@db.example.se/x"}, 8, "ledger secret"),
        ({"url": "postgresql://nobody@HOST/postgres"}, 9, "refused the login"),
        ({"url": "postgresql://owner@HOST/missing"}, 9, "this database is not there"),
    ],
)
def test_what_is_wrong_with_it_is_a_sentence(
    ledger: dict[str, str], code: int, told: str, make_config: MakeConfig, run: Run, server: Cluster
) -> None:
    given = {name: value.replace("HOST", f"127.0.0.1:{server.port}") for name, value in ledger.items()}
    here = {"url": "http://127.0.0.1:1"}
    config = make_config(mode="live", gateway=here, ledger={"path": None, **given})
    for argv in (("usage",), ("mailings", "list", "--json")):
        ran = run("--config", config, *argv)
        assert (ran.code, told in ran.said) == (code, True), ran.said
        assert "canary" not in ran.said
        assert "Traceback" not in ran.said


def test_the_driver_is_fetched_by_the_python_that_runs_smsctl(
    make_config: MakeConfig, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's own pip is for another one, and no index has smsctl."""
    monkeypatch.setitem(sys.modules, "smsctl.ledger.postgres.connect", None)
    config = make_config(mode="live", ledger={"path": None, "url": "postgresql://a@127.0.0.1/x"})
    ran = run("--config", config, "usage")
    assert (ran.code, f"{sys.executable} -m pip install 'psycopg[binary]'" in ran.err) == (8, True), ran.said


def refused(run: Run, config: Path, *argv: object) -> tuple[int, str]:
    """Run a command that only reads and one that writes; they must end alike, in one sentence."""
    ends = {
        (ran.code, ran.err.splitlines()[0])
        for ran in (run("--config", config, *argv, "usage"), run("--config", config, "block", "add", NUMBER))
    }
    ((code, sentence),) = ends
    return code, sentence


@pytest.fixture
def to_server(make_config: MakeConfig, tmp_path: Path) -> Callable[..., Path]:
    """Make a config whose ledger is at a port of this machine, with a password."""
    secret = tmp_path / "secret"
    secret.write_text("canary-of-the-ledger", encoding="utf-8")
    secret.chmod(0o600)

    def made(place: str, database: str = "postgres", user: str = "owner") -> Path:
        return make_config(
            mode="live",
            gateway={"url": "http://127.0.0.1:1"},
            ledger={
                "path": None,
                "url": f"postgresql://{user}@{place}/{database}",
                "password": {"source": "file", "path": str(secret)},
            },
            log={"path": str(tmp_path / "log")},
        )

    return made


def test_a_password_that_is_refused_is_told_nowhere(
    server: Cluster, to_server: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    role, rules = f"locked_{os.getpid()}", server.data / "pg_hba.conf"
    before = rules.read_text(encoding="utf-8")
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'another'".encode())
        rules.write_text(f"host all {role} all scram-sha-256\n{before}", encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")
        try:
            config = to_server(f"127.0.0.1:{server.port}", user=role)
            for flag in ("--verbose", "--json", "--quiet"):
                ran = run("--config", config, flag, "mailings", "list")
                assert (ran.code, "refused the login" in ran.said) == (9, True), ran.said
                assert "canary" not in ran.said
            (tmp_path / "secret").unlink()
            ran = run("--config", config, "mailings", "list")
            assert (ran.code, "refused the login" in ran.said) == (9, True), ran.said
        finally:
            rules.write_text(before, encoding="utf-8")
            admin.execute("SELECT pg_reload_conf()")
    assert "canary" not in (tmp_path / "log").read_text("utf-8")


def test_a_host_that_nobody_knows_is_told(to_server: Callable[..., Path], run: Run) -> None:
    assert refused(run, to_server("nobody.example.se")) == (
        9,
        "postgresql://owner@nobody.example.se/postgres: the database cannot be reached.",
    )


def test_one_that_says_nothing_is_not_waited_for_without_an_end(
    to_server: Callable[..., Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_CONNECT_TIMEOUT_S", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        ran = run("--config", to_server(place), "usage")
    assert (ran.code, "cannot be reached" in ran.said) == (9, True), ran.said


def test_a_server_that_is_too_old_is_told(server: Cluster, to_server: Callable[..., Path], run: Run) -> None:
    line = CutLine(server.port)
    with psycopg.connect(server.url()) as session:
        newest = str(session.info.server_version // 10_000).encode()
    line.change = lambda said: said.replace(b"server_version\0" + newest, b"server_version\x0014")
    with closing(line):
        code, sentence = refused(run, to_server(f"127.0.0.1:{line.port}"))
    assert (code, sentence.rpartition(": ")[2]) == (9, "the server is older than PostgreSQL 15.")


def test_a_standby_is_looked_at_and_nothing_more(
    live: Live, run: Run, message: Path, server: Cluster, url: str
) -> None:
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    standby = server.standby()
    standby.start(hot_standby="on")
    try:
        text = live.config.read_text("utf-8").replace(f":{server.port}/", f":{standby.port}/")
        live.config.write_text(text, encoding="utf-8")
        assert on(live, run, "ledger", "check").code == 0
        message.write_text("Hej igen\n", encoding="utf-8")
        lines = (("send", message, "--all", "--yes", "--max-parts", 3), ("block", "add", NUMBER), ("usage",))
        for argv in lines:
            ran = on(live, run, *argv)
            assert (ran.code, "can only be read: it is a standby" in ran.said) == (9, True), ran.said
    finally:
        standby.stop()
    assert len(live.simulator.accepted()) == 3


def test_what_a_role_lacks_is_told(server: Cluster, url: str, live_gateway: LiveGateway, run: Run) -> None:
    role = f"poor_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN".encode())
    poor = url.replace("owner@", f"{role}@")
    live = live_gateway(ledger={"path": None, "url": poor, "state": "state"}, active=False)
    ran = on(live, run, "municipality", "activate", "exempelkommun", "--yes")
    assert (ran.code, "lacks a right" in ran.said) == (9, True), ran.said


def test_who_may_only_read_is_told_what_is_there_and_else_which_right_is_missing(
    url: str, live: Live, run: Run
) -> None:
    role = f"reader_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN".encode())
        admin.execute(f"GRANT USAGE ON SCHEMA smsctl TO {role}".encode())
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA smsctl TO {role}".encode())
    text = live.config.read_text("utf-8").replace("owner@", f"{role}@")
    live.config.write_text(text, encoding="utf-8")
    for words in (("usage",), ("mailings", "list"), ("ledger", "check")):
        assert on(live, run, *words).code == 0
    ran = on(live, run, "block", "add", NUMBER)
    assert (ran.code, "must own the ledger's schema" in ran.said) == (9, True), ran.said


READS = {"ledger check": (), "doctor": (), "doctor --expect": ("morning",), "ledger backup": ("ledger.dump",)}


def _read(live: Live, run: Run, message: Path) -> Iterator[Ran]:
    """What comes of each command that opens the ledger for reading only."""
    for command, more in READS.items():
        yield on(live, run, *command.split(), *(live.config.with_name(one) for one in more))
    yield on(live, run, "send", message, "--all", "--max-parts", 3, "--dry-run")


def test_who_may_not_look_into_the_schema_is_not_told_that_nothing_is_there(
    server: Cluster, url: str, live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    role = f"shut_out_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN".encode())
        admin.execute(f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {role}".encode())
        own = url.replace("owner@", f"{role}@")
        live = live_gateway(ledger={"path": None, "url": own, "state": "state"}, active=False)
        assert on(live, run, "ledger", "accept-restore", "--reason", "nothing was sent before").code == 0
        admin.execute(f"REVOKE USAGE ON SCHEMA smsctl FROM {role}".encode())
    for ran in (*_read(live, run, message), on(live, run, "usage")):
        assert (ran.code, "the role lacks a right" in ran.said) == (9, True), ran.said


def test_a_database_without_the_ledger_that_this_host_knows_is_told_to_whoever_reads(
    live: Live, url: str, run: Run, message: Path
) -> None:
    """Cron's doctor would else be content, and each line of cron be refused."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA smsctl CASCADE")
    for ran in _read(live, run, message):
        assert (ran.code, f"{url} holds no ledger, and" in ran.said.replace("\n", " ")) == (9, True), ran.said
    assert on(live, run, "ledger", "accept-restore", "--reason", "a new one").code == 0
    assert on(live, run, "ledger", "check").code == 0


def test_a_database_that_never_held_one_is_called_by_its_address(
    live_gateway: LiveGateway, url: str, run: Run
) -> None:
    untouched = live_gateway(ledger={"path": None, "url": url, "state": "state"}, active=False)
    ran = on(untouched, run, "ledger", "check")
    assert (ran.code, ran.out) == (0, f"{url}: there is no ledger yet.\n")


def test_a_rehearsal_has_a_file_of_its_own_beside_it(
    url: str, make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config(ledger={"path": None, "url": url, "state": "state"})
    ran = run("--config", config, "send", message, "--all", "--yes")
    assert ran.code == 0, ran.said
    assert (config.parent / "state" / "ledger.simulate.db").exists()
    with psycopg.connect(url) as admin:
        assert admin.execute("SELECT to_regnamespace('smsctl')").fetchone() == (None,)


def test_reading_makes_nothing(url: str, make_config: MakeConfig, run: Run, message: Path) -> None:
    config = make_config(mode="live", ledger={"path": None, "url": url, "state": "state"})
    dry = ("send", message, "--all", "--dry-run")
    for argv in (("ledger", "check"), ("doctor",), dry):
        assert run("--config", config, *argv).code in (0, 5, 7, 8), argv
        assert not (config.parent / "state").exists(), argv
    with psycopg.connect(url) as admin:
        assert admin.execute("SELECT to_regnamespace('smsctl')").fetchone() == (None,)


def test_where_there_is_none_yet_the_earlier_one_is_to_be_brought_first(
    url: str, make_config: MakeConfig, run: Run
) -> None:
    """Whoever is told only that no service is active buys a package, and the copy is refused then."""
    config = make_config(mode="live", ledger={"path": None, "url": url, "state": "state"})
    said = " ".join(run("--config", config, "doctor").said.split())
    assert "bring it before anything else, also before an activation: smsctl" in said
    assert "ledger copy --from FILE" in said


def test_two_hosts_send_from_one_ledger(
    live: Live, url: str, run: Run, message: Path, tmp_path: Path
) -> None:
    """The same config with a state of its own is another host."""
    here = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3)
    assert here.code == 0, here.said
    there = tmp_path / "there.toml"
    there.write_text(live.config.read_text("utf-8").replace('"state"', '"there"'), encoding="utf-8")
    again = run("--config", there, "send", message, "--all", "--yes", "--max-parts", 3)
    assert again.code == 5  # everyone has had it
    other = tmp_path / "other.txt"
    other.write_text("Hej igen\n", encoding="utf-8")
    assert run("--config", there, "send", other, "--all", "--yes", "--max-parts", 3).code == 0
    doctor = on(live, run, "doctor")
    assert doctor.said.count("last sent at") == 2
    assert len(live.simulator.accepted()) == 6


def test_a_host_that_has_sent_can_try_without_sending(live: Live, run: Run, message: Path) -> None:
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    message.write_text("Hej igen\n", encoding="utf-8")
    dry = on(live, run, "send", message, "--all", "--dry-run", "--max-parts", 3)
    assert (dry.code, "standby" in dry.said) == (0, False), dry.said


def test_a_file_that_was_sent_from_is_not_left_behind(
    live_gateway: LiveGateway, url: str, run: Run, message: Path
) -> None:
    live = live_gateway(ledger={"path": "state/ledger.db"})
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    text = live.config.read_text("utf-8").replace(
        'path = "state/ledger.db"', f'url = "{url}"\nstate = "state"'
    )
    live.config.write_text(text, encoding="utf-8")
    commands = ("doctor",), ("usage",), ("send", message, "--all", "--yes", "--max-parts", 3), ("doctor",)
    for command in commands:  # before there is a ledger on the server, and after
        ran = on(live, run, *command)
        assert (ran.code, "is not known on the server" in ran.said) == (9, True), ran.said
    assert len(live.simulator.accepted()) == 3


def _sent_beside_a_file(
    before: tuple[object, ...], live_gateway: LiveGateway, url: str, run: Run, message: Path
) -> tuple[int, str]:
    """Do this in a file that nothing is sent from, and let the config name a server; say what is sent."""
    live = live_gateway(ledger={"path": "state/ledger.db"}, active=False)
    assert on(live, run, *before).code == 0
    text = live.config.read_text("utf-8")
    to_server = text.replace('path = "state/ledger.db"', f'url = "{url}"\nstate = "state"')
    live.config.write_text(to_server, encoding="utf-8")
    on(live, run, "ledger", "accept-restore", "--reason", "nothing was sent before")
    on(live, run, "municipality", "activate", "exempelkommun", "--yes")
    ran = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3)
    return len(live.simulator.accepted()), ran.said


WORTH_BRINGING = [
    ("block", "add", "+46701740605"),
    ("municipality", "activate", "exempelkommun", "--yes"),
]


@pytest.mark.parametrize("before", WORTH_BRINGING, ids=["blocked", "bought"])
def test_a_file_that_nothing_was_sent_from_is_not_left_behind_with_what_it_tells(
    before: tuple[object, ...], live_gateway: LiveGateway, url: str, run: Run, message: Path
) -> None:
    """Who is on its block list would get an SMS, and its package would be bought once more."""
    sent, said = _sent_beside_a_file(before, live_gateway, url, run, message)
    assert (sent, "is not known on the server" in said.replace("\n", " ")) == (0, True), said


@pytest.mark.parametrize("before", WORTH_BRINGING, ids=["blocked", "bought"])
def test_by_its_mailings_alone_it_would_be(
    before: tuple[object, ...],
    live_gateway: LiveGateway,
    url: str,
    run: Run,
    message: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    monkeypatch.setattr(wiring_server, "_WORTH_BRINGING", "SELECT 1 FROM mailings LIMIT 1")
    assert _sent_beside_a_file(before, live_gateway, url, run, message)[0] == 3


def test_a_ledger_goes_to_the_server_whole_and_its_file_never_sends_again(
    live_gateway: LiveGateway, url: str, run: Run, message: Path, tmp_path: Path
) -> None:
    live = live_gateway(ledger={"path": "state/ledger.db"})
    assert on(live, run, "block", "add", "0701740699").code == 0
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    before = on(live, run, "usage", "--json").data
    on_file = live.config.read_text("utf-8")
    on_server = on_file.replace('path = "state/ledger.db"', f'url = "{url}"\nstate = "state"')
    live.config.write_text(on_server, encoding="utf-8")
    file = tmp_path / "state" / "ledger.db"
    copied = on(live, run, "ledger", "copy", "--from", file, "--yes")
    assert copied.code == 0, copied.said
    assert on(live, run, "ledger", "check").code == 0
    assert on(live, run, "usage", "--json").data == before
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 5
    once_more = on(live, run, "ledger", "copy", "--from", file, "--yes")
    assert (once_more.code, "nothing was copied" in once_more.said) == (0, True), once_more.said
    message.write_text("Hej igen\n", encoding="utf-8")
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    live.config.write_text(on_file, encoding="utf-8")
    back = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3)
    assert (back.code, "was on a server" in back.said) == (9, True), back.said
    assert len(live.simulator.accepted()) == 6
    for note in (*tmp_path.rglob("*.on-server"), tmp_path / "state" / "ledger.host"):
        note.unlink()
    for argv in (
        ("send", message, "--all", "--yes", "--max-parts", 3),
        ("block", "add", "0701740698"),
        ("mailings", "resolve", 1, "--sent", "--reason", "asked"),
        ("mailings", "cancel", 1),
        ("ledger", "accept-restore", "--reason", "asked"),
    ):
        back = on(live, run, *argv)
        assert (back.code, "was copied to" in back.said) == (9, True), (argv, back.said)
    assert on(live, run, "mailings", "list").code == 0


def _left_by_an_older_one(live: Live) -> None:
    """Let a newer smsctl come, and the file that was copied lie in its usual place, as it was."""
    file = live.config.with_name("state") / "ledger.db"
    shutil.copy2(live.config.with_name("ledger") / file.name, file)
    with closing(sqlite3.connect(file)) as older:
        older.execute(f"PRAGMA user_version = {newest_of_a_file() - 1}")


def test_a_ledger_of_rehearsals_does_not_go_to_the_server(new_on_server: Live, run: Run) -> None:
    assert on(new_on_server, run, "--simulate", "block", "add", "0701740699").code == 0
    file = new_on_server.config.with_name("state") / "ledger.simulate.db"
    copied = on(new_on_server, run, "ledger", "copy", "--from", file, "--yes")
    assert (copied.code, "ledger of rehearsals" in copied.said) == (9, True), copied.said
    new = on(new_on_server, run, "ledger", "accept-restore", "--reason", "nothing was sent before")
    assert new.code == 0, new.said


def test_after_an_upgrade_the_file_that_was_copied_stops_nothing(
    copied: Live, url: str, run: Run, message: Path
) -> None:
    """Nobody brings it up to date: no config names it any more."""
    _left_by_an_older_one(copied)
    there = copied.config.with_name("there.toml")
    message.write_text("Hej igen\n", encoding="utf-8")
    sent = run("--config", there, "send", message, "--all", "--yes", "--max-parts", 3)
    assert (sent.code, len(copied.simulator.accepted())) == (0, 1 + 3 + 3), sent.said
    with psycopg.connect(url, autocommit=True) as admin:  # and one that was copied elsewhere does
        admin.execute("UPDATE smsctl.facts SET value = 'another' WHERE name = 'copied-whole'")
    refused = run("--config", there, "mailings", "list")
    assert (refused.code, "is not known on the server" in refused.said.replace("\n", " ")) == (9, True)


def test_without_reading_what_an_older_one_has_left_no_command_would_run(
    copied: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    read = store.read_ledger
    monkeypatch.setattr(store, "read_ledger", lambda path, **_: read(path))
    _left_by_an_older_one(copied)
    refused = run("--config", copied.config.with_name("there.toml"), "mailings", "list")
    assert (refused.code, "was written by an older smsctl" in refused.said) == (9, True), refused.said


@pytest.fixture
def put_back_beside_a_lost_server(
    live_gateway: LiveGateway, url: str, run: Run, message: Path, tmp_path: Path
) -> Live:
    """A server is lost that was sent from, and its file is put back from before it was copied there."""
    live = live_gateway(ledger={"path": "state/ledger.db"})
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    file, kept = tmp_path / "state" / "ledger.db", tmp_path / "kept.db"
    shutil.copy2(file, kept)
    text = live.config.read_text("utf-8")
    to_server = text.replace('path = "state/ledger.db"', f'url = "{url}"\nstate = "state"')
    live.config.write_text(to_server, encoding="utf-8")
    assert on(live, run, "ledger", "copy", "--from", file, "--yes").code == 0
    message.write_text("Hej igen\n", encoding="utf-8")
    assert on(live, run, "send", message, *KEYED).code == 0
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA smsctl CASCADE")
    shutil.copy2(kept, file)
    return live


KEYED = ("--all", "--yes", "--max-parts", 3, "--key", "morning")


def test_an_older_copy_of_a_file_is_not_copied_where_this_host_has_sent_from_a_server(
    put_back_beside_a_lost_server: Live, run: Run, message: Path, tmp_path: Path
) -> None:
    """What was sent from there would be forgotten, and the same line in cron would send it again."""
    live, file = put_back_beside_a_lost_server, tmp_path / "state" / "ledger.db"
    mark, copy = file.with_name("ledger.host"), ("ledger", "copy", "--from", file, "--yes")
    refused = on(live, run, *copy)
    assert (refused.code, "not the ledger that this host has sent from" in refused.said) == (9, True)
    assert f"move {mark} away, copy again" in refused.said.replace("\n", " ")
    assert on(live, run, "send", message, *KEYED).code == 9
    mark.unlink()
    assert on(live, run, *copy).code == 0
    assert on(live, run, "ledger", "accept-restore", "--put-back", "--reason", "lost").code == 0
    assert len(live.simulator.accepted()) == 6


def test_without_asking_its_mark_the_same_line_in_cron_would_send_it_again(
    put_back_beside_a_lost_server: Live,
    run: Run,
    message: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    monkeypatch.setattr(moving, "_must_be_the_first", lambda _target: None)
    live, file = put_back_beside_a_lost_server, tmp_path / "state" / "ledger.db"
    assert on(live, run, "ledger", "copy", "--from", file, "--yes").code == 0
    assert on(live, run, "send", message, *KEYED).code == 0
    assert len(live.simulator.accepted()) == 9


def stop_sms() -> bytes:
    fields = {"messageid": "m1", "originator": "+46701740606", "content": "KOMMUN STOP", "sno": "71234"}
    return json.dumps({"mo": [fields]}).encode()


def test_what_is_pushed_to_a_file_that_was_copied_is_asked_for_again_and_nothing_is_lost(
    live_gateway: LiveGateway,
    url: str,
    run: Run,
    message: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The listener has run since before; whoever pushes to it is told to try again, and it ends."""
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    live = live_gateway(
        ledger={"path": "ledger/ledger.db"}, reports=FROM_ENVIRONMENT, gateway={"endpoint": "KOMMUN"}
    )
    send(live.config, message, run)
    first, second, third = references(live.config, 3)
    there, file = tmp_path / "there.toml", tmp_path / "ledger" / "ledger.db"
    text = live.config.read_text("utf-8").replace(
        'path = "ledger/ledger.db"', f'url = "{url}"\nstate = "state"'
    )
    there.write_text(text, encoding="utf-8")
    with listening(live.config) as ears:
        assert ears.push(report(first)) == 200
        copied = run("--config", there, "ledger", "copy", "--from", file, "--yes")
        assert copied.code == 0, copied.said
        assert ears.push(report(second)) == 503
        assert ears.process.wait(LONG_S) == 9
        assert ears.process.stderr
        assert "was copied to" in ears.process.stderr.read()
    with sqlite3.connect(file) as hand:  # the control: without the mark it would be taken, and be lost
        hand.execute("DELETE FROM facts WHERE name = 'retired'")
    with listening(live.config) as ears:
        assert ears.push(report(third)) == 200
    with listening(there) as ears:
        assert [ears.push(report(second)), ears.push(stop_sms())] == [200, 200]
    assert states(there, run) == {"accepted": 1, "delivered": 2}
    assert states(live.config, run) == {"accepted": 1, "delivered": 2}
    blocked = [
        run("--config", one, "block", "list", "--json").data["blocked"] for one in (there, live.config)
    ]
    assert [len(one) for one in blocked] == [1, 0]


@pytest.fixture
def copied(
    live_gateway: LiveGateway, url: str, run: Run, message: Path, monkeypatch: pytest.MonkeyPatch
) -> Live:
    """A config that still names the file that was copied to a server."""
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    live = live_gateway(ledger={"path": "ledger/ledger.db"}, reports=FROM_ENVIRONMENT)
    assert on(live, run, "test", NUMBER, "Hej").code == 0
    send(live.config, message, run)
    text = live.config.read_text("utf-8")
    there, file = live.config.with_name("there.toml"), live.config.with_name("ledger") / "ledger.db"
    there.write_text(text.replace('path = "ledger/ledger.db"', f'url = "{url}"\nstate = "state"'), "utf-8")
    assert run("--config", there, "ledger", "copy", "--from", file, "--yes").code == 0
    return live


def test_no_listener_begins_on_a_file_that_was_copied(copied: Live) -> None:
    listener = begin_process("--config", copied.config, "reports", "listen", "--port", "0")
    out, err = listener.communicate(timeout=LONG_S)
    assert (listener.returncode, out, "was copied to" in err) == (9, "", True), err


WRITES = {
    *("test", "send", "mailings find", "mailings retry", "mailings cancel", "mailings resolve"),
    *("municipality order", "municipality deactivate", "invoices export"),
    *("block add", "block remove", "block import"),
    *("ledger restore", "ledger accept-restore", "ledger accept-time-zone"),
}
"""What ends with 9 there; of the others, whoever reads is warned."""


def test_every_command_on_a_file_that_was_copied_says_so(
    copied: Live, run: Run, message: Path, tmp_path: Path
) -> None:
    message.write_text("Hej igen\n", encoding="utf-8")
    told, codes = dict[str, str](), dict[str, int]()
    for name, (argv, _) in every_command(message, tmp_path).items():
        ran = on(copied, run, *name.split(), *argv)
        codes[name] = ran.code
        if "was copied to" not in ran.said or "Traceback" in ran.said:
            told[name] = f"{ran.code}: {ran.said[-300:]}"
    assert {name for name in told if codes[name] in {0, 9}} == set(), told
    assert {name for name in codes if codes[name] == 9} == WRITES | {"doctor", "ledger check"}
    assert len(copied.simulator.accepted()) == 4


def test_a_listener_that_can_store_nothing_any_more_ends_and_one_that_is_started_anew_can(
    live_gateway: LiveGateway, url: str, run: Run, message: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a person has accepted what a server lacks: what is pushed would be refused for ever."""
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    live = live_gateway(
        ledger={"path": None, "url": url, "state": "state"}, reports=FROM_ENVIRONMENT, active=False
    )
    assert on(live, run, "ledger", "accept-restore", "--reason", "new").code == 0
    assert on(live, run, "municipality", "activate", "exempelkommun", "--yes").code == 0
    send(live.config, message, run)
    with psycopg.connect(url) as admin:
        (stem,) = admin.execute("SELECT reference FROM smsctl.mailings").fetchall()[0]
    with listening(live.config) as ears:
        assert ears.push(report(f"{stem}-1")) == 200
        accepted = on(live, run, "ledger", "accept-restore", "--put-back", "--reason", "an image")
        assert accepted.code == 0, accepted.said
        assert ears.push(report(f"{stem}-2")) == 503
        assert ears.process.wait(30) == 9
        assert ears.process.stderr
        assert "another database than before" in ears.process.stderr.read()
    with listening(live.config) as ears:
        assert ears.push(report(f"{stem}-2")) == 200
    assert states(live.config, run) == {"accepted": 1, "delivered": 2}


@pytest.fixture
def behind_a_password(server: Cluster, url: str) -> Iterator[Callable[[str], str]]:
    """What gives the database's owner a password, ends its sessions, and returns the database's address."""
    role, rules, name = f"keeper_{os.getpid()}", server.data / "pg_hba.conf", url.rpartition("/")[2]
    before = rules.read_text(encoding="utf-8")

    def let_in_by(password: str) -> str:
        admin.execute(f"ALTER ROLE {role} PASSWORD '{password}'".encode())
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s"
        admin.execute(ended, (role,))
        return url.replace("owner@", f"{role}@")

    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {role} LOGIN".encode())
        admin.execute(f"ALTER DATABASE {name} OWNER TO {role}".encode())
        rules.write_text(f"host all {role} all scram-sha-256\n{before}", encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")
        try:
            yield let_in_by
        finally:
            rules.write_text(before, encoding="utf-8")
            admin.execute("SELECT pg_reload_conf()")
            let_in_by("gone")
            admin.execute(f"ALTER DATABASE {name} OWNER TO owner".encode())
            with psycopg.connect(url, autocommit=True) as there:
                there.execute(f"REASSIGN OWNED BY {role} TO owner; DROP OWNED BY {role}".encode())
            admin.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
def with_a_password(
    behind_a_password: Callable[[str], str],
    live_gateway: LiveGateway,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Live, Callable[[str], object]]:
    """A config with its password in a file, and what changes it, there and on the server."""
    monkeypatch.setenv("SMSCTL_REPORTS_SECRET", "canary-of-the-reports")
    kept = tmp_path / "password"
    kept.touch(mode=0o600)

    def change(password: str) -> str:
        kept.write_text(password, encoding="utf-8")
        return behind_a_password(password)

    password = {"source": "file", "path": str(kept)}
    there = {"path": None, "url": change("one"), "state": "state", "busy_timeout": "1s", "password": password}
    ours = {"endpoint": "KOMMUN"}
    live = live_gateway(ledger=there, reports=FROM_ENVIRONMENT, gateway=ours, active=False)
    assert on(live, run, "ledger", "accept-restore", "--reason", "new").code == 0
    return live, change


def test_a_listener_ends_when_the_database_takes_another_password_and_a_new_one_can(
    with_a_password: tuple[Live, Callable[[str], object]], run: Run
) -> None:
    """Else it would refuse each STOP, until the supplier comes no more."""
    live, change = with_a_password
    with listening(live.config) as ears:
        change("two")
        assert ears.push(stop_sms()) == 503
        assert ears.process.wait(LONG_S) == 9
        assert ears.process.stderr
        assert "the database refused the login" in ears.process.stderr.read()
    with listening(live.config) as ears:
        assert ears.push(stop_sms()) == 200
    assert "STOP" in on(live, run, "block", "list").said


def test_that_no_more_connections_are_taken_ends_no_listener() -> None:
    """The control: it may be over in a minute; a login that is refused is so until a process begins anew."""
    kinds = {code: type(in_words(psycopg.errors.lookup(code)(), "x")) for code in ("28P01", "28000", "53300")}
    assert kinds == {"28P01": OutOfDateError, "28000": OutOfDateError, "53300": LedgerError}


def test_what_comes_in_by_file_is_refused_by_one_that_was_copied(
    live_gateway: LiveGateway, url: str, run: Run, message: Path, tmp_path: Path
) -> None:
    live = live_gateway(ledger={"path": "ledger/ledger.db"})
    send(live.config, message, run)
    pushed, there = tmp_path / "pushed.json", tmp_path / "there.toml"
    pushed.write_bytes(report(references(live.config, 1)[0]))
    text = live.config.read_text("utf-8")
    there.write_text(text.replace('path = "ledger/ledger.db"', f'url = "{url}"\nstate = "state"'), "utf-8")
    file = tmp_path / "ledger" / "ledger.db"
    assert run("--config", there, "ledger", "copy", "--from", file, "--yes").code == 0
    refused = on(live, run, "reports", "import", pushed)
    assert (refused.code, "was copied to" in refused.said) == (9, True), refused.said
    assert run("--config", there, "reports", "import", pushed).code == 0
    assert states(there, run) == {"accepted": 2, "delivered": 1}


# A config that names another ledger than before


def test_from_a_new_server_nothing_is_sent_until_a_person_says_that_nothing_was_sent_before(
    new: Live, run: Run, message: Path
) -> None:
    """The file that was sent from may lie anywhere."""
    refused = on(new, run, "send", message, "--all", "--yes", "--max-parts", 3)
    assert (refused.code, "is a new ledger" in refused.said) == (9, True), refused.said
    assert not new.simulator.accepted()
    assert on(new, run, "ledger", "accept-restore", "--reason", "nothing was sent before").code == 0
    assert on(new, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0


@pytest.mark.parametrize(
    ("state", "path"),
    [("state", "state/ledger.db"), (".smsctl", None), ("elsewhere/kept", None), ("elsewhere/kept", "own.db")],
)
def test_a_config_that_goes_back_to_a_file_does_not_send_again(
    state: str, path: str | None, live_gateway: LiveGateway, url: str, run: Run, message: Path
) -> None:
    live = live_gateway(ledger={"path": None, "url": url, "state": state})
    assert on(live, run, "ledger", "accept-restore", "--reason", "new").code == 0
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    text = live.config.read_text("utf-8").replace(f'url = "{url}"\nstate = "{state}"\n', "")
    assert text != live.config.read_text("utf-8")
    named = f'[ledger]\npath = "{path}"' if path else "[ledger]"
    live.config.write_text(text.replace("[ledger]", named), "utf-8")
    on(live, run, "municipality", "activate", "exempelkommun", "--yes")
    for argv in (("--max-parts", 3), ("--max-parts", 3, "--dry-run")):
        ran = on(live, run, "send", message, "--all", "--yes", *argv)
        assert (ran.code, "was on a server" in ran.said) == (9, True), ran.said
    assert len(live.simulator.accepted()) == 3
    assert run("--config", live.config, "--simulate", "mailings", "list").code == 0


def test_a_config_that_names_another_server_does_not_send_again(
    live: Live, url: str, server: Cluster, run: Run, message: Path
) -> None:
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    name = f"other_{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    text = live.config.read_text("utf-8")
    live.config.write_text(text.replace(url, server.url(name)), "utf-8")
    there = live.config.with_name("there.toml")  # of others, who have sent from it for long
    there.write_text(live.config.read_text("utf-8").replace('"state"', '"there"'), "utf-8")
    assert run("--config", there, "ledger", "accept-restore", "--reason", "new").code == 0
    assert run("--config", there, "municipality", "activate", "exempelkommun", "--yes").code == 0
    ran = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3)
    assert (ran.code, "not the ledger that this host has sent from" in ran.said) == (9, True), ran.said
    assert len(live.simulator.accepted()) == 3


def test_an_emptied_mark_is_told_of(live: Live, run: Run, message: Path, tmp_path: Path) -> None:
    mark = tmp_path / "state" / "ledger.host"
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    mark.write_bytes(b"")
    message.write_text("Hej igen\n", encoding="utf-8")
    ran = on(live, run, "send", message, "--all", "--yes", "--max-parts", 3)
    assert (ran.code, "this file is damaged" in ran.said) == (9, True), ran.said
    assert len(live.simulator.accepted()) == 3
    assert f"move {mark} away" in ran.said.replace("\n", " ")
    assert on(live, run, "ledger", "accept-restore", "--put-back", "--reason", "as told").code == 9
    mark.rename(mark.with_name("aside"))
    assert on(live, run, "ledger", "accept-restore", "--put-back", "--reason", "as told").code == 0
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    assert len(live.simulator.accepted()) == 6


def test_a_second_host_joins_with_the_key(live: Live, run: Run, message: Path, tmp_path: Path) -> None:
    for argv in (("block", "add", "0701740699"), ("purge", "--older-than", "1d", "--decision", "7", "--yes")):
        on(live, run, *argv)
    there = tmp_path / "there.toml"
    there.write_text(live.config.read_text("utf-8").replace('"state"', '"there"'), encoding="utf-8")
    key = tmp_path / "state" / "ledger.key"
    assert key.exists()
    lacks = run("--config", there, "send", message, "--all", "--yes", "--max-parts", 3)
    assert (lacks.code, "key is missing" in lacks.said) == (9, True), lacks.said
    assert "smsctl ledger join FILE" in lacks.said.replace(f"--config {there} ", "")
    backup = run("--config", there, "ledger", "backup", tmp_path / "backup")
    assert (backup.code, "key is missing" in backup.said) == (9, True), backup.said
    assert not list(tmp_path.glob("backup*"))
    wrong = tmp_path / "wrong.key"
    wrong.write_bytes(b"x" * 32)
    refused = run("--config", there, "ledger", "join", wrong)
    assert (refused.code, f"{wrong}: this is not the key" in refused.said) == (9, True), refused.said
    left = tmp_path / "there" / "ledger.key"  # as by a process that was killed as it made the first
    left.write_bytes(b"x" * 32)
    left.chmod(0o600)
    refused = run("--config", there, "ledger", "join", key)
    assert (refused.code, f"{left}: this host has another key already" in refused.said) == (9, True)
    left.unlink()
    joined = run("--config", there, "ledger", "join", key)
    assert joined.code == 0, joined.said
    assert run("--config", there, "send", message, "--all", "--yes", "--max-parts", 3).code == 0


SMS = Incoming(gateway="intelecom", sender=NUMBER, receiver="71234", text="STOP", vendor_id="1")
BY_CRON = (
    ("block", "add", NUMBER),
    ("invoices", "export", "--mark", "--csv", "invoices.csv"),
    ("municipality", "deactivate", "exempelkommun", "--yes"),
    ("mailings", "resolve", 1, "--sent", "--yes", "--reason", "found"),
    ("reports", "import", "reports.json"),
)
OTHER_LINEAGE = "UPDATE smsctl.facts SET value = repeat('0', 16) WHERE name = 'lineage'"


def _see_another_take_over(live: Live) -> None:
    """Let this host know of a later life of its ledger, on the server that has taken over."""
    (path,) = live.config.parent.rglob("*.host")
    HostMark(path.with_suffix("")).see("0000FFFF")


@pytest.fixture(params=["left behind", "another"])
def elsewhere(
    request: pytest.FixtureRequest,
    live: Live,
    url: str,
    run: Run,
    message: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Live:
    """A config that leads to a server from which another took over, or to one that nothing was sent from."""
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    monkeypatch.chdir(live.config.parent)
    Path("reports.json").write_bytes(report("nobodys-1"))
    if request.param == "left behind":
        _see_another_take_over(live)
    else:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(OTHER_LINEAGE)
    return live


def _sent_after_a_copy_was_accepted(live: Live, url: str, server: Cluster, run: Run, message: Path) -> int:
    """Before anything was sent, let two hosts go on with a copy of the database, and find the old one again.

    Return how many messages were sent by one there, and then by the other from the copy.
    """
    name, text = url.rpartition("/")[2], live.config.read_text("utf-8")
    there = live.config.with_name("there.toml")

    def both_find(database: str) -> None:
        led = text.replace(url, server.url(database))
        live.config.write_text(led, encoding="utf-8")
        there.write_text(led.replace('"state"', '"there"'), encoding="utf-8")

    both_find(name)
    assert run("--config", there, "mailings", "list").code == 0
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}copy TEMPLATE {name}".encode())
    both_find(f"{name}copy")
    assert on(live, run, "ledger", "accept-restore", "--reason", "the old one is gone").code == 0
    assert run("--config", there, "mailings", "list").code == 0
    both_find(name)
    on(live, run, "block", "add", NUMBER)
    on(live, run, "send", message, *KEYED)
    both_find(f"{name}copy")
    assert run("--config", there, "send", message, *KEYED).code == 0
    return len(live.simulator.accepted())


def test_who_goes_on_with_another_database_does_not_go_back_though_nothing_was_sent_before(
    live: Live, url: str, server: Cluster, run: Run, message: Path
) -> None:
    assert _sent_after_a_copy_was_accepted(live, url, server, run, message) == 3
    with psycopg.connect(url) as admin:
        assert admin.execute("SELECT COUNT(*) FROM smsctl.blocked").fetchone() == (0,)


def test_by_a_batch_alone_it_would_and_the_text_would_be_sent_twice(
    live: Live, url: str, server: Cluster, run: Run, message: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: who is blocked on the old one is known there alone, and gets it from the copy."""
    right = vars(hosts)["elsewhere"]
    monkeypatch.setattr(
        hosts, "elsewhere", lambda place, water, *found: right(place, water, *found) if water.batch else None
    )
    assert _sent_after_a_copy_was_accepted(live, url, server, run, message) == 2 + 3


_ACCEPTED = "with all that another host has accepted"


@pytest.fixture(params=["with all", "without the newest batch", _ACCEPTED])
def another_took_over(
    request: pytest.FixtureRequest, live: Live, url: str, server: Cluster, run: Run, message: Path
) -> Iterator[Live]:
    """A host that has sent, and blocked somebody on a standby that took over; nobody has accepted that.

    And the server from before is up again, and first in the config.
    """
    has_all = request.param != "without the newest batch"
    standby = None if has_all else server.standby()
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    if request.param == _ACCEPTED:
        there, text = live.config.with_name("there.toml"), live.config.read_text("utf-8")
        there.write_text(text.replace('"state"', '"there"'), encoding="utf-8")
        put_back = ("ledger", "accept-restore", "--put-back", "--reason", "an image")
        assert run("--config", there, *put_back).code == 0
    standby = standby or server.standby()
    standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
    try:
        standby.promote()
        name, text = url.rpartition("/")[2], live.config.read_text("utf-8")
        live.config.write_text(text.replace(url, standby.url(name)), encoding="utf-8")
        blocked = on(live, run, "block", "add", NUMBER)
        assert (blocked.code, "until a person has accepted it" in blocked.err) == (0, True)
        both = url.replace(f"/{name}", f",127.0.0.1:{standby.port}/{name}")
        live.config.write_text(text.replace(url, both), encoding="utf-8")
        message.write_text("Hej igen\n", encoding="utf-8")
        yield live
    finally:
        standby.stop()


def test_who_has_written_on_a_server_that_took_over_does_not_go_back_unasked(
    another_took_over: Live, url: str, run: Run, message: Path
) -> None:
    """Whoever said STOP there would get the next text, from the server that is up again and knows nothing."""
    ran = on(another_took_over, run, "--quiet", "send", message, *KEYED)
    assert (ran.code, "has seen that another server took over" in ran.err) == (9, True), ran.said
    assert on(another_took_over, run, "block", "add", NUMBER).code == 9
    assert len(another_took_over.simulator.accepted()) == 3
    assert _written(url)[0] == 0
    assert on(another_took_over, run, "ledger", "accept-restore", "--reason", "it is this one").code == 0
    assert on(another_took_over, run, "send", message, *KEYED).code == 0


@pytest.fixture
def nothing_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that do not note which server they have reached before somebody accepts it."""
    monkeypatch.setattr(Standing, "took_over_from", lambda *_: False)


@pytest.mark.usefixtures("nothing_noted")
def test_without_noting_that_who_is_blocked_there_would_get_the_next_text(
    another_took_over: Live, run: Run, message: Path
) -> None:
    """The negative control: by cron, which is quiet."""
    _must_go_back_in_silence(another_took_over, run, message)


def _must_go_back_in_silence(live: Live, run: Run, message: Path) -> None:
    ran = on(live, run, "--quiet", "send", message, *KEYED)
    assert (ran.code, ran.said) == (0, "")
    assert len(live.simulator.accepted()) == 3 + 3


@pytest.fixture
def marks_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that note what they see in a mark of a lineage that nobody goes by any more."""
    monkeypatch.setattr(hosts, "_be_listed", lambda *_: None)


@pytest.mark.usefixtures("marks_of_before")
@pytest.mark.parametrize("another_took_over", [_ACCEPTED], indirect=True)
def test_noted_of_a_lineage_before_the_old_one_would_send_all_the_same(
    another_took_over: Live, run: Run, message: Path
) -> None:
    """The negative control: another host has accepted the old one since this host was last there."""
    _must_go_back_in_silence(another_took_over, run, message)


def test_a_standby_of_another_ledger_that_took_over_keeps_nobody_from_ones_own(
    live: Live, url: str, server: Cluster, run: Run, message: Path
) -> None:
    """As where the config names a server that was rehearsed with, from before a person accepted this one."""
    assert on(live, run, "send", message, "--all", "--yes", "--max-parts", 3).code == 0
    standby = server.standby()
    assert on(live, run, "ledger", "accept-restore", "--put-back", "--reason", "an image").code == 0
    standby.start(hot_standby="on", primary_conninfo="", restore_command="false")
    try:
        standby.promote()
        name, text = url.rpartition("/")[2], live.config.read_text("utf-8")
        live.config.write_text(text.replace(url, standby.url(name)), encoding="utf-8")
        ran = on(live, run, "block", "add", NUMBER)
        assert (ran.code, "not the ledger that this host has sent from" in ran.err) == (9, True), ran.said
    finally:
        standby.stop()
    live.config.write_text(text, encoding="utf-8")
    message.write_text("Hej igen\n", encoding="utf-8")
    ran = on(live, run, "--quiet", "send", message, *KEYED)
    assert (ran.code, ran.said) == (0, "")


def _written(url: str) -> list[int]:
    tables = ("blocked", "reports", "inbox", "audit")
    with psycopg.connect(url) as admin:
        rows = [admin.execute(f"SELECT COUNT(*) FROM smsctl.{one}".encode()).fetchone() for one in tables]
    return [row[0] for row in rows if row]


def test_nothing_is_written_where_it_would_be_lost(elsewhere: Live, url: str, run: Run) -> None:
    """An invoice would be handed over once more, and a STOP forgotten, when the old server is stopped."""
    before = _written(url)
    for argv in BY_CRON:
        ran = on(elsewhere, run, "--quiet", *argv)
        assert (ran.code, "would be lost; nothing was written" in ran.err) == (9, True), (argv, ran.said)
    assert _written(url) == before
    assert not Path("invoices.csv").exists()
    assert on(elsewhere, run, "ledger", "accept-restore", "--reason", "it is this one").code == 0
    ran = on(elsewhere, run, "block", "add", NUMBER)
    assert (ran.code, ran.err) == (0, "")


def test_else_it_would_be_and_the_run_would_end_well(
    elsewhere: Live, url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: cron, which is quiet."""
    monkeypatch.setattr(hosts, "refuse_elsewhere", lambda _ledger: None)
    before = _written(url)
    ran = on(elsewhere, run, "--quiet", "block", "add", NUMBER)
    assert (ran.code, ran.out, "Nothing is sent until a person has accepted it" in ran.err) == (0, "", True)
    assert _written(url)[0] == before[0] + 1


def _stop_after_another_took_over(live: Live) -> int:
    """Begin to listen, see another server take over, as the next command does, and take a STOP in."""
    output = Output("reports listen")
    with Wiring(Flags(config=live.config), output) as wiring:
        intake = receiving.PushIntake(
            wiring, wiring_listener.intake_rules(wiring, IntakeSource.PUSHED), output.warn
        )
        intake.open(output.warn)
        _see_another_take_over(live)
        with suppress(LedgerError):
            intake.store(PushBatch(incoming=(SMS,)))
        return inbox.count(wiring.ledger, other=False)


def test_a_listener_takes_no_stop_that_would_be_lost(live: Live) -> None:
    assert _stop_after_another_took_over(live) == 0


def test_else_it_would_have_the_gateway_forget_it(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(hosts, "refuse_elsewhere", lambda _ledger: None)
    assert _stop_after_another_took_over(live) == 1
