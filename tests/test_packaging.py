"""What a machine gets that installs smsctl: everything it needs, and nothing it has not asked for."""

import re
import sys
import tomllib
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import smsctl

from .front_door import run_process
from .test_house import HOUSE, MODULES, ROOT, imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRA = PROJECT["project"]["optional-dependencies"]["postgresql"]
ASKED_FOR = {
    re.split(r"[^A-Za-z0-9_-]", wanted)[0] for wanted in [*PROJECT["project"]["dependencies"], *EXTRA]
}
NOT_IMPORTED = {"tzdata"}  # read by zoneinfo, where Windows has no time zones of its own
BROUGHT_ALONG = {"secretstorage"}  # by keyring, on Linux


def test_every_library_that_is_imported_is_asked_for() -> None:
    imported = {name.split(".")[0] for module in MODULES.values() for _, name in imports(module)}
    foreign = imported - sys.stdlib_module_names - {"smsctl"}
    assert {canonicalize_name(name) for name in foreign - BROUGHT_ALONG} == ASKED_FOR - NOT_IMPORTED


def test_every_file_of_the_package_is_installed() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["smsctl"]
    inside = [path.relative_to(HOUSE) for path in HOUSE.rglob("*") if path.is_file()]
    others = [path for path in inside if path.suffix not in (".py", ".pyc")]
    assert not [path for path in others if not any(map(path.match, patterns))]


OPTIONAL = PROJECT["project"]["optional-dependencies"]
RUN = PROJECT["project"]["dependencies"]
BUILD = PROJECT["build-system"]["requires"]
LOCKS = {"run.txt": RUN, "build.txt": BUILD, "dev.txt": [*RUN, *BUILD, *OPTIONAL["test"]]}


def lock(name: str) -> str:
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", lock(name), re.MULTILINE))


@pytest.mark.parametrize(("name", "wanted"), [(name, one) for name in LOCKS for one in LOCKS[name]])
def test_a_lock_holds_a_version_that_is_allowed(name: str, wanted: str) -> None:
    asked = Requirement(wanted)
    assert locked(name)[canonicalize_name(asked.name)] in asked.specifier


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_names_no_place_to_fetch_from(name: str) -> None:
    pins = re.split(r"^(?=[^\s#])", lock(name), flags=re.MULTILINE)[1:]
    assert len(pins) == len(locked(name))
    assert all("--hash=sha256:" in pinned for pinned in pins)
    assert not re.search("://|index-url|find-links|trusted-host|file:", lock(name))


@pytest.mark.parametrize("name", LOCKS)
def test_what_a_lock_brings_is_asked_for_by_something(name: str) -> None:
    """A requirement that was taken out of pyproject.toml leaves the locks too."""
    asked = {canonicalize_name(Requirement(one).name) for one in LOCKS[name]}
    for pinned in re.split(r"^(?=[^\s#])", lock(name), flags=re.MULTILINE)[1:]:
        project, _, why = pinned.partition("==")
        by_us = "smsctl (pyproject.toml" in why
        assert by_us == (project in asked), project


def test_the_locks_agree_and_users_get_what_was_tried() -> None:
    tried = locked("dev.txt")
    for name in LOCKS:
        assert locked(name).items() <= tried.items()


def test_what_is_locked_to_build_with_is_what_building_asks_for() -> None:
    assert PROJECT["dependency-groups"]["build"] == BUILD


def test_ci_installs_what_is_locked() -> None:
    told = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line.partition("install ")[2] for line in told.splitlines() if '/pip" install' in line]
    assert len(installs) == 2
    assert "--require-hashes -r requirements/dev.txt" in installs[0]
    assert "--no-deps --no-build-isolation ." in installs[1]


def test_every_folder_with_code_is_a_package() -> None:
    assert not [path for path in HOUSE.rglob("*.py") if not (path.parent / "__init__.py").exists()]


def test_the_version_stands_in_one_place() -> None:
    ran = run_process("--version")
    assert (ran.code, ran.out) == (0, f"smsctl {smsctl.__version__}\n")
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "smsctl.__version__"}


def test_the_console_script_is_the_same_as_the_module() -> None:
    scripts = distribution("smsctl").entry_points.select(group="console_scripts")
    assert [(one.name, one.value) for one in scripts] == [("smsctl", "smsctl.__main__:main")]


def test_types_are_promised() -> None:
    assert (HOUSE / "py.typed").exists()


def test_the_licence_is_the_one_that_is_named() -> None:
    assert PROJECT["project"]["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
