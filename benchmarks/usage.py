"""Usage: what `smsctl usage` costs on a large ledger, beside the same command on an empty one.

    python benchmarks/usage.py                        1,000,000 messages in 10,000 mailings
    python benchmarks/usage.py --messages 10000000    the size of the goal; takes some GB and minutes

The ledger is a real one, filled by SQL with what 10,000 mailings over three years leave: messages in all
states, batches, entries, packages, invoices and the sums beside them. Both commands run in turn as whole
processes; figures are medians of the rounds' ratios. What `usage` tells is then compared with a recount of
every message, and the ledger is held against its own rules.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from smsctl.ledger import restoring
from smsctl.ledger.checking import check
from smsctl.ledger.store import Ledger, open_ledger, read_ledger

GOAL_RATIO = 1.1
MAILINGS = 10_000
PARTS = 2  # of each message
PACKAGE = 10_000
COST_CENTRES = 50
FIRST_DAY = date(2024, 1, 1)
DAYS = 3 * 365
STATES = (("unknown", 100_000), ("rejected", 50), ("failed", 20), ("delivered", 2))  # every so many messages
COSTS = "('accepted', 'held', 'unknown', 'delivered', 'expired', 'failed')"
CONFIG = """
mode = "live"
default_municipality = "exempelkommun"
[gateway]
module = "intelecom"
service_id = 4711
username = "demo"
[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = {package}
package_price = "4900.00"
[ledger]
path = "ledger/ledger.db"
"""


def main() -> None:
    """Fill a ledger, time both commands, and compare the figures with a recount."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    for variable in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(variable, None)
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder) / "empty", Path(folder) / "full"
        for site in (empty, full):
            site.mkdir()
            (site / "config.toml").write_text(CONFIG.format(package=PACKAGE))
            usage(site)  # makes the ledger
        started = time.monotonic()
        fill(full, asked.messages)
        size_mb = (full / "ledger" / "ledger.db").stat().st_size / 1e6
        print(
            f"{asked.messages:,} messages in {MAILINGS:,} mailings, {size_mb:,.0f} MB,"
            f" filled in {time.monotonic() - started:.0f} s"
        )
        compare(empty, full, asked.rounds)
        recount(full)


class Took(NamedTuple):
    """What one process took."""

    wall_s: float
    cpu_s: float


def compare(empty: Path, full: Path, rounds: int) -> None:
    """Run the command on both ledgers in turn and print the ratio beside its goal."""
    pairs = [(timed(full), timed(empty)) for _ in range(rounds + 1)][1:]  # the first round fills caches
    wall = statistics.median(mine.wall_s / bare.wall_s for mine, bare in pairs)
    cpu = statistics.median(mine.cpu_s / bare.cpu_s for mine, bare in pairs)
    for title, column in (("empty ledger", 1), ("full ledger", 0)):
        walls = statistics.median(pair[column].wall_s for pair in pairs)
        cpus = statistics.median(pair[column].cpu_s for pair in pairs)
        print(f"  usage, {title:13} {1000 * walls:6.1f} ms wall, {1000 * cpus:6.1f} ms cpu")
    print(f"  ratio {wall:.2f} x wall, {cpu:.2f} x cpu   goal <= {GOAL_RATIO}   (median of {rounds})")


def recount(site: Path) -> None:
    """Count every message and every entry, and hold what `usage` tells against it."""
    (told,) = usage(site)["municipalities"]
    started = time.monotonic()
    with reading(site) as ledger:
        states: dict[str, int] = dict(ledger.rows("SELECT state, COUNT(*) FROM messages GROUP BY 1"))
        parts = number(
            ledger,
            "SELECT SUM(g.parts_each) FROM messages m JOIN mailings g ON g.id = m.mailing"
            f" WHERE m.state IN {COSTS}",
        )
        entered = number(ledger, "SELECT SUM(parts) FROM entries")
        months = number(ledger, "SELECT COUNT(DISTINCT substr(day, 1, 7)) FROM entries")
        assert told["states"] == states, (told["states"], states)
        assert told["parts"] == parts == entered, (told["parts"], parts, entered)
        assert sum(month["parts"] for month in told["months"]) == parts
        assert sum(month["cost_ore"] for month in told["months"]) == told["cost_ore"] == parts * 49
        assert len(told["months"]) == months
        assert told["package"]["used"] == (parts % PACKAGE or PACKAGE)
        assert told["package"]["number"] == -(-parts // PACKAGE)
        findings = check(ledger)
        assert not findings, findings
    print(f"  equal to a recount of every message and entry, {time.monotonic() - started:.1f} s")


def timed(site: Path) -> Took:
    """Run the command once."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    usage(site)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(wall_s=time.monotonic() - started, cpu_s=cpu_s)


def usage(site: Path) -> dict[str, Any]:
    """Run `smsctl usage` as a process and return its data."""
    command = [sys.executable, "-m", "smsctl", "--config", str(site / "config.toml"), "usage", "--json"]
    ran = subprocess.run(command, check=True, capture_output=True)
    data: dict[str, Any] = json.loads(ran.stdout)["data"]
    return data


def fill(site: Path, messages: int) -> None:
    """Write what the mailings leave, and the sums that smsctl keeps beside them."""
    ledger = open_ledger(site / "ledger" / "ledger.db")
    each = messages // MAILINGS
    with ledger.transaction():
        restoring.watch(ledger, before=0, newest=1)  # the first batch that was ever handed out
    with ledger.transaction():
        for statement in _RAW:
            ledger.write(statement.format(each=each, state=_state()))
        draw(ledger)
        for statement in _SUMS:
            ledger.write(statement)
        restoring.watch(ledger, before=1, newest=MAILINGS)  # the newest batch
    ledger.close()


def draw(ledger: Ledger) -> None:
    """Draw the parts of every batch from packages, each opened by the first part that no longer fits."""
    rows = ledger.rows(
        "SELECT b.id, b.mailing, b.claimed_day, g.parts_each * SUM(CASE WHEN m.state IN"
        f" {COSTS} THEN 1 ELSE 0 END) FROM batches b JOIN mailings g ON g.id = b.mailing"
        " JOIN messages m ON m.mailing = g.id GROUP BY b.id ORDER BY b.id"
    )
    entries, opened, package, left = [], [(1, FIRST_DAY.isoformat())], 1, PACKAGE
    for batch, mailing, day, parts in rows:
        wanted = parts
        while wanted:
            if not left:
                package, left = package + 1, PACKAGE
                opened.append((package, day))
            taken = min(wanted, left)
            entries.append((f"{day}T08:00:01.000Z", day, mailing, batch, package, taken))
            wanted, left = wanted - taken, left - taken
    ledger.write("INSERT INTO municipalities VALUES ('exempelkommun', 'active', ?, 'demo')", str(FIRST_DAY))
    ledger.write_many(
        "INSERT INTO packages (municipality, number, size, price_ore, used, opened_at, opened_day)"
        f" VALUES ('exempelkommun', ?, {PACKAGE}, 490000, 0, ?, ?)",
        [(package, f"{day}T08:00:01.000Z", day) for package, day in opened],
    )
    ledger.write_many(
        "INSERT INTO invoices (municipality, package, day, parts, price_ore)"
        f" VALUES ('exempelkommun', ?, ?, {PACKAGE}, 490000)",
        opened,
    )
    ledger.write_many(
        "INSERT INTO entries (at, day, municipality, mailing, batch, package, parts, reason)"
        " VALUES (?, ?, 'exempelkommun', ?, ?, ?, ?, 'sent')",
        entries,
    )


@contextmanager
def reading(site: Path) -> Iterator[Ledger]:
    """Open the ledger for reading."""
    ledger = read_ledger(site / "ledger" / "ledger.db")
    assert ledger
    yield ledger
    ledger.close()


def number(ledger: Ledger, sql: str) -> int:
    """Return one figure."""
    row = ledger.one(sql)
    return int(row[0]) if row else 0


def _state() -> str:
    """Return SQL for the state of the message n."""
    cases = "".join(f" WHEN n % {every} = 0 THEN '{state}'" for state, every in STATES)
    return f"CASE{cases} ELSE 'accepted' END"


_DAY = f"date('{FIRST_DAY}', (n * {DAYS} / {MAILINGS}) || ' days')"
_COUNT = "WITH RECURSIVE every (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM every WHERE n <"
_RAW = (
    f"""{_COUNT} {MAILINGS})
    INSERT INTO mailings (id, reference, kind, municipality, gateway, created_at, created_day, created_by,
      created_host, again, urgent, body, body_hash, encoding, units, parts_each, want_report, audience,
      rows_total, first_message, messages, in_packages, rate_parts, rate_ore)
    SELECT n, 'r' || n, 'send', 'exempelkommun', 'intelecom', {_DAY} || 'T08:00:00.000Z', {_DAY}, 'demo',
      'server', 0, 0, NULL, printf('%064x', n), 'gsm7', 200, {PARTS}, 1, 'guardians',
      {{each}}, 1 + (n - 1) * {{each}}, {{each}}, 1, {PACKAGE}, 490000 FROM every""",
    f"""{_COUNT} {MAILINGS})
    INSERT INTO batches (id, reference, mailing, municipality, first_message, last_message, messages, parts,
      digest, claimed_at, claimed_day, settled_at, verdict, cost_centre)
    SELECT n, 'r' || n || '-b1', n, 'exempelkommun', 1 + (n - 1) * {{each}}, n * {{each}}, {{each}},
      {PARTS} * {{each}}, '', {_DAY} || 'T08:00:00.500Z', {_DAY}, {_DAY} || 'T08:00:01.000Z', 'answered',
      4700 + n % {COST_CENTRES} FROM every""",
    f"""{_COUNT} {MAILINGS} * {{each}})
    INSERT INTO messages (id, mailing, sheet_row, number, name, state, batch)
    SELECT n, 1 + (n - 1) / {{each}}, n, '+4670' || printf('%07d', n % 10000000), 'Namn ' || n, {{state}},
      1 + (n - 1) / {{each}} FROM every""",
)
_SUMS = (
    """INSERT INTO mailing_counts SELECT m.mailing, m.state, COUNT(*), SUM(g.parts_each)
    FROM messages m JOIN mailings g ON g.id = m.mailing GROUP BY 1, 2""",
    """INSERT INTO day_counts SELECT 'exempelkommun', g.created_day, m.state, COUNT(*), SUM(g.parts_each)
    FROM messages m JOIN mailings g ON g.id = m.mailing GROUP BY 1, 2, 3""",
    """INSERT INTO day_parts SELECT municipality, day, package, SUM(parts) FROM entries GROUP BY 1, 2, 3""",
    """INSERT INTO cost_centre_parts
    SELECT e.municipality, e.day, b.cost_centre, e.package, 0, 0, SUM(e.parts)
    FROM entries e JOIN batches b ON b.id = e.batch GROUP BY 1, 2, 3, 4""",
    """UPDATE packages SET used = (SELECT SUM(parts) FROM entries e WHERE e.package = packages.number)""",
    f"""UPDATE packages SET used_up_day = opened_day WHERE used = {PACKAGE}""",
)


if __name__ == "__main__":
    main()
