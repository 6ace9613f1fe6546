"""Nobody to send to is not success, a mailing that has shrunk is refused, a run that never was is missed."""

import os
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from smsctl.simulator.server import Behaviour

from ..conftest import Live, LiveGateway, MakeConfig
from ..front_door import Ran, Run
from .conftest import guardians

HEADER = "Namn;Mobil;Grupp;Klass;Kommun;Godkänt villkor"
NOT_YET = tuple(
    f"P{n};+4670174{605 + n:04};vårdnadshavare;7{'AB'[n % 2]};Exempelkommun;nej" for n in range(3)
)
KEY = "slot-{date}"


class Site:
    def __init__(self, run: Run, live: Live, message: Path) -> None:
        self._run, self.live, self._message = run, live, message

    def send(self, *flags: object, everybody: tuple[str, ...] = ("--all",)) -> Ran:
        return self("send", self._message, *everybody, "--yes", "--max-parts", 9, *flags)

    def __call__(self, *argv: object) -> Ran:
        return self._run("--config", self.live.config, *argv)

    def audit(self) -> list[tuple[str, str, str]]:
        rows = self("audit", "--json").data["audit"]
        return [(row["action"], row["subject"], row["detail"]) for row in rows if row["action"] != "activate"]


@pytest.fixture
def site(run: Run, live_gateway: LiveGateway, message: Path) -> Site:
    return Site(run, live_gateway(header=HEADER, rows=NOT_YET), message)


def accept_all(site: Site) -> None:
    path = site.live.config.parent / "recipients.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(";nej", ";ja"), encoding="utf-8")


@pytest.mark.parametrize("flags", [(), ("--json",), ("--quiet",), ("--dry-run",)])
def test_nobody_to_send_to_is_refused(flags: tuple[str, ...], site: Site) -> None:
    ran = site.send(*flags)
    assert ran.code == 5
    assert "Nobody in the audience can be sent to" in ran.said
    assert "--allow-empty" in ran.said


def test_its_plan_is_one_sentence_and_why(site: Site) -> None:
    ran = site.send("--dry-run")
    lines = [line for line in ran.out.splitlines() if line]
    assert lines[1:3] == [
        "Nobody of 3 in everyone, Exempelkommun, gets this text.",
        "  3  has not accepted the terms",
    ]
    assert lines[3].startswith("Nobody in the audience can be sent to")


def test_it_is_written_down_with_its_reasons_and_does_not_use_up_the_key(site: Site) -> None:
    assert site.send("--key", KEY).code == 5
    ((action, subject, why),) = site.audit()
    assert (action, why) == ("nobody", "rows: 3; terms: 3")
    assert subject.startswith("key slot-20")
    accept_all(site)
    assert site.send("--key", KEY).code == 0
    assert len(site.live.simulator.accepted()) == 3


def test_where_it_is_allowed_it_is_no_mistake_and_is_written_down(site: Site) -> None:
    ran = site.send("--allow-empty", "--key", KEY)
    assert (ran.code, site.audit()[0][0]) == (0, "empty")
    assert site("doctor", "--expect", KEY).code == 0
    accept_all(site)
    assert site.send("--allow-empty", "--key", KEY).code == 0
    assert len(site.live.simulator.accepted()) == 3
    assert site.send("--allow-empty").code == 0  # everybody has had it


def test_a_dry_run_of_it_writes_nothing(site: Site) -> None:
    site.send("--dry-run", "--key", KEY)
    assert site.audit() == []


def test_a_rehearsal_that_reaches_nobody_is_refused_too(
    make_config: MakeConfig, run: Run, message: Path
) -> None:
    config = make_config(header=HEADER, rows=NOT_YET)
    assert run("--config", config, "send", message, "--all", "--yes").code == 5


def test_a_value_that_no_row_has_is_told_with_those_there_are(site: Site) -> None:
    ran = site.send(everybody=("--where", "Klass=9C"))
    assert ran.code == 5
    assert '"9C" does not stand under Klass; there are: 7A, 7B.' in ran.err


@pytest.mark.parametrize("column", ["Mobil", "Namn"])
def test_what_could_be_somebodys_number_is_counted_and_not_listed(
    column: str, site: Site, run: Run, live_gateway: LiveGateway, message: Path
) -> None:
    rows = [f"Person {n:02};0701740{605 + n};vårdnadshavare;7A;Exempelkommun;ja" for n in range(21)]
    many = Site(run, live_gateway(header=HEADER, rows=rows, active=False), message)
    ran = many.send(everybody=("--where", f"{column}=x"))
    assert ran.code == 5
    assert f'"x" does not stand under {column}, which has 21 different values.' in ran.err
    assert "0701740" not in ran.said


@pytest.mark.parametrize("column", ["Namn", "E-post", "Rektor", "Kontakt"])
def test_names_and_addresses_of_people_are_counted_and_not_listed(
    column: str, run: Run, live_gateway: LiveGateway, message: Path
) -> None:
    rows = (
        "Åsa Öberg;+46701740605;7A;Exempelkommun;ja;asa@exempel.se;Bo Ek;eva@exempel.se",
        "Bo-Anders Ek;+46701740606;7A;Exempelkommun;ja;bo@exempel.se;Åsa Öberg;bo@exempel.se",
    )
    header = "Namn;Mobil;Klass;Kommun;Godkänt villkor;E-post;Rektor;Kontakt"
    few = Site(run, live_gateway(header=header, rows=rows, active=False), message)
    ran = few.send(everybody=("--where", f"{column}=x"))
    assert ran.code == 5
    assert f'"x" does not stand under {column}, which has 2 different values.' in ran.err


def test_one_number_among_what_a_column_has_keeps_all_of_it_from_the_screen(
    run: Run, live_gateway: LiveGateway, message: Path
) -> None:
    rows = ("Åsa Öberg;+46701740605;7A;Exempelkommun;ja", "Bo Ek;+46701740606;0701740699;Exempelkommun;ja")
    header = "Namn;Mobil;Klass;Kommun;Godkänt villkor"
    few = Site(run, live_gateway(header=header, rows=rows, active=False), message)
    ran = few.send(everybody=("--where", "Klass=x"))
    assert '"x" does not stand under Klass, which has 2 different values.' in ran.err
    assert "0701740699" not in ran.said


def test_a_mailing_that_has_shrunk_is_refused(site: Site) -> None:
    accept_all(site)
    ran = site.send("--min-messages", 4)
    assert ran.code == 5
    assert "The mailing has 3 messages, and --min-messages wants 4" in ran.err
    assert site.send("--min-messages", 4, "--dry-run").code == 5
    assert site.send("--min-messages", 3).code == 0


def test_how_few_it_may_be_counts_the_mailing_and_not_what_is_left_of_it(
    run: Run, live_gateway: LiveGateway, message: Path
) -> None:
    rows = guardians(3)
    stuck = Site(run, live_gateway(Behaviour(password="another"), rows=rows), message)
    bounds = ("--key", KEY, "--min-messages", 3)
    assert stuck.send(*bounds).code == 6
    well = Site(run, live_gateway(rows=rows[:1], active=False), message)
    assert well.send(*bounds).code == 0
    assert len(well.live.simulator.accepted()) == 3


def test_a_run_that_never_was_is_missed(site: Site) -> None:
    ran = site("doctor", "--expect", KEY, "--quiet")
    assert ran.code == 5
    assert "nothing was sent under this key" in ran.said
    site.send("--key", KEY)  # to nobody, which is refused
    assert site("doctor", "--expect", KEY).code == 5
    accept_all(site)
    assert site.send("--key", KEY).code == 0
    done = site("doctor", "--expect", KEY, "--quiet")
    assert (done.code, done.said) == (0, "")


def test_a_run_that_is_not_finished_is_missed(run: Run, live_gateway: LiveGateway, message: Path) -> None:
    site = Site(run, live_gateway(Behaviour(password="another"), rows=guardians(3)), message)
    assert site.send("--key", KEY).code == 6
    ran = site("doctor", "--expect", KEY)
    assert (ran.code, "mailing 1 is not finished: 3 pending." in ran.said) == (5, True)
    assert site("mailings", "cancel", 1).code == 0
    ran = site("doctor", "--expect", KEY)
    assert (ran.code, "nothing of mailing 1 was sent: 3 cancelled." in ran.said) == (5, True)


def test_a_run_with_unknown_messages_ends_with_4(run: Run, live_gateway: LiveGateway, message: Path) -> None:
    site = Site(run, live_gateway(Behaviour(faults={"reset": 1.0}), rows=guardians(3)), message)
    assert site.send("--key", KEY).code == 4
    ran = site("doctor", "--expect", KEY, "--json")
    assert (ran.code, ran.json["ok"]) == (4, False)
    assert f"Settle them with: smsctl --config {site.live.config} mailings resolve 1" in ran.out


def test_the_braces_are_those_of_an_hour_ago(site: Site) -> None:
    accept_all(site)
    hour_ago = datetime.now(ZoneInfo("Europe/Stockholm")) - timedelta(hours=1)
    assert site.send("--key", f"s-{hour_ago:%Y-%m-%dT%H}").code == 0
    assert site("doctor", "--expect", "s-{hour}").code == 5
    assert site("doctor", "--expect", "s-{hour}", "--ago", "1h").code == 0


def test_how_long_ago_goes_with_what_is_expected(site: Site) -> None:
    assert site("doctor", "--ago", "1h").code == 2


def test_the_site_is_told_of_a_run_that_is_missed(
    run: Run, live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    told, script = tmp_path / "told", tmp_path / "tell"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$SMSCTL_TEXT" > {told}\n')
    script.chmod(0o755)
    site = Site(run, live_gateway(notify={"command": str(script)}), message)
    assert site("doctor", "--expect", "s").code == 5
    assert "s: nothing was sent under this key." in told.read_text()


@pytest.mark.parametrize(
    ("lost", "code", "why"),
    [
        ("the file", 9, "is missing, and it has been sent from"),
        ("its end", 9, "it is damaged"),
        ("what was sent", 5, "is not the ledger that was sent from"),
        ("what is real", 9, "is a ledger of rehearsals"),
    ],
)
def test_the_site_is_told_where_the_ledger_cannot_tell(
    lost: str, code: int, why: str, run: Run, live_gateway: LiveGateway, message: Path, tmp_path: Path
) -> None:
    told, script, ledger = tmp_path / "told", tmp_path / "tell", tmp_path / "ledger" / "ledger.db"
    script.write_text(f'#!/bin/sh\nprintf "%s" "$SMSCTL_TEXT" > {told}\n')
    script.chmod(0o755)
    site = Site(run, live_gateway(rows=guardians(3), notify={"command": str(script)}), message)
    assert site.send("--key", KEY).code == 0
    if lost == "the file":
        ledger.unlink()
    elif lost == "its end":
        os.truncate(ledger, ledger.stat().st_size // 2)
    elif lost == "what was sent":
        os.truncate(ledger, 0)
        site("mailings", "list")  # makes it anew
    else:
        with closing(sqlite3.connect(ledger)) as file, file:
            file.execute("UPDATE facts SET value = 'rehearsal' WHERE name = 'time-zone'")
    ran = site("doctor", "--expect", KEY, "--quiet")
    assert (ran.code, why in ran.err) == (code, True), ran.said
    assert ran.err.splitlines()[0].endswith(told.read_text().rpartition("***")[2])  # a date may be a number


@pytest.mark.parametrize("flags", [("--expect", ""), ("--expect", KEY, "--ago", ""), ("--ago", "")])
def test_an_empty_variable_never_lets_a_missed_run_pass(flags: tuple[str, ...], site: Site) -> None:
    assert site("doctor", *flags).code == 2


@pytest.mark.parametrize(
    "flag", ["--at", "--validity", "--priority", "--sheet", "--reason", "--encoding", "--recipients"]
)
def test_a_flag_whose_variable_is_empty_is_refused(flag: str, site: Site) -> None:
    accept_all(site)
    ran = site.send(flag, "")
    assert ran.code == 2
    assert f"{flag} has no value. Is the variable in the command empty?" in " ".join(ran.err.split())
    assert site("mailings", "list", "--json").data["mailings"] == []


def test_a_text_whose_variable_is_empty_is_not_read_from_standard_input(
    run: Run, live_gateway: LiveGateway
) -> None:
    """In a loop of the shell, standard input may be a list of people."""
    accepted = live_gateway()
    ran = run("--config", accepted.config, "send", "", "--all", "--yes", "--max-parts", 9, stdin="Kim\nBo\n")
    assert ran.code == 2
    assert "FILE has no value. Is the variable in the command empty?" in " ".join(ran.err.split())


def test_a_column_whose_variable_is_empty_is_refused(site: Site) -> None:
    ran = site.send("--column", "number=")
    assert ran.code == 2
    assert "--column number= has no value." in ran.err


@pytest.mark.parametrize("where", ["Grupp!=Personal", "Grupp==Personal", "Grupp >= 7", "Grupp~=P"])
def test_only_one_sign_chooses_rows(site: Site, message: Path, where: str) -> None:
    """`Grupp!=Personal` chose the rows of Personal, the very ones that were not meant."""
    accept_all(site)
    for ran in (
        site.send("--where", where, everybody=()),
        site.send("--text-for", f"{where}:{message}"),
    ):
        assert ran.code == 2
        assert "Only = is known" in " ".join(ran.err.split())
