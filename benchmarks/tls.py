"""Whole mailings over TLS beside Puzzel's own client 3.0.1, and the connections that they take.

    python benchmarks/tls.py                 makes a virtual environment; takes minutes
    python benchmarks/tls.py --venv PATH     with an installed smsctl (not editable)

Both send the same recipients to the same small gateway (stub.py), in turn. The client checks nothing and
stores nothing, so with one request in flight the commits that must be durable before each request are told by
themselves; `bash .ci/vendors` installs it where there is a Python 3.13. Without it only smsctl's own
figures are told. It all goes to loopback.
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

import mailing
import place
from mailing import Cost, figure, must_have_all, timed, told_by
from place import ROOT, Command, Pace

PUZZEL = ROOT / ".vendors" / "puzzel-3" / "bin" / "python"


class Race(NamedTuple):
    """One pace, how many recipients, and what is to be reached in times of the client's own time."""

    pace: Pace
    rows: int
    goal: float


RACES = (
    Race(pace=Pace(100, 8), rows=50_000, goal=0.8),
    Race(pace=Pace(1_000, 2), rows=100_000, goal=1.0),
    Race(pace=Pace(100, 1), rows=50_000, goal=1.3),
)


def main() -> None:
    """Run every race."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl in it")
    parser.add_argument("--puzzel", type=Path, default=PUZZEL, help="a Python with Puzzel's client in it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="fewer recipients than usual")
    asked = parser.parse_args()
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        certificate = place.certify(folder)
        os.environ["SSL_CERT_FILE"] = str(certificate)  # the client's only way to trust
        bench = Bench(
            folder=folder,
            binaries=binaries,
            certificate=certificate,
            puzzel=asked.puzzel,
            rounds=asked.rounds,
        )
        for race in RACES:
            run(race._replace(rows=min(asked.rows or race.rows, race.rows)), bench)


class Bench(NamedTuple):
    """What every race is run with."""

    folder: Path
    binaries: Path
    certificate: Path
    puzzel: Path
    rounds: int


class Seen(NamedTuple):
    """One round: what both took, and what the gateway saw of smsctl."""

    ours: Cost
    theirs: Cost | None
    connections: float
    busy: float
    commits_s: float  # a commit for each request, and nothing else


def run(race: Race, bench: Bench) -> None:
    """Let both send, in turn, and tell what came of it."""
    pace, rows = race.pace, race.rows
    with place.gateway(0, bench.certificate) as port:
        seen = [one_round(race, bench, port, round_) for round_ in range(bench.rounds)]
    what = f"TLS, {rows:,}, {pace}"
    pairs = [(one.ours, one.theirs) for one in seen if one.theirs]
    if pairs:
        wall = statistics.median(our.wall_s / their.wall_s for our, their in pairs)
        least = min(our.wall_s for our, _ in pairs) / min(their.wall_s for _, their in pairs)
        cpu = statistics.median(our.cpu_s / their.cpu_s for our, their in pairs)
        figure(what, f"{wall:.2f} x Puzzel 3.0.1 (best {least:.2f}, CPU {cpu:.2f})", f"<= {race.goal}")
    else:
        seconds = statistics.median(one.ours.wall_s for one in seen)
        figure(what, f"{seconds:.2f} s (Puzzel's client is not there)")
    requests = -(-rows // pace.batch_size)
    if pairs and pace.connections == 1:  # a commit before each request, which nobody can share
        alone = statistics.median(one.commits_s / one.theirs.wall_s for one in seen if one.theirs)
        bound = race.goal * (1 + alone)
        figure(f"{'':4}its bare commits alone", f"{alone:.2f} x Puzzel 3.0.1", f"with them <= {bound:.2f}")
    most = max(one.connections for one in seen)
    allowed = pace.connections + requests // 100
    figure(f"{'':4}connections", f"{most:.0f} for {requests:,} requests", f"<= {allowed}")
    busy, load = max(one.busy for one in seen), os.getloadavg()[0]
    print(f"{'':4}the gateway was busy {busy:.0%} of the time at most; load of this machine {load:.1f}")


def one_round(race: Race, bench: Bench, port: int, round_: int) -> Seen:
    """Let both send the same once."""
    pace, rows, theirs = race.pace, race.rows, None
    name = f"{rows}-{pace.batch_size}-{pace.connections}-{round_}"
    trusted = bench.certificate
    site = place.write(bench.folder / name, port, bench.binaries, rows, pace, certificate=trusted)
    if bench.puzzel.exists():
        beside: Command = [bench.puzzel, mailing.HERE / "puzzel.py", site / "recipients.csv"]
        beside += [place.url(port, trusted), str(pace.batch_size), str(pace.connections)]
        theirs = timed(beside, bench.folder)
        must_have_all(told_by(port, trusted)["messages"], rows)
    before_s = told_by(port, trusted)["cpu_s"]
    ours = timed(place.send_command(bench.binaries, rows), site)
    told = told_by(port, trusted)
    must_have_all(told["messages"], rows)
    commits = -(-rows // pace.batch_size) // pace.connections
    return Seen(
        commits_s=place.bare_commits(bench.folder / f"{name}.db", commits, pace.batch_size),
        ours=ours,
        theirs=theirs,
        connections=told["connections"],
        busy=(told["cpu_s"] - before_s) / ours.wall_s,
    )


if __name__ == "__main__":
    main()
