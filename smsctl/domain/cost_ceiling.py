"""The ceiling of a month in money, and what it says to a mailing."""

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
