"""`smsctl ledger`, and what the ledger's state means for whoever sends."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run
from .conftest import guardians


@pytest.fixture
def live(live_gateway: LiveGateway) -> Live:
    return live_gateway(
        rows=guardians(5),
        gateway={"batch_size": 2},
        municipalities={"exempelkommun": {"package_size": None, "package_price": None}},
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "ledger.db"


class Office:
    """The commands of one config."""

    def __init__(self, run: Run, config: Path, message: Path) -> None:
        self._run, self.config, self._message = run, config, message

    def send(self, text: str, *flags: object) -> Ran:
        self._message.write_text(text, encoding="utf-8")
        return self("send", self._message, "--all", "--yes", "--max-parts", 99, *flags)

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.config, *argv)


@pytest.fixture
def office(run: Run, live: Live, message: Path) -> Office:
    return Office(run, live.config, message)


# check


@pytest.mark.parametrize("command", [("check",), ("backup", "copy.db")])
def test_a_ledger_that_has_vanished_is_told_apart_from_one_that_was_never_there(
    live_gateway: LiveGateway, message: Path, run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    config = live_gateway().config
    assert run("--config", config, "send", message, "--all", "--yes", "--max-parts", 9).code == 0
    (tmp_path / "ledger" / "ledger.db").unlink()
    name, *more = command
    ran = run("--config", config, "ledger", name, *(tmp_path / one for one in more))
    assert (ran.code, "is missing, and it has been sent from" in ran.said) == (9, True), ran.said


def test_a_ledger_that_is_sound_is_told_to_be(office: Office, ledger: Path) -> None:
    assert office.send("one").code == 0
    ran = office("ledger", "check")
    assert (ran.code, ran.out) == (0, f"{ledger} is sound: every sum agrees with its rows.\n")
    assert office("ledger", "check", "--json").data == {"path": str(ledger), "sound": True, "findings": []}


def test_before_anything_was_sent_there_is_nothing_to_check(office: Office, ledger: Path) -> None:
    ran = office("ledger", "check")
    assert (ran.code, ran.out) == (0, f"{ledger}: there is no ledger yet.\n")
    assert not ledger.parent.exists()


def test_what_is_wrong_is_listed_and_gives_9(office: Office, ledger: Path) -> None:
    office.send("one")
    _change(ledger, "UPDATE mailing_counts SET messages = 6, parts = 6 WHERE state = 'accepted'")
    ran = office("ledger", "check")
    assert ran.code == 9
    assert "Mailing 1: 6 messages are noted as accepted, and 5 are." in ran.err
    told = office("ledger", "check", "--json")
    assert told.code == 9
    assert not told.data["sound"]
    assert [one["rule"] for one in told.data["findings"]] == ["mailing-counts", "mailing-parts", "cost"]


@pytest.mark.parametrize(
    ("wrong", "rule"), [("no key", "key"), ("an older copy", "restored"), ("its mark", "restored")]
)
def test_the_doctor_tells_what_the_check_tells(office: Office, ledger: Path, wrong: str, rule: str) -> None:
    """One look at the ledger, at two depths: the same words, and the same that mends it."""
    office.send("one")
    match wrong:
        case "no key":
            _change(ledger, "INSERT INTO facts VALUES ('key-check', 'a hash')")
        case "an older copy":
            _change(ledger, "DELETE FROM facts WHERE name = 'lineage'")
        case _:
            ledger.with_name("ledger.db.high-water").write_text("x", encoding="utf-8")
    told = office("ledger", "check", "--json")
    seen = office("doctor", "--json")
    (doctors,) = [one for one in seen.data["checks"] if one["check"] == "ledger"]
    assert (told.code, seen.code, doctors["level"]) == (9, 9, "error")
    assert told.data["findings"] == [{"rule": rule, "text": doctors["text"]}]
    assert doctors["mend"] in [one["text"] for one in told.json["messages"] if one["code"] == "hint"]


def test_the_check_tells_what_others_can_read_as_the_doctor_does(office: Office, ledger: Path) -> None:
    office.send("one")
    open_to_all = ledger.with_name("ledger.db.high-water")
    open_to_all.chmod(0o604)
    told = office("ledger", "check", "--json")
    assert (told.code, told.data["sound"]) == (0, True)
    assert [one["text"] for one in told.json["messages"]] == [
        f"{open_to_all} is open to every user of this machine.",
        f"Run: chmod o= {open_to_all}",
    ]
    checks = office("doctor", "--json").data["checks"]
    (beside,) = [one for one in checks if one["check"] == "beside"]
    assert beside["level"] == "warning"
    assert beside["mend"] in office("ledger", "check").err.splitlines()  # to be copied: no full stop


def test_a_damaged_file_is_told_in_words(office: Office, ledger: Path) -> None:
    office.send("one")
    with ledger.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 30_000)
    ran = office("ledger", "check")
    assert ran.code == 9
    assert "damaged" in ran.err
    assert "Traceback" not in ran.said


def test_a_damaged_page_is_told_of_the_ledger_and_in_one_line(
    office: Office, ledger: Path, tmp_path: Path
) -> None:
    office.send("one")
    with ledger.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(bytes(4096))
    ran = office("ledger", "backup", tmp_path / "backup.db")
    assert (ran.code, ran.err.startswith(f"{ledger}: ")) == (9, True), ran.err
    assert "*** in database main *** Page 6" in office("doctor").out


def test_where_a_state_cannot_be_read_nothing_is_called_done(office: Office, ledger: Path) -> None:
    """Its messages were left out of every figure, and a resume had nothing to do."""
    assert office.send("one", "--key", "monday").code == 0
    with closing(sqlite3.connect(ledger)) as opened, opened:
        opened.execute("UPDATE mailing_counts SET state = 'qending' WHERE state = 'accepted'")
    tried = (
        office.send("one", "--key", "monday"),
        office("mailings", "resume", 1),
        office("mailings", "show", 1),
        office("mailings", "list"),
    )
    for ran in tried:
        assert (ran.code, "the ledger is damaged" in ran.err) == (9, True), ran.said


# backup and accept-restore


def test_a_backup_is_sound_and_told_of(office: Office, ledger: Path, tmp_path: Path) -> None:
    office.send("one")
    made = tmp_path / "backup.db"
    ran = office("ledger", "backup", made)
    assert (ran.code, ran.out) == (0, f"{ledger} was copied to {made}.\n")
    with closing(sqlite3.connect(made)) as copy:
        assert copy.execute("SELECT COUNT(*) FROM messages WHERE state = 'accepted'").fetchone() == (5,)
    assert office("ledger", "backup", made).code == 8


def test_without_a_ledger_there_is_nothing_to_back_up(office: Office, tmp_path: Path) -> None:
    ran = office("ledger", "backup", tmp_path / "backup.db")
    assert ran.code == 9
    assert "there is no ledger yet, and nothing to back up" in ran.err


@pytest.mark.parametrize("how", ["ledger backup", "cp"])
def test_from_a_backup_that_was_put_back_nothing_is_sent_until_a_person_accepts_it(
    how: str, office: Office, live: Live, ledger: Path, tmp_path: Path
) -> None:
    office.send("one")
    aside = tmp_path / "aside.db"
    if how == "cp":
        shutil.copy(ledger, aside)
    else:
        assert office("ledger", "backup", aside).code == 0
    assert office.send("two").code == 0
    shutil.copy(aside, ledger)

    for refused in (office.send("two"), office("test", "+46701740605", "hej")):
        assert refused.code == 9
        assert "was put back from" in refused.err
        assert f"smsctl --config {office.config} ledger accept-restore --reason" in refused.err
    assert len(live.simulator.accepted()) == 10
    assert office("usage").code == 0
    assert office("ledger", "check").code == 9

    assert office("ledger", "accept-restore").code == 2
    accepted = office("ledger", "accept-restore", "--reason", "new disk", "--json")
    assert accepted.code == 0
    assert accepted.data == {
        "path": str(ledger),
        "accepted": True,
        "mailings": [],
        "unknown": 0,
        "missing_batches": 3,
    }
    assert office("ledger", "check").code == 0
    assert office.send("three").code == 0
    audited = office("audit", "--json").data["audit"]
    assert [row["reason"] for row in audited if row["action"] == "accept-restore"] == ["new disk"]


READING = ("usage", "mailings list", "mailings show 1", "audit")


@pytest.mark.parametrize("words", READING)
def test_whoever_reads_in_an_older_copy_is_told_so(
    words: str, office: Office, ledger: Path, tmp_path: Path
) -> None:
    office.send("one")
    shutil.copy(ledger, tmp_path / "aside.db")
    office.send("two")
    assert office(*words.split()).err == ""
    shutil.copy(tmp_path / "aside.db", ledger)
    ran = office(*words.split())
    assert ran.code == 0
    (line,) = ran.err.splitlines()
    assert "was put back from an older copy: it lacks the newest 3 batches that were sent." in line
    assert f"until a person has accepted it: smsctl --config {office.config} ledger accept-restore" in line
    assert [one["level"] for one in office(*words.split(), "--json").json["messages"]] == ["warning"]


def test_whoever_reads_where_the_ledger_was_taken_away_is_told_so(office: Office, ledger: Path) -> None:
    office.send("one")
    ledger.unlink()
    doctor = office("doctor")
    assert doctor.code == 9
    assert f"{ledger} is missing, and it has been sent from." in doctor.said
    for words in ("usage", "mailings list"):
        ran = office(*words.split())
        assert ran.code == 0
        assert f"{ledger} is not the ledger that was sent from" in ran.err
    assert office("doctor").code == 9


def test_what_a_restored_ledger_has_pending_becomes_unknown_and_can_be_settled(
    live_gateway: LiveGateway, run: Run, message: Path, ledger: Path, tmp_path: Path
) -> None:
    live = live_gateway(
        Behaviour(password="another"),  # so that nothing is sent at first
        rows=guardians(5),
        municipalities={"exempelkommun": {"package_size": None, "package_price": None}},
    )
    office = Office(run, live.config, message)
    assert office.send("one").code == 6
    aside = tmp_path / "aside.db"
    assert office("ledger", "backup", aside).code == 0
    shutil.copy(aside, ledger)
    assert office("mailings", "resume", 1).code == 9
    assert office("mailings", "cancel", 1).code == 9  # what is pending may have been sent since
    accepted = office("ledger", "accept-restore", "--reason", "new disk")
    why, told, settle, look = accepted.out.splitlines()
    assert "was put back from the backup" in why
    assert told == "Accepted: 5 messages that were pending are now unknown."
    assert settle == f"Settle mailing 1 with: smsctl --config {office.config} mailings resolve 1"
    assert "look in the gateway's own log" in look
    shown = office("mailings", "show", 1, "--json").data
    assert (shown["states"], shown["parts"]) == ({"unknown": 5}, 5)
    assert [(row["action"], row["detail"], row["reason"]) for row in shown["history"]] == [
        ("accept-restore", "5 messages unknown", "new disk")
    ]
    assert office("mailings", "resume", 1, "--json").data["states"] == {"unknown": 5}
    assert office("mailings", "resolve", 1, "--not-sent", "--reason", "not in the gateway's log").code == 0
    assert office("mailings", "show", 1, "--json").data["states"] == {"pending": 5}
    assert office("ledger", "check").code == 0


def test_a_ledger_that_is_no_older_copy_has_nothing_to_accept(office: Office, ledger: Path) -> None:
    office.send("one")
    ran = office("ledger", "accept-restore", "--reason", "to be sure", "--json")
    assert (ran.code, ran.data["accepted"]) == (0, False)
    assert "accept-restore" not in office("audit").out


def test_a_rehearsal_has_a_mark_of_its_own(office: Office, live: Live, ledger: Path) -> None:
    text = live.config.read_text(encoding="utf-8")
    without_url = text.replace(f'url = "{live.simulator.url}"\n', "")  # a rehearsal brings its own simulator
    live.config.write_text(without_url, encoding="utf-8")
    assert office.send("one", "--simulate").code == 0
    live.config.write_text(text, encoding="utf-8")
    office.send("one")
    marks = sorted(path.name for path in ledger.parent.glob("*.high-water"))
    assert marks == ["ledger.db.high-water", "ledger.simulate.db.high-water"]
    ledger.with_name("ledger.simulate.db").unlink()
    assert office.send("two").code == 0
    live.config.write_text(without_url, encoding="utf-8")
    assert office.send("two", "--simulate").code == 9


# The clock


@pytest.fixture
def ahead(office: Office, ledger: Path) -> Path:
    """A ledger whose newest mailing is of a time that has not come."""
    assert office.send("one").code == 0
    _change(ledger, "UPDATE mailings SET created_at = '2099-01-01T08:00:00.000Z'")
    return ledger


def test_a_clock_behind_the_ledger_stops_what_sends_and_not_what_reads(
    office: Office, live: Live, ahead: Path
) -> None:
    _change(
        ahead,
        "UPDATE messages SET state = 'pending', batch = NULL WHERE id = 5",
        "UPDATE mailing_counts SET messages = 1, parts = 1 WHERE state = 'pending'",
    )
    for refused in (
        office.send("two"),
        office("test", "+46701740605", "hej"),
        office("mailings", "resume", 1),
    ):
        assert refused.code == 9
        assert "the ledger has an entry of 2099-01-01T08:00:00.000Z; nothing was sent" in refused.err
        assert "--accept-clock --reason TEXT" in refused.err
    assert len(live.simulator.accepted()) == 5
    for read in ("usage", "audit", "mailings list", "mailings show 1"):
        assert office(*read.split()).code == 0


def test_a_clock_is_accepted_with_a_reason_and_audited(office: Office, ahead: Path) -> None:
    assert office.send("two", "--accept-clock").code == 2
    assert office.send("two", "--accept-clock", "--reason", "the battery was flat").code == 0
    assert office.send("three").code == 0
    audited = office("audit", "--json").data["audit"]
    assert [row["reason"] for row in audited if row["action"] == "accept-clock"] == ["the battery was flat"]


def test_a_test_goes_on_with_a_clock_that_is_accepted(office: Office, ahead: Path) -> None:
    test = ("test", "+46701740605", "hej")
    assert office(*test, "--accept-clock", "--reason", "the battery was flat").code == 0
    assert office(*test).code == 0


# What stops every command


def test_a_ledger_of_a_newer_version_is_told_by_every_command(office: Office, ledger: Path) -> None:
    office.send("one")
    _change(ledger, "PRAGMA user_version = 9999")
    for command in ("usage", "mailings list", "ledger check", "audit", "test +46701740605 hej"):
        ran = office(*command.split())
        assert ran.code == 9
        assert "written by a newer smsctl" in ran.err


def test_a_ledger_that_others_can_read_is_not_sent_from(office: Office, live: Live, ledger: Path) -> None:
    office.send("one")
    ledger.chmod(0o644)
    ran = office.send("two")
    assert ran.code == 9
    assert f"Run: chmod o= {ledger}" in ran.err
    assert len(live.simulator.accepted()) == 5


def test_a_ledger_in_no_place_at_all_is_told_in_words(
    make_config: MakeConfig, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "ledger").write_text("a file")
    ran = run("--config", make_config(), "usage")
    assert ran.code == 9
    assert "Not a directory" in ran.err
    assert "Traceback" not in ran.said


def _change(ledger: Path, *statements: str) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
