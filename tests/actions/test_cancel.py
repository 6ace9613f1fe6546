from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from smsctl.actions.cancel import Cancelled, cancel
from smsctl.domain.gateway import CancelResult, Listed
from smsctl.domain.message import Answer, Batch, Receipt, Status, SubmitVerdict
from smsctl.domain.unsettled import Unsettled
from smsctl.errors import ExitCode
from smsctl.ledger.store import Ledger, open_ledger

from ..ledger.conftest import ACTOR
from ..ledger.runs import Taker, new_mailing, now, send_all, states


class Holder(Taker):
    """A gateway that puts every message into one state, and says what it stops by one of two names."""

    def __init__(self, status: Status, *, by_reference: bool = False) -> None:
        super().__init__()
        self._status = status
        self._by_reference = by_reference

    def submit(self, batch: Batch, *, not_after: float) -> Answer:
        super().submit(batch, not_after=not_after)
        receipts = [Receipt(m.reference, self._status, f"gw-{m.reference}") for m in batch.messages]
        unclear = self._status is Status.UNKNOWN
        return Answer(verdict=SubmitVerdict.UNCLEAR if unclear else SubmitVerdict.ANSWERED, receipts=receipts)

    def cancel(self, batch_reference: str) -> CancelResult:
        if self._by_reference:
            return CancelResult(found=True, stopped=tuple(self.taken))
        return CancelResult(found=True, stopped_ids=tuple(f"gw-{taken}" for taken in self.taken))

    def listed(self, batch_reference: str) -> Listed | None:
        return None


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(open_ledger(tmp_path / "ledger.db")) as opened:
        yield opened


@pytest.mark.parametrize("by_reference", [True, False])
@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.HELD, Status.UNKNOWN])
def test_what_the_gateway_still_holds_is_stopped_by_either_name(
    status: Status, ledger: Ledger, *, by_reference: bool
) -> None:
    gateway = Holder(status, by_reference=by_reference)
    mailing = new_mailing(ledger, 2)
    send_all(ledger, mailing, gateway)
    assert states(ledger) == {status: 2}
    assert cancel(ledger, mailing, lambda: gateway, now(), ACTOR, "wrong date") == Cancelled(
        pending=0, stopped=2, left=Unsettled(mailing=mailing.id)
    )
    assert states(ledger) == {"cancelled": 2}
    assert ledger.one("SELECT SUM(parts) FROM entries") == (0,)


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (
            Status.ACCEPTED,
            Cancelled(pending=0, stopped=0, left=Unsettled(mailing=1), on_their_way=2),
            ExitCode.OK,
        ),
        (Status.HELD, Cancelled(pending=0, stopped=0, left=Unsettled(1, held=2)), ExitCode.UNSETTLED),
        (
            Status.UNKNOWN,
            Cancelled(pending=0, stopped=0, left=Unsettled(1, unknown=2)),
            ExitCode.UNSETTLED,
        ),
    ],
)
def test_what_was_not_stopped_is_told_by_what_is_known_of_it(
    ledger: Ledger, status: Status, expected: Cancelled, code: ExitCode
) -> None:
    mailing = new_mailing(ledger, 2)
    send_all(ledger, mailing, Holder(status))
    done = cancel(ledger, mailing, None, now(), ACTOR, None)
    assert (done, done.exit_code) == (expected, code)
