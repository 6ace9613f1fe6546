"""Which tests run which lines, and how long each takes; a plugin of pytest (`-p tests.proof.covering`)."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

import coverage
import pytest

from tests.proof.mutating import ROOT

TESTS = ("tests/domain", "tests/ledger", "tests/actions", "tests/gateways", "tests/cli")
_PROCESSES = (  # what these measure is processes, disks and terminals: they would make a night of it
    "completion",
    "disk_full",
    "eight_at_once",
    "memory",
    "stopping",
    "streams",
    "two_users",
)
_TESTS_S, _TESTS_AT_MOST, _ALL_S = 90, 300, 3600
_NEAR = 5  # a test of the module or its folder is met as if it were so many times as quick


class _Statement(NamedTuple):
    """Where a statement stands: its lines in a function, or else the names that it gives at import."""

    lines: Sequence[int]
    names: frozenset[str]


class Covered(NamedTuple):
    """Which tests run a line of a file, and how long a test takes."""

    durations: Mapping[str, float]
    tests: Mapping[str, Mapping[int, Sequence[str]]]

    def of(self, path: str, line: int, source: str) -> list[str]:
        """Return the tests that run what stands on a line, the quickest first, as time allows."""
        near, beside = f"tests/{Path(path).parent.name}/", f"/test_{Path(path).stem}.py::"
        found = set(self._tests_of(path, _statement_at(line, source)))
        found |= {test for test in self.durations if beside in test}  # maybe in a process of its own
        took_s = {
            test: self.durations[test] / (_NEAR if test.startswith(near) or beside in test else 1)
            for test in found
        }
        return list(_as_time_allows(sorted(found, key=lambda test: (took_s[test], test)), self.durations))

    def _tests_of(self, path: str, statement: _Statement) -> Iterator[str]:
        """Give the tests that run a statement; for one that runs at import, those of who uses its name."""
        if statement.lines:
            users = {path: statement.lines}
        else:
            users = {user: _lines_with(statement.names, text) for user, text in _users_of(path)}
        for user, lines in users.items():
            by_line = self.tests.get(user, {})
            yield from (test for place in lines for test in by_line.get(place, ()))

    def only(self, names: Collection[str]) -> Self:
        """Leave out the tests that are not there, such as those named by chance or by the time."""
        durations = {test: took_s for test, took_s in self.durations.items() if test in names}
        tests = {
            path: {line: [one for one in found if one in durations] for line, found in lines.items()}
            for path, lines in self.tests.items()
        }
        return self._replace(durations=durations, tests=tests)

    @classmethod
    def read(cls, kept: Path) -> Self:
        """Read what `write` wrote."""
        found = json.loads(kept.read_text(encoding="utf-8"))
        names = list(found["durations"])
        tests = {
            path: {int(line): [names[place] for place in places] for line, places in lines.items()}
            for path, lines in found["tests"].items()
        }
        return cls(durations=found["durations"], tests=tests)

    def write(self, kept: Path) -> None:
        """Keep it, for a run that goes on."""
        place = {name: place for place, name in enumerate(self.durations)}
        tests = {
            path: {line: [place[name] for name in names] for line, names in lines.items()}
            for path, lines in self.tests.items()
        }
        kept.write_text(json.dumps({"durations": dict(self.durations), "tests": tests}), encoding="utf-8")


def _as_time_allows(tests: Sequence[str], durations: Mapping[str, float]) -> Iterator[str]:
    took_s = 0.0
    for test in tests[:_TESTS_AT_MOST]:
        if took_s > _TESTS_S:
            return
        took_s += durations[test]
        yield test


def _statement_at(line: int, source: str) -> _Statement:
    within = [
        one
        for one in ast.walk(ast.parse(source))
        if isinstance(one, ast.stmt) and one.lineno <= line <= _end_of(one)
    ]
    innermost = min(within, key=lambda one: _end_of(one) - one.lineno)
    if any(isinstance(one, ast.FunctionDef) and one.body[0].lineno <= line for one in within):
        return _Statement(lines=range(innermost.lineno, _end_of(innermost) + 1), names=frozenset())
    outermost = max(within, key=lambda one: _end_of(one) - one.lineno)
    found = {one.id for one in ast.walk(outermost) if isinstance(one, ast.Name) and _is_set(one)}
    if isinstance(outermost, ast.ClassDef | ast.FunctionDef):
        found.add(outermost.name)
    return _Statement(lines=(), names=frozenset(found))


def _users_of(path: str) -> Iterator[tuple[str, str]]:
    """Give the file and those that import from it, each with its text."""
    imports = f"from {path.removesuffix('.py').replace('/', '.')} import"
    for file in (ROOT / "smsctl").glob("**/*.py"):
        user, text = str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
        if user == path or imports in text:
            yield user, text


def _is_set(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _lines_with(names: Collection[str], source: str) -> list[int]:
    """Return the lines of the functions that use a name; where none does, of all functions."""
    functions = [one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.FunctionDef)]
    using = [
        one
        for one in functions
        if any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(one))
    ]
    return [place for one in using or functions for place in range(one.body[0].lineno, _end_of(one) + 1)]


def _end_of(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def measure(tree: Path, at_once: int) -> Covered:
    """Run the tests once, in so many processes, and note which lines each of them runs."""
    files = [
        str(one.relative_to(tree)) for folder in TESTS for one in sorted((tree / folder).rglob("test_*.py"))
    ]
    files = [one for one in files if Path(one).stem.removeprefix("test_") not in _PROCESSES]
    shares = [files[start::at_once] for start in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        noted = list(pool.map(partial(_measured, tree), range(at_once), shares))
    durations = {test: took_s for one in noted for test, took_s in one.durations.items()}
    tests: dict[str, dict[int, list[str]]] = {}
    for path, lines in ((path, lines) for one in noted for path, lines in one.tests.items()):
        for line, names in lines.items():
            tests.setdefault(path, {}).setdefault(line, []).extend(names)
    return Covered(durations=durations, tests=tests)


def _measured(tree: Path, place: int, files: Sequence[str]) -> Covered:
    data = tree / f"covering{place}.data"
    environ = os.environ | {"COVERING": str(data), "PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "tests.proof.covering", *files]
    done = subprocess.run(
        command, cwd=tree, env=environ, capture_output=True, text=True, timeout=_ALL_S, check=False
    )
    if done.returncode not in (0, 1):
        sys.exit(f"the tests cannot be run:\n{done.stdout[-3000:]}")
    took_s: dict[str, float] = json.loads(data.with_suffix(".json").read_text(encoding="utf-8"))
    for failed in (one for one, duration_s in took_s.items() if duration_s < 0):
        sys.stdout.write(f"left out, for it fails without any fault: {failed}\n")
    return _noted_in(tree, data, {test: one for test, one in took_s.items() if one >= 0})


def _noted_in(tree: Path, data: Path, durations: Mapping[str, float]) -> Covered:
    read = coverage.CoverageData(basename=str(data))
    read.read()
    tests = {
        str(Path(file).relative_to(tree)): {
            line: [one for one in names if one in durations]
            for line, names in read.contexts_by_lineno(file).items()
        }
        for file in read.measured_files()
    }
    return Covered(durations=durations, tests=tests)


class _Noting:
    """Notes, for each test, the lines it runs and how long it takes."""

    def __init__(self, data: str) -> None:
        self._noted = Path(data).with_suffix(".json")
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
        self._noted.write_text(json.dumps(self._durations))


def pytest_configure(config: pytest.Config) -> None:
    if data := os.environ.get("COVERING"):
        config.pluginmanager.register(_Noting(data))
