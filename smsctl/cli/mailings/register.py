"""Lists of who got it and who did not, for a screen and for whoever corrects the register."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from smsctl.cli.output import figures
from smsctl.cli.output.blocks import Text
from smsctl.cli.output.fields import Field, time_of
from smsctl.domain.message import Status
from smsctl.domain.recipients import told
from smsctl.domain.report import PERMANENT, Cause
from smsctl.domain.spelling import is_e164, written_out
from smsctl.errors import say
from smsctl.ledger.everyone import PersonRow
from smsctl.ledger.failures import Failure

SHOWN = 50


def on_screen(shown: Callable[[str], str], zone: str) -> list[Field[PersonRow]]:
    """Return the columns of a screen and the keys of the envelope; numbers as they may be shown."""
    return [
        Field("row", lambda one: one.row, say("Row"), right=True),
        Field("number", lambda one: shown(one.number), say("Number")),
        Field("state", _state, say("State"), lambda one: _STATES.get(one) or one),
        time_of("at", lambda one: one.at, say("When"), zone),
        Field("", _why, say("Why")),
        Field("cause", lambda one: one.cause),
        Field("reason", lambda one: told(one.reason) or None),
        Field("not_in_use", lambda one: one.is_dead),
    ]


def in_a_file(headings: Sequence[str], zone: str) -> list[Field[PersonRow]]:
    """Return the columns of a file. It may be given as a recipients file once it is corrected.

    So it begins as one that smsctl writes (domain/columns.py), and tells of the terms.
    """
    return [
        Field("", lambda one: one.row, say("Row")),
        Field("", lambda one: written(one.number), say("Number")),
        Field("", lambda one: one.name, say("Name")),
        Field("", _state, say("State"), lambda one: _STATES.get(one) or one),
        Field("", _why, say("Why")),
        time_of("", lambda one: one.at, say("When"), zone),
        Field("", lambda one: one.column, say("Column")),
        Field("", lambda one: one.accepted, say("Accepted terms"), figures.yes_or_no),
        *(Field("", partial(_cell, place), heading) for place, heading in enumerate(headings)),
    ]


def not_reached(shown: Callable[[str], str]) -> list[Field[Failure]]:
    """Return the columns of a screen and the keys of the envelope for numbers that were not reached."""
    return [
        Field("mailing", lambda one: one.mailing.id, say("Mailing"), right=True),
        Field("row", lambda one: one.failed.row, say("Row"), right=True),
        Field("", lambda one: shown(one.failed.number), say("Number")),
        Field("state", lambda one: one.failed.state, say("State"), figures.state),
        Field("cause", lambda one: one.failed.cause, say("Why"), CAUSES.__getitem__),
        Field("dead", lambda one: one.failed.cause in PERMANENT),
    ]


def not_reached_in_a_file(headings: Sequence[str], zone: str) -> list[Field[Failure]]:
    """Return the columns of the file for the register; it begins as one that smsctl writes."""
    return [
        Field("", lambda one: one.failed.row, say("Row")),
        Field("", lambda one: written(one.failed.number), say("Number")),
        Field("", lambda one: one.failed.name, say("Name")),
        Field("", lambda one: one.failed.state, say("State"), figures.state),
        Field("", lambda one: one.failed.cause, say("Why"), CAUSES.__getitem__),
        Field("", lambda one: one.mailing.id, say("Mailing")),
        time_of("", lambda one: one.mailing.created_at, say("When"), zone),
        Field("", lambda one: one.mailing.municipality.name, say("Municipality")),
        Field("", lambda one: one.mailing.terms_required or None, say("Accepted terms"), figures.yes_or_no),
        *(Field("", partial(_cell_under, heading), heading) for heading in headings),
    ]


def written(number: str) -> str:
    """Return what stands in a file where a number should; it may be a mistake."""
    return written_out(number) if is_e164(number) else number


def _cell(place: int, person: PersonRow) -> str:
    return person.cells[place] if place < len(person.cells) else ""


def _cell_under(heading: str, failure: Failure) -> str:
    return failure.cells.get(heading, "")


def _state(person: PersonRow) -> str:
    return str(person.state or _SKIPPED)


def _why(person: PersonRow) -> Text:
    if person.cause is not None:
        return CAUSES[person.cause]
    if person.reason:
        return figures.reason(told(person.reason))
    return "" if person.state in _WELL else person.answer


_WELL = frozenset({Status.ACCEPTED, Status.DELIVERED})


_SKIPPED = "skipped"
_STATES: Mapping[str, Text] = {_SKIPPED: say("skipped"), **{str(one): figures.state(one) for one in Status}}

CAUSES = {
    Cause.BAD_NUMBER: say("the number does not exist: correct it"),
    Cause.BARRED: say("barred, or no longer in use: remove it"),
    Cause.UNREACHABLE: say("the phone cannot be reached for now"),
    Cause.EXPIRED: say("the phone was not reached in time"),
    Cause.NETWORK: say("trouble at the operator or the gateway"),
    Cause.PREMIUM: say("premium services are barred"),
    Cause.CONFIGURATION: say("the gateway account must be mended"),
    Cause.REFUSED: say("refused by the operator"),
    Cause.UNTOLD: say("no reason was told"),
}
