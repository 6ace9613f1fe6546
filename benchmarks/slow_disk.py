"""A whole mailing on a disk that takes 5 ms to flush, beside the same on this one.

    python benchmarks/slow_disk.py                  makes a virtual environment; takes minutes; needs cc
    python benchmarks/slow_disk.py --venv PATH      with an installed smsctl (not editable)

Every fsync and fdatasync of the process is made to take so long by a small library that is loaded before
(LD_PRELOAD); it counts them, too. In turn, medians of the rounds' ratios of the clock on the wall. A machine
that has other work hides the flushes behind it: look at their number then.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import place
from mailing import SMALL, Bench, figure
from place import Command

GOAL = 1.6
SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static int flushes;
static int slowly(const char *name, int file) {
    struct timespec nap = {0, 5000000};
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    __sync_fetch_and_add(&flushes, 1);
    nanosleep(&nap, NULL);
    return real(file);
}
int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
__attribute__((destructor)) static void tell(void) {
    FILE *file = fopen(getenv("FLUSHES"), "w");
    if (file) { fprintf(file, "%d", flushes); fclose(file); }
}
"""


def main() -> None:
    """Send on both, in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--venv", type=Path, help="a virtual environment with smsctl in it")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    place.compiled_once()
    with tempfile.TemporaryDirectory() as made, place.gateway(0) as port:
        folder = Path(made)
        binaries = asked.venv.absolute() / "bin" if asked.venv else place.install(folder / "venv")
        bench = Bench(folder, binaries, asked.rows, asked.rounds)
        library, counted = compiled(folder), folder / "flushes"
        ratios, flushes = [], []
        for _ in range(asked.rounds):
            plain_s = bench.mailing(port, SMALL).wall_s
            os.environ |= {"LD_PRELOAD": str(library), "FLUSHES": str(counted)}
            ratios.append(bench.mailing(port, SMALL).wall_s / plain_s)
            del os.environ["LD_PRELOAD"]
            flushes.append(int(counted.read_text()))
    ratio = f"{statistics.median(ratios):.2f} x (best {min(ratios):.2f})"
    figure(f"5 ms a flush, {asked.rows:,}, {SMALL}", ratio, f"<= {GOAL}")
    print(f"{'':4}{statistics.median(flushes):.0f} flushes; load of this machine {os.getloadavg()[0]:.1f}")


def compiled(folder: Path) -> Path:
    """Compile the library that makes flushes slow."""
    source, library = folder / "slow.c", folder / "slow.so"
    source.write_text(SLOW)
    command: Command = ["cc", "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]
    subprocess.run(command, check=True)
    return library


if __name__ == "__main__":
    main()
