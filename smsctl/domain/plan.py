"""The plan: what a mailing would send, to whom, for how much, and which rules say no.

Made from values alone; it knows no file, no ledger and no clock. Whoever shows or sends a mailing
takes every figure from here.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from smsctl.domain.gateway import Traits
from smsctl.domain.mailing import Ceilings
from smsctl.domain.message import Letter
from smsctl.domain.municipality import Municipality
from smsctl.domain.package import Draw, Package, draw, share_ore
from smsctl.domain.recipients import Recipients, SkipReason
from smsctl.domain.text import TextSize, measure
from smsctl.errors import Sentence, say, say_n

LARGE_BY_MAIL = 100
"""More recipients than this by e-mail is warned of: the route is not made for bulk (protocols.md 2.14)."""


class Rule(StrEnum):
    """Which rule says no."""

    NOT_ACTIVE = "not-active"
    MAX_PARTS = "max-parts"
    MAX_PARTS_PER_DAY = "max-parts-per-day"
    MAX_NEW_PACKAGES = "max-new-packages"
    QUIET_HOURS = "quiet-hours"
    ALREADY_SENT = "already-sent"
    RESERVED = "reserved"
    FILE_AGE = "file-age"
    CEILING_MISSING = "ceiling-missing"
    SENDER = "sender"

    @property
    def holds_in_rehearsal(self) -> bool:
        """Whether a rehearsal is stopped by it; the others it shows and goes on (design 5)."""
        return self in (Rule.NOT_ACTIVE, Rule.SENDER)


class Refusal(NamedTuple):
    """One rule that says no, and the command or change that helps."""

    rule: Rule
    sentence: Sentence
    hint: Sentence | None = None


class Standing(NamedTuple):
    """How the municipality stands in the ledger before the mailing."""

    active: bool
    packages: tuple[Package, ...] = ()
    parts_today: int = 0  # of the batches claimed on this local day, on the wire or drawn


class Order(NamedTuple):
    """What is asked for: the letter and where it should go."""

    letter: Letter
    municipality: Municipality
    audience: str  # the rule that chose the rows, the same however it was written
    typed: str  # as it was written
    source: str | None  # the recipients file
    ceilings: Ceilings
    warn_share: float = 0.8  # of the newest package, from which on every plan warns


class Plan(NamedTuple):
    """Everything that is decided before anything is sent."""

    order: Order
    traits: Traits
    recipients: Recipients
    size: TextSize
    standing: Standing
    draws: tuple[Draw, ...]  # empty where there are no packages
    refusals: tuple[Refusal, ...]
    warnings: tuple[Sentence, ...]

    @property
    def messages(self) -> int:
        """How many people get the text."""
        return len(self.recipients.ready)

    @property
    def parts(self) -> int:
        """What the gateway bills."""
        return self.messages * self.size.parts

    @property
    def new_packages(self) -> int:
        """How many packages, and so invoices, the mailing would open."""
        return sum(1 for one in self.draws if one.opens)

    @property
    def cost_ore(self) -> int | None:
        """The mailing's cost in öre without VAT; None where no price is known."""
        rate = self.order.municipality.rate
        if rate is None:
            return None
        if not self.order.municipality.in_packages:
            return share_ore(self.parts, rate.size, rate.price_ore)
        return sum(one.cost_ore for one in self.draws)

    @property
    def with_room(self) -> tuple[Package, ...]:
        """The open packages that still have parts; several only after a correction."""
        return tuple(one for one in self.standing.packages if one.left > 0)


def make(
    order: Order,
    recipients: Recipients,
    traits: Traits,
    standing: Standing,
    *,
    refusals: Sequence[Refusal] = (),
    warnings: Sequence[Sentence] = (),
) -> Plan:
    """Put the plan together and judge it by the rules; `refusals` and `warnings` are found elsewhere."""
    size = measure(order.letter.text.body, traits.parts)
    parts = len(recipients.ready) * size.parts
    terms = order.municipality.package
    draws = draw(standing.packages, parts, terms) if terms else ()
    found = (
        *_not_active(order, standing),
        *_over_ceilings(order.ceilings, standing, parts, draws),
        *_all_already_sent(recipients),
    )
    return Plan(
        order=order,
        traits=traits,
        recipients=recipients,
        size=size,
        standing=standing,
        draws=draws,
        refusals=(*refusals, *found),
        warnings=(*warnings, *_warnings(order, traits, standing, draws, len(recipients.ready))),
    )


def _not_active(order: Order, standing: Standing) -> list[Refusal]:
    if standing.active or not order.municipality.in_packages:
        return []
    return [
        Refusal(
            rule=Rule.NOT_ACTIVE,
            sentence=say("The SMS service is not active for {name}.", name=order.municipality.name),
            hint=say("Activate it with: smsctl municipality activate {key}", key=order.municipality.key),
        )
    ]


def _over_ceilings(
    ceilings: Ceilings, standing: Standing, parts: int, draws: tuple[Draw, ...]
) -> list[Refusal]:
    found: list[Refusal] = []
    if ceilings.max_parts is not None and parts > ceilings.max_parts:
        found.append(
            Refusal(
                rule=Rule.MAX_PARTS,
                sentence=say(
                    "The mailing takes {parts} parts; the ceiling for one run is {most}.",
                    parts=parts,
                    most=ceilings.max_parts,
                ),
                hint=say("Allow it with: --max-parts {parts}", parts=parts),
            )
        )
    most_today = ceilings.max_parts_per_day
    if most_today is not None and parts + standing.parts_today > most_today:
        found.append(
            Refusal(
                rule=Rule.MAX_PARTS_PER_DAY,
                sentence=say(
                    "The mailing takes {parts} parts; of today's {most}, {used} are used.",
                    parts=parts,
                    most=most_today,
                    used=standing.parts_today,
                ),
                hint=say("Send it tomorrow, or raise max_parts_per_day under [limits] in the config."),
            )
        )
    opened = _opened_by_the_mailing(standing, draws)
    if ceilings.max_new_packages is not None and opened > ceilings.max_new_packages:
        found.append(
            Refusal(
                rule=Rule.MAX_NEW_PACKAGES,
                sentence=say_n(
                    "The mailing would open {n} new package (one invoice); {most} may be opened.",
                    "The mailing would open {n} new packages ({n} invoices); {most} may be opened.",
                    n=opened,
                    most=ceilings.max_new_packages,
                ),
                hint=say("Allow it with: --max-new-packages {opened}", opened=opened),
            )
        )
    return found


def _opened_by_the_mailing(standing: Standing, draws: tuple[Draw, ...]) -> int:
    """Return how many of the new packages need leave here: the first may be opened by the activation."""
    opened = sum(1 for one in draws if one.opens)
    by_activation = not standing.active and all(one.left <= 0 for one in standing.packages)
    return opened - 1 if opened and by_activation else opened


def _all_already_sent(recipients: Recipients) -> list[Refusal]:
    already = recipients.skipped.get(SkipReason.ALREADY_SENT, ())
    if len(recipients.ready) or not len(already):
        return []
    return [
        Refusal(
            rule=Rule.ALREADY_SENT,
            sentence=say("Everybody has had this text within the last 20 hours."),
            hint=say("Send it to them once more with: --again --reason TEXT"),
        )
    ]


def not_carried(letter: Letter, traits: Traits) -> list[Sentence]:
    """Say what of a letter this gateway does not carry: it does no harm, and has no effect."""
    found: list[Sentence] = []
    if letter.priority is not None and not traits.priority:
        found.append(say("{title} knows no priority; the setting has no effect.", title=traits.title))
    if letter.sender is not None and not traits.sender:
        found.append(say("{title} does not carry a sender; the phone shows another.", title=traits.title))
    return found


def _warnings(
    order: Order, traits: Traits, standing: Standing, draws: tuple[Draw, ...], messages: int
) -> list[Sentence]:
    found = not_carried(order.letter, traits)
    if order.letter.want_report and not traits.reports:
        found.append(say("{title} gives no delivery reports.", title=traits.title))
    if not traits.answers:
        found.append(say("{title}: once handed over, nothing further will be known.", title=traits.title))
        if messages > LARGE_BY_MAIL:
            found.append(say("{title} is not made for so many recipients at once.", title=traits.title))
    return found + _package_warning(order, standing, draws)


def _package_warning(order: Order, standing: Standing, draws: tuple[Draw, ...]) -> list[Sentence]:
    if not standing.packages or any(one.opens for one in draws):
        return []  # the plan says in its own words that a package opens
    last = standing.packages[-1]
    used = last.size - last.left + sum(one.parts for one in draws if one.package == last.number)
    if used < order.warn_share * last.size:
        return []
    return [
        say(
            "After this mailing, {share} % of package {number} is used.",
            share=100 * used // last.size,
            number=last.number,
        )
    ]
