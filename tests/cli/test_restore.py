"""`smsctl ledger restore`: a backup put in place with its key, and the questions that belong to it."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from ..conftest import Live, LiveGateway
from ..front_door import SMSCTL, Ran, Run, run_terminal
from .conftest import guardians

REASON = ("--reason", "new disk")


class Office:
    """A site that has sent one mailing, backed up, and sent another."""

    def __init__(self, run: Run, live: Live, message: Path, folder: Path) -> None:
        self._run, self.live, self._message = run, live, message
        self.config, self.backup = live.config, folder / "backup.db"
        self.ledger = folder / "ledger" / "ledger.db"
        assert self("block", "add", "+46701740699").code == 0  # so that there is a key
        assert self.send("one").code == 0
        assert self("ledger", "backup", self.backup).code == 0
        assert self.send("two").code == 0

    def send(self, text: str) -> Ran:
        self._message.write_text(text, encoding="utf-8")
        return self("send", self._message, "--all", "--yes", "--max-parts", 99)

    def mailings(self) -> int:
        return len(self("mailings", "list", "--json").data["mailings"])

    def kept(self) -> list[Path]:
        return sorted(self.ledger.parent.glob("ledger.db.before-*"))

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.config, *argv)


@pytest.fixture
def office(run: Run, live_gateway: LiveGateway, message: Path, tmp_path: Path) -> Office:
    return Office(run, live_gateway(rows=guardians(3)), message, tmp_path)


def test_a_backup_is_put_back_and_nothing_is_sent_before_it_is_accepted(office: Office) -> None:
    done = office("ledger", "restore", office.backup, "--yes", "--json")
    assert (done.code, office.mailings()) == (0, 1)
    assert [Path(one) for one in done.data["kept"]] == office.kept()
    assert office.send("two").code == 9
    assert office("ledger", "accept-restore", *REASON).code == 0
    assert office.send("three").code == 0
    actions = [row["action"] for row in office("audit", "--json").data["audit"]]
    assert {"restore", "accept-restore"} <= set(actions)
    assert office("test", "+46701740699", "hej").code == 5  # the key is the right one: the number is blocked


def test_with_a_reason_it_is_accepted_at_once(office: Office) -> None:
    done = office("ledger", "restore", office.backup, "--yes", *REASON, "--json")
    assert (done.code, done.data["accepted"]) == (0, True)
    assert office.send("three").code == 0


def test_a_person_sees_which_is_which_and_is_asked_for_both(office: Office) -> None:
    ran = run_terminal(
        ["--config", office.config, "ledger", "restore", office.backup],
        [("shall it be put back? [y/N]", "y"), ("(empty: later):", "new disk")],
    )
    assert ran.code == 0, ran.seen
    assert "2 mailings, the newest of" in ran.seen
    assert "1 mailing, the newest of" in ran.seen
    story = ("is in place of", "was put back from", "(empty: later)", "Accepted: 0 messages")
    assert [ran.seen.count(one) for one in story] == [1] * len(story), ran.seen
    assert sorted(story, key=ran.seen.index) == list(story)
    assert "accept-restore" not in ran.seen  # it is done: nobody is told to do it
    assert office.send("three").code == 0


@pytest.fixture
def rehearsed(office: Office, tmp_path: Path) -> Path:
    """A backup of what the office has rehearsed."""
    assert office("--simulate", "block", "add", "+46701740606").code == 0
    assert office("--simulate", "ledger", "backup", tmp_path / "rehearsed.db").code == 0
    return tmp_path / "rehearsed.db"


def test_a_backup_of_rehearsals_does_not_become_the_live_ledger(office: Office, rehearsed: Path) -> None:
    done = office("ledger", "restore", rehearsed, "--yes", *REASON)
    assert (done.code, "ledger of rehearsals" in done.said, str(rehearsed) in done.said) == (8, True, True)
    assert "Name a file that `ledger backup` has made in live mode." in done.said
    assert (office.mailings(), office.kept()) == (2, [])
    assert office.send("three").code == 0
    back = office("--simulate", "ledger", "restore", rehearsed, "--yes")
    assert back.code == 0, back.said


@pytest.mark.usefixtures("rehearsed")
def test_nor_does_one_that_was_copied_there(office: Office) -> None:
    for ending in ("", ".key"):
        copy = office.ledger.with_name(f"ledger.simulate.db{ending}").read_bytes()
        office.ledger.with_name(f"ledger.db{ending}").write_bytes(copy)
    office.ledger.with_name("ledger.db.high-water").unlink()
    for argv in (
        ("block", "add", "+46701740698"),
        ("test", "+46701740606", "hej"),
        ("ledger", "accept-time-zone", *REASON),
        ("doctor",),
    ):
        ran = office(*argv)
        assert (ran.code, "ledger of rehearsals" in ran.said) == (9, True), (argv, ran.said)
    assert office.send("three").code == 9
    assert len(office.live.simulator.accepted()) == 6
    read = office("usage")
    assert (read.code, "ledger of rehearsals" in read.said) == (0, True), read.said


def test_the_live_ledger_may_be_rehearsed_with_and_is_none_from_then_on(
    office: Office, tmp_path: Path
) -> None:
    assert office("--simulate", "ledger", "restore", office.backup, "--yes", *REASON).code == 0
    assert office("--simulate", "block", "add", "+46701740606").code == 0
    assert office("--simulate", "ledger", "backup", tmp_path / "rehearsed.db").code == 0
    assert office("ledger", "restore", tmp_path / "rehearsed.db", "--yes", *REASON).code == 8
    assert office("ledger", "restore", office.backup, "--yes", *REASON).code == 0


def test_who_leaves_it_for_later_is_told_once_how(office: Office) -> None:
    ran = run_terminal(
        ["--config", office.config, "ledger", "restore", office.backup],
        [("shall it be put back? [y/N]", "y"), ("(empty: later):", "")],
    )
    assert ran.code == 0
    assert [ran.seen.count(one) for one in ("was put back from", "accept-restore")] == [1, 1], ran.seen
    assert office.send("three").code == 9


@pytest.mark.parametrize("flags", [(), ("--quiet",), ("--json",)])
def test_in_a_log_it_is_told_once_what_is_left_to_do(office: Office, flags: tuple[str, ...]) -> None:
    ran = office("ledger", "restore", office.backup, "--yes", *flags)
    assert ran.code == 0
    assert [ran.said.count(one) for one in ("was put back from", "accept-restore --reason")] == [1, 1]


def test_a_backup_of_an_older_ledger_is_not_made_in_silence(office: Office, tmp_path: Path) -> None:
    backup = "--quiet", "ledger", "backup"
    assert office(*backup, tmp_path / "good.db").said == ""
    office("ledger", "restore", office.backup, "--yes")
    ran = office(*backup, tmp_path / "older.db")
    assert (ran.code, "a person has accepted it" in ran.said) == (0, True)
    office("ledger", "accept-restore", *REASON)
    assert office(*backup, tmp_path / "accepted.db").said == ""


@pytest.mark.parametrize(
    ("words", "is_told"),
    [
        (("block", "add", "+46701740605"), True),
        (("block", "remove", "+46701740699"), True),
        (("block", "list"), False),
    ],
)
def test_what_is_written_in_a_ledger_that_was_made_anew_is_not_written_in_silence(
    office: Office, words: tuple[str, ...], *, is_told: bool
) -> None:
    assert "made anew" not in office("--quiet", *words).said
    for one in office.ledger.parent.glob("ledger.db*"):
        if one.suffix in (".db", ".key"):
            one.unlink()
    ran = office("--quiet", *words)
    assert (ran.code, "made anew" in ran.said) == (0, is_told)


def test_in_a_log_an_accepted_restore_is_one_story(office: Office) -> None:
    ran = office("ledger", "restore", office.backup, "--yes", *REASON)
    assert (ran.code, ran.said.count("is in place of"), ran.said.count("Accepted: ")) == (0, 1, 1)
    assert "accept-restore" not in ran.said
    assert "was put back" not in ran.said
    assert "the block list: who has said STOP since is not on it" in ran.said


def test_what_stops_it_then_hides_not_that_it_was_put_back(office: Office) -> None:
    office.ledger.with_name("ledger.db.high-water").write_text("damaged")
    ran = office("ledger", "restore", office.backup, "--yes", *REASON)
    assert (ran.code, f"{office.backup} is in its place." in ran.err) == (9, True), ran.err
    assert office.mailings() == 1


def test_without_a_yes_nothing_changes(office: Office) -> None:
    assert office("ledger", "restore", office.backup).code == 5
    ran = run_terminal(["--config", office.config, "ledger", "restore", office.backup], [("[y/N]", "")])
    assert (ran.code, office.mailings(), office.kept()) == (5, 2, [])


def test_what_was_kept_can_be_put_back_too(office: Office) -> None:
    assert office("ledger", "restore", office.backup, "--yes").code == 0
    assert office("ledger", "restore", office.kept()[0], "--yes").code == 0
    assert office.mailings() == 2
    assert office.send("three").code == 0  # it knows all that was sent: nothing is to be accepted


@pytest.mark.parametrize("lost", ["the ledger", "the folder", "the ledger's pages"])
def test_a_ledger_that_is_lost_or_damaged_is_replaced(office: Office, lost: str) -> None:
    if lost == "the folder":
        for path in sorted(office.ledger.parent.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        office.ledger.parent.rmdir()
    elif lost == "the ledger":
        office.ledger.unlink()
    else:
        office.ledger.write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
        office.ledger.chmod(0o600)
    assert office("ledger", "restore", office.backup, "--yes", *REASON).code == 0
    assert (office.mailings(), office.send("three").code) == (1, 0)


@pytest.mark.parametrize("wrong", ["a text", "nothing", "another database", "half a copy", "its own journal"])
def test_what_is_no_backup_changes_nothing(office: Office, wrong: str) -> None:
    data = office.backup.read_bytes()
    match wrong:
        case "a text":
            office.backup.write_text("hej", encoding="utf-8")
        case "nothing":
            office.backup.unlink()
        case "another database":
            office.backup.unlink()
            with closing(sqlite3.connect(office.backup)) as other:
                other.execute("CREATE TABLE t (x)")
        case "half a copy":
            office.backup.write_bytes(data[: len(data) // 2])
        case _:
            office.backup.with_name("backup.db-journal").write_bytes(b"half")
    ran = office("ledger", "restore", office.backup, "--yes")
    assert (ran.code, office.mailings(), office.kept()) == (8, 2, []), ran.said
    assert [path for path in office.ledger.parent.iterdir() if "unfinished" in path.name] == []


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="nothing here sets the limit")
def test_a_device_without_end_is_not_copied_to_the_end_of_the_disk(office: Office) -> None:
    command = [*SMSCTL, "--config", str(office.config), "ledger", "restore", "/dev/zero", "--yes"]
    ran = subprocess.run(
        ["prlimit", "--fsize=4000000", *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, "/dev/zero is no sound ledger" in ran.stderr) == (8, True), ran.stderr


@pytest.mark.parametrize("flags", [(), ("--yes",)])
def test_a_pipe_is_not_waited_for(office: Office, tmp_path: Path, flags: tuple[str, ...]) -> None:
    """SQLite would wait for it, and hear no Ctrl-C meanwhile."""
    os.mkfifo(tmp_path / "pipe")
    command = [*SMSCTL, "--config", str(office.config), "ledger", "restore", str(tmp_path / "pipe"), *flags]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode, "is no sound ledger" in ran.stderr) == (8, True), ran.stderr
    assert office.kept() == []


def test_while_a_run_sends_nothing_is_put_back(office: Office) -> None:
    from smsctl.ledger.sqlite.lock import right_to_send

    with right_to_send(office.ledger, "0123456789abcdef") as is_free:
        assert is_free
        ran = office("ledger", "restore", office.backup, "--yes")
    assert (ran.code, "a run is sending from it" in ran.err, office.mailings()) == (9, True, 2)


def test_the_mark_comes_along_where_none_is_here(office: Office, tmp_path: Path) -> None:
    """As on a new server, from a copy of the whole folder: it knows all that was sent."""
    old = tmp_path / "old"
    office.ledger.parent.rename(old)
    assert office("ledger", "restore", old / "ledger.db", "--yes").code == 0
    assert (office.mailings(), office.send("three").code) == (2, 0)


def test_a_backup_without_its_key_is_told_of_at_once(office: Office) -> None:
    """It is in place, and nothing can be sent from it: that is known now, and not at 07:30."""
    office.backup.with_name("backup.db.key").unlink()
    office.ledger.with_name("ledger.db.key").unlink()
    ran = office("ledger", "restore", office.backup, "--yes", *REASON)
    assert (ran.code, office.mailings()) == (9, 1)
    assert "the ledger's key is missing" in ran.err
    assert "is in place of" in ran.said
    told = office("ledger", "restore", office.backup, "--yes", "--json")
    assert (told.code, told.json["ok"]) == (9, False)


@pytest.mark.parametrize("named", [".", "/", "the ledger"])
def test_a_folder_and_the_ledger_itself_are_no_backup(office: Office, named: str) -> None:
    ran = office("ledger", "restore", office.ledger if named == "the ledger" else named, "--yes")
    assert (ran.code, office.kept()) == (8, []), ran.said
    assert "Name a file that `ledger backup` has made." in ran.err
