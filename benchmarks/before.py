"""A mailing beside the same of an earlier smsctl: whether what was changed since has made it slower.

    python benchmarks/before.py --before PATH                another virtual environment, with the earlier one
    python benchmarks/before.py --before PATH --venv PATH    and one with this one (not editable)

The SQL that both engines take stands since 0827106a. To measure that, install what was before it:

    git archive 0827106a^ | tar -x -C earlier; python -m venv old; old/bin/pip install ./earlier

Everything since counts, not the SQL alone. Both send to the same gateway on loopback, which answers at once.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import mailing
import place
from mailing import LARGE, SMALL, Bench

GOAL_RATIO = 1.0


def main() -> None:
    """Send with both in turn, and print the medians of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--before", type=Path, required=True, help="a virtual environment with the earlier")
    parser.add_argument("--venv", type=Path, help="a virtual environment with this one")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made, place.gateway(0) as port:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        now = Bench(folder=folder, binaries=binaries, rows=asked.rows, rounds=asked.rounds)
        before = now._replace(binaries=asked.before.absolute() / "bin")
        for pace in (LARGE, SMALL):
            pairs = [(now.mailing(port, pace), before.mailing(port, pace)) for _ in range(asked.rounds)]
            wall = statistics.median(ours.wall_s / theirs.wall_s for ours, theirs in pairs)
            cpu = statistics.median(ours.cpu_s / theirs.cpu_s for ours, theirs in pairs)
            told = f"{wall:.2f} x wall, {cpu:.2f} x cpu"
            mailing.figure(f"{asked.rows:,}, {pace}, beside the earlier", told, f"<= {GOAL_RATIO:.0f}")


if __name__ == "__main__":
    main()
