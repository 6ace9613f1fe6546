"""The proofs of kills and crowds with the ledger on a server: the same, and each control fails as it must."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.proof.conftest import Scale
from tests.proof.site import Site
from tests.proof.test_attack import attack
from tests.proof.test_kills import any_site, torment_many
from tests.proof.test_many_processes import crowd_together
from tests.proof.weaknesses import Weakness

from .. import postgres_server
from ..postgres_server import Cluster

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

_NUMBERS = count(1)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Callable[[], str]]:
    """What makes an empty database and returns its address."""
    ours = f"proof_{os.getpid()}_"

    def made() -> str:
        name = f"{ours}{next(_NUMBERS)}"
        with psycopg.connect(cluster.url(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        return cluster.url(name)

    yield made
    cluster.forget(ours)


@pytest.fixture
def site_on_server(database: Callable[[], str]) -> Callable[[random.Random, Path, str], Site]:
    """What makes a server whose ledger is on another one."""

    def made(dice: random.Random, folder: Path, url: str) -> Site:
        likely = any_site(dice, folder.with_name(f"{folder.name}-as"), url)
        return Site(
            folder=folder,
            url=url,
            messages=min(likely.messages, 80),
            batch_size=likely.batch_size,
            connections=likely.connections,
            text_length=likely.text_length,
            database=database(),
        )

    return made


def test_no_kill_makes_a_message_lost_or_sent_twice(
    tmp_path: Path,
    dice: random.Random,
    scale: Scale,
    site_on_server: Callable[[random.Random, Path, str], Site],
) -> None:
    states = torment_many(tmp_path, dice, scale.of(short=8, long=2000), new_site=site_on_server)
    assert states["accepted"]


def test_the_kills_find_a_recovery_that_says_pending(
    tmp_path: Path,
    dice: random.Random,
    site_on_server: Callable[[random.Random, Path, str], Site],
) -> None:
    weak = [Weakness.RECOVERED_AS_PENDING]
    with pytest.raises(AssertionError, match=r"I1:|I4:"):
        torment_many(tmp_path, dice, 300, new_site=site_on_server, weaknesses=weak)


def test_an_attacked_server_sends_nothing_twice_and_loses_nothing(
    tmp_path: Path,
    dice: random.Random,
    scale: Scale,
    cluster: Cluster,
    database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(cluster.binaries), prepend=os.pathsep)
    kills = scale.of(short=4, long=1000)
    assert attack(tmp_path, dice, kills=kills, module="intelecom", database=database)


def test_the_attack_finds_commands_that_ask_no_second_person(
    tmp_path: Path, dice: random.Random, database: Callable[[], str]
) -> None:
    weak = [Weakness.NOBODY_IS_ASKED]
    with pytest.raises(AssertionError, match="unapproved"):
        attack(
            tmp_path,
            dice,
            kills=1000,
            module="intelecom",
            weaknesses=weak,
            database=database,
            approvals=[5],
        )


def test_eight_processes_on_four_hosts_share_a_ledger(
    tmp_path: Path, dice: random.Random, scale: Scale, database: Callable[[], str]
) -> None:
    rounds = scale.of(short=1, long=500)
    ends = crowd_together(tmp_path, dice, rounds=rounds, database=database(), hosts=4)
    assert ends[0] + ends[-signal.SIGKILL]
