"""`--key`: what was begun under a key is gone on with, or told."""

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from smsctl.actions import ending
from smsctl.actions.draft import PlanRequest
from smsctl.actions.keyed_run import Begun, begun_under, ended_under, wait_for_another
from smsctl.actions.may_send import Circumstances
from smsctl.cli.circumstances import circumstances
from smsctl.cli.mailings.drafting import unfit
from smsctl.cli.mailings.request import SendFlags
from smsctl.cli.output import figures, outcome
from smsctl.cli.output import mailings as listing
from smsctl.cli.output.blocks import TextLine
from smsctl.cli.output.reply import CommandResult, Note, warnings_of
from smsctl.cli.typed_times import read_duration
from smsctl.cli.wiring import Wiring
from smsctl.domain.gateway import Gateway
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import COSTS, Status
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import Sentence, UsageError, say
from smsctl.ledger import approvals, mailings
from smsctl.ledger.store import Ledger

if TYPE_CHECKING:
    from smsctl.actions.resume import Remainder


def begun(wiring: Wiring, key: str, plan_request: PlanRequest, gateway: Gateway) -> CommandResult | None:
    """Go on with what was begun under this key; None when nothing was.

    Raises RuleError for another text, audience or municipality, TakenError while another process sends it.
    """
    ledger = wiring.ledger
    under = circumstances(wiring, ledger, lenient=wiring.simulated)
    found = ended_under(key, plan_request, under)
    if found is None:
        return None
    found = found._replace(mailing=wiring.named(found.mailing))
    from smsctl.cli.mailings.resuming import go_on

    with ending.told_with_what_is_left(ledger, found.mailing):
        rest = _rest(found, plan_request, gateway, ledger, under)
        if rest:
            return go_on(wiring, rest, gateway, under, None)
        if found.goes_on or found.tally.states.get(Status.SENDING):  # another has got at it since
            found = found._replace(tally=ending.nothing_left(ledger, found.mailing))
    return _told(_done(found, key), ledger, found, dry_run=False)


def would_go_on(
    wiring: Wiring, key: str, plan_request: PlanRequest, gateway: Gateway, *, accept_clock: bool
) -> CommandResult | None:
    """Say what a real run would do with what was begun under this key; None when nothing was.

    Raises what refuses that run, by a rule or by the ledger.
    """
    ledger = wiring.ledger_as_it_is(wiring.settings.ledger_path)
    under = circumstances(wiring, ledger, lenient=wiring.simulated)
    found = begun_under(key, plan_request, under)
    if ledger is None or found is None:
        return None
    if wrong := unfit(wiring, ledger, accept_clock=accept_clock):
        raise wrong
    found = found._replace(mailing=wiring.named(found.mailing))
    sentence = _done(found, key)
    if found.goes_on:
        sentence = say(
            "Mailing {id} was begun under the key {key}: {counted}. A real run goes on with it.",
            **_values(found, key),
        )
    told = _told(sentence, ledger, found, dry_run=True)
    # What is on the wire is settled before it is judged, and a dry run settles nothing.
    if found.tally.states.get(Status.SENDING):
        return told
    wiring.output.know(told.data)
    with ending.told_with_what_is_left(ledger, found.mailing):
        rest = _rest(found, plan_request, gateway, ledger, under)
        if rest and (paused := rest.verdict.ends_in_pause):
            sentence = say("{why} Nothing was sent.", why=paused)
            done = _told(sentence, ledger, found, dry_run=True)
            said = [Note(code="pause", level="warning", text=paused)]
            return done._replace(data={**done.data, "paused": True}, said=said, is_told_always=True)
        if rest:
            rest.verdict.must_hold_to_the_end(sentence)
    return told


def _rest(
    found: Begun, plan_request: PlanRequest, gateway: Gateway, ledger: Ledger, under: Circumstances
) -> "Remainder | None":
    """Return what a real run would send, as it is judged now."""
    if not found.goes_on:
        return None
    from smsctl.actions.resume import what_is_left  # a first run needs none of it

    given = _within_the_yes(ledger, found.mailing, plan_request.ceilings)
    return what_is_left(found.mailing, gateway.traits, given, ledger, under, urgent=plan_request.urgent)


def _within_the_yes(ledger: Ledger, mailing: Mailing, given: Ceilings) -> Ceilings:
    """Return the ceilings of a line that goes on with a mailing: it is no new yes to more packages."""
    most_new = approvals.most_new_packages(ledger, mailing.id, given.max_new_packages)
    return given._replace(max_new_packages=most_new)


def patience_s(flags: SendFlags) -> float:
    """Return until when another run of the same key is waited for, on the monotonic clock.

    Raises UsageError where there is no key.
    """
    if flags.wait is None:
        return 0
    if flags.key is None:
        raise UsageError(
            say("--wait waits for another run of the same key, and no key is given."),
            hint=say("Add: --key NAME"),
        )
    return time.monotonic() + read_duration("--wait", flags.wait).total_seconds()


def wait(wiring: Wiring, key: str, until_s: float) -> None:
    """Wait while another process sends what was begun under this key; a terminal shows that."""
    with wiring.output.working(
        say("Waiting for another run of the key {key}", key=veil_numbers(key))
    ) as tell:
        wait_for_another(wiring.ledger, key, until_s, wiring.clock.now, tell)


def told_with_what_is_left(wiring: Wiring, key: str | None) -> AbstractContextManager[None]:
    """Let what goes wrong before the mailing under a key is gone on with end as what is left of it does."""
    mailing = mailings.of_key(wiring.ledger, key) if key else None
    return ending.told_with_what_is_left(wiring.ledger, mailing) if mailing else nullcontext()


def _done(earlier: Begun, key: str) -> Sentence:
    if COSTS & earlier.tally.states.keys():
        return say("Mailing {id} was already sent under the key {key}: {counted}.", **_values(earlier, key))
    return say(
        "Mailing {id} has used the key {key}, and nothing of it was sent: {counted}. To send it after all,"
        " choose another key.",
        **_values(earlier, key),
    )


def _values(earlier: Begun, key: str) -> dict[str, object]:
    counted = figures.counted(earlier.tally.states) or say("nothing to send")
    return {"id": earlier.mailing.id, "key": veil_numbers(key), "counted": counted}


def _told(sentence: Sentence, ledger: Ledger, earlier: Begun, *, dry_run: bool) -> CommandResult:
    mailing, tally = earlier.mailing, earlier.tally
    data = {**listing.data(mailing, tally), **outcome.data(ledger, mailing, tally)}
    left = ending.left_unsettled(ledger, mailing, tally)
    if dry_run:
        data = {name: one for name, one in data.items() if name != "outcome"} | {"dry_run": True}
        return CommandResult(
            data=data, screen=[TextLine(sentence)], summary=sentence, notes=warnings_of(left)
        )
    steps = outcome.next_steps(mailing, tally.states, left.in_doubt)
    return CommandResult(
        data=data,
        screen=[TextLine(sentence), *map(TextLine, steps)],
        summary=sentence,
        advice=steps,
        is_told_always=ending.has_left_out(ledger, mailing, tally),
    ).but_for(left)
