"""The service of the municipalities on a screen: who has it since when, and what an order costs."""

from collections.abc import Sequence
from typing import NamedTuple

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import GAP, Block, TextLine, Tone
from smsctl.cli.output.fields import Field, data_of, table_of
from smsctl.domain.municipality import Municipality, Service, ServiceState
from smsctl.domain.package import Package, PackageTerms
from smsctl.errors import Sentence, say, say_n
from smsctl.ledger.municipalities import Renewal


class ServiceStatus(NamedTuple):
    """One municipality, its service and its packages."""

    municipality: Municipality
    service: Service | None  # None: neither ordered nor activated
    packages: tuple[Package, ...]

    @property
    def newest(self) -> int | None:
        """The number of the newest package."""
        return self.packages[-1].number if self.packages else None

    @property
    def left(self) -> int:
        """Parts left in all packages."""
        return sum(one.left for one in self.packages)


def _number(figure: int | None) -> str:
    return "-" if figure is None else figures.count(figure)


def data(status: ServiceStatus) -> dict[str, object]:
    """Return one municipality for the envelope; `state` is null where nothing was ordered."""
    return data_of(_FIELDS, status)


def listed(every: Sequence[ServiceStatus]) -> list[Block]:
    """Return the list: one line for each municipality."""
    return [table_of(_FIELDS, every)]


def state(status: ServiceStatus) -> Sentence:
    """Say how the service stands."""
    if status.service is None:
        return say("not active") if status.municipality.in_packages else say("without packages")
    return _STATES[status.service.state]


def ordered(status: ServiceStatus, terms: PackageTerms, service_id: int | None) -> list[Block]:
    """Return what to send to the supplier, what it will cost, and what comes then."""
    municipality = status.municipality
    used_first = say("What is left is used first: activating opens no package, and makes no invoice.")
    return [
        TextLine(say("The order for {name} is recorded.", name=municipality.name), Tone.GOOD),
        GAP,
        TextLine(say("Send this to the gateway's supplier:"), Tone.STRONG),
        TextLine(say("Please activate SMS for {name}.", name=municipality.name), indent=4),
        *([TextLine(say("Service: {id}", id=service_id), indent=4)] if service_id else []),
        TextLine(
            say(
                "Package: {size} parts for {price} without VAT; the first is invoiced at activation, the"
                " next each time one is used up, until deactivation.",
                size=figures.count(terms.size),
                price=figures.money(terms.price_ore),
            ),
            indent=4,
        ),
        GAP,
        TextLine(
            say("It can take a day until the supplier has activated it. Nothing is charged before that.")
        ),
        *([*left(status), TextLine(used_first)] if status.left > 0 else []),
        TextLine(say("When it is, go on with: smsctl municipality activate {key}", key=municipality.key)),
    ]


def price_sentence(status: ServiceStatus, terms: PackageTerms) -> Sentence:
    """Say what an activation costs, and who pays."""
    return say(
        "Activating {name} opens package {number}: {size} parts, one invoice of {price} without VAT.",
        name=status.municipality.name,
        number=(status.newest or 0) + 1,
        size=figures.count(terms.size),
        price=figures.money(terms.price_ore),
    )


def activated(status: ServiceStatus, opened: int | None) -> list[Block]:
    """Return what an activation has done."""
    name = status.municipality.name
    if opened is not None:
        sentence = say("{name} is active. Package {number} is open.", name=name, number=opened)
        return [TextLine(sentence, Tone.GOOD), TextLine(say("Its invoice stands in: smsctl invoices list"))]
    return [TextLine(say("{name} is active.", name=name), Tone.GOOD), *left(status)]


def will_be_lost(status: ServiceStatus, *, unsettled: int) -> list[Sentence]:
    """Say what is closed before a new package is opened, and what should be settled first."""
    told = [_loss(package, say("will be closed")) for package in status.packages if package.left > 0]
    if unsettled:
        sentence = say_n(
            "{n} message is unknown or held: settle it first, by the earlier gateway.",
            "{n} messages are unknown or held: settle them first, by the earlier gateway.",
            n=unsettled,
        )
        told.append(sentence)
    return told


def closed(done: Renewal) -> list[Block]:
    """Return what was lost with the packages that were closed."""
    return [TextLine(_loss(one, say("is closed")), Tone.WARN) for one in done.closed]


def closed_data(done: Renewal) -> list[dict[str, object]]:
    """Return the packages that were closed for the envelope; what is lost is in öre, without VAT."""
    return [{"number": one.number, "left": one.left, "lost_ore": one.unused_ore} for one in done.closed]


def _loss(package: Package, fate: Sentence) -> Sentence:
    return say(
        "Package {number} {fate} with {left} of {size} parts left: a loss of {money} without VAT.",
        number=package.number,
        fate=fate,
        left=figures.count(package.left),
        size=figures.count(package.size),
        money=figures.money(package.unused_ore),
    )


def already(status: ServiceStatus, service: Service) -> list[Block]:
    """Return that nothing was changed, and why."""
    sentence = say(
        "{name}: {state} since {day}, by {who}. Nothing was changed.",
        name=status.municipality.name,
        state=state(status),
        day=service.since_day,
        who=service.by_whom,
    )
    return [TextLine(sentence), *left(status)]


def before_the_end(status: ServiceStatus) -> list[Block]:
    """Return what a deactivation would mean."""
    text = say(
        "Nothing more is sent for {name} then, also of a mailing that is under way or pending.",
        name=status.municipality.name,
    )
    return [TextLine(text, Tone.STRONG), *left(status)]


def deactivated(status: ServiceStatus) -> list[Block]:
    """Return what a deactivation means."""
    ended = say(
        "{name} is no longer active: nothing is sent and no package is opened.", name=status.municipality.name
    )
    return [
        TextLine(ended, Tone.GOOD),
        *left(status),
        TextLine(
            say("Activate it again with: smsctl municipality activate {key}", key=status.municipality.key)
        ),
    ]


def order_cancelled(status: ServiceStatus) -> list[Block]:
    """Return what it means that an order was cancelled."""
    ended = say("The order for {name} is cancelled; it was not activated.", name=status.municipality.name)
    return [
        TextLine(ended, Tone.GOOD),
        *left(status),
        TextLine(say("If the gateway's supplier has it already, tell them too.")),
    ]


def left(status: ServiceStatus) -> list[Block]:
    """Return what is left of the packages; nothing where there is none."""
    if not status.packages:
        return []
    if status.left <= 0:
        return [TextLine(say("Nothing is left of its packages."))]
    sentence = say_n(
        "{count} part is left of its packages.",
        "{count} parts are left of its packages.",
        n=status.left,
        count=figures.count(status.left),
    )
    return [TextLine(sentence)]


_STATES = {
    ServiceState.ORDERED: say("ordered"),
    ServiceState.ACTIVE: say("active"),
    ServiceState.INACTIVE: say("deactivated"),
}
_FIELDS: Sequence[Field[ServiceStatus]] = (
    Field("municipality", lambda one: one.municipality.key, say("Municipality")),
    Field("name", lambda one: one.municipality.name, say("Name")),
    Field("in_packages", lambda one: one.municipality.in_packages),
    Field("state", lambda one: one.service and str(one.service.state)),
    Field("", state, say("Service")),
    Field("since", lambda one: one.service and one.service.since_day, say("Since")),
    Field("by", lambda one: one.service and one.service.by_whom, say("By")),
    Field("package", lambda one: one.newest, say("Package"), lambda number: str(number or "-"), right=True),
    Field("left", lambda one: one.left if one.packages else None, say("Parts left"), _number, right=True),
)
