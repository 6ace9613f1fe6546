"""Whether a mailing of a municipality may leave now, for the doctor: what to mend, and what passes."""

from collections.abc import Iterator

from smsctl.actions.ceilings import by_time
from smsctl.actions.check import Finding, Level
from smsctl.actions.may_send import Circumstances, DepartingMailing, account_status_of, may_send
from smsctl.domain.audience import AudienceRule
from smsctl.domain.message import Letter
from smsctl.domain.municipality import Municipality
from smsctl.domain.plan import bill_for
from smsctl.domain.rules import Refusal, Rule
from smsctl.domain.text import MessageText
from smsctl.errors import ExitCode, say

_MUST_BE_MENDED = (Rule.NOT_ACTIVE, Rule.MAX_NEW_PACKAGES)
_PASSES = (Rule.QUIET_HOURS, Rule.PAUSE, Rule.MAX_PARTS_PER_DAY, Rule.MAX_COST_PER_MONTH)


def check_mailing(payer: Municipality, under: Circumstances) -> Iterator[Finding]:
    """Ask the rules of one part to one person; those that depend on who gets what are not asked.

    Quiet hours, a pause and the ceilings of a day or month pass by themselves: they are told, as no error.
    """
    ceilings = by_time(under.settings, payer.key)
    leaving = DepartingMailing(
        bill=bill_for(payer, account_status_of(under.ledger, payer, under.local_now), messages=1, parts=1),
        letter=Letter(text=MessageText(body="")),
        audience=AudienceRule(),
        ceilings=ceilings._replace(max_new_packages=under.settings.limits.max_new_packages),
    )
    verdict = may_send(leaving, under)
    for one in (*verdict.refusals, *verdict.warned):
        if one.rule in _MUST_BE_MENDED:
            yield _finding(one, Level.ERROR, ExitCode.REFUSED)
        elif one.rule in _PASSES:
            yield _finding(one, Level.WARNING, ExitCode.OK)


def _finding(refusal: Refusal, level: Level, code: ExitCode) -> Finding:
    mend = refusal.hint
    if refusal.rule is Rule.MAX_NEW_PACKAGES:
        mend = say("Raise max_new_packages under [limits] in the config; the next package makes an invoice.")
    elif refusal.rule in _PASSES:
        mend = say("Nothing needs to be mended: a mailing leaves when that is over.")
    return Finding(
        level, text=refusal.sentence, mend=mend, exit_code=code, check="package" if code else "now"
    )
