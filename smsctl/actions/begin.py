"""Beginning a mailing: it becomes rows in the ledger before anything is handed to a gateway."""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from smsctl.actions.classify import places_of
from smsctl.domain.approval import how_to_approve
from smsctl.domain.classify import FIRST_ROW
from smsctl.domain.mailing import Carried, CarriedRow, Mailing
from smsctl.domain.message import Status
from smsctl.domain.moment import Actor, Moment
from smsctl.domain.people import People
from smsctl.domain.plan import Plan
from smsctl.domain.recipients import Recipients, SkipReason
from smsctl.domain.spelling import veil_numbers
from smsctl.errors import RuleError, Sentence, say
from smsctl.ledger import approvals, audit, counts, fitness, lock, mailings, openings, run_keys
from smsctl.ledger.lock import TakenError
from smsctl.ledger.mailings import Addressee, NewMailing
from smsctl.ledger.seam.engine import Progress, nobody_looks
from smsctl.ledger.skipped import SkippedEntry
from smsctl.ledger.store import ROWS_IN_A_COMMIT, Ledger
from smsctl.spreadsheet import Sheet

_IN_AUDIT = ("", "; urgent", "; urgent, also beyond the day's ceilings")


EMPTY = "empty"
"""The audit's word for a run that had nobody to send to, and was allowed to."""

PAUSED = "paused"
"""The audit's word for a run that sent nothing, for it is a pause."""


class RuleOverrides(NamedTuple):
    """Which rules a person has overruled for this mailing, and why."""

    again: bool = False
    urgent: bool = False
    over_day: bool = False  # beyond the ceilings of the day
    reason: str | None = None


def begin(
    new: NewMailing,
    ready: Iterable[Addressee],
    skipped: Iterable[SkippedEntry],
    ledger: Ledger,
    moment: Moment,
    actor: Actor,
    on_progress: Progress = nobody_looks,
) -> Mailing:
    """Write the mailing with its text, price, messages and skipped rows: as a whole or not at all.

    A large one is written in several commits, the mailing itself by the last; `on_progress` is told how many
    rows are written, and of how many. Raises LedgerError when nothing must be sent from this ledger now.
    """
    fitness.must_be_fit(ledger, moment, rows=new.rows)
    if new.rows <= ROWS_IN_A_COMMIT:
        with ledger.transaction():
            return write(new, ready, skipped, ledger, moment, actor)
    _refuse_used(ledger, new)
    reference = openings.new_reference()
    with lock.right_to_send(ledger, reference):
        with ledger.transaction():
            opening = openings.keep(ledger, reference, new.rows)
        messages = rows = 0
        for written in openings.write_in_pieces(ledger, opening, ready, skipped, new):
            messages, rows = written
            on_progress(rows, new.rows)
        with ledger.transaction():
            _refuse_used(ledger, new)
            openings.keep_no_longer(ledger, opening, messages, rows)
            mailing = openings.finish(ledger, opening, new, messages, moment, actor)
            return _recorded(mailing, new, ledger, moment, actor)


def write(
    new: NewMailing,
    ready: Iterable[Addressee],
    skipped: Iterable[SkippedEntry],
    ledger: Ledger,
    moment: Moment,
    actor: Actor,
) -> Mailing:
    """Write the mailing in the open transaction, whether it may be sent or not."""
    _refuse_used(ledger, new)
    mailing = openings.create(ledger, new, ready, skipped, moment, actor)
    return _recorded(mailing, new, ledger, moment, actor)


def must_be_new(ledger: Ledger, key: str | None) -> None:
    """Raise TakenError where another run was quicker, and has begun a mailing under an expanded key."""
    if key and mailings.of_key(ledger, key):
        raise TakenError(
            say("Another run has just begun a mailing under the key {key}.", key=veil_numbers(key)),
            hint=say("Look with: smsctl mailings list"),
        )


def _refuse_used(ledger: Ledger, new: NewMailing) -> None:
    must_be_new(ledger, new.run_key)
    if new.retry_of is not None:
        must_not_be_retried(ledger, new.retry_of)


def must_not_be_retried(ledger: Ledger, mailing: int, over: Container[int] = ()) -> None:
    """Raise RuleError where a mailing was sent again before: then that one may be. `over`: `retried_by`."""
    if again := mailings.retried_by(ledger, mailing, over):
        asked = approvals.of(ledger, again)
        mend = say("Send that one again: smsctl mailings retry {again}", again=again)
        if asked and asked.waits:
            mend = how_to_approve(again)
        elif counts.number_in(ledger, mailings.get(ledger, again), Status.PENDING):  # it was broken off
            mend = say("Send what is pending with: smsctl mailings resume {id}", id=again)
        raise RuleError(
            say("Mailing {id} was sent again before, by mailing {again}.", id=mailing, again=again), hint=mend
        )


def _recorded(mailing: Mailing, new: NewMailing, ledger: Ledger, moment: Moment, actor: Actor) -> Mailing:
    audit.record(
        ledger,
        moment,
        actor,
        new.kind,
        audit.mailing_subject(mailing.id),
        f"messages: {mailing.messages}{_IN_AUDIT[mailing.urgent + mailing.over_day]}{_besides(new)}",
        new.reason,
    )
    if new.approval:
        approvals.ask(ledger, mailing, new.approval, moment, actor)
    return mailing


def record_nobody(
    plan: Plan, key: str | None, ledger: Ledger, moment: Moment, actor: Actor, *, allowed: bool
) -> None:
    """Write in the audit that there was nobody to send to, and why; the key is not used up.

    `allowed`: it is no mistake, and so the run of this key is done.
    """
    skipped = plan.recipients.counted.items()
    why = "; ".join([f"rows: {plan.recipients.rows}", *(f"{reason}: {n}" for reason, n in skipped)])
    subject = run_keys.subject_of(key) if key else plan.order.municipality.key
    with ledger.transaction():
        audit.record(ledger, moment, actor, EMPTY if allowed else "nobody", subject, why)


def record_pause(
    pause: Sentence, key: str | None, municipality: str, ledger: Ledger, moment: Moment, actor: Actor
) -> None:
    """Write in the audit that a run sent nothing, for it is a pause; the key is not used up."""
    subject = run_keys.subject_of(key) if key else municipality
    with ledger.transaction():
        audit.record(ledger, moment, actor, PAUSED, subject, str(pause))


def _besides(new: NewMailing) -> str:
    lifted = "" if new.terms_required or new.kind != "send" else "; accepted terms not required"
    return lifted if new.retry_of is None else f"{lifted}; mailing {new.retry_of} again"


def from_plan(plan: Plan, overruling: RuleOverrides, *, run_key: str | None = None) -> NewMailing:
    """Return what the ledger is to write of a plan that was confirmed."""
    said = ((plan.order, _ORDERED), (plan.recipients, _COUNTED), (overruling, _OVERRULED))
    as_it_is = {name: getattr(source, name) for source, names in said for name in names}
    gateway, size = plan.traits.name, plan.size
    return NewMailing(kind="send", gateway=gateway, size=size, run_key=run_key, **as_it_is)


_ORDERED = (
    *("municipality", "letter", "audience", "source", "ceilings", "number_column"),
    *("terms_required", "label"),
)
_COUNTED = ("rows", "audience_rows", "outside", "cost_shares", "texts")
_OVERRULED = ("again", "urgent", "over_day", "reason")
"""What a new mailing has by the same name from the order, its recipients, and whoever overruled a rule."""


def carried_of(plan: Plan, sheet: Sheet) -> Carried:
    """Return the cells to be kept of each row of the audience, but for those of protected identities.

    The file is read once more as they are taken: InputError where it was changed since it was opened.
    """
    headings = plan.order.carry
    return Carried(headings=headings, rows=_carried_rows(plan, sheet, headings) if headings else ())


def _carried_rows(plan: Plan, sheet: Sheet, headings: Sequence[str]) -> Iterator[CarriedRow]:
    places = places_of(sheet, headings)
    recipients = plan.recipients
    wanted = bytearray(max((people.rows[-1] for people in _all_of(recipients)), default=0) + 1)
    for people in _all_of(recipients):
        for row in people.rows:
            wanted[row] = 1
    for row in recipients.protected_rows:
        wanted[row] = 0
    for number, cells in enumerate(islice(sheet.rows(), max(len(wanted) - FIRST_ROW, 0)), FIRST_ROW):
        if wanted[number]:
            kept = (cells[place].strip() if place < len(cells) else "" for place in places)
            yield CarriedRow(row=number, cells=tuple(kept))


def _all_of(recipients: Recipients) -> list[People]:
    return [one for one in (recipients.ready, *recipients.skipped.values()) if len(one)]


def skipped_of(plan: Plan) -> Iterator[SkippedEntry]:
    """Yield who gets no message, each with its reason."""
    titles, refused = plan.recipients.number_columns or ("",), plan.recipients.refused
    for reason, people in plan.recipients.skipped.items():
        for (row, number, name), column in zip(people, people.columns, strict=True):
            accepted = reason is not SkipReason.TERMS and (row, column) not in refused
            yield SkippedEntry(
                row=row,
                column=titles[column],
                reason=reason,
                number=number,
                name=name,
                accepted=accepted if plan.order.terms_required else None,
            )
