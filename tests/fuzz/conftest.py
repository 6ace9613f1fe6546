"""How much is tried: enough for every run, or a night's worth with --long, in pieces that can be named.

`pytest --long tests/fuzz -k "ledger and piece7"` is one piece. A failed one shows its seed; the figures of
all stand at the end.
"""

import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from .trial import Trial, bounded, peak_mib

_HOUR_S = 3600
_PIECE = 500  # tries
_FIGURES = "fuzz"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tries(short, long): how often a fuzzer tries")


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent and config.getoption("--long"):
            item.add_marker(pytest.mark.timeout(_HOUR_S))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "trial" in metafunc.fixturenames:
        short, long = next(metafunc.definition.iter_markers("tries")).args
        is_long = metafunc.config.getoption("--long")
        pieces = [_PIECE] * (long // _PIECE) if is_long else [short]
        metafunc.parametrize("trial", pieces, ids=[f"piece{n}" for n in range(len(pieces))], indirect=True)


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    """Return what one piece is to try; memory that grows with it fails it."""
    seed = request.config.getoption("--seed") or os.urandom(4).hex()
    sys.stdout.write(f"to see the same again: --seed {seed} and this test alone\n")
    dice = random.Random(f"{seed} {request.node.name}")
    trial = Trial(tries=request.param, dice=dice)
    with bounded():
        yield trial
    request.node.user_properties.append((_FIGURES, (dict(trial.ends), peak_mib())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was tried, and how it ended."""
    sums: dict[str, Counter[int]] = {}
    peaks: dict[str, int] = {}
    for report in terminalreporter.getreports(""):  # setups and teardowns
        name = re.sub(r"piece\d+-?", "", report.nodeid.rpartition("::")[2])
        for kind, value in report.user_properties:
            if kind == _FIGURES and report.when == "teardown":
                ends, peak = value
                sums.setdefault(name, Counter()).update({int(code): n for code, n in ends.items()})
                peaks[name] = max(peaks.get(name, 0), peak)
    for name, ends in sums.items():
        codes = ", ".join(f"{code}: {n}" for code, n in sorted(ends.items()))
        terminalreporter.write_line(f"{name}: {ends.total()} ({codes}), {peaks[name]} MiB")
    if sums:
        terminalreporter.write_line(f"fuzzed: {sum(ends.total() for ends in sums.values())}")


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message.txt"
    path.write_text("Hej på er\n", encoding="utf-8")
    return path
