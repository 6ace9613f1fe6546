"""The laws of the house, read from the source and from what a start really loads."""

import ast
import builtins
import graphlib
import re
import shlex
import string
import subprocess
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest

from smsctl.cli import app, command_tree, contents, flags

from .conftest import MakeConfig
from .front_door import Run

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "smsctl"

FLOORS = {
    "errors": set[str](),
    "domain": {"domain", "errors"},
    "host": {"host", "domain", "errors"},
    "opening": {"host", "domain", "errors"},
    "decoding": {"domain", "errors"},
    "spreadsheet": {"spreadsheet", "decoding", "opening", "domain", "errors"},
    "config": {"config", "host", "domain", "errors"},
    "credentials": {"credentials", "host", "domain", "errors"},
    "ledger": {"ledger", "host", "domain", "errors"},
    "gateways": {"gateways", "host", "domain", "errors"},
    "listener": {"listener", "domain", "errors"},
    "simulator": {"simulator", "domain.text", "errors"},
    "actions": {
        "actions",
        "ledger",
        "config",
        "credentials",
        "spreadsheet",
        "decoding",
        "opening",
        "host",
        "domain",
        "errors",
    },
    "cli": {
        "cli",
        "actions",
        "ledger",
        "config",
        "credentials",
        "spreadsheet",
        "decoding",
        "opening",
        "host",
        "domain",
        "errors",
    },
    "__main__": {"cli", "host"},
}
WIRING = {
    "smsctl.cli.wiring",
    "smsctl.cli.wiring_gateway",
    "smsctl.cli.wiring_listener",
    "smsctl.cli.wiring_reach",
}
WIRED = {"gateways", "listener", "simulator"}

ONLY_IN = {
    "rich": "smsctl.cli.output",
    "typer": "smsctl.cli",
    "tomlkit": "smsctl.config.write",
    "tomllib": "smsctl.config",
    "keyring": "smsctl.credentials.vault",
    "sqlite3": "smsctl.ledger.sqlite",
    "filelock": "smsctl.ledger.sqlite.lock",
    "psycopg": "smsctl.ledger.postgres",
    "phonenumbers": ("smsctl.domain.number", "smsctl.domain.number_plan"),
    "platformdirs": "smsctl.config.places",
    "python_calamine": "smsctl.spreadsheet.workbook",
    "zipfile": "smsctl.spreadsheet",
    "requests": "smsctl.gateways.through_proxy",
    "urllib3": "smsctl.gateways.through_proxy",
    "smtplib": "smsctl.gateways",
    "csv": ("smsctl.spreadsheet", "smsctl.cli.output.export"),
    "waitress": ("smsctl.simulator", "smsctl.listener"),
    "pwd": "smsctl.host",
    "grp": "smsctl.host",
    "fcntl": "smsctl.host",
    "signal": ("smsctl.host", "smsctl.__main__"),  # which is asked to end before anything is loaded
    "importlib.import_module": ("smsctl.cli.contents", "smsctl.gateways"),
}

OF_ONE_SYSTEM = re.compile(
    r"os\.(name|get(|e|res)[ug]id|set(|e|res|re)[ug]id|[gs]etgroups|getgrouplist|initgroups|l?chown|fchown|fchmod"
    r"|statvfs|preadv|set_blocking|O_DIRECTORY|O_NOFOLLOW|O_NONBLOCK|O_NOCTTY)|sys\.platform|platform\.system"
)

IMPURE = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "random", "secrets", "shutil", "signal",
    "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip

HEAVY = (
    "requests", "urllib3", "keyring", "rich", "tomlkit", "pydantic", "phonenumbers", "filelock",
    "platformdirs", "defusedxml", "waitress", "smtplib", "gettext", "importlib.metadata", "python_calamine",
)  # fmt: skip

NEVER = {
    "tenant", "provider", "campaign", "msisdn", "segment", "fragment", "quota", "chunk", "dlr", "consent",
    "blacklist", "whitelist", "job", "customer",
}  # fmt: skip
WIRE_WORDS = {"originator", "customer", "msisdn", "quota"}  # the documents' own, on the wire
NEVER_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "core"}


class Module(NamedTuple):
    name: str
    path: Path
    source: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.source)

    @property
    def floor(self) -> str:
        return self.name.partition(".")[2].split(".")[0]

    def at(self, node: ast.AST) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def _read(path: Path) -> Module:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Module(name, path, path.read_text(encoding="utf-8"))


@cache
def _parsed(source: str) -> ast.Module:
    """Parse when somebody asks: each worker imports this, and few of them look into a module."""
    return ast.parse(source)


MODULES = {module.name: module for module in map(_read, sorted(HOUSE.rglob("*.py")))}


@cache
def nodes(module: Module) -> Sequence[ast.AST]:
    return list(ast.walk(module.tree))


def imports(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Every import wherever it stands: at the top, in a function, for typing."""
    for node in nodes(module):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node, name.name
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                inside = node.module in MODULES and whole not in MODULES
                yield node, str(node.module) if inside else whole


def calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    for node in nodes(module):
        if isinstance(node, ast.Call):
            function = node.func
            yield node, getattr(function, "id", getattr(function, "attr", ""))


def within(name: str, places: str | Collection[str]) -> bool:
    places = (places,) if isinstance(places, str) else places
    return any(name == place or name.startswith(f"{place}.") for place in places)


def in_every_module(law: Callable[[Module], Iterable[str]]) -> Callable[[], None]:
    """Make a test of a law that tells where a module breaks it; the test tells all of them."""

    def test() -> None:
        assert not [place for module in MODULES.values() for place in law(module)]

    return test


@in_every_module
def test_a_floor_imports_only_what_is_below_it(module: Module) -> Iterator[str]:
    allowed = FLOORS.get(module.floor, set()) | (WIRED if module.name in WIRING else set())
    for node, name in imports(module):
        if name.startswith("smsctl.") and not within(name.removeprefix("smsctl."), allowed):
            yield f"{module.at(node)} {name}"


@in_every_module
def test_the_way_in_decides_nothing(module: Module) -> Iterator[str]:
    """A rule that says no has its home in an action, where another way in asks it too."""
    if module.floor == "cli":
        yield from (module.at(call) for call, name in calls(module) if name == "RuleError")
        for node, name in imports(module):
            if name == "smsctl.domain.rules":
                yield f"{module.at(node)}: a rule is asked through smsctl.actions.may_send"


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {
        module.name: {name for _, name in imports(module) if name in MODULES} for module in MODULES.values()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the ring


def folder_of(module: Module) -> str:
    """Where a module stands: of `smsctl/cli/money/usage.py` that is `cli.money`; a file on top is its own."""
    inside = module.path.parent.relative_to(HOUSE).parts
    return ".".join(inside) or module.path.stem


def arrows_between_folders() -> Iterator[tuple[str, str, str]]:
    """Every import from one folder into another: where it stands, from which folder, into which."""
    for module in MODULES.values():
        for node, name in imports(module):
            if name in MODULES and folder_of(module) != folder_of(MODULES[name]):
                yield f"{module.at(node)} {name}", folder_of(module), folder_of(MODULES[name])


def test_the_commands_of_one_noun_know_of_no_other() -> None:
    """What two nouns need is an action, stands above them, or is called through `main(argv)`."""
    nouns = {f"cli.{folder}" for folder in contents.FOLDERS}
    strangers = [at for at, own, other in arrows_between_folders() if {own, other} <= nouns]
    assert not strangers


def test_no_folder_imports_itself_by_a_detour() -> None:
    graph: dict[str, set[str]] = {}
    for _, own, other in arrows_between_folders():
        graph.setdefault(own, set()).add(other)
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the ring


def test_the_map_of_the_house_is_true() -> None:
    """The tree and the way in ten minutes of CONTRIBUTING.md name what is there, and all floors of it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    tree = text.partition("```\nsmsctl/\n")[2].partition("```")[0]
    drawn = re.findall(r"^  (\w+)(?:/|\.py) ", tree, re.MULTILINE)
    assert set(drawn) == {module.floor for module in MODULES.values()} - {"", "__main__"}
    inside = " ".join(re.findall(r"^    (\S.*)", tree, re.MULTILINE))
    assert set(re.findall(r"(\w+)/", inside)) == {*contents.FOLDERS, "output"}
    way = text.partition("## Find your way in ten minutes")[2].partition("```")[0]
    passed = [name.removeprefix("smsctl/") for name in re.findall(r"`([\w./]+)`", way)]
    assert passed
    assert not [name for name in passed if not (HOUSE / name).exists()]


def test_every_floor_is_built() -> None:
    built = {module.floor for module in MODULES.values()} - {""}
    assert built - set(FLOORS) == set()


@in_every_module
def test_each_library_has_one_door(module: Module) -> Iterator[str]:
    for node, name in imports(module):
        for library, places in ONLY_IN.items():
            if within(name, library) and not within(module.name, places):
                yield f"{module.at(node)} {name}"


def _asked_of_one_system(module: Module) -> Iterator[str]:
    for node in nodes(module):
        if isinstance(node, ast.Attribute) and OF_ONE_SYSTEM.fullmatch(ast.unparse(node)):
            yield f"{module.at(node)} {ast.unparse(node)}"


@in_every_module
def test_what_differs_from_system_to_system_is_asked_in_one_place(module: Module) -> Iterator[str]:
    if module.floor != "host":
        yield from _asked_of_one_system(module)


@pytest.mark.parametrize("name", ["users", "rights", "disk", "process"])
def test_that_place_is_where_it_is_asked(name: str) -> None:
    assert list(_asked_of_one_system(MODULES[f"smsctl.host.{name}"]))


@in_every_module
def test_the_domain_has_no_clock_no_chance_and_no_way_out(module: Module) -> Iterator[str]:
    if module.floor == "domain":
        yield from (module.at(node) for node, name in imports(module) if name.split(".")[0] in IMPURE)
        outside = ("now", "today", "utcnow", "open", "print")
        yield from (module.at(node) for node, name in calls(module) if name in outside)


@in_every_module
def test_a_file_fits_in_a_head(module: Module) -> Iterator[str]:
    if (lines := len(module.source.splitlines())) > 300:
        yield f"{module.at(module.tree)}: {lines} lines"


@in_every_module
def test_a_function_fits_on_a_screen(module: Module) -> Iterator[str]:
    functions = (n for n in nodes(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return (f"{module.at(one)} {one.name}" for one in functions if (one.end_lineno or 0) - one.lineno >= 50)


@in_every_module
def test_a_module_says_what_lives_here(module: Module) -> Iterator[str]:
    empty = module.path.name == "__init__.py" and not module.source
    if not empty and not ast.get_docstring(module.tree):
        yield module.at(module.tree)


@in_every_module
def test_what_a_function_raises_begins_a_sentence_and_is_there(module: Module) -> Iterator[str]:
    """`Raises InputError where …`, or of a function that does nothing else, `Raise InputError where …`."""
    for node in nodes(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            told = ast.get_docstring(node) or ""
            named = set(re.findall(r"\b[Rr]aises?\s+(\w+Error)\b", told))
            if named - errors() or re.search(r"^\s*Raises:|\braises?\s+\w+Error\b", told, re.MULTILINE):
                yield f"{module.at(node)} {named - errors() or ''}"


@cache
def errors() -> set[str]:
    """The names of all exceptions, Python's and ours."""
    classes = [
        node for module in MODULES.values() for node in nodes(module) if isinstance(node, ast.ClassDef)
    ]
    return {one.name for one in classes} | set(dir(builtins))


@in_every_module
def test_nothing_is_called_after_having_no_place(module: Module) -> Iterator[str]:
    if NEVER_NAMES.intersection(re.split(r"[._]", module.name)):
        yield module.name


def _identifiers(module: Module) -> Iterator[tuple[ast.AST, str]]:
    for node in nodes(module):
        for field in ("id", "attr", "arg", "name"):
            if isinstance(name := getattr(node, field, None), str):
                yield node, name


def _words(identifier: str) -> set[str]:
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", identifier).lower().split("_"))


@in_every_module
def test_one_word_for_one_thing(module: Module) -> Iterator[str]:
    spoken_on_the_wire = module.floor in ("gateways", "simulator")
    never = NEVER - WIRE_WORDS if spoken_on_the_wire else NEVER | WIRE_WORDS
    for node, name in _identifiers(module):
        if never & _words(name):
            yield f"{module.at(node)} {name}"
    for node, words in _templates(module):
        if never & set(re.findall("[a-z]+", words.lower())):
            yield f"{module.at(node)} {words}"


def _templates(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """The sentences of a module; what is no literal is given as an empty one."""
    for call, name in calls(module):
        if name in ("say", "say_n"):
            for argument in call.args:
                value = argument.value if isinstance(argument, ast.Constant) else None
                yield call, value if isinstance(value, str) else ""


@in_every_module
def test_a_sentence_is_a_literal_that_can_be_found(module: Module) -> Iterator[str]:
    return (module.at(call) for call, template in _templates(module) if not template)


@in_every_module
def test_a_sentence_is_given_all_its_values(module: Module) -> Iterator[str]:
    for call, template in _templates(module):
        given = {keyword.arg for keyword in call.keywords}
        wanted = {name.split("!")[0] for _, name, _, _ in string.Formatter().parse(template) if name}
        if module.name == "smsctl.domain.number":
            wanted -= {"raw"}  # a table of sentences, which `why` fills in
        if None not in given and not wanted <= given:
            yield f"{module.at(call)} {wanted - given}"


def loaded_after(code: str) -> set[str]:
    """What a fresh interpreter has loaded when the code has run."""
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(told.stderr.splitlines()[-1].split())


def heavy_after(code: str) -> set[str]:
    """What of the heavy libraries the code has loaded beyond what typer itself cannot do without."""
    return loaded_after(code).intersection(HEAVY) - loaded_after("import typer")


def test_a_start_loads_nothing_heavy() -> None:
    assert not heavy_after("import smsctl.cli.app")


def test_typer_loads_little_by_itself() -> None:
    assert loaded_after("import typer").intersection(HEAVY) == {"gettext"}


@pytest.mark.parametrize(
    "words", [["usage"], ["mailings", "list"], ["send", "--help"], ["--help"]], ids=" ".join
)
def test_a_plain_command_loads_nothing_heavy(words: list[str], make_config: MakeConfig) -> None:
    argv = ["--config", str(make_config()), *words]
    code = f"from smsctl.cli.app import main\nassert main({argv}) == 0"
    assert not heavy_after(code)


def test_usage_loads_few_of_our_own_files(make_config: MakeConfig) -> None:
    """Finance offices run it most; what it does not show is imported by the function that needs it."""
    argv = ["--config", str(make_config()), "usage"]
    loaded = loaded_after(f"from smsctl.cli.app import main\nassert main({argv}) == 0")
    assert len([name for name in loaded if within(name, "smsctl")]) <= 80


def test_the_version_loads_hardly_anything() -> None:
    loaded = loaded_after("sys.argv = ['smsctl', '--version']\nfrom smsctl.__main__ import main\nmain()")
    assert {name for name in loaded if within(name, ("smsctl", "typer"))} == {"smsctl", "smsctl.__main__"}


def test_the_linter_bans_the_same_heavy_imports() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    banned = settings["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-module-level-imports"]
    assert set(banned) == set(HEAVY) - {"pydantic"}  # which only another library could load


def test_every_command_has_its_file_and_every_file_its_command() -> None:
    shown = {m.name for m in MODULES.values() if any(name == "EXAMPLES" for _, name in _identifiers(m))}
    assert shown - {"smsctl.cli.contents"} == {contents.module_of(name) for name in contents.COMMANDS}


def test_a_file_of_several_commands_holds_only_what_can_be_typed() -> None:
    for first in contents.IN_ONE_FILE:
        words = [name.partition(" ")[2] for name in contents.COMMANDS if name.split()[0] == first]
        module = MODULES[contents.module_of(first)]
        found = [n.name for n in module.tree.body if isinstance(n, ast.FunctionDef)]
        runs = {name.removeprefix("run_") for name in found if name.startswith("run")}
        assert runs == {word.replace("-", "_") or "run" for word in words}


def test_every_command_has_its_folder() -> None:
    words = [word for words in contents.FOLDERS.values() for word in words]
    grouped = [word for words in contents.HELP_GROUPS.values() for word in words]
    assert sorted(grouped) == sorted(words)
    assert sorted(words) == sorted({name.partition(" ")[0] for name in contents.COMMANDS})


def test_every_group_has_commands() -> None:
    assert set(contents.GROUPS) == {name.split()[0] for name in contents.COMMANDS if " " in name}


@pytest.fixture(params=contents.COMMANDS)
def command(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_a_command_begins_with_the_same_verb_in_the_list_and_in_its_own_help(command: str) -> None:
    told = contents.load(command).run.__doc__ or ""
    assert told.partition(" ")[0] == contents.COMMANDS[command].partition(" ")[0]


def test_a_command_has_help_with_its_examples(command: str, run: Run) -> None:
    ran = run(*command.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"Usage: smsctl {command} " in ran.out
    for example in contents.load(command).examples:
        assert example in ran.out
        assert len(f"    {example}") <= 80, "too long for a terminal"


def test_what_a_value_is_has_a_name_in_the_help(command: str, run: Run) -> None:
    assert re.findall(r"<\w+(?: range)?>", run(*command.split(), "--help").out) == []


def test_the_examples_of_a_command_can_be_typed(command: str) -> None:
    for example in contents.load(command).examples:
        smsctl, *argv = shlex.split(example.partition("<")[0], comments=True)
        _, words = flags.take(argv)
        assert smsctl == "smsctl"
        assert app.command_in(words) == command
        with pytest.raises(Nobody.AskedError):
            command_tree.build(command)(args=words, prog_name="smsctl", standalone_mode=False, obj=Nobody())


class Nobody:
    """Stands for the wiring: the command line was read and the command has begun."""

    class AskedError(Exception):
        pass

    def __getattr__(self, name: str) -> NoReturn:
        raise Nobody.AskedError(name)


def test_the_help_lists_every_command_and_group(run: Run) -> None:
    out = run("--help").out
    for name, line in [*contents.GROUPS.items(), *contents.COMMANDS.items()]:
        if " " not in name:
            assert re.search(rf"^    {name} +{re.escape(line)}$", out, re.MULTILINE)


def test_a_public_class_name_stands_once_in_the_package() -> None:
    places: dict[str, list[str]] = {}
    for module in MODULES.values():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module.at(node))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


FIELDS = {
    node.name: [ast.unparse(one.annotation) for one in node.body if isinstance(one, ast.AnnAssign)]
    for module in MODULES.values()
    for node in module.tree.body
    if isinstance(node, ast.ClassDef) and "NamedTuple" in map(ast.unparse, node.bases)
}
"""The types of each NamedTuple's fields in their order, by the class name, which stands once."""


def _can_be_swapped(call: ast.Call, types: list[str]) -> bool:
    given = [] if any(isinstance(one, ast.Starred) for one in call.args) else types[: len(call.args)]
    plain = [re.sub(r" \| None|None \| ", "", one) for one in given]
    return any(one == other for one, other in pairwise(plain))


def test_two_values_of_one_type_are_told_apart_by_keyword() -> None:
    """Two swapped booleans would pass the type checker (docs/decisions/0003)."""
    assert not [
        module.at(call)
        for module in MODULES.values()
        for call, name in calls(module)
        if name in FIELDS and _can_be_swapped(call, FIELDS[name])
    ]
