"""The rules that go by a clock: quiet hours, pauses, the ceiling of a month, what is too old to be sent."""

from datetime import UTC, date, datetime, time, timedelta

from smsctl.domain.package import in_kronor
from smsctl.domain.plan import Bill
from smsctl.domain.rules import Refusal, Rule
from smsctl.errors import say


def over_month(bill: Bill, most_ore: int | None) -> list[Refusal]:
    """Return the refusal where what would leave goes beyond the ceiling of the month, in öre without VAT."""
    if most_ore is None or not bill.parts:
        return []
    spending = bill.account_status.spending
    if bill.payer.rate is None:
        return [no_price()]
    costs = spending.more_ore(bill.payer, bill.parts)
    if spending.month_ore + costs <= most_ore:
        return []
    sentence = say(
        "The mailing costs {cost}; of this month's {most}, {used} are used.",
        cost=in_kronor(costs - spending.more_ore(bill.payer, 0)),
        most=in_kronor(most_ore),
        used=in_kronor(spending.month_ore + spending.more_ore(bill.payer, 0)),
    )
    hint = say(
        "Send it next month, or raise max_cost_per_month in the config; or, in an emergency, on a terminal:"
        " {command}",
        command="",
    )
    flags = ("--urgent", "--reason", "TEXT")
    return [Refusal(rule=Rule.MAX_COST_PER_MONTH, sentence=sentence, hint=hint, flags=flags)]


def no_price() -> Refusal:
    """Return the refusal of a mailing whose price is not known, where the money has a ceiling."""
    return Refusal(
        rule=Rule.MAX_COST_PER_MONTH,
        sentence=say("There is a max_cost_per_month, and no price of this mailing's parts is known."),
        hint=say("It was made before the config had one: send it anew, or leave max_cost_per_month out."),
    )


def quiet(start: time, end: time, clock: time) -> Refusal:
    """Return the refusal of a mailing that would leave at this time of day, in quiet hours."""
    return Refusal(
        rule=Rule.QUIET_HOURS,
        sentence=say(
            "It is quiet from {start:%H:%M} to {end:%H:%M}; the mailing would leave at {clock:%H:%M}.",
            start=start,
            end=end,
            clock=clock,
        ),
        hint=say("Send it later; or now, with: {command}", command=""),
        flags=("--urgent", "--reason", "TEXT"),
    )


def paused(first: date, last: date) -> Refusal:
    """Return the refusal of a mailing that would leave in a pause, such as school holidays."""
    days = {"first": first, "last": last}
    return Refusal(
        rule=Rule.PAUSE,
        sentence=say("It is a pause from {first} to {last}; nothing is sent by itself.", **days),
        hint=say("Send it later; or now, with: {command}", command=""),
        flags=("--urgent", "--reason", "TEXT"),
    )


def too_old(
    path: object, modified: datetime, local_now: datetime, oldest: timedelta | None
) -> Refusal | None:
    """Return the refusal of a recipients file that is older than the config allows."""
    # By UTC: two times of one zone are subtracted by what its clock showed.
    if oldest is None or local_now.astimezone(UTC) - modified.astimezone(UTC) <= oldest:
        return None
    return Refusal(
        rule=Rule.FILE_AGE,
        sentence=say(
            "{path} is of {modified:%Y-%m-%d %H:%M}; recipients_max_age allows none so old.",
            path=path,
            modified=modified.astimezone(local_now.tzinfo),
        ),
        hint=say("Export the recipients anew."),
    )


def text_too_old(mailing: int, begun: datetime) -> Refusal:
    """Return the refusal of a text that is sent again long after it was written; `begun` is local."""
    return Refusal(
        rule=Rule.TEXT_AGE,
        sentence=say(
            "The text of mailing {id} is of {begun:%Y-%m-%d %H:%M}: perhaps it is no longer true.",
            id=mailing,
            begun=begun,
        ),
        hint=say("Read it on a terminal, where you are asked: smsctl mailings retry {id}", id=mailing),
    )
