from smsctl.ledger import carried
from smsctl.ledger.store import Ledger

from . import sending


def test_the_cells_of_a_mailing_are_those_of_its_own_rows(ledger: Ledger) -> None:
    sending.activate(ledger)
    first, second = (sending.begin(ledger, 1).id for _ in range(2))
    with ledger.transaction():
        for mailing, row, cell in ((first, 2, "7A"), (first, 3, "7B"), (second, 2, "8A"), (second, 9, "8B")):
            ledger.write(
                "INSERT INTO carried (mailing, sheet_row, cells) VALUES (?, ?, ?)", mailing, row, cell
            )
    assert carried.of_rows(ledger, first, 2, 3) == {2: ("7A",), 3: ("7B",)}
    assert carried.of_rows(ledger, second, 2, 3) == {2: ("8A",)}
