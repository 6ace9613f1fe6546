"""`smsctl municipality …`: the life of the service, per municipality."""

from typing import Annotated

from smsctl.cli import dialogue, options, seen
from smsctl.cli.money import municipality_screen as render
from smsctl.cli.money.municipality_screen import ServiceStatus
from smsctl.cli.options import flag
from smsctl.cli.output.blocks import TextLine, Tone
from smsctl.cli.output.reply import CommandResult
from smsctl.cli.wiring import Wiring
from smsctl.domain.municipality import Municipality, ServiceState
from smsctl.domain.package import PackageTerms
from smsctl.errors import ConfigError, NotConfirmedError, Sentence, UsageError, say
from smsctl.ledger import health, municipalities, packages

EXAMPLES = {
    "list": ("smsctl municipality list", "smsctl municipality list --json"),
    "order": ("smsctl municipality order exempelkommun",),
    "activate": (
        "smsctl municipality activate exempelkommun",
        "smsctl municipality activate exempelkommun --yes  # without a terminal",
        'smsctl municipality activate exempelkommun --new-package --reason "new deal"',
    ),
    "deactivate": ("smsctl municipality deactivate exempelkommun",),
}


def _service_status(wiring: Wiring, municipality: Municipality) -> ServiceStatus:
    """Return how the municipality stands in the ledger of this mode."""
    return ServiceStatus(
        municipality=municipality,
        service=municipalities.service_of(wiring.ledger, municipality.key),
        packages=packages.packages_of(wiring.ledger, municipality.key),
    )


def _terms_of(wiring: Wiring, municipality: Municipality) -> PackageTerms:
    """Return what a package is there. Raises ConfigError where there are none, and so nothing to activate."""
    if municipality.package is None:
        raise ConfigError(
            say("{name} has no packages, so it needs no activation.", name=municipality.name),
            hint=say(
                "For packages, set package_size and package_price under [municipalities.{key}] in {path}.",
                key=municipality.key,
                path=wiring.settings.path,
            ),
        )
    return municipality.package


def run_list(wiring: Wiring) -> CommandResult:
    """List the municipalities: whether the service is active, since when, and what is left.

    Those that the config no longer has are listed by their key.
    """
    known = {key: wiring.municipality(key)[1] for key in wiring.settings.municipalities}
    for key in municipalities.services(wiring.ledger):
        known.setdefault(key, Municipality(key=key, name=key))
    every = [_service_status(wiring, one) for one in known.values()]
    return CommandResult(
        data={"municipalities": [render.data(one) for one in every]},
        screen=render.listed(every),
        is_of_the_ledger=True,
    )


def run_order(wiring: Wiring, municipality: options.Payer) -> CommandResult:
    """Record that the service is ordered; show what to send to the supplier and what it will cost.

    An order costs nothing and opens no package. Activating does, with or without an order.
    """
    configured, payer = wiring.municipality(municipality)
    seen.must_serve(wiring, payer)
    terms = _terms_of(wiring, payer)
    done = municipalities.order(wiring.ledger, payer, wiring.clock.now(), wiring.actor)
    now = _service_status(wiring, payer)
    if not done and now.service:
        screen = render.already(now, now.service)
    else:
        screen = render.ordered(now, terms, configured.service_id or wiring.settings.gateway.service_id)
    return CommandResult(data={**render.data(now), "changed": done}, screen=screen)


def run_activate(
    wiring: Wiring,
    municipality: options.Payer,
    *,
    new_package: Annotated[
        bool,
        flag(
            "--new-package",
            "Close what is left of a package and open one at today's price; goes with --reason.",
        ),
    ] = False,
    reason: options.Reason = None,
    yes: options.Yes = False,
) -> CommandResult:
    """Activate the service at once, with or without an order.

    Opens the first package, which makes an invoice; after a deactivation only when nothing is left. Shows
    the price and asks before that. After a change of supplier, --new-package also ends what is left.
    """
    _, payer = wiring.municipality(municipality)
    seen.must_serve(wiring, payer)
    terms, ledger = _terms_of(wiring, payer), wiring.ledger
    if new_package is not bool(reason):
        raise UsageError(say("--new-package and --reason TEXT go together."))
    before = _service_status(wiring, payer)
    if reason:
        return _renew(wiring, before, terms, reason, yes=yes)
    if before.service and municipalities.is_active(ledger, payer.key):
        data = {**render.data(before), "changed": False, "opened": None}
        return CommandResult(data=data, screen=render.already(before, before.service))
    opens = municipalities.opens_package(ledger, payer)
    if opens and not yes:
        _confirm_price(wiring, render.price_sentence(before, terms))
    with ledger.transaction():
        if opens is not municipalities.opens_package(ledger, payer):
            raise NotConfirmedError(say("Another process has just changed the service; look again."))
        opened = municipalities.activate(ledger, payer, wiring.clock.now(), wiring.actor)
    now = _service_status(wiring, payer)
    return CommandResult(
        data={**render.data(now), "changed": True, "opened": opened}, screen=render.activated(now, opened)
    )


def _renew(
    wiring: Wiring, before: ServiceStatus, terms: PackageTerms, reason: str, *, yes: bool
) -> CommandResult:
    """Open a package at today's price, whatever is left, and tell what is lost with it."""
    ledger, payer = wiring.ledger, before.municipality
    lost = render.will_be_lost(before, unsettled=sum(health.unsettled(ledger, payer.key).values()))
    if not yes:
        _confirm_price(wiring, render.price_sentence(before, terms), *lost)
    with ledger.transaction():
        if packages.packages_of(ledger, payer.key) != before.packages:
            raise NotConfirmedError(say("Another process has just changed the service; look again."))
        done = municipalities.renew(ledger, payer, terms, wiring.clock.now(), wiring.actor, reason)
    now = _service_status(wiring, payer)
    data = {**render.data(now), "changed": True, "opened": done.opened, "closed": render.closed_data(done)}
    return CommandResult(data=data, screen=[*render.activated(now, done.opened), *render.closed(done)])


def _confirm_price(wiring: Wiring, price: Sentence, *more: Sentence) -> None:
    """Ask, live, before a package is opened; without a terminal its price is the refusal."""
    if wiring.simulated:
        return
    if not wiring.output.interactive:
        hint = say("Nothing was activated. Do it with: --yes")
        raise NotConfirmedError(price, problems=more, hint=hint)
    wiring.output.show([TextLine(one, Tone.STRONG) for one in (price, *more)])
    otherwise = say("Not confirmed; nothing was activated.")
    dialogue.confirm(wiring.output, say("Activate?"), otherwise=otherwise)


def run_deactivate(wiring: Wiring, municipality: options.Payer, *, yes: options.Yes = False) -> CommandResult:
    """End the service: mailings are refused, also one that is under way, and no package is opened.

    On a terminal it is asked first.

    What is left of a package stays visible, and is used first after an activation. Where the service is
    only ordered, the order is cancelled.
    """
    _, payer = wiring.municipality(municipality)
    seen.must_serve(wiring, payer)
    _terms_of(wiring, payer)
    if wiring.output.interactive and not yes:
        _confirm(wiring, payer)
    done = municipalities.deactivate(wiring.ledger, payer, wiring.clock.now(), wiring.actor)
    now = _service_status(wiring, payer)
    if done is ServiceState.ORDERED:
        screen = render.order_cancelled(now)
    elif done:
        screen = render.deactivated(now)
    elif now.service:
        screen = render.already(now, now.service)
    else:
        screen = [TextLine(say("{name} is not active. Nothing was changed.", name=payer.name))]
    return CommandResult(data={**render.data(now), "changed": done is not None}, screen=screen)


def _confirm(wiring: Wiring, payer: Municipality) -> None:
    """Ask, where there is something to end."""
    before = _service_status(wiring, payer)
    if before.service is None or before.service.state is ServiceState.INACTIVE:
        return
    wiring.output.show(render.before_the_end(before))
    question = say("End the service for {name}?", name=payer.name)
    dialogue.confirm(wiring.output, question, otherwise=say("Not confirmed; nothing was changed."))
