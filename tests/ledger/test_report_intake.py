"""Many reports at once do what the same reports do one after the other."""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from smsctl.actions.resolve import ResolveAnswer, resolve
from smsctl.domain.mailing import Mailing
from smsctl.domain.message import Answer, Receipt, Status, SubmitVerdict
from smsctl.domain.report import Cause, CodeMeaning, Report
from smsctl.ledger import batches, checking, report_intake, reports
from smsctl.ledger.reports import IntakeSource, ReportFate, ReportIntake
from smsctl.ledger.sqlite.engine import SqliteEngine
from smsctl.ledger.store import Ledger, open_ledger

from . import recount
from .conftest import ACTOR, on
from .sending import PLAIN, activate, begin, claim

INTAKE = ReportIntake(
    source=IntakeSource.PUSHED, moment=on("2026-11-22", "09:00:00.000"), wait=timedelta(hours=72)
)
TOLD = (
    CodeMeaning(Status.DELIVERED),
    CodeMeaning(Status.DELIVERED),
    CodeMeaning(Status.FAILED, Cause.BAD_NUMBER),
    CodeMeaning(Status.EXPIRED, Cause.EXPIRED),
    CodeMeaning(Status.ACCEPTED, Cause.UNTOLD),
)
ANSWERS = (Status.ACCEPTED,) * 6 + (Status.HELD, Status.UNKNOWN, Status.REJECTED)


def sent(ledger: Ledger, gateway: str, chance: random.Random, messages: int = 24) -> Mailing:
    """Send a mailing in batches, of which some become unknown, stay on the wire, or were never claimed."""
    mailing = begin(ledger, messages, PLAIN._replace(gateway=gateway))
    for _ in range(4):
        if not (claimed := claim(ledger, mailing, most=5)) or chance.random() < 0.1:
            continue
        receipts = []
        for message in claimed.batch.messages:
            state = chance.choice(ANSWERS)
            is_named = state in {Status.ACCEPTED, Status.HELD}
            name = f"id-{message.reference}" if is_named else None
            receipts.append(Receipt(message.reference, state, name))
        with ledger.transaction():
            answer = Answer(verdict=SubmitVerdict.ANSWERED, receipts=receipts)
            batches.settle(ledger, mailing, claimed, answer, on("2026-11-22"))
    if chance.random() < 0.5:
        resolve(ledger, mailing, ResolveAnswer.RESEND, INTAKE.moment, ACTOR, "asked")
    return mailing


def told_of(mailing: Mailing, chance: random.Random) -> Iterator[Report]:
    """Yield reports on any message of a mailing, some twice, some that do not agree with it."""
    for _ in range(40):
        place = chance.randint(1, mailing.messages + 2)
        reference, told = mailing.message_reference(mailing.first_message + place - 1), chance.choice(TOLD)
        number = f"+4670{mailing.first_message + place - 2:07}"
        report = Report(
            gateway=mailing.gateway,
            told=told,
            code=str(told.status),
            reference=reference if mailing.gateway == "intelecom" else "",
            gateway_id=chance.choice((f"id-{reference}", f"id-{reference}", f"other-{place}")),
            number=chance.choice((number, number, number, "+46701740699")),
            text="says so",
        )
        yield from (report,) * chance.choice((1, 1, 2))


def contents(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    found = {}
    for table in ("messages", "mailing_counts", "day_counts", "day_parts", "packages", "gateway_ids"):
        found[table] = sorted(ledger.rows(f"SELECT * FROM {table}"), key=repr)
    kept = (
        "SELECT gateway, gateway_id, reference, number, code, fate, message FROM reports"
        " ORDER BY 1, 2, 3, 4, 5"
    )
    return found | {
        "reports": ledger.rows(kept),
        "entries": ledger.rows("SELECT mailing, batch, package, SUM(parts) FROM entries GROUP BY 1, 2, 3"),
        "facts": ledger.rows("SELECT * FROM facts ORDER BY name"),
    }


def one_by_one(ledger: Ledger, told: Sequence[Report]) -> Counter[ReportFate]:
    with ledger.transaction():
        return Counter(reports.take(ledger, one, INTAKE) for one in told)


def at_once(ledger: Ledger, told: Sequence[Report]) -> Counter[ReportFate]:
    with ledger.transaction():
        return report_intake.take_all(ledger, told, INTAKE)


@pytest.mark.of_a_file
@pytest.mark.parametrize("seed", range(12))
def test_many_reports_at_once_do_what_each_does(seed: int, ledger: Ledger, tmp_path: Path) -> None:
    chance = random.Random(seed)
    activate(ledger)
    made = [sent(ledger, gateway, chance) for gateway in ("intelecom", "pswincom", "intelecom", "pswincom")]
    told = [report for mailing in made for report in told_of(mailing, chance)]
    chance.shuffle(told)
    shutil.copy(ledger.path, tmp_path / "other.db")
    with closing(open_ledger(tmp_path / "other.db")) as other:
        for start in range(0, len(told), 150):
            some = told[start : start + 150]
            assert at_once(ledger, some) == one_by_one(other, some)
            assert contents(ledger) == contents(other)
    assert checking.check(ledger) == ()
    recount.must_agree(ledger)


@pytest.mark.of_a_file
def test_a_mailing_is_looked_up_once_and_its_sums_are_moved_once(ledger: Ledger) -> None:
    activate(ledger)
    mailing = begin(ledger, 300)
    while claimed := claim(ledger, mailing):
        receipts = [Receipt(one.reference, Status.ACCEPTED) for one in claimed.batch.messages]
        with ledger.transaction():
            batches.settle(
                ledger, mailing, claimed, Answer(SubmitVerdict.ANSWERED, receipts), on("2026-11-22")
            )
    told = [
        Report(
            gateway="intelecom",
            told=TOLD[0],
            code="0",
            reference=mailing.message_reference(mailing.first_message + place),
        )
        for place in range(300)
    ]
    moved: list[object] = []
    asked: list[str] = []
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as connection:
        traced = Ledger(SqliteEngine(connection, ledger.path))
        traced.on_change = moved.append
        connection.set_trace_callback(asked.append)
        assert at_once(traced, told) == {ReportFate.APPLIED: 300}
    assert len([sql for sql in asked if sql.startswith("SELECT")]) < 10
    assert len(moved) == 1
    assert checking.check(ledger) == ()
