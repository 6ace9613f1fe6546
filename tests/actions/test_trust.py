from collections.abc import Callable

from smsctl.actions.trust import account_of, may_repeat
from smsctl.config.read import load
from smsctl.domain.message import Status
from smsctl.ledger import mailings, reconciling

from ..conftest import MakeConfig
from .desk import ScriptedGateway, accepted, moment, unclear
from .second_way_in import SecondWayIn


def test_a_proof_is_kept_for_one_service_one_user_and_one_address(make_config: MakeConfig) -> None:
    def account(**gateway: object) -> str:
        settings = load(make_config(gateway=gateway))
        return account_of(settings, settings.municipality("exempelkommun"))

    accounts = [
        account(),
        account(service_id=4712),
        account(username="other"),
        account(url="https://a.example/"),
        account(url="https://b.example/"),
    ]
    assert len(set(accounts)) == len(accounts)
    assert account() == accounts[0]


def test_only_what_is_unknown_on_a_proved_account_may_be_submitted_again(
    way_in: Callable[..., SecondWayIn],
) -> None:
    page = way_in(gateway={"unique_references": True})
    account = account_of(page.settings, page.settings.municipality("exempelkommun"))
    lost, taken = page.wish("Lost"), page.wish("Taken")
    page.begin(lost, ScriptedGateway(unclear))
    page.begin(taken, ScriptedGateway(accepted))

    def said(mailing: int) -> bool:
        found = mailings.get(page.ledger, mailing)
        tally = mailings.tally(page.ledger, found)
        return may_repeat(page.ledger, page.settings, found, tally, moment())

    assert Status.UNKNOWN in mailings.tally(page.ledger, mailings.get(page.ledger, 1)).states
    assert not said(1)
    with page.ledger.transaction():
        reconciling.prove(page.ledger, account, moment())
    assert (said(1), said(2)) == (True, False)
