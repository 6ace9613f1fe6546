"""`--key`: a mailing is sent once under it, gone on with after a stop, and told of truthfully."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from smsctl.actions import ending, keyed_run, resume
from smsctl.cli.mailings import departing, run_key
from smsctl.cli.mailings import resume as cli_resume
from smsctl.ledger import cancelling, lock
from smsctl.ledger.store import Ledger, open_ledger
from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, run_process
from ..workbooks import xlsx
from .conftest import guardians
from .quiet import ALL_DAY

KEY = "friday-{week}"
FIXED = {"mailing", "municipality", "recipients", "text", "cost", "dry_run"}  # docs/reference/json.md


@pytest.fixture
def live(live_gateway: LiveGateway) -> Live:
    return live_gateway(rows=guardians(3))


@pytest.fixture
def stuck(live_gateway: LiveGateway) -> Live:
    """A gateway that refuses the login, so that everything stays pending."""
    return live_gateway(Behaviour(password="another"), rows=guardians(3))


class Cron:
    """One crontab line, run as often as one likes."""

    def __init__(self, run: Run, config: Path, message: Path) -> None:
        self._run, self._config, self._message = run, config, message

    def send(self, *flags: object, key: str = KEY) -> Ran:
        everybody = () if "--where" in flags else ("--all",)
        return self("send", self._message, *everybody, "--yes", "--max-parts", 9, "--key", key, *flags)

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self._config, *argv)


@pytest.fixture
def cron(run: Run, live: Live, message: Path) -> Cron:
    return Cron(run, live.config, message)


@pytest.mark.parametrize(
    "key",
    [
        "friday-{week",
        "friday-week}",
        "{{date}}",
        "{date}{",
        "friday-$(date +%F)",
        "%DATE%",
        "`date`",
        "${DATE}",
        "$DATE",
    ],
)
def test_a_place_that_nothing_fills_in_is_no_key(cron: Cron, live: Live, key: str) -> None:
    """It would be the same in every slot: the first would be sent, and all others told as done."""
    ran = cron.send(key=key)
    assert (ran.code, "is no usable name" in ran.err, len(live.simulator.accepted())) == (2, True, 0)


@pytest.mark.parametrize("key", ["friday\u200b", "friday\u00a0week", "fri\u00adday", "friday\n"])
def test_signs_that_nobody_sees_make_no_key(cron: Cron, live: Live, key: str) -> None:
    """It would be another key than the one that was typed by hand the last time, and sent once more."""
    ran = cron.send(key=key)
    assert (ran.code, "is no usable name" in ran.err, len(live.simulator.accepted())) == (2, True, 0)


@pytest.mark.parametrize("key", ["100 % {date}", "5$ {week}", "vh_{month}-A&B #1"])
def test_other_signs_may_stand_in_a_key(cron: Cron, key: str) -> None:
    assert cron.send(key=key).code == 0


def test_the_second_run_says_what_came_of_the_first(cron: Cron, live: Live) -> None:
    assert cron.send().code == 0
    again = cron.send()
    assert again.code == 0
    assert again.out.startswith("Mailing 1 was already sent under the key friday-")
    assert again.out.endswith(": 3 accepted.\n")
    assert len(live.simulator.accepted()) == 3


def test_the_envelope_has_its_fixed_keys_whatever_the_run_did(cron: Cron) -> None:
    first, again, dry = (cron.send("--json", *flags).data for flags in ((), (), ("--dry-run",)))
    for data in (first, again):
        assert data.keys() >= FIXED | {"outcome"}
        assert sum(data["outcome"].values()) == data["recipients"]["ready"] == 3
    assert dry.keys() >= FIXED
    assert "outcome" not in dry
    for name in ("recipients", "text", "cost"):
        assert first[name] == again[name] == dry[name]


def test_what_was_cancelled_is_not_called_sent(run: Run, stuck: Live, message: Path) -> None:
    cron = Cron(run, stuck.config, message)
    assert cron.send().code == 6
    cron("mailings", "cancel", 1)
    again = cron.send()
    assert again.code == 0
    assert "nothing of it was sent: 3 cancelled. To send it after all, choose another key." in again.out


WAYS = {
    "send": ("send", "message.txt", "--all", "--yes", "--max-parts", 9, "--key", KEY),
    "resume": ("mailings", "resume", 1),
}


def _cancelled_as_it_looks_what_is_left(
    stuck: Live, run: Run, monkeypatch: pytest.MonkeyPatch, way: str
) -> Ran:
    """Let another process cancel a mailing that is pending when it was found, and not yet looked at."""
    stuck.config.with_name("message.txt").write_text("Hej", encoding="utf-8")
    monkeypatch.chdir(stuck.config.parent)
    assert run("--config", stuck.config, *WAYS["send"]).code == 6
    look, once = resume.what_is_left, iter((True,))

    def look_late(*given: Any, **named: Any) -> resume.Remainder | None:  # noqa: ANN401 - passed on
        if next(once, False):
            assert run_process("--config", stuck.config, "mailings", "cancel", 1).code == 0
        return look(*given, **named)

    for module in (resume, cli_resume):
        monkeypatch.setattr(module, "what_is_left", look_late)
    return run("--config", stuck.config, *WAYS[way], "--quiet")


@pytest.mark.parametrize("way", WAYS)
def test_what_is_cancelled_meanwhile_is_told_also_with_quiet(
    way: str, stuck: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _cancelled_as_it_looks_what_is_left(stuck, run, monkeypatch, way)
    assert (ran.code, "cancelled" in ran.out) == (0, True), ran.said


@pytest.mark.parametrize("way", WAYS)
def test_by_the_mailing_as_it_was_found_it_would_end_well_in_silence(
    way: str, stuck: Live, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: nobody was reached, and nobody hears of it."""
    monkeypatch.setattr(cancelling, "is_cancelled", lambda _ledger, mailing: mailing.cancelled_at is not None)
    for module in (ending, cli_resume):
        monkeypatch.setattr(module, "has_left_out", ending.was_stopped)
    ran = _cancelled_as_it_looks_what_is_left(stuck, run, monkeypatch, way)
    assert (ran.code, ran.said) == (0, ""), ran.said


def test_an_empty_key_is_no_key_and_is_told(cron: Cron, live: Live) -> None:
    assert cron.send(key="").code == 2
    assert not live.simulator.accepted()


def test_a_dry_run_tells_what_the_key_would_do(cron: Cron, live: Live, message: Path) -> None:
    assert cron.send().code == 0
    done = cron.send("--dry-run")
    assert (done.code, "already sent under the key" in done.out) == (0, True)
    message.write_text("Another text\n", encoding="utf-8")
    other = cron.send("--dry-run")
    assert other.code == cron.send().code == 5
    assert " with another text." in other.err
    assert cron.send("--dry-run", key="another").code == 0
    assert len(live.simulator.accepted()) == 3


def test_a_dry_run_tells_of_what_would_be_gone_on_with(run: Run, stuck: Live, message: Path) -> None:
    cron = Cron(run, stuck.config, message)
    assert cron.send().code == 6
    before = cron("audit").out
    ran = cron.send("--dry-run")
    assert (ran.code, ": 3 pending. A real run goes on with it." in ran.out) == (0, True)
    assert cron("audit").out == before


@pytest.mark.parametrize(
    "limit",
    [
        f'quiet_hours = "{ALL_DAY}"',
        'quiet_hours = false\nmax_cost_per_month = "0.01"',
    ],
)
def test_a_dry_run_is_refused_what_would_be_gone_on_with_as_the_real_one_is(
    limit: str, run: Run, stuck: Live, message: Path
) -> None:
    cron, config = Cron(run, stuck.config, message), stuck.config.read_text(encoding="utf-8")
    assert cron.send().code == 6
    stuck.config.write_text(config.replace("quiet_hours = false", limit), encoding="utf-8")
    assert (cron.send("--dry-run").code, cron.send().code) == (5, 5)
    dry = cron.send("--dry-run", "--json")
    assert dry.data.keys() >= FIXED, "what it knew by then, though a rule stops it"


def test_a_dry_run_tells_that_some_leave_before_a_ceiling_stops_the_rest(
    run: Run, stuck: Live, message: Path
) -> None:
    cron, config = Cron(run, stuck.config, message), stuck.config.read_text(encoding="utf-8")
    assert cron.send().code == 6
    limited = "quiet_hours = false\nmax_parts_per_day = 2"
    stuck.config.write_text(config.replace("quiet_hours = false", limited), encoding="utf-8")
    dry = cron.send("--dry-run")
    assert (dry.code, "A real run goes on with it" in dry.err) == (5, True)
    assert "It will stop before its end: The mailing takes 3 parts; of today's 2" in dry.err


def test_a_dry_run_that_a_rule_stops_tells_what_is_unknown_as_the_real_one_does(
    live_gateway: LiveGateway, run: Run, message: Path
) -> None:
    broken = Behaviour(faults={"reset": 1.0})
    live = live_gateway(broken, rows=guardians(3), gateway={"batch_size": 1})
    cron, config = Cron(run, live.config, message), live.config.read_text(encoding="utf-8")
    assert cron.send().code == 4
    live.config.write_text(
        config.replace("quiet_hours = false", f'quiet_hours = "{ALL_DAY}"'), encoding="utf-8"
    )
    dry, real = cron.send("--dry-run"), cron.send()
    assert (dry.code, real.code) == (4, 4)
    assert "Nobody can tell whether" in dry.err


def test_a_dry_run_of_what_would_be_gone_on_with_is_refused_by_an_older_copy(
    run: Run, stuck: Live, message: Path, tmp_path: Path
) -> None:
    cron, aside = Cron(run, stuck.config, message), tmp_path / "aside.db"
    assert cron.send().code == 6
    shutil.copy(tmp_path / "ledger" / "ledger.db", aside)
    assert cron("test", "+46701740605", "Hej").code == 6
    shutil.copy(aside, tmp_path / "ledger" / "ledger.db")
    dry = cron.send("--dry-run")
    assert (dry.code, cron.send().code, "older copy" in dry.err) == (9, 9, True)


def test_a_dry_run_is_refused_by_an_older_copy_as_the_real_one_is(
    cron: Cron, tmp_path: Path, live: Live
) -> None:
    ledger, aside = tmp_path / "ledger" / "ledger.db", tmp_path / "aside.db"
    assert cron.send(key="one").code == 0
    shutil.copy(ledger, aside)
    assert cron.send("--again", "--reason", "they asked", key="two").code == 0
    shutil.copy(aside, ledger)
    for flags in ((), ("--dry-run",), ("--dry-run", "--json")):
        ran = cron.send("--again", "--reason", "they asked", *flags, key="three")
        assert ran.code == 9
        assert "was put back from an older copy" in ran.said
    ledger.unlink()
    assert cron.send("--dry-run", key="three").code == 9
    assert not ledger.exists()
    assert len(live.simulator.accepted()) == 6


def test_a_purged_mailing_is_still_known_by_its_key(cron: Cron, tmp_path: Path, live: Live) -> None:
    where = ("--where", "Grupp=vårdnadshavare")
    assert cron.send(key="all").code == 0
    assert cron.send("--again", "--reason", "they asked", *where, key="some").code == 0
    purge_all(cron, tmp_path)
    again = cron.send(key="all")
    assert (again.code, "Mailing 1 was already sent under the key all" in again.out) == (0, True)
    some = cron.send(*where, key="some")
    assert (some.code, "nobody can tell whether it was to the same audience" in some.err) == (5, True)
    assert len(live.simulator.accepted()) == 6


def purge_all(cron: Cron, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE mailings SET created_at = '2020-01-01T00:00:00.000Z'")
        ledger.execute("UPDATE batches SET claimed_at = '2020-01-01T00:00:00.000Z'")
    assert cron("purge", "--older-than", "90d", "--decision", "KS 2026/123").code == 0


SCHOOLS = "Elev;Mobil VH1;Mobil VH2;Kommun;Godkänt villkor"
PUPILS = ("A;0701740605;0701740606;Exempelkommun;ja", "B;0701740607;0701740608;Exempelkommun;ja")


@pytest.fixture
def schools(live_gateway: LiveGateway) -> Live:
    return live_gateway(header=SCHOOLS, rows=PUPILS)


def test_another_number_column_is_another_mailing(run: Run, schools: Live, message: Path) -> None:
    cron = Cron(run, schools.config, message)
    first, second = (("--column", f"number=Mobil VH{n}") for n in (1, 2))
    assert cron.send(*first).code == 0
    for flags in (second, ("--dry-run", *second)):
        other = cron.send(*flags)
        assert other.code == 5
        assert "to another number column than Mobil VH2" in other.err
        assert "Choose another key for another mailing." in other.err
    assert cron.send(*first).code == 0
    assert cron.send("--column", "number= mobil vh1").code == 0
    assert len(schools.simulator.accepted()) == 2
    assert cron.send(*second, key="vh2-{date}").code == 0
    assert len(schools.simulator.accepted()) == 4


@pytest.fixture
def two_sheets(tmp_path: Path) -> Path:
    header = ("Namn", "Mobil", "Klass", "Mentor", "Kommun", "Villkor")
    rows = [("A", "0701740605", "7A", "7B"), ("B", "0701740606", "7B", "7A"), ("C", "0701740607", "7A", "7C")]
    first, second, third = ((*one, "Exempelkommun", "ja") for one in rows)
    return xlsx(tmp_path / "two.xlsx", {"Norra": (header, first, second), "Södra": (header, third)})


def test_another_sheet_or_column_of_groups_is_another_mailing(
    run: Run, live: Live, message: Path, two_sheets: Path
) -> None:
    def send(*words: str) -> Ran:
        flags = ("--recipients", two_sheets, "--key", "k-{date}", "--max-parts", 9, "--max-new-packages", 1)
        return run("--config", live.config, "send", message, "--group", "7A", *words, *flags, "--yes")

    norra = ("--sheet", "Norra", "--column")
    assert send(*norra, "group=Klass").code == 0
    for words in (("--sheet", "Södra", "--column", "group=Klass"), (*norra, "group=Mentor")):
        other = send(*words)
        assert other.code == 5
        assert "from another sheet, or by another column of groups or municipalities." in other.err
    assert send("--sheet", "norra", "--column", "group=klass").code == 0
    assert len(live.simulator.accepted()) == 1
    with closing(sqlite3.connect(two_sheets.parent / "ledger" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE mailings SET number_column = ''")  # as an older version left it
    assert send(*norra, "group=Klass").code == 0


def test_another_recipients_file_is_another_mailing_and_another_export_is_not(
    cron: Cron, live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, folder = tmp_path / "recipients.csv", tmp_path / "other"
    folder.mkdir()
    shutil.copy(whole, folder / "recipients.csv")
    assert cron.send().code == 0
    other = cron.send("--recipients", folder / "recipients.csv")
    assert other.code == 5
    assert f"from another recipients file, {whole}." in other.err
    (tmp_path / "link.csv").symlink_to(whole)
    assert cron.send("--recipients", tmp_path / "link.csv").code == 5
    monkeypatch.chdir(folder)
    assert cron.send("--recipients", "../recipients.csv").code == 0
    whole.write_text(whole.read_text(encoding="utf-8") + guardians(4)[3] + "\n", encoding="utf-8")
    again = cron.send()
    assert (again.code, "already sent under the key" in again.out) == (0, True)
    assert len(live.simulator.accepted()) == 3


def test_what_an_older_version_did_not_store_is_not_compared(cron: Cron, live: Live, tmp_path: Path) -> None:
    assert cron.send().code == 0
    with closing(sqlite3.connect(tmp_path / "ledger" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE mailings SET number_column = NULL, source = 'recipients.csv'")
    shutil.copy(tmp_path / "recipients.csv", tmp_path / "other.csv")
    assert cron.send("--recipients", tmp_path / "other.csv", "--column", "number=Mobil").code == 0
    assert len(live.simulator.accepted()) == 3


# Another run of the same key


class Other:
    """Another process that sends mailing 1, as its lock tells, until it is told to end."""

    def __init__(self, ledger: Path) -> None:
        """Hold its lock."""
        self._ends, holds = threading.Event(), threading.Event()

        def hold() -> None:
            with closing(open_ledger(ledger)) as opened:
                ((reference,),) = opened.rows("SELECT reference FROM mailings WHERE id = 1")
                with lock.right_to_send(opened, reference):
                    holds.set()
                    assert self._ends.wait(60)

        self._holder = threading.Thread(target=hold)
        self._holder.start()
        assert holds.wait(60)

    def end(self) -> None:
        self._ends.set()
        self._holder.join()


@pytest.fixture
def other(
    run: Run, stuck: Live, message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Other]:
    """It has begun, and everything is pending still; the login is right from now on."""
    assert Cron(run, stuck.config, message).send().code == 6
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", "another")
    found = Other(tmp_path / "ledger" / "ledger.db")
    yield found
    found.end()


@pytest.fixture
def second(other: Other, run: Run, stuck: Live, message: Path) -> Cron:
    """The line of the second server."""
    assert other
    return Cron(run, stuck.config, message)


def test_who_waits_sends_what_the_other_run_has_left(
    other: Other, second: Cron, stuck: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, why_not_yet = count(), vars(keyed_run)["_why_not_yet"]

    def look(ledger: Ledger, key: str) -> object:
        if next(looks) == 2:
            other.end()
        return why_not_yet(ledger, key)

    monkeypatch.setattr(keyed_run, "_why_not_yet", look)
    ran = second.send("--wait", "1h")
    assert (ran.code, next(looks)) == (0, 3)
    assert len(stuck.simulator.accepted()) == 3


def test_who_does_not_wait_is_told_at_once(second: Cron) -> None:
    ran = second.send()
    assert ran.code == 9
    assert "This mailing is being sent, cancelled or settled by another process right now." in ran.err


def test_who_has_waited_long_enough_ends_as_who_does_not_wait(
    second: Cron, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_key, "read_duration", lambda *_given: timedelta(seconds=0.1))
    ran = second.send("--wait", "1m")
    assert ran.code == 9
    assert "Another process still sends what was begun under the key friday-" in ran.err


def test_who_finds_that_another_run_was_quicker_waits_for_it(
    cron: Cron, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had begun no mailing when this one looked, and has when this one begins its own."""
    quicker, begin = iter((True,)), vars(departing)["begin"]

    def late(*given: object) -> object:
        if next(quicker, False):
            assert cron.send().code == 0
        return begin(*given)

    monkeypatch.setattr(departing, "begin", late)
    ran = cron.send("--wait", "1h")
    assert ran.code == 0
    assert "was already sent under the key friday-" in ran.out
    assert len(live.simulator.accepted()) == 3


@pytest.mark.parametrize(
    "flags", [("--wait", "1h"), ("--wait", "soon", "--key", "a"), ("--wait", "", "--key", "a")]
)
def test_a_wait_that_means_nothing_is_no_wait(
    flags: tuple[str, ...], run: Run, live: Live, message: Path
) -> None:
    ran = run("--config", live.config, "send", message, "--all", "--yes", "--max-parts", 9, *flags)
    assert ran.code == 2
    assert "--wait" in ran.err
    assert not live.simulator.accepted()
