"""How thorough the proofs are: enough for every run, or a night's worth with --long."""

import os
import random
import sys
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is tried."""

    night: bool

    def of(self, *, short: int, long: int) -> int:
        return long if self.night else short


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Scale:
    """Return the scale asked for with the option --long, or PROOF=long in the environment."""
    asked = bool(request.config.getoption("--long", default=False))
    return Scale(night=asked or os.environ.get("PROOF") == "long")


@pytest.fixture
def dice() -> random.Random:
    """Return chance that can be had again: a failed test shows its seed, which PROOF_SEED brings back."""
    seed = os.environ.get("PROOF_SEED") or os.urandom(4).hex()
    sys.stdout.write(f"PROOF_SEED={seed}\n")
    return random.Random(seed)
