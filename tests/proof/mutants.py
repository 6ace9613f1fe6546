"""Small faults put into the core, one at a time: does a test fail? `python -m tests.proof.mutants`.

Each mutant is met by the tests that run its line, the quickest first, until one fails; one that they let pass
is shown as a change to the file. What cannot be told from the right program is listed, with the reason, in
`equivalent.toml`. The proofs that run processes are left out: they would make a night of it.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from difflib import unified_diff
from enum import StrEnum
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.proof import covering
from tests.proof.covering import Covered
from tests.proof.mutating import ROOT, Fault, Mutant, faults_of, lot_of

MUTATED = (  # what is tried first stands first
    "smsctl/ledger/*.py",
    "smsctl/ledger/sqlite/*.py",
    "smsctl/actions/*.py",
    "smsctl/domain/plan.py",
    "smsctl/domain/package.py",
    "smsctl/domain/text.py",
    "smsctl/domain/recipients.py",
    "smsctl/domain/number.py",
    "smsctl/domain/number_plan.py",
    "smsctl/gateways/outcome.py",
    "smsctl/gateways/http_reader.py",
    "smsctl/gateways/connection_pool.py",
    "smsctl/gateways/wire.py",
    "smsctl/gateways/intelecom.py",
    "smsctl/gateways/pswincom.py",
)
SEED = "smsctl"
_EQUIVALENT = Path(__file__).with_name("equivalent.toml")
_TEST_S, _MUTANT_S = 60, 300  # far longer than they take: who is slower hangs
_LOOK_EVERY_S = 0.05
_SAID, _LOADED, _RIGHT = "mutants-said.txt", "mutants-loaded.json", "mutants-right.py"  # in a tree


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVES = "survives"
    HANGS = "hangs: look again"
    EQUIVALENT = "equivalent"


class Tried(NamedTuple):
    """A mutant and what became of it."""

    mutant: Mutant
    verdict: Verdict


def diff_of(mutant: Mutant) -> list[str]:
    """Return what the fault changes, as lines of a diff."""
    before = (ROOT / mutant.path).read_text(encoding="utf-8")
    return list(
        unified_diff(before.splitlines(), mutant.code.splitlines(), mutant.path, "mutant", n=0, lineterm="")
    )


def change_of(mutant: Mutant) -> tuple[str, str, str]:
    """Return the file, what stood there, and what stands there: by this a fault is known again."""
    changed = [line for line in diff_of(mutant)[2:] if not line.startswith("@@")]
    before, after = (" ".join(one[1:].strip() for one in changed if one[0] == sign) for sign in "-+")
    return mutant.path, before, after


class Tree:
    """A copy of the project, in which one mutant at a time is met by its tests, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mutant: Mutant | None = None
        self.pid = 0
        self._ends = 0.0

    def begin(self, mutant: Mutant, tests: Sequence[str]) -> None:
        """Put the fault in, and start the tests."""
        file = self.folder / mutant.path
        self.mutant, self._ends = mutant, time.monotonic() + _MUTANT_S
        shutil.copy2(file, self.folder / _RIGHT)
        file.write_text(mutant.code, encoding="utf-8")
        self.pid = _fork(self.folder, ["-x", f"--override-ini=timeout={_TEST_S}", *tests], at_once=True)

    def ended(self) -> Verdict | None:
        """Say what became of the mutant, if that is known by now; the fault is taken out."""
        assert self.mutant
        late = time.monotonic() > self._ends
        if late:
            os.killpg(self.pid, signal.SIGKILL)
        found, status = os.waitpid(self.pid, 0 if late else os.WNOHANG)
        if not found:
            return None
        with suppress(ProcessLookupError):  # what a test has left behind
            os.killpg(self.pid, signal.SIGKILL)
        right = self.folder / self.mutant.path
        (self.folder / _RIGHT).replace(right)  # as old as it was: what is compiled of it is right
        if late or "Timeout (>" in self.said():
            return Verdict.HANGS
        return Verdict.SURVIVES if status == 0 else Verdict.KILLED

    def said(self) -> str:
        """Return what the tests said."""
        return (self.folder / _SAID).read_text(encoding="utf-8", errors="replace")


def _fork(tree: Path, words: Sequence[str], *, at_once: bool) -> int:
    """Run tests in a process that has loaded already all that is not ours; return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        os.chdir(tree)
        with (tree / _SAID).open("w", encoding="utf-8") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        for name in [one for one in sys.modules if one.partition(".")[0] == "tests"]:
            del sys.modules[name]  # ours are the project's; there are the tree's
        sys.path[:] = [str(tree), *(path for path in sys.path if path not in ("", str(ROOT)))]
        os.environ["PYTHONPATH"] = str(tree)
        sys.dont_write_bytecode = at_once
        quiet = "ignore::pytest.PytestAssertRewriteWarning"  # what is loaded already
        code = int(pytest.main(["-q", "-n0", "-p", "no:cacheprovider", "-W", quiet, *words]))
        if not at_once:
            (tree / _LOADED).write_text(json.dumps(sorted(sys.modules)), encoding="utf-8")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def collected(tree: Path) -> set[str]:
    """Collect the tests once, load what that loads of other projects, and return their names."""
    status = os.waitpid(_fork(tree, ["--collect-only", *covering.TESTS], at_once=False), 0)[1]
    said = (tree / _SAID).read_text(encoding="utf-8")
    if status:
        sys.exit(f"the tests cannot be collected:\n{said[-3000:]}")
    for name in json.loads((tree / _LOADED).read_text(encoding="utf-8")):
        if name.partition(".")[0] not in ("smsctl", "tests"):
            with suppress(ImportError):
                import_module(name)
    return set(said.splitlines())


def copy_of(folder: Path) -> Path:
    """Copy what git knows of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    compiled = [str(one.relative_to(ROOT)) for one in ROOT.glob("smsctl/locale/**/*.mo")]
    for name in filter(None, [*listed.split("\0"), *compiled]):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


class Run:
    """What is asked for: which mutants, met in how many trees, for how long."""

    def __init__(self, asked: argparse.Namespace, kept: Path) -> None:
        self._asked = asked
        self._kept = kept
        self._ends = time.monotonic() + 60 * asked.minutes
        self._told: dict[str, str] = {}
        if (kept / "verdicts.jsonl").exists():
            lines = (kept / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
            self._told = dict(json.loads(line) for line in lines)
        self._equivalent = {(one["file"], one["is"], one["mutant"]) for one in listed_as_equivalent()}

    def of(self, chosen: Sequence[Mutant], folder: Path) -> list[Tried]:
        """Try them; what was told before, or stands in the list, is not tried again."""
        tried = [Tried(mutant=one, verdict=told) for one in chosen if (told := self._known(one))]
        left = [one for one in chosen if not self._known(one)]
        if left:
            first = copy_of(folder / "tree0")
            covered, names = self._covered(first), collected(first)
            others = [folder / f"tree{place}" for place in range(1, self._asked.at_once)]
            for other in others:
                shutil.copytree(first, other, symlinks=True)  # with what is compiled of it
            tried += self._try([Tree(one) for one in (first, *others)], left, covered.only(names))
        return tried

    def _known(self, mutant: Mutant) -> Verdict | None:
        change = change_of(mutant)
        if change in self._equivalent:
            return Verdict.EQUIVALENT
        told = self._told.get("\t".join(change))
        return Verdict(told) if told else None

    def _covered(self, tree: Path) -> Covered:
        kept = self._kept / "covered.json"
        if not kept.exists():
            covering.measure(tree, self._asked.at_once).write(kept)
        return Covered.read(kept)

    def _try(self, trees: Sequence[Tree], left: list[Mutant], covered: Covered) -> list[Tried]:
        tried: list[Tried] = []
        while any(tree.mutant for tree in trees) or (left and time.monotonic() < self._ends):
            for tree in trees:
                if not tree.mutant and left and time.monotonic() < self._ends:
                    mutant = left.pop(0)
                    source = (ROOT / mutant.path).read_text(encoding="utf-8")
                    tests = covered.of(mutant.path, mutant.line, source)
                    if tests:
                        tree.begin(mutant, tests)
                    else:
                        tried.append(self._tell(mutant, Verdict.SURVIVES, "no test runs it"))
                elif tree.mutant and (verdict := tree.ended()):
                    tried.append(self._tell(tree.mutant, verdict, tree.said()))
                    tree.mutant = None
            time.sleep(_LOOK_EVERY_S)
        return tried

    def _tell(self, mutant: Mutant, verdict: Verdict, said: str) -> Tried:
        with (self._kept / "verdicts.jsonl").open("a", encoding="utf-8") as verdicts:
            verdicts.write(json.dumps(("\t".join(change_of(mutant)), verdict)) + "\n")
        if verdict is not Verdict.KILLED:
            last = (said.splitlines() or [""])[-1]
            sys.stdout.write("\n".join([f"{verdict} ({last})", *diff_of(mutant), "", ""]))
            sys.stdout.flush()
        return Tried(mutant=mutant, verdict=verdict)


def listed_as_equivalent() -> list[dict[str, str]]:
    """Return the mutants that no test could find, each with the reason."""
    found: list[dict[str, str]] = tomllib.loads(_EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    return found


def main() -> None:
    """Sample, try, and tell; ends with 1 where a mutant survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=24 * 60, help="begin no more after so long")
    parser.add_argument("--keep", type=Path, help="a folder for what was found, by which a later run goes on")
    parser.add_argument("files", nargs="*", default=MUTATED, help="patterns of files below the project")
    asked = parser.parse_args()
    everything = [one for file in _files(asked) for one in _drawn(file, asked.seed)]
    drawn = (one for _, fault in sorted(everything) if (one := fault.applied()).is_a_program)
    chosen = sorted(islice(drawn, asked.sample), key=lambda one: _turn(one.path, asked.files))
    with tempfile.TemporaryDirectory() as folder:
        kept = asked.keep or Path(folder)
        kept.mkdir(exist_ok=True)
        tried = Run(asked, kept).of(chosen, Path(folder))
    _sum_up(tried, len(everything), asked)
    sys.exit(any(one.verdict in (Verdict.SURVIVES, Verdict.HANGS) for one in tried))


def _files(asked: argparse.Namespace) -> list[Path]:
    return sorted({found for pattern in asked.files for found in ROOT.glob(pattern)})


def _drawn(file: Path, seed: str) -> list[tuple[str, Fault]]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(lot_of(one, lines, seed), one) for one in faults_of(file, seed)]


def _turn(path: str, patterns: Sequence[str]) -> int:
    return next(place for place, pattern in enumerate(patterns) if (Path(path).match(pattern)))


def _sum_up(tried: Sequence[Tried], of: int, asked: argparse.Namespace) -> None:
    folders = sorted({str(Path(one.mutant.path).parent) for one in tried})
    for folder in folders:
        n = Counter(one.verdict for one in tried if str(Path(one.mutant.path).parent) == folder)
        share = 100 * n[Verdict.SURVIVES] / n.total()
        told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(n.items()))
        sys.stdout.write(f"{folder}: {n.total()} tried; {told}; {share:.1f} % survive\n")
    for one in listed_as_equivalent():
        if one["is"] not in (ROOT / one["file"]).read_text(encoding="utf-8"):
            sys.stdout.write(f"no longer there, so strike it from {_EQUIVALENT.name}: {one['is']}\n")
    sys.stdout.write(f"{len(tried)} tried of {asked.sample} sampled of {of}; --seed {asked.seed}\n")


if __name__ == "__main__":
    main()
