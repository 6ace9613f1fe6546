"""`smsctl mailings show ID`: did it go out? The story of one mailing, and what to do next."""

from functools import partial

from smsctl.actions.sender_rights import sees
from smsctl.cli import numbers, options, seen
from smsctl.cli.mailings import story as render
from smsctl.cli.output.reply import CommandResult, warnings_of
from smsctl.cli.wiring import Wiring
from smsctl.domain.message import Status
from smsctl.domain.recipients import SkipReason
from smsctl.domain.unsettled import unsettled_of
from smsctl.ledger import approvals, audit, batch_rows, costs, mailings, reports, skipped, stops
from smsctl.ledger.undelivered import of_mailing, withdrawn

EXAMPLES = ("smsctl mailings show 12", "smsctl mailings show 12 --json")


def run(wiring: Wiring, mailing: options.MailingId) -> CommandResult:
    """Tell the story of one mailing: counts by state, batches, what was done, and what to do next.

    Under [senders], of another municipality's mailing only figures: no rows, and nothing of who did what.
    """
    ledger = wiring.ledger
    found = seen.told(wiring, mailings.get(ledger, mailing))
    tally, of = mailings.tally_of_one_look(ledger, found), seen.seen_by(wiring)
    is_theirs = sees(of, found)
    story = render.Story(
        mailing=found,
        tally=tally,
        skipped=skipped.counts(ledger, found.id),
        outside=skipped.outside(ledger, found.id),
        protected=skipped.rows_of(ledger, found.id, SkipReason.PROTECTED) if is_theirs else (),
        batches=batch_rows.of_mailing(ledger, found.id),
        batch_states=batch_rows.states_by_batch(ledger, found),
        history=[
            row._replace(reason=row.reason and numbers.shown_text(wiring, row.reason))
            for row in audit.of(ledger, audit.mailing_subject(found.id))
            if is_theirs and row.action != found.kind
        ],
        answers=mailings.answers(ledger, found, most=render.ANSWERS_READ) if is_theirs else (),
        cancelled=withdrawn(ledger, found) if tally.states.get(Status.CANCELLED) else {},
        taken_twice=reports.taken_twice(ledger, found),
        in_doubt=stops.in_doubt(ledger, found),
        returns=of_mailing(ledger, found, tally.states, wiring.clock.now().at, wiring.settings.reports.wait),
        approval=approvals.of(ledger, found.id),
        retried_by=mailings.retried_by(ledger, found.id),
        shown=partial(numbers.shown, wiring),
        cost_shares=costs.shares_of(ledger, found.id),
    )
    return CommandResult(
        data=render.story_data(story),
        screen=[
            *(seen.limits(wiring, of) if not is_theirs else ()),
            *render.story(story, wiring.settings.time_zone),
        ],
        is_of_the_ledger=True,
        said=warnings_of(unsettled_of(found.id, tally.states, story.in_doubt)),
    )
