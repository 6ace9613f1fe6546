"""How often a mailing flushes: batches in flight share a commit, and a commit is all that reaches the disk.

    python benchmarks/flushes.py                    makes a virtual environment and installs smsctl in it
    python benchmarks/flushes.py --venv PATH        uses one where smsctl is installed

Counts the system calls of a whole mailing with strace; nothing is timed. A commit ends when its journal is
cut to nothing. A round of sending is as many batches as there are connections. The goal: a
commit for each round and for each 5,000 rows imported, and a quarter more.
"""

import argparse
import math
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import place
from place import Command, Pace

PACES = (Pace(), Pace(1_000, 2), Pace(100, 8))
IN_AN_IMPORT = 5_000
_CALL = re.compile(r"(fsync|fdatasync|ftruncate)\([0-9]+<([^>]*)>")


def main() -> None:
    """Count for every pace and print the figures beside the goals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl in it")
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    if not shutil.which("strace"):
        sys.exit("flushes: left out, for strace is not there (apt-get install strace)")
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made, place.gateway(0) as port:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        for pace in PACES:
            site = folder / f"{pace.batch_size}-{pace.connections}"
            place.write(site, port, binaries, asked.rows, pace)
            commits, flushes = counted(place.send_command(binaries, asked.rows), site)
            rounds = math.ceil(math.ceil(asked.rows / pace.batch_size) / pace.connections)
            most = int(1.25 * (rounds + math.ceil(asked.rows / IN_AN_IMPORT)))
            print(
                f"{asked.rows:,}, {pace!s:32} {commits:6,} commits   goal <= {most:,}   ({flushes:,} flushes)"
            )


def counted(command: Command, site: Path) -> tuple[int, int]:
    """Return how many commits and how many flushes a command makes."""
    trace = site / "trace"
    strace: Command = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,ftruncate", "-o", trace]
    if subprocess.run([*strace, *command], check=False, cwd=site).returncode:
        sys.exit("flushes: the mailing failed, or strace may not trace here")
    calls = Counter(
        (found[1], found[2].endswith("-journal"))
        for found in _CALL.finditer(trace.read_text("utf-8", "replace"))
    )
    return calls["ftruncate", True], sum(n for (call, _), n in calls.items() if call != "ftruncate")


if __name__ == "__main__":
    main()
