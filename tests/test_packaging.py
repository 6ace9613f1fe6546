"""What a machine gets that installs smsctl: everything it needs, and nothing it has not asked for."""

import re
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import smsctl

from .front_door import run_process
from .test_house import HOUSE, MODULES, ROOT, imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ASKED_FOR = {re.split(r"[^A-Za-z0-9_-]", wanted)[0] for wanted in PROJECT["project"]["dependencies"]}
NOT_IMPORTED = {"tzdata"}  # read by zoneinfo, where Windows has no time zones of its own
BROUGHT_ALONG = {"secretstorage"}  # by keyring, on Linux


def test_every_library_that_is_imported_is_asked_for() -> None:
    imported = {name.split(".")[0] for module in MODULES.values() for _, name in imports(module)}
    foreign = imported - sys.stdlib_module_names - {"smsctl"}
    assert {canonicalize_name(name) for name in foreign - BROUGHT_ALONG} == ASKED_FOR - NOT_IMPORTED


@pytest.mark.parametrize("path", [p for p in HOUSE.rglob("*") if p.is_file()], ids=lambda p: p.name)
def test_every_file_of_the_package_is_installed(path: Path) -> None:
    inside = path.relative_to(HOUSE)
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["smsctl"]
    assert path.suffix in (".py", ".pyc") or any(inside.match(pattern) for pattern in patterns)


LOCK = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", LOCK, re.MULTILINE))


@pytest.mark.parametrize(
    "wanted", [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["test"]]
)
def test_the_lock_holds_a_version_that_is_allowed(wanted: str) -> None:
    asked = Requirement(wanted)
    assert LOCKED[canonicalize_name(asked.name)] in asked.specifier


def test_the_lock_has_a_hash_for_everything_and_names_no_place_to_fetch_from() -> None:
    for pinned in re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in pinned
    assert "://" not in LOCK
    assert "index-url" not in LOCK


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
