"""How many rows a commit of a long work takes, by what the latest have taken."""

import pytest

from smsctl.ledger.pieces import HELD_S, Piece, fitting_rows

NONE = Piece(rows=0, held_s=0.0)


@pytest.mark.parametrize(
    ("asked", "latest", "before", "fit"),
    [
        pytest.param(5_000, Piece(5_000, 0.2), NONE, 2_500, id="the first that was long"),
        pytest.param(2_500, Piece(5_000, 0.2), Piece(5_000, 0.2), 2_500, id="fewer are still to come"),
        pytest.param(1_000, Piece(1_000, 0.2), Piece(5_000, 1.0), 500, id="fewer took as much less"),
        pytest.param(2_500, Piece(2_500, 0.18), Piece(5_000, 0.2), 3_750, id="fewer took as long"),
        pytest.param(2_500, Piece(2_500, 0.2), Piece(5_000, 0.0), 3_750, id="fewer took longer"),
        pytest.param(7_500, Piece(7_500, 0.21), Piece(5_000, 0.2), 11_250, id="more took as long"),
        pytest.param(7_500, Piece(7_500, 0.3), Piece(5_000, 0.2), 2_500, id="more took as much more"),
        pytest.param(20, Piece(20, 0.15), Piece(20, 0.15), 30, id="the fewest, and the disk's own time"),
        pytest.param(20, Piece(20, 9.0), Piece(30, 14.0), 20, id="a disk that nothing helps"),
        pytest.param(1_000, Piece(1_000, 0.0), NONE, 4_000, id="no time at all"),
    ],
)
def test_fewer_rows_only_where_they_take_less(asked: int, latest: Piece, before: Piece, fit: int) -> None:
    assert fitting_rows(asked, latest, before, for_disk=True) == fit


def test_where_it_is_not_the_disk_fewer_rows_always_help() -> None:
    assert fitting_rows(2_500, Piece(2_500, 0.2), Piece(5_000, 0.2), for_disk=False) == 1_250


@pytest.mark.parametrize("own_s", [0.05, 0.11, 0.15, 0.3, 1.0])
@pytest.mark.parametrize("row_s", [0.00001, 0.0001, 0.003])
def test_others_wait_for_little_more_than_the_disk_and_the_work_comes_to_its_end(
    own_s: float, row_s: float
) -> None:
    asked = sliced = 5_000
    pieces = [NONE]
    for _ in range(60):  # a piece is cut before it is known what the one before has taken
        latest, sliced = Piece(sliced, own_s + sliced * row_s), asked
        asked = min(fitting_rows(asked, latest, pieces[-1], for_disk=True), 25_000)
        pieces.append(latest)
    assert max(piece.held_s for piece in pieces[5:]) < max(4 * own_s, 2 * HELD_S)
    each_s = sum(piece.held_s for piece in pieces) / sum(piece.rows for piece in pieces)
    most = 5 if own_s > HELD_S else 12  # times as long as with no disk at all, and no piece too large
    assert each_s < most * max(row_s, own_s / 25_000)
