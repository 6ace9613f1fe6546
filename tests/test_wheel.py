"""What is handed over is whole: the source archive, the wheel built from it, smsctl without its source."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

import smsctl

from .conftest import HEADER, ROWS
from .front_door import Ran
from .test_house import HOUSE, ROOT

LEFT_BEHIND = shutil.ignore_patterns(
    ".git",
    ".venv",
    ".hypothesis",
    ".*_cache",
    "__pycache__",
    "*.egg-info",
    "build",
    "dist",
    ".smsctl",
    ".coverage",
)
HANDED_OVER = (  # what a distribution packages, and what a successor starts from
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", "config.example.toml"),
    *("requirements", "docs", "man", "contrib", "examples", "benchmarks", "tests", ".ci"),
)
SHARED = ("man", "contrib", "examples", "config.example.toml", "CHANGELOG.md")  # copied beside the program


class Built(NamedTuple):
    """The two archives, and an environment that has nothing but the wheel and what it asks for."""

    sdist: Path
    wheel: Path
    home: Path

    def smsctl(self, *argv: object) -> Ran:
        """Run the installed program in an empty folder, with the environment of a new user."""
        folder = self.home.parent / "empty"
        (folder / "home").mkdir(parents=True, exist_ok=True)
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"}
        return _ran([self.home / "bin" / "smsctl", *argv], cwd=folder, env=environ)


def _ran(argv: list[object], *, cwd: Path, env: dict[str, str] | None = None) -> Ran:
    words = [str(word) for word in argv]
    done = subprocess.run(
        words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Built:
    """Build once for all workers."""
    from filelock import FileLock

    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "built"
    with FileLock(f"{place}.lock"):
        if not place.exists():
            place.mkdir()
            _build(place)
        reason = place / "not-built"
        if reason.exists():
            pytest.skip(reason.read_text(encoding="utf-8"))
    (sdist,) = place.glob("*.tar.gz")
    (wheel,) = place.glob("*.whl")
    return Built(sdist=sdist, wheel=wheel, home=place / "environment")


def _build(place: Path) -> None:
    """Make the source archive from a clean copy, the wheel from it, an environment from the wheel."""
    tools = _environment(place / "tools")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    if find_spec("pip") is None or _pip(tools, *wanted).code:
        (place / "not-built").write_text(
            f"no package index was reached for {', '.join(wanted)}", encoding="utf-8"
        )
        return
    copy = Path(shutil.copytree(ROOT, place / "copy", ignore=LEFT_BEHIND))
    _call_backend(tools, "build_sdist", copy, place)
    with tarfile.open(next(place.glob("*.tar.gz"))) as archive:
        archive.extractall(place / "unpacked", filter="data")
    (source,) = (place / "unpacked").iterdir()
    _call_backend(tools, "build_wheel", source, place)
    done = _pip(_environment(place / "environment"), next(place.glob("*.whl")))
    assert done.code == 0, done.said
    shutil.rmtree(copy)
    shutil.rmtree(place / "unpacked")


def _environment(folder: Path) -> Path:
    done = _ran([sys.executable, "-m", "venv", "--without-pip", folder], cwd=folder.parent)
    assert done.code == 0, done.said
    return folder


def _pip(environment: Path, *wanted: object) -> Ran:
    own = [sys.executable, "-m", "pip", "--python", environment / "bin" / "python"]
    quickly = ["-q", "--disable-pip-version-check", "--retries", 1, "--no-compile"]
    return _ran([*own, "install", *quickly, *wanted], cwd=environment.parent)


def _call_backend(tools: Path, hook: str, source: Path, place: Path) -> None:
    """Call the build backend as `pip` and `build` do."""
    call = f"import sys; from setuptools import build_meta; build_meta.{hook}(sys.argv[1])"
    done = _ran([tools / "bin" / "python", "-W", "error", "-c", call, place], cwd=source, env={**os.environ})
    assert done.code == 0, done.said


def test_both_archives_are_the_same_bytes_whoever_builds_them(built: Built, tmp_path: Path) -> None:
    """Elsewhere, later, with another umask, and with files of other dates."""
    copy = Path(shutil.copytree(ROOT, tmp_path / "another-place", ignore=LEFT_BEHIND))
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    before = os.umask(0o077)
    try:
        _call_backend(built.home.parent / "tools", "build_sdist", copy, tmp_path)
        with tarfile.open(tmp_path / built.sdist.name) as archive:
            archive.extractall(tmp_path / "unpacked", filter="data")
        (source,) = (tmp_path / "unpacked").iterdir()
        _call_backend(built.home.parent / "tools", "build_wheel", source, tmp_path)
    finally:
        os.umask(before)
    for archive_of_before in (built.sdist, built.wheel):
        assert (tmp_path / archive_of_before.name).read_bytes() == archive_of_before.read_bytes()


def _files(folder: str) -> set[str]:
    found = [ROOT / folder] if (ROOT / folder).is_file() else (ROOT / folder).rglob("*")
    names = {path.relative_to(ROOT).as_posix() for path in found if path.is_file()}
    return {name for name in names if "__pycache__" not in name and not name.endswith(".pyc")}


def test_the_source_archive_holds_all_that_is_handed_over(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for name in HANDED_OVER:
        assert _files(name) <= held


def test_the_wheel_holds_the_package_and_what_is_copied_from_and_nothing_else(built: Built) -> None:
    with ZipFile(built.wheel) as archive:
        held = set(archive.namelist())
    data = f"smsctl-{smsctl.__version__}.data/data/share/"
    package = {name for name in held if name.startswith("smsctl/") and not name.endswith(".mo")}
    assert package == {name for name in _files("smsctl") if Path(name).suffix != ".mo"}
    shared = {name.removeprefix(data) for name in held if name.startswith(data)}
    assert {name.removeprefix("doc/smsctl/").replace("man/man1", "man") for name in shared} == {
        file for name in SHARED for file in _files(name)
    }
    beside = {name.partition("/")[0] for name in held} - {"smsctl", data.partition("/")[0]}
    assert beside == {f"smsctl-{smsctl.__version__}.dist-info"}


def test_the_metadata_names_the_licence_the_version_and_the_readme(built: Built) -> None:
    with ZipFile(built.wheel) as archive:
        names = {name.partition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(names["METADATA"]).decode()
    lines = metadata.partition("\n\n")[0].splitlines()
    assert {f"Version: {smsctl.__version__}", "License-Expression: MIT", "License-File: LICENSE"} <= set(
        lines
    )
    assert (ROOT / "README.md").read_text(encoding="utf-8").strip() in metadata
    assert "licenses/LICENSE" in names


def test_a_new_user_comes_from_the_wheel_to_a_sent_mailing(built: Built, tmp_path: Path) -> None:
    config, people, text = (tmp_path / name for name in ("config.toml", "people.csv", "message.txt"))
    people.write_text("\n".join([HEADER, *ROWS, ""]), encoding="utf-8")
    text.write_text("Hej! Skolan stänger kl 13.", encoding="utf-8")
    answers = ("--gateway", "intelecom", "--municipality", "Exempelkommun", "--recipients", people)
    mailing = ("--config", config, "send", "--group", "guardians", text)
    for argv, seen in (
        (("--version",), f"smsctl {smsctl.__version__}\n"),
        (("--config", config, "config", "init", "--yes", *answers), "is written, in simulate mode"),
        ((*mailing, "--dry-run"), "2 messages"),
        ((*mailing, "--yes", "--max-parts", 9, "--max-new-packages", 0), "2 accepted"),
        (("--config", config, "usage"), "2 parts used"),
        (("--config", config, "doctor"), "is in order: mode simulate"),
        (("--config", config, "ledger", "check"), "is sound"),
        (("send", "--help"), "--max-new-packages"),
        (("completion", "bash"), "complete -F"),
    ):
        ran = built.smsctl(*argv)
        assert (ran.code, seen in ran.out) == (0, True), ran.said


def test_the_example_that_is_installed_beside_it_runs(built: Built, tmp_path: Path) -> None:
    example = Path(shutil.copytree(built.home / "share" / "doc" / "smsctl", tmp_path / "example"))
    argv = ("--config", example / "config.example.toml", "send", "--group", "guardians")
    ran = built.smsctl(*argv, example / "examples" / "message.txt", "--yes")
    assert (ran.code, "15 accepted" in ran.out) == (0, True), ran.said


def test_it_runs_without_its_source(built: Built) -> None:
    ran = _ran(
        [built.home / "bin" / "python", "-I", "-c", "import smsctl.cli.app as it; print(it.__file__)"],
        cwd=Path("/"),
    )
    assert Path(ran.out.strip()).is_relative_to(built.home)
    assert not HOUSE.is_relative_to(built.home)


def test_it_has_a_manual_page(built: Built) -> None:
    page = built.home / "share" / "man" / "man1" / "smsctl.1"
    assert page.read_bytes() == (ROOT / "man" / "smsctl.1").read_bytes()
    man = shutil.which("man")
    if man is None:
        pytest.skip("man is not installed here")
    shown = _ran(
        [man, "-M", built.home / "share" / "man", "smsctl"], cwd=Path("/"), env={"PATH": "/usr/bin:/bin"}
    )
    if "minimized" in shown.said:
        pytest.skip("man is here without its pages, as small systems have it")
    assert (shown.code, "municipality" in shown.out) == (0, True), shown.err


def test_the_page_on_an_offline_server_guards_the_wheel_too(built: Built, tmp_path: Path) -> None:
    """Its lines that put the wheel among what is locked, and install that; the libraries need a network."""
    page = (ROOT / "docs" / "how-to" / "install.md").read_text(encoding="utf-8")
    lines = [line.removeprefix("$ ") for line in page.splitlines() if line.startswith("$ ")]
    house = tmp_path / "wheelhouse"
    house.mkdir()
    shutil.copy(built.wheel, house)
    shutil.copy(built.wheel, tmp_path)
    (locks,) = [line for line in lines if "--hash=sha256:" in line]
    assert _ran(["bash", "-c", locks], cwd=tmp_path).code == 0
    (installs,) = [line for line in lines if "--no-index" in line]
    flags = installs.partition(" install ")[2].split()
    server = _environment(tmp_path / "server")
    assert _pip(server, "--no-deps", *flags).code == 0
    assert _ran([server / "bin" / "python", "-c", "import smsctl"], cwd=Path("/")).code == 0
    with (house / built.wheel.name).open("ab") as wheel:
        wheel.write(b"changed")
    refused = _pip(_environment(tmp_path / "another"), "--no-deps", *flags)
    assert (refused.code, "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.err) == (1, True), refused.said
