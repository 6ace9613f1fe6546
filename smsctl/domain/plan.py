"""The plan: what a mailing would send, to whom, and for how much.

Made from values alone; it knows no file, no ledger and no clock. Whoever shows or sends a mailing
takes every figure from here.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from smsctl.domain.audience import AudienceRule
from smsctl.domain.budget import Spending, share_percent
from smsctl.domain.cheaper import Cheaper, CheaperWay, cheaper
from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Ceilings, Label
from smsctl.domain.message import Letter
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import Draw, Package, are_nearly_used, draw, in_kronor, share_ore
from smsctl.domain.personal import PersonalTexts
from smsctl.domain.recipients import Recipients
from smsctl.domain.text import MessageText, TextSize, measure
from smsctl.domain.text_check import TextFinding
from smsctl.domain.wording import plain_wording
from smsctl.errors import Sentence, say

LARGE_BY_MAIL = 100
"""More recipients than this by e-mail is warned of: the route is not made for bulk (wire/puzzel.md)."""


class AccountStatus(NamedTuple):
    """How the municipality stands in the ledger before the mailing."""

    active: bool
    packages: tuple[Package, ...] = ()
    parts_today: int = 0  # of the batches claimed on this local day, on the wire or drawn
    spending: Spending = Spending()


class LetterOrder(NamedTuple):
    """What is asked for: the letter and where it should go."""

    letter: Letter
    municipality: Municipality
    audience: AudienceRule  # that chose the rows, the same however it was written
    typed: AudienceRule  # as it was written
    source: str | None  # the recipients file
    ceilings: Ceilings
    number_column: str = ""  # and what else a key goes with
    warn_share: float = 0.8  # of the newest package, from which on every plan warns
    terms_required: bool = True
    label: Label = Label()
    carry: tuple[str, ...] = ()  # headings of the cells that are kept beside the rows
    slot: str | None = None  # what the slots of its key have in common, as a hash


class OutOfUse(NamedTuple):
    """The numbers that were out of use in the last two mailings to an audience, and what those cost."""

    numbers: int
    parts: int
    cost_ore: int | None


class Earlier(NamedTuple):
    """The last mailing to the same audience of the same municipality."""

    mailing: int
    day: str  # local
    messages: int
    out_of_use: OutOfUse | None = None  # None: none was, or there are no two


class Bill(NamedTuple):
    """What a number of messages costs and who pays: of a whole mailing, or of what is left of one."""

    payer: Municipality
    messages: int
    parts: int  # what the gateway bills
    account_status: AccountStatus
    draws: tuple[Draw, ...]  # empty where there are no packages

    @property
    def new_packages(self) -> int:
        """How many packages, and so invoices, the messages would open."""
        return sum(1 for one in self.draws if one.opens)

    @property
    def cost_ore(self) -> int | None:
        """The cost in öre without VAT; None where no price is known."""
        rate = self.payer.rate
        if rate is None:
            return None
        if not self.payer.in_packages:
            return share_ore(self.parts, rate.size, rate.price_ore)
        return sum(one.cost_ore for one in self.draws)

    @property
    def with_room(self) -> tuple[Package, ...]:
        """The open packages that still have parts; several only after a correction."""
        return tuple(one for one in self.account_status.packages if one.left > 0)


def bill_for(payer: Municipality, account_status: AccountStatus, *, messages: int, parts: int) -> Bill:
    """Return what the messages would cost, that take so many parts together."""
    draws = draw(account_status.packages, parts, payer.package) if payer.package else ()
    return Bill(payer=payer, messages=messages, parts=parts, account_status=account_status, draws=draws)


class Plan(NamedTuple):
    """Everything that is decided before anything is sent, but for the rules that may refuse it."""

    order: LetterOrder
    traits: Traits
    recipients: Recipients
    size: TextSize
    bill: Bill
    warnings: tuple[Sentence, ...]
    findings: tuple[TextFinding, ...] = ()  # what in the text a message seldom has
    earlier: Earlier | None = None  # the last mailing to the same audience

    @property
    def messages(self) -> int:
        """How many people get the text."""
        return self.bill.messages

    @property
    def parts(self) -> int:
        """What the gateway bills."""
        return self.bill.parts


def make(
    order: LetterOrder,
    recipients: Recipients,
    traits: Traits,
    account_status: AccountStatus,
    *,
    warnings: Sequence[Sentence] = (),
) -> Plan:
    """Put the plan together; `warnings` are found elsewhere. Where texts differ, `size` is the dearest's."""
    messages, texts = len(recipients.ready), recipients.texts
    dearest = texts.at(texts.dearest(1)).values() if texts else ()
    size = measure(next((one.body for one in dearest), order.letter.text.body), traits.parts)
    parts = texts.total if texts is not None else messages * size.parts
    bill = bill_for(order.municipality, account_status, messages=messages, parts=parts)
    return Plan(
        order=order,
        traits=traits,
        recipients=recipients,
        size=size,
        bill=bill,
        warnings=(*warnings, *_warnings(order, traits, bill), *_not_charged(recipients, traits)),
    )


class Offer(NamedTuple):
    """The plan with a cheaper text, and how that is written."""

    cheaper: Cheaper
    plan: Plan


def offer(plan: Plan) -> Offer | None:
    """Return what the mailing would be with a text that saves parts; None: there is no such text."""
    if plan.recipients.texts is not None:
        return _plain_offer(plan, plan.recipients.texts)
    if not plan.messages:
        return None
    found = cheaper(plan.order.letter.text.body, plan.traits.parts)
    if found is None:
        return None
    letter = plan.order.letter._replace(text=MessageText(body=found.body))
    payer, status, parts = plan.bill.payer, plan.bill.account_status, plan.messages * found.size.parts
    bill = bill_for(payer, status, messages=plan.messages, parts=parts)
    order = plan.order._replace(letter=letter, slot=None)  # a yes for every time is for the text as it was
    return Offer(cheaper=found, plan=plan._replace(order=order, size=found.size, bill=bill))


def _plain_offer(plan: Plan, texts: PersonalTexts) -> Offer | None:
    """Return the plan with typographic characters written plainly in texts that differ, where that saves."""
    wording = plain_wording(texts.wording) if texts.unicode else None
    plain = wording and texts.plainly(wording, partial(measure, profile=plan.traits.parts))
    if wording is None or not plain or plain.total >= texts.total:
        return None
    body, status = wording.body, plan.bill.account_status
    bill = bill_for(plan.bill.payer, status, messages=plan.messages, parts=plain.total)
    dearest = next(iter(plain.at(plain.dearest(1)).values())).body
    size = measure(dearest, plan.traits.parts)
    order = plan.order._replace(letter=plan.order.letter._replace(text=MessageText(body=body)), slot=None)
    recipients = plan.recipients._replace(texts=plain)
    return Offer(
        cheaper=Cheaper(way=CheaperWay.PLAIN, body=body, size=size, removed=""),
        plan=plan._replace(order=order, recipients=recipients, size=size, bill=bill),
    )


def not_carried(letter: Letter, traits: Traits) -> list[Sentence]:
    """Say what of a letter this gateway does not carry: it does no harm, and has no effect."""
    found: list[Sentence] = []
    if letter.priority is not None and not traits.priority:
        found.append(say("{title} knows no priority; the setting has no effect.", title=traits.title))
    if letter.sender is not None and not traits.sender:
        found.append(say("{title} does not carry a sender; the phone shows another.", title=traits.title))
    return found


def _not_charged(recipients: Recipients, traits: Traits) -> list[Sentence]:
    """Say where the supplier's own report cannot be told apart by cost centre."""
    if traits.cost_centre or not any(one.cost_centre for one in recipients.cost_shares):
        return []
    return [say("{title} does not carry a cost centre; smsctl alone counts by it.", title=traits.title)]


def _warnings(order: LetterOrder, traits: Traits, bill: Bill) -> list[Sentence]:
    found = not_carried(order.letter, traits)
    if order.letter.want_report and not traits.reports:
        found.append(say("{title} gives no delivery reports.", title=traits.title))
    if not traits.answers:
        found.append(say("{title}: once handed over, nothing further will be known.", title=traits.title))
        if bill.messages > LARGE_BY_MAIL:
            found.append(say("{title} is not made for so many recipients at once.", title=traits.title))
    return [*found, *package_warning(bill, order.warn_share), *budget_warning(bill, order.warn_share)]


def package_warning(bill: Bill, warn_share: float) -> list[Sentence]:
    """Warn where so much of the packages is used afterwards that the next one comes soon."""
    packages, draws = bill.account_status.packages, bill.draws
    if bill.payer.package is None or not packages or any(one.opens for one in draws):
        return []  # none is drawn from, or the plan says in its own words that one opens
    last = packages[-1]
    if not are_nearly_used(packages, warn_share, bill.parts):
        return []
    used = last.size - last.left + sum(one.parts for one in draws if one.package == last.number)
    sentence = say(
        "After this mailing, {share} % of package {number} is used.",
        share=100 * used // last.size,
        number=last.number,
    )
    return [sentence]


def budget_warning(bill: Bill, warn_share: float) -> list[Sentence]:
    """Warn where so large a share of the year's budget is used after the mailing."""
    budget_ore = bill.payer.budget_year_ore
    if budget_ore is None or not bill.parts:
        return []
    spending = bill.account_status.spending
    used_ore = spending.year_ore + spending.more_ore(bill.payer, bill.parts)
    if used_ore < warn_share * budget_ore:
        return []
    sentence = say(
        "After this mailing, {share} % of this year's budget of {budget} is used.",
        share=share_percent(used_ore, budget_ore),
        budget=in_kronor(budget_ore),
    )
    return [sentence]
