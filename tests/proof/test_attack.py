"""Two commands at once, kills and a faulty gateway: compared row by row and öre by öre."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.proof.attack import Attack
from tests.proof.conftest import Scale
from tests.proof.recorder import Faults, Recorder
from tests.proof.site import Nursery, Site
from tests.proof.weaknesses import Weakness

_FAULTS = Faults(reset_before=0.03, reset_after=0.03, error_after=0.03, busy=0.02, latency_s=0.01)
_ROUNDS_PER_SITE = 25


def attack(
    folder: Path,
    dice: random.Random,
    *,
    kills: int,
    module: str,
    weaknesses: Sequence[Weakness] = (),
    database: Callable[[], str] | None = None,
    approvals: Sequence[int | None] = (None, 5),
) -> Counter[str]:
    """Attack new servers until so many processes were killed; return how the commands ended.

    `approvals`: above how many messages a second person is asked, at one server or another.
    """
    ends: Counter[str] = Counter()
    with Nursery(*weaknesses) as main, Nursery(*weaknesses) as side:
        for place in range(10**6):
            with Recorder(_FAULTS, seed=dice.randrange(10**9)) as gateway:
                site = Site(
                    folder=folder / f"site{place}",
                    url=gateway.url,
                    messages=dice.randint(10, 40),
                    connections=dice.choice([1, 3]),
                    module=module,
                    approval_above=dice.choice(approvals),
                    database=database() if database else None,
                )
                assert main.run(site, site.activate()) == 0
                attacked = Attack(site, gateway, dice)
                for _ in range(_ROUNDS_PER_SITE):
                    attacked.round(main, side)
                attacked.finish(main)
                ends += attacked.ends
            if _killed(ends) >= kills:
                return ends
    raise AssertionError


def _killed(ends: Counter[str]) -> int:
    return sum(n for end, n in ends.items() if end.endswith(": -9"))


@pytest.mark.parametrize("module", ["intelecom", "pswincom"])
def test_an_attacked_server_sends_nothing_twice_and_loses_nothing(
    tmp_path: Path, dice: random.Random, scale: Scale, module: str
) -> None:
    ends = attack(tmp_path, dice, kills=scale.of(short=20, long=5000), module=module)
    assert _killed(ends) >= 20
    told = f"{module}: {_killed(ends)} of {ends.total()} commands killed; nobody twice, nobody lost"
    sys.stdout.write(told + "\n")


def test_the_attack_finds_commands_that_ask_no_second_person(tmp_path: Path, dice: random.Random) -> None:
    with pytest.raises(AssertionError, match="unapproved"):
        attack(
            tmp_path,
            dice,
            kills=1000,
            module="intelecom",
            weaknesses=[Weakness.NOBODY_IS_ASKED],
            approvals=[5],  # where nobody is to be asked, nothing is missing
        )


def test_the_attack_finds_a_recovery_that_says_pending(tmp_path: Path, dice: random.Random) -> None:
    with pytest.raises(AssertionError, match=r"I1:|I4:|times"):
        attack(tmp_path, dice, kills=1000, module="intelecom", weaknesses=[Weakness.RECOVERED_AS_PENDING])
