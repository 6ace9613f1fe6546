"""`smsctl reports import FILE`: reports that came by other ways."""

from pathlib import Path
from typing import Annotated

from smsctl.cli import wiring_listener
from smsctl.cli.incoming import receiving
from smsctl.cli.incoming import reports as render
from smsctl.cli.options import argument
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.errors import say, say_n
from smsctl.ledger.reports import IntakeSource

EXAMPLES = ("smsctl reports import reports.json",)


def run(
    wiring: Wiring, file: Annotated[Path, argument("FILE", "JSON or XML, as the gateway pushes it.")]
) -> CommandResult:
    """Take in delivery reports and incoming SMS from a file; a second time changes nothing."""
    intake_rules = wiring_listener.intake_rules(wiring, IntakeSource.IMPORTED)
    intake, unread = receiving.PushIntake(wiring, intake_rules, wiring.output.warn), 0
    with wiring.output.working(say("Reading")) as tell:
        for push_batch in wiring_listener.read_report_file(file, tell):
            intake.store_one(push_batch)
            unread += push_batch.unread
            wiring.ledger.give_way()
    if unread:
        sentence = say_n(
            "{n} entry cannot be read. It is kept: smsctl reports unmatched",
            "{n} entries cannot be read. They are kept: smsctl reports unmatched",
            n=unread,
        )
        wiring.output.warn(sentence)
    return render.taken_result(intake.taken, simulated=wiring.simulated)
