"""A way into the actions beside the command line, with a real config, ledger and recipients file."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from smsctl.actions.begin import RuleOverrides, begin, from_plan, skipped_of
from smsctl.actions.draft import PlanRequest, draft
from smsctl.actions.may_send import Circumstances, ceilings_in_claims
from smsctl.actions.send import Result, SendRun, send
from smsctl.actions.stop_signal import StopSignal
from smsctl.actions.trust import account_of
from smsctl.config.read import load
from smsctl.domain.audience import Audience
from smsctl.domain.mailing import Ceilings, Mailing
from smsctl.domain.message import Letter
from smsctl.domain.municipality import Municipality
from smsctl.domain.number import NumberReader
from smsctl.domain.package import PackageTerms
from smsctl.domain.plan import Plan
from smsctl.domain.text import MessageText
from smsctl.ledger import municipalities
from smsctl.ledger.store import Ledger, open_ledger

from .desk import ACTOR, PACE, ScriptedGateway, moment

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
CEILINGS = Ceilings(max_parts=9, max_new_packages=0)
TERMS = PackageTerms(size=10_000, price_ore=490_000)


def as_typed(added: Sequence[str], *, by_a_person: bool) -> str:
    return " ".join(["page", *(["asked"] if by_a_person else []), *added])


class SecondWayIn:
    """What a web page, say, would do: no command line, and every rule asked."""

    def __init__(self, config: Path, opener: Callable[[Path], Ledger] = open_ledger) -> None:
        self.settings = load(config)
        self.settings.ledger_path.parent.mkdir(exist_ok=True)
        self.ledger = opener(self.settings.ledger_path)
        found = self.settings.municipality("exempelkommun")
        self.town = municipality(found.key)
        with self.ledger.transaction():
            municipalities.activate(self.ledger, self.town, moment(), ACTOR)

    def under(self, local_now: datetime = NOON, *, attended: bool = False) -> Circumstances:
        return Circumstances(
            settings=self.settings,
            ledger=self.ledger,
            now=moment(),
            local_now=local_now,
            actor=ACTOR,
            groups_of=lambda _user: (),
            attended=attended,
            command=as_typed,
        )

    def wish(self, text: str = "Hej", ceilings: Ceilings = CEILINGS, *, again: bool = False) -> PlanRequest:
        return PlanRequest(
            letter=Letter(text=MessageText.read(text)),
            municipality=self.town,
            recipients=self.settings.recipients or Path(),
            audience=Audience(everyone=True),
            columns={},
            numbers=NumberReader("+46", frozenset({"+46"})),
            require_terms=True,
            skip_invalid=False,
            ceilings=ceilings,
            again=again,
        )

    def send(self, mailing: Mailing, gateway: ScriptedGateway, ceilings: Ceilings) -> Result:
        return send(
            SendRun(
                mailing=mailing,
                ledger=self.ledger,
                gateway=gateway,
                now=moment,
                ceilings=ceilings,
                pace=PACE,
                stop_signal=StopSignal(),
                account=account_of(self.settings, self.settings.municipality("exempelkommun")),
                proved_at=None,
                on_progress=lambda _states: None,
            )
        )

    def begin(self, wish: PlanRequest, gateway: ScriptedGateway, key: str | None = None) -> Result:
        plan, _, verdict = draft(wish, gateway, self.under())
        verdict.must_hold()
        return self.depart(plan, wish, gateway, key)

    def depart(
        self, plan: Plan, wish: PlanRequest, gateway: ScriptedGateway, key: str | None = None
    ) -> Result:
        mailing = begin(
            from_plan(plan, RuleOverrides(), run_key=key),
            plan.recipients.ready,
            skipped_of(plan),
            self.ledger,
            moment(),
            ACTOR,
        )
        return self.send(mailing, gateway, ceilings_in_claims(mailing, wish.ceilings, self.under()))


def municipality(key: str) -> Municipality:
    return Municipality(key=key, name="Exempelkommun", rate=TERMS, in_packages=True)
