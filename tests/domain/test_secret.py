import copy
import pickle

import pytest

from smsctl.domain.secret import Secret

SECRET = Secret("s3cret")


@pytest.mark.parametrize("shown", [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>20}", f"{SECRET:>9}"])
def test_a_secret_is_never_shown(shown: str) -> None:
    assert "s3cret" not in shown
    assert "***" in shown


def test_a_secret_is_revealed_on_request() -> None:
    assert SECRET.reveal() == "s3cret"


def test_secrets_compare_by_text() -> None:
    assert Secret("lösen") == Secret("lösen")
    assert Secret("a") != Secret("b")
    assert SECRET != "s3cret"
    assert Secret("a")
    assert not Secret("")


def test_a_secret_is_neither_pickled_nor_copied_nor_hashed() -> None:
    for take in (pickle.dumps, copy.copy, copy.deepcopy, hash):
        with pytest.raises(TypeError):
            take(SECRET)
