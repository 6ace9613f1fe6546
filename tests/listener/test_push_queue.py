"""Who shares a commit: those who come back as soon as they are answered, but nobody waits long for them."""

import threading
import time
from collections.abc import Sequence

import pytest

from smsctl.domain.push import PushBatch
from smsctl.listener import push_queue
from smsctl.listener.push_queue import PushQueue

CLIENTS, ROUNDS = 4, 12


def commits_for(clients: int, *, each: int) -> int:
    """Return how many commits it takes where each client pushes again as soon as it is answered."""
    groups: list[int] = []
    troubles: list[Exception] = []

    def store(batches: Sequence[PushBatch]) -> None:
        groups.append(len(batches))
        time.sleep(0.005)  # others come in meanwhile

    queue = PushQueue(store, on_trouble=troubles.append, on_turn=lambda: None)
    closed = threading.Event()

    def push() -> None:
        assert all(queue.hand_in(PushBatch()) for _ in range(each))

    pushing = [threading.Thread(target=push) for _ in range(clients)]
    serving = threading.Thread(target=queue.serve, args=(closed,))
    for one in (serving, *pushing):
        one.start()
    for one in pushing:
        one.join(30)
    closed.set()
    serving.join(30)
    assert (sum(groups), troubles) == (clients * each, [])
    return len(groups)


def test_clients_that_push_in_turn_share_each_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_queue, "_COME_BACK_S", 1)  # of a busy machine
    assert commits_for(CLIENTS, each=ROUNDS) <= ROUNDS + 2  # the first comes alone


def test_without_a_wait_they_make_two_groups_that_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_queue, "_COME_BACK_S", 0)
    assert commits_for(CLIENTS, each=ROUNDS) > ROUNDS + 2


def test_one_who_pushes_alone_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_queue, "_COME_BACK_S", 3600)
    assert commits_for(1, each=ROUNDS) == ROUNDS
