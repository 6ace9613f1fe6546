"""Small faults for a file: cosmic-ray's, and a few for SQL, which is a string to it."""

import ast
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
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


class Mutant(NamedTuple):
    """One file with one fault in it."""

    path: str
    line: int
    code: str

    @property
    def is_a_program(self) -> bool:
        """Whether Python reads it at all: a star before keywords is no product."""
        try:
            ast.parse(self.code)
        except SyntaxError:
            return False
        return True


class Fault(NamedTuple):
    """One fault that a file could have: what to put where."""

    path: str
    line: int
    column: int
    kind: str
    operator: str  # cosmic-ray's name; or, for SQL, what is put in
    place: int = 0  # the operator's how-manieth
    length: int = 0  # SQL: of what is replaced; 0: Python

    def applied(self) -> Mutant:
        """Return the file with the fault in it."""
        source = (ROOT / self.path).read_text(encoding="utf-8")
        if self.length:
            lines = source.splitlines(keepends=True)
            line = lines[self.line - 1]
            lines[self.line - 1] = line[: self.column] + self.operator + line[self.column + self.length :]
            return Mutant(path=self.path, line=self.line, code="".join(lines))
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        code = mutate_code(source, get_operator(self.operator)(), self.place)
        return Mutant(path=self.path, line=self.line, code=code)


def faults_of(file: Path, seed: str) -> list[Fault]:
    """Return the faults of a file: at each place one of each kind."""
    path, source = str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
    found: dict[tuple[object, ...], list[Fault]] = defaultdict(list)
    for one in (*_of_python(path, source), *_of_sql(path, source)):
        found[one.line, one.column, one.kind].append(one)
    lines = source.splitlines()
    return [min(alike, key=lambda one: lot_of(one, lines, seed)) for _, alike in sorted(found.items())]


def lot_of(fault: Fault, lines: Sequence[str], seed: str) -> str:
    """Return what a fault is drawn by. It stays while its line stays, wherever that moves in the file."""
    line = lines[fault.line - 1]
    column = fault.column - (len(line) - len(line.lstrip()))
    drawn = (seed, fault.path, line.strip(), str(column), fault.operator)
    return hashlib.sha256("\n".join(drawn).encode()).hexdigest()


def _of_python(path: str, source: str) -> Iterator[Fault]:
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
                yield Fault(path=path, line=line, column=column, kind=kind, operator=name, place=place)
                place += 1


def _of_sql(path: str, source: str) -> Iterator[Fault]:
    for line, text in enumerate(source.splitlines(), 1):
        if '"' not in text or not _IS_SQL.search(text):
            continue
        for before, after in _SQL.items():
            for found in re.finditer(re.escape(before), text):
                kind = f"SQL{before}"
                column, length = found.start(), len(before)
                yield Fault(path=path, line=line, column=column, kind=kind, operator=after, length=length)
