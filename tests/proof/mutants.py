"""Small faults put into the core, one at a time: does a test fail? `python -m tests.proof.mutants`.

The faults are cosmic-ray's, and a few for SQL, which is a string to it. Each mutant is met by the tests that
run its line, the quickest first; one that they let pass is shown as a change to the file. The proofs that
run processes are left out: they would make a night of it.

As a plugin of pytest (`-p tests.proof.mutants`) this notes which tests run which lines.
"""

import argparse
import difflib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import coverage
import pytest

ROOT = Path(__file__).parents[2]
MUTATED = (
    "smsctl/ledger/*.py",
    "smsctl/actions/*.py",
    "smsctl/domain/plan.py",
    "smsctl/domain/package.py",
    "smsctl/domain/text.py",
    "smsctl/domain/recipients.py",
    "smsctl/domain/number.py",
    "smsctl/gateways/outcome.py",
    "smsctl/gateways/wire.py",
    "smsctl/gateways/intelecom.py",
    "smsctl/gateways/pswincom.py",
)
TESTS = ("tests/domain", "tests/ledger", "tests/actions", "tests/gateways", "tests/cli", "tests/simulator")
SEED = "smsctl"
_SQL = {
    " = ": " <> ",
    " > ": " >= ",
    " < ": " <= ",
    " >= ": " > ",
    " <= ": " < ",
    " + ": " - ",
    " AND ": " OR ",
}
_IS_SQL = re.compile(r"\b(SELECT|UPDATE|DELETE|WHERE|VALUES|AND)\b")
_BORING = ("BitOr", "RemoveDecorator", "VariableReplacer", "VariableInserter")  # annotations; not real faults
_TESTS_AT_MOST, _MUTANT_S, _ALL_S = 80, 180, 3600
_DURATIONS = "mutants-durations.json"


class Mutant(NamedTuple):
    """One file with one fault in it."""

    path: str
    line: int
    code: str


class Fault(NamedTuple):
    """One fault that a file could have: what to put where."""

    path: str
    line: int
    kind: str
    operator: str  # cosmic-ray's name; or, for SQL, what is put in
    place: int  # the operator's how-manieth; or, for SQL, the column
    length: int = 0  # SQL: of what is replaced; 0: Python

    def applied(self) -> Mutant:
        """Return the file with the fault in it."""
        source = (ROOT / self.path).read_text(encoding="utf-8")
        if self.length:
            lines = source.splitlines(keepends=True)
            line = lines[self.line - 1]
            lines[self.line - 1] = line[: self.place] + self.operator + line[self.place + self.length :]
            return Mutant(path=self.path, line=self.line, code="".join(lines))
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        code = mutate_code(source, get_operator(self.operator)(), self.place)
        return Mutant(path=self.path, line=self.line, code=code)


def faults_of(file: Path, dice: random.Random) -> list[Fault]:
    """Return the faults of a file: at each place one of each kind."""
    path, source = str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
    found: dict[tuple[object, ...], list[Fault]] = defaultdict(list)
    for column, one in (*_of_python(path, source), *_of_sql(path, source)):
        found[one.line, column, one.kind].append(one)
    return [dice.choice(alike) for _, alike in sorted(found.items())]


def _of_python(path: str, source: str) -> Iterator[tuple[int, Fault]]:
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes = list(ast_nodes(get_ast(source)))
    for name in sorted(plugins.operator_names()):
        operator_class = plugins.get_operator(name)
        if any(word in name for word in _BORING) or operator_class.arguments():
            continue
        operator, place = operator_class(), 0
        for node in nodes:
            for (line, column), _ in operator.mutation_positions(node):
                kind = name.partition("_")[0]
                yield column, Fault(path=path, line=line, kind=kind, operator=name, place=place)
                place += 1


def _of_sql(path: str, source: str) -> Iterator[tuple[int, Fault]]:
    for line, text in enumerate(source.splitlines(), 1):
        if '"' not in text or not _IS_SQL.search(text):
            continue
        for before, after in _SQL.items():
            for found in re.finditer(re.escape(before), text):
                yield (
                    found.start(),
                    Fault(
                        path=path,
                        line=line,
                        kind=f"SQL{before}",
                        operator=after,
                        place=found.start(),
                        length=len(before),
                    ),
                )


class Coverage(NamedTuple):
    """Which tests run a line of a file, and how long a test takes."""

    tests: Mapping[str, Mapping[int, Sequence[str]]]
    durations: Mapping[str, float]

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the mutant's line, the quickest first."""
        found = self.tests.get(mutant.path, {}).get(mutant.line, ())
        return sorted(found, key=lambda test: self.durations.get(test, 1.0))[:_TESTS_AT_MOST]


def measure(tree: Path) -> Coverage:
    """Run the tests once and note which lines each of them runs."""
    data = tree / "mutants.coverage"
    environ = os.environ | {"MUTANTS_COVERAGE": str(data)}
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "tests.proof.mutants", *TESTS]
    done = subprocess.run(
        command, cwd=tree, env=environ, capture_output=True, text=True, timeout=_ALL_S, check=False
    )
    if done.returncode not in (0, 1):
        sys.exit(f"the tests cannot be run:\n{done.stdout[-3000:]}")
    durations: dict[str, float] = json.loads((tree / _DURATIONS).read_text())
    for failed in (one for one, took_s in durations.items() if took_s < 0):
        sys.stdout.write(f"left out, for it fails without any mutant: {failed}\n")
    read = coverage.CoverageData(basename=str(data))
    read.read()
    tests = {
        str(Path(file).relative_to(tree)): {
            line: [one for one in names if durations.get(one, -1) >= 0]
            for line, names in read.contexts_by_lineno(file).items()
        }
        for file in read.measured_files()
    }
    return Coverage(tests=tests, durations=durations)


class _Noting:
    """Notes, for each test, the lines it runs and how long it takes."""

    def __init__(self, data: str) -> None:
        self._coverage = coverage.Coverage(data_file=data, source=["smsctl"], config_file=False)
        self._coverage.start()
        self._durations: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self._durations.get(report.nodeid, 0.0)
        failed = report.failed or before < 0  # a negative time: it fails
        self._durations[report.nodeid] = -1.0 if failed else before + report.duration

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        self._coverage.save()
        Path(_DURATIONS).write_text(json.dumps(self._durations))


def pytest_configure(config: pytest.Config) -> None:
    if data := os.environ.get("MUTANTS_COVERAGE"):
        config.pluginmanager.register(_Noting(data))


def survives(tree: Path, mutant: Mutant, tests: Sequence[str]) -> bool:
    """Say whether the tests pass with the fault in place."""
    if not tests:
        return True
    file, listed = tree / mutant.path, tree / "mutants-tests.txt"
    before = file.read_text(encoding="utf-8")
    listed.write_text("\n".join(tests), encoding="utf-8")
    file.write_text(mutant.code, encoding="utf-8")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n0", f"@{listed}"],
            cwd=tree,
            capture_output=True,
            timeout=_MUTANT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False  # it hangs: somebody would see that
    finally:
        file.write_text(before, encoding="utf-8")
    return done.returncode == 0


def copy_of(folder: Path) -> Path:
    """Copy what git knows of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for compiled in ROOT.glob("smsctl/locale/**/*.mo"):
        target = folder / compiled.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(compiled, target)
    return folder


def main() -> None:
    """Sample, try, and tell; ends with 1 where a mutant survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", default=SEED)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("files", nargs="*", default=MUTATED, help="patterns of files below the project")
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    files = sorted({found for pattern in asked.files for found in ROOT.glob(pattern)})
    everything = [one for file in files for one in faults_of(file, dice)]
    sampled = dice.sample(everything, min(asked.sample, len(everything)))
    chosen = [one.applied() for one in sampled]
    with tempfile.TemporaryDirectory() as folder:
        trees = [copy_of(Path(folder) / f"tree{place}") for place in range(asked.at_once)]
        covered = measure(trees[0])
        survived = _try_all(trees, chosen, covered)
    _tell(chosen, survived, len(everything), asked.seed)
    sys.exit(bool(survived))


def _try_all(trees: Sequence[Path], chosen: Sequence[Mutant], covered: Coverage) -> list[Mutant]:
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def attempt(mutant: Mutant) -> bool:
        tree = free.get()
        try:
            found = survives(tree, mutant, covered.of(mutant))
        finally:
            free.put(tree)
        if found:
            _show(mutant)
        return found

    with ThreadPoolExecutor(len(trees)) as pool:
        return [mutant for mutant, lives in zip(chosen, pool.map(attempt, chosen), strict=True) if lives]


def _show(mutant: Mutant) -> None:
    before = (ROOT / mutant.path).read_text(encoding="utf-8")
    lines = difflib.unified_diff(
        before.splitlines(), mutant.code.splitlines(), mutant.path, "survives", n=1, lineterm=""
    )
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


def _tell(chosen: Sequence[Mutant], survived: Sequence[Mutant], of: int, seed: str) -> None:
    tried = Counter(str(Path(one.path).parent) for one in chosen)
    left = Counter(str(Path(one.path).parent) for one in survived)
    for folder, n in sorted(tried.items()):
        sys.stdout.write(f"{folder}: {left[folder]} of {n} survive ({100 * left[folder] / n:.1f} %)\n")
    sys.stdout.write(f"{len(survived)} of {len(chosen)} sampled of {of}; --seed {seed}\n")


if __name__ == "__main__":
    main()
