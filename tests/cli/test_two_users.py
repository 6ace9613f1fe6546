"""Root on somebody else's ledger: root's own files are used, and nothing at the ledger is done as root."""

import json
import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import smsctl
from smsctl.simulator.server import Behaviour, start

from ..conftest import HEADER, ROWS, LiveGateway, MakeConfig
from ..first_hour import PASSWORD, PEOPLE, SET_UP
from ..front_door import Ran, Terminal
from ..two_users import NOBODY_LOGGED_IN, common_ground, everyones_python, needs_root, run_as

pytestmark = needs_root
OWNER = "daemon"
PERSON = "bin"


class Site(NamedTuple):
    """A ledger of the owner's, and beside it what only root can read: config, recipients, text."""

    config: Path
    ledger: Path
    private: Path

    def as_root(self, *argv: object, before: Sequence[str] = (), **environ: str) -> Ran:
        """Run a command as root, whom somebody became by sudo."""
        return run_as(
            0,
            "--config",
            self.config,
            *argv,
            before=before,
            environ={"SUDO_USER": PERSON, **environ},
            login_uid=NOBODY_LOGGED_IN,
        )

    def of_root(self) -> list[str]:
        """What belongs to root where the ledger lies."""
        return [one.name for one in self.ledger.parent.rglob("*") if one.lstat().st_uid == 0]


@pytest.fixture
def ground() -> Iterator[Path]:
    with common_ground() as made:
        yield made


@pytest.fixture
def site(ground: Path, make_config: MakeConfig, tmp_path: Path, message: Path) -> Site:
    folder = ground / "ledger"
    folder.mkdir(mode=0o700)
    owner = pwd.getpwnam(OWNER)
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    config = make_config(ledger={"path": str(folder / "ledger.db")})
    tmp_path.chmod(0o700)
    for path in (config, message, tmp_path / "recipients.csv"):
        path.chmod(0o600)
    return Site(config=config, ledger=folder / "ledger.simulate.db", private=tmp_path)


WRITTEN: tuple[tuple[object, ...], ...] = (
    ("usage", "--csv", "OUT"),
    ("usage", "--html", "OUT"),
    ("mailings", "failed", 1, "--csv", "OUT"),
    ("mailings", "skipped", 1, "--csv", "OUT"),
    ("inbox", "list", "--export", "OUT"),
    ("reports", "unmatched", "--export", "OUT"),
    ("invoices", "export", "--csv", "OUT"),
    ("ledger", "backup", "OUT"),
)


def test_what_root_names_is_opened_as_root_and_the_rest_is_the_owners(site: Site) -> None:
    private = site.private
    (private / "other.csv").write_text("\n".join([HEADER, *ROWS]))
    (private / "blocked.csv").write_text("+46701740699\n")
    (private / "supplier.csv").write_text("month;parts\n2026-11;3\n")
    (private / "reports.json").write_text("[]")
    text = private / "message.txt"
    commands: tuple[tuple[tuple[object, ...], int], ...] = (
        (("send", text, "--all", "--yes"), 0),
        (
            (
                "send",
                text,
                "--all",
                "--yes",
                "--again",
                "--recipients",
                private / "other.csv",
                "--reason",
                "x",
            ),
            0,
        ),
        (("send", text, "--all", "--dry-run"), 0),
        (("block", "import", private / "blocked.csv"), 0),
        (("invoices", "compare", private / "supplier.csv"), 0),
        (("reports", "import", private / "reports.json"), 8),  # holds none
        (("config", "set", "gateway.priority", "high"), 0),
        (("ledger", "check"), 0),
        (("inbox", "list"), 0),
        (("doctor",), 0),
    )
    for argv, code in commands:
        ran = site.as_root(*argv)
        assert ran.code == code, (argv, ran.said)
        assert not site.of_root(), argv
    for n, argv in enumerate(WRITTEN):
        made = private / f"out-{n}"
        ran = site.as_root(*(made if word == "OUT" else word for word in argv))
        assert ran.code == 0, (argv, ran.said)
        found = made.stat()
        assert (found.st_uid, found.st_mode & 0o777, found.st_size > 0) == (0, 0o600, True), argv
        assert not site.of_root(), argv
    assert (private / f"out-{len(WRITTEN) - 1}.key").stat().st_size == 32
    rows = site.as_root("audit", "--json").data["audit"]
    assert {row["user"] for row in rows} == {PERSON}


def test_root_replaces_its_own_earlier_file_where_the_owner_may_not_write(site: Site) -> None:
    made = site.private / "usage.csv"
    made.write_text("x" * 9999)
    made.chmod(0o644)
    for _ in range(2):
        ran = site.as_root("usage", "--csv", made, "--replace")
        assert ran.code == 0, ran.said
        assert "x" not in made.read_text("utf-8-sig")
        found = made.stat()
        assert (found.st_uid, found.st_mode & 0o777) == (0, 0o600)
    failed = site.as_root("mailings", "failed", 99, "--csv", made, "--replace")
    assert (failed.code, made.stat().st_size > 0, "was made before" in failed.err) == (8, True, False)


def test_a_backup_that_root_put_elsewhere_is_a_sound_ledger(site: Site) -> None:
    assert site.as_root("send", site.private / "message.txt", "--all", "--yes").code == 0
    assert site.as_root("ledger", "backup", site.private / "copy.db").code == 0
    shutil.copy(site.private / "copy.db", site.ledger)
    assert "was put back from the backup" in site.as_root("ledger", "check").said


def test_what_was_made_and_not_written_is_told(site: Site) -> None:
    ran = site.as_root("mailings", "failed", 99, "--csv", site.private / "failed.csv")
    assert ran.code == 8
    assert "failed.csv was made before the run failed, and is empty" in ran.err
    taken = site.as_root("mailings", "failed", 99, "--csv", site.private / "failed.csv")
    assert taken.code == 8


def test_root_is_led_nowhere_by_what_the_owner_puts_beside_the_ledger(site: Site, ground: Path) -> None:
    assert site.as_root("send", site.private / "message.txt", "--all", "--yes").code == 0
    goal = ground / "of-root"
    goal.mkdir(mode=0o700)
    locks = site.ledger.with_name(f"{site.ledger.name}.locks")
    shutil.rmtree(locks)
    locks.symlink_to(goal)
    ran = site.as_root("send", site.private / "message.txt", "--all", "--yes", "--again", "--reason", "x")
    assert (ran.code, "plain file" in ran.err) == (9, True), ran.said
    assert not list(goal.iterdir())
    assert (goal.stat().st_uid, goal.stat().st_mode & 0o777) == (0, 0o700)


@pytest.mark.parametrize("mode", [0o770, 0o2770, 0o777])
def test_in_a_folder_of_roots_that_others_may_write_root_does_nothing(mode: int, site: Site) -> None:
    folder = site.ledger.parent
    os.chown(folder, 0, 12_345)
    folder.chmod(mode)
    for argv in (("usage",), ("send", site.private / "message.txt", "--all", "--yes")):
        ran = site.as_root(*argv)
        assert ran.code == 9
        assert f"chown USER {folder}" in ran.err
    assert not list(folder.iterdir())


def test_where_root_is_the_first_the_ledger_is_whose_folder_it_lies_in(
    ground: Path, make_config: MakeConfig
) -> None:
    """It was root's, and the next run of its user could not read it."""
    owner, place = pwd.getpwnam(OWNER), ground / "sms"
    place.mkdir()
    made = make_config(ledger={"path": str(place / "deep" / "ledger.db")})
    (place / "config.toml").write_text(made.read_text("utf-8"), "utf-8")
    os.chown(place, owner.pw_uid, owner.pw_gid)
    words = ("--config", place / "config.toml", "municipality", "activate", "exempelkommun", "--yes")
    assert run_as(0, *words).code == 0
    assert {one.lstat().st_uid for one in (place / "deep").rglob("*")} == {owner.pw_uid}
    assert run_as(owner.pw_uid, *words).code == 0


@pytest.mark.parametrize("named", ["sms/config.toml", "link.toml"])
def test_root_sets_live_in_a_config_that_the_ledgers_owner_cannot_read(
    ground: Path, make_config: MakeConfig, named: str
) -> None:
    """It was set, and told as a config that cannot be read (8)."""
    owner, place = pwd.getpwnam(OWNER), ground / "sms"
    place.mkdir()
    os.chown(place, owner.pw_uid, owner.pw_gid)
    config, made = place / "config.toml", make_config(ledger={"path": str(place / "deep" / "ledger.db")})
    config.write_text(made.read_text("utf-8"), "utf-8")
    config.chmod(0o600)
    (ground / "link.toml").symlink_to(config)
    ran = run_as(0, "--config", named, "config", "set", "mode", "live", folder=ground)
    assert (ran.code, "mode is set in" in ran.out) == (0, True), ran.said


def test_root_makes_no_folder_that_a_group_shares(site: Site, ground: Path, make_config: MakeConfig) -> None:
    make_config(ledger={"path": str(ground / "new" / "ledger.db"), "group": OWNER})
    ran = site.as_root("usage")
    assert ran.code == 9
    assert f"install -d -m 2770 -o USER -g {OWNER} {ground / 'new'}" in ran.err
    assert not (ground / "new").exists()


def test_where_the_owner_cannot_be_become_nothing_is_done(site: Site) -> None:
    """As in a container that may not change its user."""
    without = ("setpriv", "--bounding-set", "-setuid", "--inh-caps", "-all")
    ran = site.as_root("usage", before=without)
    assert ran.code == 9
    assert f"its folder belongs to {OWNER}, and root cannot become that user here" in ran.err
    assert not list(site.ledger.parent.iterdir())


def test_root_puts_a_backup_back_as_the_owner_or_not_at_all(site: Site) -> None:
    assert site.as_root("send", site.private / "message.txt", "--all", "--yes").code == 0
    assert site.as_root("ledger", "backup", site.private / "copy.db").code == 0
    there = sorted(site.ledger.parent.rglob("*"))
    restore = ("ledger", "restore", site.private / "copy.db", "--yes", "--reason", "new disk")
    without = ("setpriv", "--bounding-set", "-setuid", "--inh-caps", "-all")
    refused = site.as_root(*restore, before=without)
    assert (refused.code, "root cannot become that user here" in refused.err) == (9, True)
    assert sorted(site.ledger.parent.rglob("*")) == there
    assert site.as_root(*restore).code == 0
    assert site.of_root() == []


def test_root_gives_a_second_server_the_key_that_only_root_can_read(
    ground: Path, live_gateway: LiveGateway, url: str, tmp_path: Path
) -> None:
    """As the how-to says it, with `/root/ledger.key`: what is written in `state` is its owner's."""
    live = live_gateway(active=False, ledger={"path": None, "url": url, "state": "one"})
    text, owner = live.config.read_text("utf-8"), pwd.getpwnam(OWNER)
    for name in ("one", "two"):
        (ground / name).mkdir(mode=0o700)
        os.chown(ground / name, owner.pw_uid, owner.pw_gid)
        (ground / f"{name}.toml").write_text(text.replace('"one"', f'"{name}"'), encoding="utf-8")
    assert run_as(0, "--config", ground / "one.toml", "block", "add", "+46701740605").code == 0
    key = tmp_path / "ledger.key"
    shutil.copy2(ground / "one" / "ledger.key", key)
    os.chown(key, 0, 0)
    tmp_path.chmod(0o700)
    joined = run_as(0, "--config", ground / "two.toml", "ledger", "join", key)
    assert joined.code == 0, joined.said
    given = ground / "two" / "ledger.key"
    assert (given.read_bytes(), given.stat().st_uid) == (key.read_bytes(), owner.pw_uid)


def test_an_installation_that_only_root_can_read_is_told(site: Site) -> None:
    shutil.copytree(Path(smsctl.__file__).parent, site.private / "installed" / "smsctl")
    _, path = everyones_python()
    ran = site.as_root("usage", PYTHONPATH=os.pathsep.join((str(site.private / "installed"), path)))
    assert ran.code == 9
    assert "Install smsctl where every user can read it" in ran.err


def test_the_secret_of_root_is_had_before(site: Site, make_config: MakeConfig) -> None:
    secret = site.private / "secret"
    secret.write_text("canary\n")
    secret.chmod(0o600)
    with start(Behaviour(as_a_gateway=True, password="canary")) as gateway:
        make_config(
            mode="live",
            gateway={"url": gateway.url, "password": {"source": "file", "path": str(secret)}},
            ledger={"path": str(site.ledger.with_name("ledger.db"))},
        )
        assert site.as_root("municipality", "activate", "exempelkommun", "--yes").code == 0
        ran = site.as_root("send", site.private / "message.txt", "--all", "--yes", "--max-parts", 9)
        assert (ran.code, len(gateway.accepted())) == (0, 3), ran.said
    assert not site.of_root()


def test_the_log_that_root_opened_is_written_to_the_end(site: Site, make_config: MakeConfig) -> None:
    log = site.private / "smsctl.log"
    make_config(ledger={"path": str(site.ledger.with_name("ledger.db"))}, log={"path": str(log)})
    assert site.as_root("send", site.private / "message.txt", "--all", "--yes").code == 0
    told = [json.loads(line)["event"] for line in log.read_text(encoding="utf-8").splitlines()]
    assert ("state" in told, told[-1]) == (True, "command")
    assert not site.of_root()


def test_a_log_that_root_begins_is_whose_folder_it_is(site: Site, make_config: MakeConfig) -> None:
    log = site.ledger.with_name("smsctl.log")
    make_config(ledger={"path": str(site.ledger.with_name("ledger.db"))}, log={"path": str(log)})
    for lines in (1, 2):
        assert site.as_root("usage").err == ""
        found = log.stat()
        assert (found.st_uid, found.st_mode & 0o777) == (pwd.getpwnam(OWNER).pw_uid, 0o640)
        assert len(log.read_text(encoding="utf-8").splitlines()) == lines


def test_who_share_the_ledger_share_its_log(site: Site, ground: Path, make_config: MakeConfig) -> None:
    member, log = pwd.getpwnam(PERSON), site.ledger.with_name("smsctl.log")
    os.chown(log.parent, -1, member.pw_gid)
    log.parent.chmod(0o2770)
    of_group = {"path": str(site.ledger.with_name("ledger.db")), "group": PERSON}
    shared = ground / "config.toml"
    shared.write_text(make_config(ledger=of_group, log={"path": str(log)}).read_text("utf-8"), "utf-8")
    assert site.as_root("usage").err == ""
    ran = run_as(member.pw_uid, "--config", shared, "usage")
    assert (ran.code, ran.err, len(log.read_text(encoding="utf-8").splitlines())) == (0, "", 2)
    found = log.stat()
    assert (found.st_gid, found.st_mode & 0o777) == (member.pw_gid, 0o660)


@pytest.mark.parametrize(
    ("group", "says"),
    [(PERSON, f"{OWNER} is not in the group {PERSON}"), ("no-such-group", "has no group no-such-group")],
)
def test_a_group_that_cannot_share_the_ledger_is_told_before_it_is_made(
    ground: Path, make_config: MakeConfig, group: str, says: str
) -> None:
    made = make_config(ledger={"path": str(ground / "own" / "ledger" / "ledger.db"), "group": group})
    (ground / "config.toml").write_text(made.read_text("utf-8"), "utf-8")
    owner = pwd.getpwnam(OWNER)
    (ground / "own").mkdir()
    os.chown(ground / "own", owner.pw_uid, owner.pw_gid)
    for words in (("municipality", "activate", "exempelkommun", "--yes"), ("doctor",)):
        ran = run_as(owner.pw_uid, "--config", ground / "config.toml", *words)
        assert (ran.code, says in ran.said, "may write" in ran.said) == (9, True, False), ran.said
    assert not list((ground / "own").iterdir())


def test_a_folder_that_everybody_may_write_is_told_before_a_ledger_is_made_in_it(
    ground: Path, make_config: MakeConfig
) -> None:
    made, owner = make_config(ledger={"path": str(ground / "open" / "ledger.db")}), pwd.getpwnam(OWNER)
    (ground / "config.toml").write_text(made.read_text("utf-8"), "utf-8")
    (ground / "open").mkdir()
    (ground / "open").chmod(0o777)
    for words in (("doctor",), ("municipality", "activate", "exempelkommun", "--yes")):
        ran = run_as(owner.pw_uid, "--config", ground / "config.toml", *words)
        told = "every user of this machine can swap the ledger" in ran.said
        assert (ran.code, told, list((ground / "open").iterdir())) == (9, True, []), ran.said


def test_one_that_is_there_stays_whose_it_is(site: Site, make_config: MakeConfig) -> None:
    log = site.ledger.with_name("smsctl.log")
    log.touch(mode=0o600)
    make_config(ledger={"path": str(site.ledger.with_name("ledger.db"))}, log={"path": str(log)})
    assert site.as_root("usage").code == 0
    assert log.stat().st_uid == 0


def test_root_is_led_nowhere_by_a_link_that_stands_for_the_log(
    site: Site, ground: Path, make_config: MakeConfig
) -> None:
    log = site.ledger.with_name("smsctl.log")
    log.symlink_to(ground / "planted")
    make_config(ledger={"path": str(site.ledger.with_name("ledger.db"))}, log={"path": str(log)})
    ran = site.as_root("usage")
    assert ran.code == 0
    assert "no link" in ran.err
    assert not (ground / "planted").exists()


def test_the_command_of_notify_runs_as_the_ledgers_owner(
    site: Site, ground: Path, make_config: MakeConfig
) -> None:
    place = ground / "told"
    place.mkdir()
    place.chmod(0o777)
    make_config(
        ledger={"path": str(site.ledger.with_name("ledger.db"))},
        notify={"command": f"sh -c 'id -un > {place}/who; echo $HOME >> {place}/who'"},
        limits={"quiet_hours": False, "max_parts_per_run": 1},
    )
    ran = site.as_root("send", site.private / "message.txt", "--all", "--yes", "--strict")
    assert ran.code == 5, ran.said
    assert (place / "who").read_text().split() == [OWNER, pwd.getpwnam(OWNER).pw_dir]


def test_what_root_left_earlier_is_named_with_what_mends_it(site: Site) -> None:
    assert site.as_root("send", site.private / "message.txt", "--all", "--yes").code == 0
    left = site.ledger.with_name(f"{site.ledger.name}.high-water")
    os.chown(left, 0, 0)
    ran = site.as_root("doctor")
    assert f"chown -hR {OWNER}: {site.ledger.parent}" in ran.said
    assert f"{left} belongs to root, and {OWNER} sends" in ran.said
    left.with_name(f"{left.name}.old").touch()
    assert f"{left} and 1 more belong to root, and {OWNER} sends" in site.as_root("doctor").said


def test_what_others_can_read_is_named_and_stops_nothing(site: Site) -> None:
    text = site.private / "message.txt"
    assert site.as_root("send", text, "--all", "--yes").code == 0
    open_ = site.ledger.with_name(f"{site.ledger.name}.high-water")
    open_.chmod(0o644)
    for argv in (("doctor",), ("ledger", "check")):
        ran = site.as_root(*argv)
        assert ran.code == 0
        assert f"chmod o= {open_}" in ran.said
    assert site.as_root("send", text, "--all", "--yes", "--again", "--reason", "x").code == 0


@pytest.mark.parametrize("name", [OWNER, "root"])
def test_a_unit_runs_as_the_ledgers_owner_whoever_logged_in_and_prints_it(
    site: Site, ground: Path, name: str
) -> None:
    shutil.copytree(site.private, ground / "site")
    for path in (ground / "site").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (ground / "site").chmod(0o755)
    text = ground / "site" / "message.txt"
    ran = run_as(
        pwd.getpwnam(name).pw_uid,
        *("--config", ground / "site" / "config.toml", "schedule", "--at", "07:30", "--for", "systemd"),
        *("--", "send", "--all", text, "--max-parts", 9),
        login_uid=pwd.getpwnam(PERSON).pw_uid,
    )
    assert ran.code == 0, ran.said
    assert [line for line in ran.out.splitlines() if line.startswith("User=")] == 2 * [f"User={OWNER}"]


def test_where_root_has_stepped_aside_the_wizard_tells_how_to_send_for_real(ground: Path) -> None:
    owner, ledger = pwd.getpwnam(OWNER), ground / ".smsctl"
    ledger.mkdir(mode=0o700)
    os.chown(ledger, owner.pw_uid, owner.pw_gid)
    (ground / "people.csv").write_text(PEOPLE, encoding="utf-8")
    python, path = everyones_python()
    with (
        start(Behaviour(password=PASSWORD, as_a_gateway=True)) as gateway,
        Terminal(
            *("config", "init", "--url", gateway.url),
            program=(*python, "-m", "smsctl"),
            SMSCTL_CONFIG=str(ground / "config.toml"),
            PYTHONPATH=path,
            PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
            LC_ALL="C.UTF-8",
        ) as terminal,
    ):
        for question, answer in SET_UP[:-1]:
            terminal.wait_for(question)
            terminal.type(answer.format(place=ground))
        ran = terminal.end()
    assert (ran.code, len(gateway.accepted())) == (0, 1), ran.seen
    assert "Send for real with: smsctl config set mode live" in ran.seen
    assert "Run it as root" not in ran.seen
