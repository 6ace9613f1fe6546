"""Several hosts on one ledger by the front door: what time it is there, and one key on all of them."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
import tomlkit

from smsctl.actions import cancel as cancelling
from smsctl.actions import deliver, ending, expect, keyed_run, resume
from smsctl.actions import send as sending
from smsctl.actions.workers import Workers
from smsctl.cli.clock import Clock
from smsctl.cli.mailings import resume as cli_resume
from smsctl.cli.mailings import run_key
from smsctl.cli.mailings import sending as cli_sending
from smsctl.cli.money import usage as cli_usage
from smsctl.cli.output import export, figures
from smsctl.config import rules
from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Batch, Status, SubmitVerdict, same_for_all
from smsctl.domain.moment import Moment
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import ExitCode, LedgerError, say
from smsctl.host import clock
from smsctl.ledger import corrections, fitness, late_answers, mailings, packages, recovery
from smsctl.ledger.store import Ledger
from smsctl.ledger.under_way import STALE_AFTER_S
from smsctl.simulator.faults import Fault, Sending
from smsctl.simulator.server import Behaviour

from .. import postgres_server
from ..conftest import Live, LiveGateway
from ..front_door import Ran, Run, begin_process, end_process
from ..gateways.fault_server import FaultServer, Line
from ..gateways.test_mail import mail_server
from .conftest import WAIT_S, guardians, wait_until

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.ledger.postgres import compacting, connect, identity
from smsctl.ledger.postgres.inspection import SchemaInspection

PLACES = ("Pacific/Auckland", "America/New_York", "Europe/Stockholm")
"""Where the hosts are: ahead of the config's time zone, behind it, and in it."""


class HeldBack(Event):
    """Holds the answers of a gateway back until it is set, and knows whether it holds any."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.held.append(None)
        try:
            return super().wait(timeout)
        finally:
            self.held.pop()


class Fleet(NamedTuple):
    """Hosts with one config, each with a state of its own."""

    run: Run
    live: Live
    url: str
    answers: Event = Event()  # a gateway that holds its answers back lets them go when this is set

    def config(self, host: str) -> Path:
        path = self.live.config.with_name(f"{host.replace('/', '-')}.toml")
        text = self.live.config.read_text("utf-8").replace('"state"', f'"state of {host}"')
        path.write_text(text, encoding="utf-8")
        return path

    def at(self, host: str, *argv: object) -> Ran:
        return self.run("--config", self.config(host), *argv)

    def send(self, host: str, text: str, *flags: object) -> Ran:
        message = self.live.config.with_name("text.txt")
        message.write_text(text, encoding="utf-8")
        limits = ("--max-parts", 3, "--max-new-packages", 9)
        return self.at(host, "send", message, "--all", "--yes", *limits, *flags)

    def limit(self, **limits: object) -> None:
        """Let the config have these limits."""
        config = tomlkit.parse(self.live.config.read_text("utf-8"))
        config["limits"] = {"quiet_hours": False} | limits
        self.live.config.write_text(tomlkit.dumps(config), encoding="utf-8")


SMALL = {"exempelkommun": {"package_size": 4}}


@pytest.fixture
def fleet(live_gateway: LiveGateway, url: str, run: Run, set_clocks: Callable[[str], None]) -> Fleet:
    set_clocks("2027-02-01T11:00Z")
    live = live_gateway(
        active=False,
        rows=guardians(3),
        ledger={"path": None, "url": url, "state": "state"},
        municipalities=SMALL,
    )
    made = Fleet(run=run, live=live, url=url)
    assert made.at(PLACES[0], "ledger", "accept-restore", "--reason", "new").code == 0
    assert made.at(PLACES[0], "municipality", "activate", "exempelkommun", "--yes").code == 0
    return made


@pytest.fixture
def go_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """What lets this machine stand in another time zone."""

    def stand_in(place: str) -> None:
        monkeypatch.setenv("TZ", place)
        time.tzset()

    yield stand_in
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def server_elsewhere(url: str) -> None:
    """The server, its database and its role count time by other zones, and write it in another order."""
    with psycopg.connect(url, autocommit=True) as admin:
        name = url.rpartition("/")[2]
        admin.execute(f"ALTER DATABASE {name} SET timezone = 'Pacific/Kiritimati'".encode())
        admin.execute(f"ALTER ROLE owner IN DATABASE {name} SET timezone = 'America/St_Johns'".encode())
        admin.execute(f"ALTER ROLE owner IN DATABASE {name} SET datestyle = 'German, DMY'".encode())


DAYS = {
    "2027-02-28T22:59Z": "2027-02-28",
    "2027-02-28T23:01Z": "2027-03-01",
    "2027-03-28T00:59Z": "2027-03-28",  # 01:59, and a minute later 03:00: summer time
    "2027-03-28T01:01Z": "2027-03-28",
    "2027-03-31T21:59Z": "2027-03-31",
    "2027-03-31T22:01Z": "2027-04-01",
    "2027-10-30T22:01Z": "2027-10-31",
    "2027-10-31T00:30Z": "2027-10-31",  # 02:30, and an hour later once more
    "2027-10-31T01:30Z": "2027-10-31",
    "2027-10-31T22:59Z": "2027-10-31",
    "2027-10-31T23:01Z": "2027-11-01",
}
"""Moments, and the day that they are of in Stockholm."""


INVOICED = [
    *("2027-02-01", "2027-03-01", "2027-03-28", "2027-03-31", "2027-04-01"),
    *("2027-10-31", "2027-10-31", "2027-10-31", "2027-11-01"),
]
"""Activation, and then the days of the mailings of three that a package of four had no room for."""


def _booked(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None], moments: Iterable[str]
) -> dict[str, str]:
    """Send at each of the moments, from one host after the other; return the days that it is counted on."""
    for number, moment in enumerate(moments):
        set_clocks(moment)
        host = PLACES[number % len(PLACES)]
        go_to(host)
        sent = fleet.send(host, f"Hej {number}")
        assert sent.code == 0, sent.said
    with psycopg.connect(fleet.url) as admin:
        found = admin.execute("SELECT claimed_at, claimed_day FROM smsctl.batches ORDER BY id").fetchall()
    return {f"{at[:16]}Z": day for at, day in found}


@pytest.mark.usefixtures("server_elsewhere")
def test_wherever_host_and_server_stand_a_day_is_that_of_the_config(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    assert _booked(fleet, set_clocks, go_to, DAYS) == DAYS
    months = Counter(day[:7] for day in DAYS.values())
    for place in PLACES:
        go_to(place)
        (used,) = fleet.at(place, "usage", "--json").data["municipalities"]
        assert {one["month"]: one["parts"] for one in used["months"] if one["parts"]} == {
            month: 3 * mailings for month, mailings in months.items()
        }
        dates = [one["date"] for one in fleet.at(place, "invoices", "list", "--json").data["invoices"]]
        assert dates == INVOICED
        assert fleet.at(place, "ledger", "check").code == 0


def test_of_two_hosts_one_hands_invoices_over_and_one_takes_them_back(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, _ = PLACES
    export_it, written = ("invoices", "export", "--mark", "--csv"), vars(export)["write_csv"]

    def after_another(*given: object, **named: object) -> object:
        monkeypatch.setattr(export, "write_csv", written)
        other = fleet.at(there, *export_it, tmp_path / "other.csv")
        assert (other.code, "right now; nothing was written" in other.err) == (9, True), other.said
        return written(*given, **named)

    assert fleet.at(here, *export_it, tmp_path / "1.csv").code == 0
    assert fleet.send(here, "Hej").code == fleet.send(there, "Hej igen").code == 0  # into a second package
    monkeypatch.setattr(export, "write_csv", after_another)
    assert fleet.at(here, *export_it, tmp_path / "2.csv").code == 0
    assert [fleet.at(host, "invoices", "export", "--undo").code for host in (there, here)] == [0, 5]
    listed = fleet.at(here, "invoices", "list", "--json").data["invoices"]
    assert [one["handed_over"] is not None for one in listed] == [True, False]


def test_what_is_used_is_told_of_one_moment_while_another_host_sends(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it tells of parts that are on no invoice, or of invoices for parts that nobody has sent."""
    here, there, _ = PLACES
    looked = vars(cli_usage)["pace_of"]

    def after_another(*given: object, **named: object) -> object:
        monkeypatch.setattr(cli_usage, "pace_of", looked)
        assert fleet.send(there, "Hej igen").code == 0  # into a second package
        return looked(*given, **named)

    assert fleet.send(here, "Hej").code == 0
    monkeypatch.setattr(cli_usage, "pace_of", after_another)
    (told,) = fleet.at(here, "usage", "--json").data["municipalities"]
    assert (told["parts"], told["packages_in_all"], len(told["packages"])) == (3, 1, 1)
    (told,) = fleet.at(here, "usage", "--json").data["municipalities"]
    assert (told["parts"], told["packages_in_all"], len(told["packages"])) == (6, 2, 2)


@pytest.mark.parametrize("command", [("show", 1), ("list",)])
def test_a_mailing_is_told_of_one_moment_while_another_host_sends_it(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, command: tuple[object, ...]
) -> None:
    """Its states and its parts are sums of their own."""
    here, there, _ = PLACES
    assert fleet.send(here, "Hej").code == 0
    draws = vars(packages)["draws_of_mailing"]

    def after_more(*given: object, **named: object) -> object:
        with psycopg.connect(fleet.url, options="-c search_path=smsctl") as other:
            other.execute("UPDATE entries SET parts = parts + 1 WHERE mailing = 1")
        return draws(*given, **named)

    monkeypatch.setattr(packages, "draws_of_mailing", after_more)
    told = fleet.at(there, "mailings", *command, "--json").data
    assert told.get("mailings", [told])[0]["parts"] == 3


def test_what_is_expected_of_a_day_is_asked_for_by_the_servers_day(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host whose clock is a day behind would find yesterday's run, and say that all is well."""
    here, there, _ = PLACES
    asked = ("doctor", "--expect", "morning-{date}", "--quiet")
    assert fleet.send(here, "Hej", "--key", "morning-{date}").code == 0
    assert fleet.at(there, *asked).said == ""
    set_clocks("2027-02-02T11:00Z")
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() - 24 * 60 * 60)
    missed = fleet.at(there, *asked)
    assert (missed.code, "morning-2027-02-02: nothing was sent" in missed.said) == (5, True), missed.said


@pytest.mark.usefixtures("server_elsewhere")
def test_by_the_hosts_own_zone_each_would_count_another_day(
    fleet: Fleet,
    set_clocks: Callable[[str], None],
    go_to: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    monkeypatch.setattr(Clock, "_zone", None)
    before, after = [*DAYS][:2]
    booked = _booked(fleet, set_clocks, go_to, (before, after))
    assert booked == {before: DAYS[after], after: DAYS[before]}


@pytest.mark.usefixtures("server_elsewhere")
def test_by_the_servers_zone_no_host_would_send(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the server's time: where it is not asked for in UTC, it is hours off."""
    for name in ("NOW", "STANDING"):
        text = vars(identity)[name]
        assert " AT TIME ZONE 'UTC'" in text
        monkeypatch.setattr(identity, name, text.replace(" AT TIME ZONE 'UTC'", ""))
    assert fleet.send(PLACES[0], "Hej").code == 0  # the session is in UTC, whatever the role says
    settings = {name: value for name, value in vars(connect)["_SETTINGS"].items() if name != "timezone"}
    monkeypatch.setattr(connect, "_SETTINGS", settings)
    ran = fleet.send(PLACES[0], "Hej igen")
    assert (ran.code, "the database's clock says" in ran.said) == (9, True), ran.said


@pytest.fixture
def by_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that go by the zone of their machine: the negative control of what the config's rules."""
    monkeypatch.setattr(Clock, "_zone", property(lambda _clock: ZoneInfo(os.environ["TZ"])))


def _codes(
    fleet: Fleet,
    set_clocks: Callable[[str], None],
    go_to: Callable[[str], None],
    moments: Iterable[str],
    *flags: str,
) -> list[int]:
    """Send at each of the moments, from one host after the other; return how each of them ended."""
    codes = list[int]()
    for number, moment in enumerate(moments):
        set_clocks(moment)
        go_to(host := PLACES[number % len(PLACES)])
        codes.append(fleet.send(host, f"Hej {number}", *flags).code)
    return codes


AROUND_MIDNIGHT = ("2027-03-31T21:58Z", "2027-03-31T21:59Z", "2027-03-31T22:01Z", "2027-04-01T21:59Z")


def test_a_day_has_one_ceiling_and_it_ends_at_midnight_of_the_config(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    fleet.limit(max_parts_per_day=3)
    assert _codes(fleet, set_clocks, go_to, AROUND_MIDNIGHT) == [0, 5, 0, 5]


@pytest.mark.usefixtures("by_their_own")
def test_by_their_own_zones_it_would_end_at_other_times(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    fleet.limit(max_parts_per_day=3)
    assert _codes(fleet, set_clocks, go_to, AROUND_MIDNIGHT) == [0, 5, 5, 0]


MORNINGS = {
    "2027-03-27T05:59Z": 5,
    "2027-03-27T06:01Z": 0,
    "2027-03-28T04:59Z": 5,  # the first one of summer time
    "2027-03-28T05:01Z": 0,
    "2027-10-31T05:59Z": 5,
    "2027-10-31T06:01Z": 0,
}


def test_it_is_quiet_by_the_clock_of_the_config_in_summer_and_in_winter(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    fleet.limit(quiet_hours="21:00-07:00")
    assert _codes(fleet, set_clocks, go_to, MORNINGS) == [*MORNINGS.values()]


@pytest.mark.usefixtures("by_their_own")
def test_by_their_own_zones_it_would_be_quiet_at_other_times(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    fleet.limit(quiet_hours="21:00-07:00")
    assert _codes(fleet, set_clocks, go_to, MORNINGS) == [0, 5, 5, 0, 5, 0]


BEFORE_EIGHT = ("2027-03-28T00:30Z", "2027-10-30T22:30Z")
"""Nights at whose end it is 08:00 in another offset."""


def _held_until(fleet: Fleet) -> list[str]:
    return sorted({str(one.send_at) for one in fleet.live.simulator.accepted()})


def test_what_is_held_until_a_time_leaves_by_the_clock_of_the_config(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    assert _codes(fleet, set_clocks, go_to, BEFORE_EIGHT, "--at", "08:00") == [0, 0]
    assert _held_until(fleet) == ["2027-03-28T06:00:00+00:00", "2027-10-31T07:00:00+00:00"]


@pytest.mark.usefixtures("by_their_own")
def test_by_their_own_zones_it_would_leave_at_other_times(
    fleet: Fleet, set_clocks: Callable[[str], None], go_to: Callable[[str], None]
) -> None:
    assert _codes(fleet, set_clocks, go_to, BEFORE_EIGHT, "--at", "08:00") == [0, 0]
    assert _held_until(fleet) == ["2027-03-28T19:00:00+00:00", "2027-10-31T12:00:00+00:00"]


# One key on two hosts


ON_THE_HOUR = ("--key", "h-{hour}", "--again", "--reason", "each hour")


def _by_cron_on_the_hour(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> list[Ran]:
    """Run one line of cron on two hosts: each at 12:00 by its own clock, one ahead of the database's."""
    ran = []
    for host, seconds in (("one", 40), ("two", -20)):
        at = datetime.fromisoformat("2027-02-01T11:00:05Z") - timedelta(seconds=seconds)
        with monkeypatch.context() as patched:
            set_clocks(at.isoformat())
            shown = time.time
            patched.setattr(time, "time", lambda shown=shown, ahead_s=seconds: shown() + ahead_s)
            ran.append(fleet.send(host, "Hej", *ON_THE_HOUR))
            assert fleet.at(host, "doctor", "--expect", "h-{hour}").code == 0
    return ran


def test_cron_names_the_same_slot_on_hosts_whose_clocks_differ(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = _by_cron_on_the_hour(fleet, set_clocks, monkeypatch)
    assert (one.code, two.code, "already sent under the key h-2027-02-01T12" in two.said) == (0, 0, True), (
        one.said,
        two.said,
    )
    assert len(fleet.live.simulator.accepted()) == 3


def test_by_the_clock_of_the_database_each_would_send(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: for that, the first one began in the hour before."""
    monkeypatch.setattr(Clock, "here", Clock.local)
    assert [one.code for one in _by_cron_on_the_hour(fleet, set_clocks, monkeypatch)] == [0, 0]
    assert len(fleet.live.simulator.accepted()) == 6


def _in_the_hour_that_comes_twice(fleet: Fleet, set_clocks: Callable[[str], None]) -> int:
    """Run a line of cron in each of the two hours, and in the second once more; return how many were sent."""
    for moment in ("2027-10-31T00:30Z", "2027-10-31T01:30Z", "2027-10-31T01:40Z"):
        set_clocks(moment)
        ran = fleet.send("one", "Hej", *ON_THE_HOUR)
        assert ran.code == 0, ran.said
    return len(fleet.live.simulator.accepted())


def test_the_hour_that_comes_twice_is_two_slots(fleet: Fleet, set_clocks: Callable[[str], None]) -> None:
    assert _in_the_hour_that_comes_twice(fleet, set_clocks) == 6


def test_as_one_the_second_would_be_lost(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    here = Clock.here
    monkeypatch.setattr(Clock, "here", lambda its: here(its).replace(fold=0))
    assert _in_the_hour_that_comes_twice(fleet, set_clocks) == 3


def _late_for_the_ledger(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Ran:
    """Run a line of cron late in an hour on two hosts, of which one gets at the ledger in the next hour."""
    set_clocks("2027-02-01T11:58:58Z")
    assert fleet.send("one", "Hej", *ON_THE_HOUR).code == 0
    is_fit = fitness.must_be_fit

    def fit_at_last(ledger: Ledger, moment: Moment, *, rows: int = 0) -> None:
        set_clocks("2027-02-01T12:00:02Z")
        is_fit(ledger, moment, rows=rows)

    with monkeypatch.context() as patched:
        patched.setattr(fitness, "must_be_fit", fit_at_last)
        return fleet.send("two", "Hej", *ON_THE_HOUR)


def test_a_slot_is_that_in_which_the_run_began_however_long_it_waits_for_the_ledger(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = _late_for_the_ledger(fleet, set_clocks, monkeypatch)
    assert (two.code, "already sent under the key h-2027-02-01T12" in two.said) == (0, True), two.said
    assert len(fleet.live.simulator.accepted()) == 3


def test_by_the_time_at_which_it_gets_there_it_would_send_twice(
    fleet: Fleet, set_clocks: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(Clock, "here", Clock.local)
    assert _late_for_the_ledger(fleet, set_clocks, monkeypatch).code == 0
    assert len(fleet.live.simulator.accepted()) == 6


def _in_fours(live_gateway: LiveGateway, url: str, *, latency_s: float, people: int) -> Live:
    return live_gateway(
        Behaviour(latency_s=latency_s),
        active=False,
        rows=guardians(people),
        ledger={"path": None, "url": url, "state": "state"},
        gateway={"batch_size": 4},
    )


@pytest.fixture
def pair(live_gateway: LiveGateway, url: str, run: Run) -> Fleet:
    """Two hosts with one crontab, and a gateway that takes its time."""
    return _pair(live_gateway, url, run, latency_s=0.3)


def _pair(live_gateway: LiveGateway, url: str, run: Run, *, latency_s: float, people: int = 20) -> Fleet:
    live = _in_fours(live_gateway, url, latency_s=latency_s, people=people)
    made = Fleet(run=run, live=live, url=url)
    assert made.at("one", "ledger", "accept-restore", "--reason", "new").code == 0
    assert made.at("one", "municipality", "activate", "exempelkommun", "--yes").code == 0
    return made


def _first_is_killed(pair: Fleet, text: str, taken: int) -> list[str]:
    """Kill the host that sends when so many were taken, while the other waits; return who was reached."""
    message, before = pair.live.config.with_name("text.txt"), len(pair.live.simulator.accepted())
    message.write_text(text, encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 20, "--key", text, "--wait", "1h")

    def reached() -> list[str]:
        return [one.recipient for one in pair.live.simulator.accepted()[before:]]

    def kill() -> None:
        wait_until(lambda: len(reached()) >= taken)
        first.kill()

    with begin_process("--config", pair.config("one"), *line) as first:
        killer = Thread(target=kill)
        killer.start()
        wait_until(reached)
        second = pair.at("two", *line)
        killer.join()
    assert first.returncode == -signal.SIGKILL
    assert second.code == 4, second.said
    assert pair.at("two", *line).code == 4  # nobody knows of some, and nobody sends to them again by itself
    return reached()


def test_who_waits_goes_on_where_the_first_host_was_killed(
    pair: Fleet, request: pytest.FixtureRequest
) -> None:
    for kill in range(100 if request.config.getoption("--long") else 1):
        reached = _first_is_killed(pair, f"Hej {kill}", 8 + 4 * (kill % 2))
        assert len(reached) == len(set(reached)) == 20


def test_without_what_is_unknown_it_would_send_twice(pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: what a dead host has left on the wire counts as never sent."""

    def as_never_sent(batch: Batch, _status: Status, verdict: SubmitVerdict, text: str) -> Answer:
        return same_for_all(batch, Status.PENDING, verdict, text)

    monkeypatch.setattr(recovery, "same_for_all", as_never_sent)
    with pytest.raises(AssertionError, match="20 accepted"):
        _first_is_killed(pair, "Hej", 8)
    assert len(pair.live.simulator.accepted()) > 20


def test_who_waits_for_a_database_that_is_gone_is_not_told_that_another_sends(
    pair: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 20, "--key", "k")
    look = vars(keyed_run)["_why_not_yet"]

    def refuse(_access: connect.Access) -> connect.Session:
        raise LedgerError(say("the login is refused"))

    def look_without_it(ledger: Ledger, key: str) -> object:
        monkeypatch.setattr(connect, "connect", refuse)
        with psycopg.connect(pair.url, autocommit=True) as admin:
            admin.execute(_END_ALL)
        return look(ledger, key)

    with begin_process("--config", pair.config("one"), *line) as first:
        wait_until(pair.live.simulator.accepted)
        monkeypatch.setattr(keyed_run, "_why_not_yet", look_without_it)
        monkeypatch.setattr(run_key, "read_duration", lambda *_given: timedelta(seconds=0.1))
        ran = pair.at("two", *line, "--wait", "1m")
        first.kill()
    assert (ran.code, "The login is refused" in ran.err) == (9, True), ran.said + ran.err


_END_ALL = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'smsctl'"


# A standby that is gone


@pytest.fixture
def no_standby(url: str) -> Iterator[Callable[[], object]]:
    """What lets the server wait, at each COMMIT, for a standby that never comes."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SET synchronous_commit = local")

        def waits() -> object:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            return admin.execute("SELECT pg_reload_conf()")

        yield waits
        admin.execute("ALTER SYSTEM RESET synchronous_standby_names")
        admin.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("standby", ["synchronous", "none"])
def test_who_waits_for_a_standby_that_is_gone_is_told_and_can_leave(
    pair: Fleet, no_standby: Callable[[], object], tmp_path: Path, standby: str
) -> None:
    config, message = pair.config("one"), tmp_path / "text.txt"
    asked = config.read_text("utf-8").replace("[ledger]", f'[ledger]\nstandby = "{standby}"')
    config.write_text(asked, encoding="utf-8")
    message.write_text("Hej", encoding="utf-8")
    no_standby()
    line = ("send", message, "--all", "--yes", "--max-parts", 20)
    with begin_process("--config", config, *line) as sender:
        assert sender.stderr
        assert "Waiting for the standby of postgresql://" in sender.stderr.readline()
        for _ in range(3):
            if sender.poll() is None:
                sender.send_signal(signal.SIGINT)
                time.sleep(0.2)
        _, err = sender.communicate(timeout=60)
    assert (sender.returncode, "Traceback" in err) == (130, False), err
    assert not pair.live.simulator.accepted()


# A mailing of which nothing is pending, and something is on the wire


@pytest.fixture(params=["file", "server"])
def slow_pair(request: pytest.FixtureRequest, live_gateway: LiveGateway, url: str, run: Run) -> Fleet:
    """Two processes of one ledger, and a gateway that answers late; a file has one host."""
    ledger = {"path": None, "url": url, "state": "state"} if request.param == "server" else {}
    live = live_gateway(Behaviour(latency_s=3), active=False, rows=guardians(3), ledger=ledger)
    made = Fleet(run=run, live=live, url=url)
    if request.param == "server":
        assert made.at("one", "ledger", "accept-restore", "--reason", "new").code == 0
    assert made.at("one", "municipality", "activate", "exempelkommun", "--yes").code == 0
    return made


def _beside_the_last_batch(pair: Fleet) -> list[Ran]:
    """Run the same line, and a resume, while all of a mailing is on the wire; and the line after a kill."""
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 3, "--key", "k")
    with begin_process("--config", pair.config("one"), *line) as first:
        wait_until(pair.live.simulator.accepted)
        ran = [pair.at("two", *line), pair.at("two", "mailings", "resume", 1)]
        assert first.poll() is None
        first.kill()
    return [*ran, pair.at("two", *line)]


def test_who_finds_all_of_a_mailing_on_the_wire_does_not_end_as_if_it_were_sent(slow_pair: Fleet) -> None:
    assert [ran.code for ran in _beside_the_last_batch(slow_pair)] == [9, 9, 4]


def test_without_asking_for_its_right_it_would(slow_pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: nobody is told of those whom the first may not have reached."""
    monkeypatch.setattr(recovery, "taking_over", lambda *_: nullcontext())
    for asks in (cli_resume, ending):
        monkeypatch.setattr(asks, "nothing_left", mailings.tally)  # which finds it on the wire too
    assert [ran.code for ran in _beside_the_last_batch(slow_pair)] == [0, 0, 4]


# One line on two hosts, at the same moment


def _begun_by_another_meanwhile(pair: Fleet, monkeypatch: pytest.MonkeyPatch, *flags: str) -> Ran:
    """Let the other host begin under the key when this one has looked for it, and not yet for its people."""
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 3, "--key", "k")
    drafted, others = vars(cli_sending)["drafted"], list[Popen[str]]()

    def after_another(*given: object) -> object:
        if not others:
            others.append(begin_process("--config", pair.config("one"), *line))
            wait_until(pair.live.simulator.accepted)
        return drafted(*given)

    monkeypatch.setattr(cli_sending, "drafted", after_another)
    ran = pair.at("two", *line, *flags)
    assert end_process(others[0]).code == 0
    assert len(pair.live.simulator.accepted()) == 3
    return ran


def test_who_looks_for_the_key_as_the_other_begins_waits_for_it(
    slow_pair: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _begun_by_another_meanwhile(slow_pair, monkeypatch, "--wait", "1h")
    assert (ran.code, "already sent under the key" in ran.said) == (0, True), ran.said


def test_without_wait_it_ends_as_beside_any_run_of_its_key(
    slow_pair: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _begun_by_another_meanwhile(slow_pair, monkeypatch)
    assert (ran.code, "Another run has just begun" in ran.said) == (9, True), ran.said


def test_without_a_second_look_it_would_be_told_how_to_send_it_once_more(
    slow_pair: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: it does not wait, and nobody goes on where the other dies."""
    monkeypatch.setattr(cli_sending, "must_be_new", lambda *_: None)
    ran = _begun_by_another_meanwhile(slow_pair, monkeypatch, "--wait", "1h")
    assert (ran.code, "--again --reason" in ran.said) == (5, True), ran.said


# A right that was lost, and came back


def _in_state(pair: Fleet, state: str) -> int:
    with psycopg.connect(pair.url) as admin:
        found = admin.execute("SELECT COUNT(*) FROM smsctl.messages WHERE state = %s", (state,)).fetchone()
    return found[0] if found else 0


def _until_on_the_wire(pair: Fleet, messages: int) -> None:
    """Wait until so many are marked; where the gateway holds its answers, until it has a request, too."""
    wait_until(lambda: _in_state(pair, "sending") == messages)
    if isinstance(pair.answers, HeldBack):
        held = pair.answers.held
        wait_until(lambda: bool(held))


def _end_the_session_that_sends(pair: Fleet) -> None:
    with psycopg.connect(pair.url, autocommit=True) as admin:
        held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        admin.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM ({held}) AS sender".encode())


def _while_it_waits(pair: Fleet, meanwhile: Callable[[], None], *line: object) -> Ran:
    """Run a line at the first host, and do something while its first batch is at the gateway."""

    def do() -> None:
        try:
            _until_on_the_wire(pair, 4)
            meanwhile()
        finally:
            pair.answers.set()

    other = Thread(target=do)
    other.start()
    ran = pair.at("one", *line)
    other.join()
    return ran


def _another_sends_meanwhile_and_is_killed(pair: Fleet) -> Ran:
    """End the session of a host while it waits for an answer, and kill the one that goes on in its place."""
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 20, "--key", "k", "--wait", "1h")

    def meanwhile() -> None:
        _end_the_session_that_sends(pair)
        with begin_process("--config", pair.config("two"), *line) as second:
            wait_until(lambda: (_in_state(pair, "unknown"), _in_state(pair, "sending")) == (4, 4))
            wait_until(lambda: len(pair.live.simulator.accepted()) == 8)
            second.kill()

    return _while_it_waits(pair, meanwhile, *line)


@pytest.fixture
def slower(pair: Fleet, live_gateway: LiveGateway, url: str, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A gateway that answers when another host has gone on meanwhile."""
    answers = HeldBack()
    monkeypatch.setattr(Sending, "_wait", lambda *_: answers.wait(WAIT_S))
    live = _in_fours(live_gateway, url, latency_s=0, people=12)
    return pair._replace(live=live, answers=answers)


def test_who_gets_its_right_back_tells_what_another_has_left_on_the_wire(slower: Fleet) -> None:
    ran = _another_sends_meanwhile_and_is_killed(slower)
    assert (ran.code, "4 unknown" in ran.said) == (4, True), ran.said
    reached = [one.recipient for one in slower.live.simulator.accepted()]
    assert len(reached) == len(set(reached)) == 12


def test_without_that_it_would_end_as_if_all_were_reached(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(recovery, "what_others_left", lambda *_: None)
    ran = _another_sends_meanwhile_and_is_killed(slower)
    assert (ran.code, "4 sending" in ran.said) == (7, True), ran.said


def _loses_it_once_more_at_the_end(pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """End the session of a host that got its right back, when nothing is pending any more."""
    look = vars(recovery)["what_others_left"]

    def after_a_loss(*given: object) -> None:
        _end_the_session_that_sends(pair)
        look(*given)

    monkeypatch.setattr(recovery, "what_others_left", after_a_loss)
    return _another_sends_meanwhile_and_is_killed(pair)


def test_who_loses_its_right_at_the_end_looks_in_another_session(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _loses_it_once_more_at_the_end(slower, monkeypatch)
    assert (ran.code, "4 unknown" in ran.said) == (4, True), ran.said


@pytest.fixture
def taken_elsewhere(slower: Fleet) -> Iterator[Callable[[], None]]:
    """What lets somebody else have the right to send the first mailing, once its session was ended."""
    with psycopg.connect(slower.url, autocommit=True) as other:

        def take() -> None:
            (held,) = other.execute(
                "SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            ).fetchall()
            _end_the_session_that_sends(slower)
            other.execute("SELECT pg_advisory_lock((CAST(%s AS bigint) << 32) | CAST(%s AS bigint))", held)

        yield take


def test_who_ends_while_another_sends_the_rest_does_not_end_as_if_it_were_sent(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch, taken_elsewhere: Callable[[], None]
) -> None:
    look = vars(recovery)["what_others_left"]

    def after_a_loss(*given: object) -> None:
        taken_elsewhere()
        look(*given)

    monkeypatch.setattr(recovery, "what_others_left", after_a_loss)
    ran = _another_sends_meanwhile_and_is_killed(slower)
    assert (ran.code, "by another process" in ran.said) == (9, True), ran.said


def test_by_its_old_session_it_would_look_at_nothing(slower: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: who has lost its right when it ends leaves it at that."""
    looks = vars(recovery)["_recover_mailing"]

    def if_it_is_ours(ledger: Ledger, mailing: Mailing, moment: Moment) -> None:
        if ledger.engine.may_still_send(mailing.reference):
            looks(ledger, mailing, moment)

    monkeypatch.setattr(recovery, "what_others_left", if_it_is_ours)
    ran = _loses_it_once_more_at_the_end(slower, monkeypatch)
    assert (ran.code, "4 sending" in ran.said) == (7, True), ran.said


def _goes_on(pair: Fleet, host: str) -> Popen[str]:
    """Return a process of a host that goes on with the mailing, and has its next batch on the wire."""
    other = begin_process("--config", pair.config(host), "mailings", "resume", 1)
    _until_on_the_wire(pair, 4)
    return other


def _another_sends_the_rest_once_it_has_looked(pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Let a person say at the end of a run that the rest was not sent, and another host send that."""
    pair.live.config.with_name("text.txt").write_text("Hej", encoding="utf-8")
    line = ("send", pair.live.config.with_name("text.txt"), "--all", "--yes", "--max-parts", 20)
    look, others = vars(recovery)["what_others_left"], list[Popen[str]]()
    with begin_process("--config", pair.config("one"), *line) as first:
        _until_on_the_wire(pair, 4)
        first.kill()
    with psycopg.connect(pair.url, autocommit=True) as admin:
        admin.execute("UPDATE smsctl.batches SET under_way_until = NULL")

    def then_it_is_lost(*given: object) -> None:
        look(*given)
        _end_the_session_that_sends(pair)
        assert pair.at("two", "mailings", "resolve", 1, "--not-sent", "--reason", "asked").code == 0
        pair.answers.clear()
        others.append(_goes_on(pair, "two"))

    pair.answers.set()
    monkeypatch.setattr(recovery, "what_others_left", then_it_is_lost)
    ran = pair.at("one", "mailings", "resume", 1, "--quiet")
    for other in others:
        other.kill()
        end_process(other)
    return ran


def test_who_is_done_while_another_sends_what_was_unknown_does_not_end_as_if_it_were_sent(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _another_sends_the_rest_once_it_has_looked(slower, monkeypatch)
    assert (ran.code, "4 sending" in ran.said) == (7, True), ran.said


def test_by_what_is_pending_alone_the_run_would(slower: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    own = vars(deliver.Delivery)["own_exit_code"].fget

    def of_what_waits(done: deliver.Delivery) -> ExitCode:
        states = dict(done.tally.states)
        del states[Status.SENDING]
        code: ExitCode = own(done._replace(tally=done.tally._replace(states=states)))
        return code

    monkeypatch.setattr(deliver.Delivery, "own_exit_code", property(of_what_waits))
    ran = _another_sends_the_rest_once_it_has_looked(slower, monkeypatch)
    assert (ran.code, ran.said) == (0, ""), ran.said


# A cancelling in mid-run


def _cancelled_before_it_is_heard(pair: Fleet) -> Ran:
    """Cancel what is to leave later, while a batch of it is on the wire, and again when that was heard."""
    pair.live.config.with_name("text.txt").write_text("Hej", encoding="utf-8")
    at = f"{datetime.now(ZoneInfo('Europe/Stockholm')) + timedelta(days=1):%Y-%m-%dT12:00}"
    line = ("send", pair.live.config.with_name("text.txt"), "--all", "--yes", "--max-parts", 20, "--at", at)
    with begin_process("--config", pair.config("one"), *line) as first:
        _until_on_the_wire(pair, 4)
        _end_the_session_that_sends(pair)
        cancelled = pair.at("two", "mailings", "cancel", 1)
        pair.answers.set()
        assert (cancelled.code, end_process(first).code) == (4, 5), cancelled.said
    return pair.at("two", "mailings", "cancel", 1)


def test_who_did_not_ask_to_stop_what_was_heard_late_does_not_say_that_it_cannot_be_stopped(
    slower: Fleet, url: str
) -> None:
    ran = _cancelled_before_it_is_heard(slower)
    assert (ran.code, "may be under way until" in ran.said) == (7, True), ran.said
    assert "Ask it again with" in ran.said
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("UPDATE smsctl.batches SET under_way_until = NULL")
    again = slower.at("two", "mailings", "cancel", 1)
    assert (again.code, "4 messages stopped at the gateway" in again.said) == (0, True), again.said


def test_without_asking_whether_it_asked_it_would(slower: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(vars(cancelling)["_GatewayCancelling"], "leave_under_way", lambda *_: None)
    ran = _cancelled_before_it_is_heard(slower)
    assert (ran.code, "4 messages could not be stopped: the gateway sends them" in ran.said) == (0, True)


def _cancelled_by_who_has_lost_its_right(pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """End the session that cancels before it writes; another host goes on with the mailing meanwhile."""
    pair.live.config.with_name("text.txt").write_text("Hej", encoding="utf-8")
    line = ("send", pair.live.config.with_name("text.txt"), "--all", "--yes", "--max-parts", 20)
    with begin_process("--config", pair.config("one"), *line) as first:
        _until_on_the_wire(pair, 4)
        first.send_signal(signal.SIGINT)
        assert first.stderr
        assert "Stopping after" in first.stderr.readline()
        pair.answers.set()
    assert (first.returncode, _in_state(pair, "pending")) == (130, 8)
    pair.answers.clear()
    look, others = vars(recovery)["_recover_mailing"], list[Popen[str]]()

    def then_it_is_lost(*given: object) -> int:
        orphaned: int = look(*given)
        monkeypatch.setattr(recovery, "_recover_mailing", look)
        _end_the_session_that_sends(pair)
        others.append(_goes_on(pair, "one"))
        return orphaned

    monkeypatch.setattr(recovery, "_recover_mailing", then_it_is_lost)
    ran = pair.at("two", "mailings", "cancel", 1, "--quiet")
    pair.answers.set()
    for other in others:
        end_process(other)
    return ran


def test_who_has_lost_its_right_cancels_nothing_beside_who_sends(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _cancelled_by_who_has_lost_its_right(slower, monkeypatch)
    assert (ran.code, "by another process" in ran.said) == (9, True), ran.said
    assert _in_state(slower, "accepted") == 12


def test_else_it_would_end_well_and_say_nothing_of_what_is_on_the_wire(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(recovery, "refuse_beside_others", lambda *_: None)
    ran = _cancelled_by_who_has_lost_its_right(slower, monkeypatch)
    assert (ran.code, "4 messages were accepted before" in ran.said) == (0, True), ran.said
    assert (_in_state(slower, "accepted"), _in_state(slower, "cancelled")) == (8, 4)


def _cancelled_as_it_is_heard(pair: Fleet, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> Ran:
    """Cancel a mailing of which a batch is on the wire; that is heard as it is asked what is unsettled."""
    pair.live.config.with_name("text.txt").write_text("Hej", encoding="utf-8")
    line = ("send", pair.live.config.with_name("text.txt"), "--all", "--yes", "--max-parts", 20)
    look = ending.left_unsettled

    def heard() -> None:
        pair.answers.set()
        wait_until(lambda: _in_state(pair, "accepted") == 4)

    def as_it_is_heard(ledger: Ledger, mailing: Mailing) -> Unsettled:
        if before:
            heard()
        left = look(ledger, mailing)
        heard()
        return left

    with begin_process("--config", pair.config("one"), *line) as first:
        _until_on_the_wire(pair, 4)
        _end_the_session_that_sends(pair)
        assert pair.at("two", "mailings", "list").code == 0
        monkeypatch.setattr(cancelling, "left_unsettled", as_it_is_heard)
        ran = pair.at("two", "mailings", "cancel", 1)
        end_process(first)
    return ran


def test_what_is_heard_between_two_looks_of_a_cancel_does_not_let_it_end_well(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _cancelled_as_it_is_heard(slower, monkeypatch, before=False)
    assert (ran.code, "4 messages could not be stopped" in ran.said) == (4, True), ran.said


def test_by_what_was_accepted_before_it_would(slower: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: what is accepted is looked for first, and what is unsettled after that."""
    look = corrections.messages_in

    def as_before(ledger: Ledger, mailing: Mailing, state: Status, most: int | None = None) -> dict[int, int]:
        return {} if state is Status.ACCEPTED else look(ledger, mailing, state, most)

    monkeypatch.setattr(corrections, "messages_in", as_before)
    ran = _cancelled_as_it_is_heard(slower, monkeypatch, before=True)
    assert (ran.code, "4 messages" in ran.said) == (0, False), ran.said


# What another host hears late, between two looks


@pytest.fixture
def refuses_late(pair: Fleet, live_gateway: LiveGateway, url: str, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A gateway that takes nothing, and says so when another host has gone on meanwhile."""
    answers, strikes = HeldBack(), vars(Sending)["_strike"]

    def strike(sending: Sending, fault: Fault | None) -> None:
        answers.wait(WAIT_S)
        strikes(sending, fault)

    monkeypatch.setattr(Sending, "_strike", strike)
    return pair._replace(live=_refusing(live_gateway, url, retry_after_s=20), answers=answers)


def _refusing(live_gateway: LiveGateway, url: str, *, retry_after_s: int) -> Live:
    return live_gateway(
        Behaviour(faults={"error429": 1.0}, retry_after_s=retry_after_s),
        active=False,
        rows=guardians(3),
        ledger={"path": None, "url": url, "state": "state"},
        gateway={"module": "pswincom", "service_id": None},  # which has no list to look in
    )


def _hears_late(
    pair: Fleet, monkeypatch: pytest.MonkeyPatch, looked: tuple[object, str], *line: object
) -> Ran:
    """Run a line while another host, whose session has ended, has the mailing on the wire.

    When the line has `looked`, that one hears that nothing was taken, and is killed before it tells anybody.
    """
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    sends = ("send", message, "--all", "--yes", "--max-parts", 3, "--key", "k")
    with begin_process("--config", pair.config("one"), *sends) as first:
        _until_on_the_wire(pair, 3)
        _end_the_session_that_sends(pair)
        assert pair.at("two", "mailings", "list").code == 0
        wait_until(lambda: _in_state(pair, "unknown") == 3)
        look = vars(looked[0])[looked[1]]

        def then_it_hears(*given: object, **named: object) -> object:
            seen = look(*given, **named)
            pair.answers.set()
            wait_until(lambda: _in_state(pair, "pending") == 3)
            first.kill()
            return seen

        monkeypatch.setattr(*looked, then_it_hears)
        return pair.at("two", *(line or sends), "--quiet")


def test_what_is_heard_between_two_looks_does_not_let_a_key_end_as_if_it_were_sent(
    refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _hears_late(refuses_late, monkeypatch, (run_key, "_done"))
    assert (ran.code, "3 unknown" in ran.said) == (4, True), ran.said


def test_by_two_looks_it_would(refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the code is of what is pending by then, and nobody is told of anything."""
    left = ending.left_unsettled
    monkeypatch.setattr(ending, "left_unsettled", lambda ledger, mailing, *_: left(ledger, mailing))
    ran = _hears_late(refuses_late, monkeypatch, (run_key, "_done"))
    assert (ran.code, ran.said) == (0, ""), ran.said


def test_what_is_heard_when_nothing_was_left_does_not_let_a_resume_end_well(
    refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ("mailings", "resume", 1)
    ran = _hears_late(refuses_late, monkeypatch, (cli_resume, "what_is_left"), *line)
    assert (ran.code, "by another process" in ran.said) == (9, True), ran.said


def test_without_asking_whether_anything_is_open_it_would(
    refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(cli_resume, "nothing_left", mailings.tally)
    line = ("mailings", "resume", 1)
    ran = _hears_late(refuses_late, monkeypatch, (cli_resume, "what_is_left"), *line)
    assert (ran.code, "nothing pending: 3 pending" in ran.said) == (0, True), ran.said


def test_what_is_heard_as_a_key_is_asked_for_does_not_let_it_be_done(
    refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _hears_late(refuses_late, monkeypatch, (figures, "counted"), "doctor", "--expect", "k")
    assert (ran.code, "not settled: 3 unknown" in ran.said) == (4, True), ran.said


def test_by_another_look_it_would_be_done(refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    left = ending.left_unsettled
    monkeypatch.setattr(expect, "left_unsettled", lambda ledger, mailing, *_: left(ledger, mailing))
    ran = _hears_late(refuses_late, monkeypatch, (figures, "counted"), "doctor", "--expect", "k")
    assert ran.code == 0, ran.said


def _is_given_back_after_the_second_look(pair: Fleet, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Run a line of whose key all is pending, but at its second look, when another host had it."""
    pair.answers.set()
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 3, "--key", "k", "--quiet")
    with begin_process("--config", pair.config("one"), *line) as first:
        wait_until(lambda: _settled(pair))
        first.send_signal(signal.SIGINT)
    assert (first.returncode, _in_state(pair, "pending")) == (130, 3)
    monkeypatch.setattr(resume, "what_is_left", lambda *_, **__: None)
    return pair.at("two", *line)


def _settled(pair: Fleet) -> int:
    with psycopg.connect(pair.url) as admin:
        found = admin.execute("SELECT COUNT(settled_at) FROM smsctl.batches").fetchone()
    return found[0] if found else 0


def test_what_is_given_back_by_then_does_not_let_a_key_end_as_if_it_were_sent(
    refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _is_given_back_after_the_second_look(refuses_late, monkeypatch)
    assert (ran.code, "by another process" in ran.said) == (9, True), ran.said


def test_without_a_third_look_it_would(refuses_late: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    monkeypatch.setattr(ending, "nothing_left", mailings.tally)
    ran = _is_given_back_after_the_second_look(refuses_late, monkeypatch)
    assert (ran.code, "3 pending" in ran.said) == (0, True), ran.said


def _claimed_once_more_as_a_key_is_asked_for(
    pair: Fleet, live_gateway: LiveGateway, monkeypatch: pytest.MonkeyPatch
) -> Ran:
    """End a host's session as a line of its key has looked, and that of the line as it has recovered it.

    The first hears that nothing was taken, has its right back, and is killed with all on the wire once more.
    """
    pair = pair._replace(live=_refusing(live_gateway, pair.url, retry_after_s=1))
    pair.live.config.with_name("text.txt").write_text("Hej", encoding="utf-8")
    message = pair.live.config.with_name("text.txt")
    line = ("send", message, "--all", "--yes", "--max-parts", 3, "--key", "k")
    look, recover = vars(keyed_run)["begun_under"], vars(recovery)["_recover_mailing"]

    def then_the_first_has_lost_it(*given: object) -> object:
        found = look(*given)
        monkeypatch.setattr(keyed_run, "begun_under", look)
        _end_the_session_that_sends(pair)
        return found

    def then_it_is_lost(*given: object) -> object:
        orphaned = recover(*given)
        monkeypatch.setattr(recovery, "_recover_mailing", recover)
        _end_the_session_that_sends(pair)
        pair.answers.set()
        wait_until(lambda: _in_state(pair, "pending") == 3)
        pair.answers.clear()
        _until_on_the_wire(pair, 3)
        return orphaned

    with begin_process("--config", pair.config("one"), *line) as first:
        _until_on_the_wire(pair, 3)
        monkeypatch.setattr(keyed_run, "begun_under", then_the_first_has_lost_it)
        monkeypatch.setattr(recovery, "_recover_mailing", then_it_is_lost)
        ran = pair.at("two", *line, "--quiet")
        first.kill()
    return ran


def test_what_is_claimed_once_more_as_a_key_is_asked_for_does_not_let_it_end_as_if_it_were_sent(
    refuses_late: Fleet, live_gateway: LiveGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _claimed_once_more_as_a_key_is_asked_for(refuses_late, live_gateway, monkeypatch)
    assert (ran.code, "by another process" in ran.said) == (9, True), ran.said


def test_by_what_is_pending_alone_it_would_end_so(
    refuses_late: Fleet, live_gateway: LiveGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(ending, "nothing_left", mailings.tally)
    ran = _claimed_once_more_as_a_key_is_asked_for(refuses_late, live_gateway, monkeypatch)
    assert (ran.code, ran.said) == (0, ""), ran.said


# What another host changes in the middle of a run


def _another_blocks_a_number_meanwhile(pair: Fleet) -> Ran:
    """Let the key of the block list be made on another host while the first batch is on the wire."""
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")

    def meanwhile() -> None:
        block = ("block", "add", "+46701740699", "--reason", "asked for it")
        assert end_process(begin_process("--config", pair.config("two"), *block)).code == 0

    return _while_it_waits(pair, meanwhile, "send", message, "--all", "--yes", "--max-parts", 20)


def test_a_host_that_lacks_a_key_made_elsewhere_stops_and_keeps_what_was_answered(slower: Fleet) -> None:
    ran = _another_blocks_a_number_meanwhile(slower)
    assert (ran.code, "ledger.key: the ledger's key is missing" in ran.said) == (9, True), ran.said
    assert [_in_state(slower, state) for state in ("accepted", "pending")] == [4, 8]


def test_without_a_second_store_the_answers_would_be_lost(
    slower: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    claimed = vars(sending)["_claim"]

    def fails(*given: object) -> object:
        try:
            return claimed(*given)
        except sending._NotClaimedError as error:  # noqa: SLF001 - the guard that is taken out
            raise LedgerError(error.sentence) from None

    monkeypatch.setattr(sending, "_claim", fails)
    assert _another_blocks_a_number_meanwhile(slower).code == 9
    assert [_in_state(slower, state) for state in ("accepted", "sending")] == [0, 4]


# A machine that sleeps before a batch of mails is handed over


def _with_a_mail_server(
    live_gateway: LiveGateway, url: str, run: Run, mails: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> Fleet:
    """Two hosts that send by e-mail to three people."""
    monkeypatch.setattr(rules, "_stays_here", lambda _gateway: True)  # as when the trial is over
    route = {"host": "127.0.0.1", "port": mails.port, "from_address": "sms@example.se", "starttls": False}
    live = live_gateway(
        active=False,
        rows=guardians(3),
        gateway={"use_web_service": False},
        smtp=route,
        ledger={"path": None, "url": url, "state": "state"},
    )
    fleet = Fleet(run=run, live=live, url=url)
    assert fleet.at("one", "ledger", "accept-restore", "--reason", "new").code == 0
    assert fleet.at("one", "municipality", "activate", "exempelkommun", "--yes").code == 0
    return fleet


def _called_not_sent_elsewhere(fleet: Fleet) -> Ran:
    """End every session, and say on the other host that nothing was sent."""
    with psycopg.connect(fleet.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert fleet.at("two", "mailings", "list").code == 0
    return fleet.at("two", "mailings", "resolve", 1, "--not-sent", "--reason", "no mail in its log")


class _Asleep(NamedTuple):
    """Two hosts that send by e-mail, and the mail server, before whose welcome the first one sleeps."""

    fleet: Fleet
    mails: FaultServer


@pytest.fixture
def asleep(
    live_gateway: LiveGateway,
    url: str,
    run: Run,
    set_clocks: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[_Asleep]:
    found = list[Fleet]()

    def sleep(line: Line) -> None:
        """Sleep for an hour, in which the other host is told that nothing was sent; which is so."""
        if found:
            fleet, up_s = found.pop(), clock.since_boot_s
            set_clocks("2027-02-01T12:00Z")
            monkeypatch.setattr(clock, "since_boot_s", lambda: up_s() + 3600)
            said = _called_not_sent_elsewhere(fleet)
            assert said.code == 0, said.said
        line.send(b"250 mail.exempelkommun.example\r\n")

    set_clocks("2027-02-01T11:00Z")
    with FaultServer(mail_server(ehlo=sleep)) as mails:
        fleet = _with_a_mail_server(live_gateway, url, run, mails, monkeypatch)
        found.append(fleet)
        yield _Asleep(fleet=fleet, mails=mails)


def _mails_to_each(asleep: _Asleep) -> list[int]:
    """Send from the host that sleeps, then what is left from the other; return how many mails each got."""
    asleep.fleet.send("one", "Hej")
    rest = asleep.fleet.at("two", "mailings", "resume", 1)
    assert rest.code == 0, rest.said
    return sorted(Counter(one for one in asleep.mails.requests if one.startswith(b"rcpt")).values())


def test_what_another_host_may_send_by_now_does_not_leave_by_mail_after_a_sleep(asleep: _Asleep) -> None:
    assert _mails_to_each(asleep) == [1, 1, 1]


def test_by_a_clock_that_sleeps_too_it_would_leave_twice(
    asleep: _Asleep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control, and what the first host hears late is not believed before the word."""
    monkeypatch.setattr(late_answers, "overrule", lambda *_given: None)
    until_s = time.monotonic() + STALE_AFTER_S
    monkeypatch.setattr(Workers, "_is_late", lambda *_: time.monotonic() > until_s)
    assert _mails_to_each(asleep) == [2, 2, 2]


# A mail server that takes its time with a whole mail


def _mails_where_one_takes_long(
    live_gateway: LiveGateway,
    url: str,
    run: Run,
    set_clocks: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> list[int]:
    """Let a mail server take eight minutes for a mail, in which its host loses its session.

    The other is told meanwhile that nothing was sent, for no mail is in the server's log yet. Return how many
    mails each got.
    """
    found = list[Fleet]()

    def take_long(line: Line) -> None:
        if found:
            fleet = found.pop()
            set_clocks("2027-02-01T11:08Z")
            said = _called_not_sent_elsewhere(fleet)
            if said.code == 0:
                assert fleet.at("two", "mailings", "resume", 1).code == 0
        line.send(b"250 2.0.0 queued\r\n")

    set_clocks("2027-02-01T11:00Z")
    with FaultServer(mail_server(dot=take_long)) as mails:
        fleet = _with_a_mail_server(live_gateway, url, run, mails, monkeypatch)
        found.append(fleet)
        fleet.send("one", "Hej")
        fleet.at("two", "mailings", "resume", 1)
        return sorted(Counter(one for one in mails.requests if one.startswith(b"rcpt")).values())


def test_while_a_mail_server_may_still_take_a_mail_nobody_says_that_it_was_not_sent(
    live_gateway: LiveGateway,
    url: str,
    run: Run,
    set_clocks: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _mails_where_one_takes_long(live_gateway, url, run, set_clocks, monkeypatch) == [1, 1, 1]


def test_by_the_time_of_other_requests_it_would_leave_twice(
    live_gateway: LiveGateway,
    url: str,
    run: Run,
    set_clocks: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control."""
    monkeypatch.setattr(Traits, "patience_s", 0.0)
    assert max(_mails_where_one_takes_long(live_gateway, url, run, set_clocks, monkeypatch)) == 2


def test_a_double_send_is_under_way_as_long_as_its_requests_may_take(fleet: Fleet) -> None:
    config = tomlkit.parse(fleet.live.config.read_text("utf-8"))
    config["gateway"] |= {"unique_references": True, "total_timeout": "600s"}
    fleet.live.config.write_text(tomlkit.dumps(config), encoding="utf-8")
    proved = fleet.at("one", "gateway", "verify-dedup", "+46701740605", "--yes")
    assert proved.code in {0, 6}, proved.said
    with psycopg.connect(fleet.url) as admin:
        found = admin.execute("SELECT claimed_at, under_way_until FROM smsctl.batches").fetchall()
    times = [datetime.fromisoformat(until) - datetime.fromisoformat(at) for at, until in found]
    assert [one > timedelta(seconds=STALE_AFTER_S + 600) for one in times] == [True, True]


# A purge on the one while the other sends

SLOWLY = "DO $$ BEGIN LOCK TABLE {} IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(2.5); END $$"
"""As a table of some hundred thousand messages is written anew."""


@pytest.fixture
def purged(live_gateway: LiveGateway, url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """An SMS that came long ago, and a server on which it takes its time to write a table anew.

    The sending takes longer: on a busy machine the purge is to begin while the other host still sends.
    """
    pair = _pair(live_gateway, url, run, latency_s=0.9, people=40)
    monkeypatch.setattr(compacting, "_ANEW", SLOWLY)
    monkeypatch.setattr(SchemaInspection, "tables", lambda _self: {"messages": {}, "batches": {}})
    with psycopg.connect(pair.url) as admin:
        admin.execute(
            "INSERT INTO smsctl.inbox (id, at, kind, gateway, sender, receiver, keyword, body, vendor_id,"
            " told_at) VALUES (1, '2026-01-01T00:00:00.000Z', 'ours', 'intelecom', '+46701740605', '', '',"
            " 'x', 'v', '')"
        )
    return pair


def _sent_beside_a_purge(pair: Fleet) -> Ran:
    message = pair.live.config.with_name("text.txt")
    message.write_text("Hej", encoding="utf-8")
    line = ("send", message, "--all", "--yes", "--max-parts", 40)
    with begin_process("--config", pair.config("one"), *line) as sender:
        wait_until(pair.live.simulator.accepted)
        ran = pair.at("two", "purge", "--older-than", "90d", "--decision", "KS 7", "--yes")
        assert ran.code == 0, ran.said
        assert "The database has written its tables anew" in ran.out
        assert "file was searched" not in ran.out
        return end_process(sender)


def test_a_run_goes_on_when_another_host_has_purged(purged: Fleet) -> None:
    ran = _sent_beside_a_purge(purged)
    assert (ran.code, "40 accepted" in ran.out) == (0, True), ran.said


def test_where_writers_would_not_wait_the_run_would_break_off(
    purged: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(compacting, "_writers_wait", lambda _session: nullcontext())
    ran = _sent_beside_a_purge(purged)
    assert (ran.code, "the ledger is busy" in ran.said) == (9, True), ran.said
    left = purged.at("two", "mailings", "show", 1, "--json").data["states"]
    assert left["accepted"] < 40, left
