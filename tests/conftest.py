"""What every test runs under: nowhere real to read or write, and no network but loopback."""

import gc
import ipaddress
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import HealthCheck, settings

from smsctl.simulator.server import Behaviour, Simulator, start

from .credentials.memory import MemoryKeyring
from .front_door import Run, run_here

HEADER = "Namn;Mobil;Grupp;Kommun;Godkänt villkor"
ROWS = (
    "Åsa Öberg;070-174 06 05;vårdnadshavare;Exempelkommun;2026-01-15",
    "Örjan Ek;+46701740606;vårdnadshavare;Exempelkommun;ja",
    "Elin Ek;0701740607;elever;Exempelkommun;x",
    "Bo Nej;0701740608;vårdnadshavare;Exempelkommun;nej",
)
SECRET = "canary-of-the-tests"

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # a loaded machine is no failure


def _refuse_other_hosts(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(str(address[0])):
            message = f"a test may not connect to {address}"
            raise RuntimeError(message)
    elif event == "socket.getaddrinfo" and _is_name(arguments[0]):
        raise socket.gaierror(socket.EAI_NONAME, "tests look no names up")


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (not _is_name(host) and ipaddress.ip_address(host).is_loopback)


def _is_name(host: object) -> bool:
    """Whether somebody would have to be asked where the host is."""
    if host is None or host in ("", "localhost", b"localhost"):
        return False
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return True
    return False


sys.addaudithook(_refuse_other_hosts)

_TESTS = Path(__file__).parent
_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30  # bytes


def _write_to_memory() -> None:
    """Let no test wait for a disk, where memory can hold all that they write and run what they install.

    What a crash leaves is the same; what a power cut leaves is worked out from the calls that were made.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK):
        return
    if shutil.disk_usage(_MEMORY).free > _ROOM and not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        tempfile.tempdir = os.environ["TMPDIR"] = str(_MEMORY)


_write_to_memory()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Give each processor two workers: who waits for a process or a clock leaves one idle."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 2 * processors


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Let a worker that has nothing left take from another: the slow folders stand side by side."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Look for rubbish from when all is collected on, and only in what comes: all that was imported stays."""
    gc.disable()
    try:
        _import_from_elsewhere_on(session)
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def _import_from_elsewhere_on(session: pytest.Session) -> None:
    """Let each worker import all tests from another place on, and find what others have compiled meanwhile.

    Else all of them compile each file at the same moment. What cannot be imported yet is collected as ever.
    """
    worker: Mapping[str, Any] | None = getattr(session.config, "workerinput", None)
    if worker is None or [session.config.rootpath / one for one in session.config.args] != [_TESTS]:
        return
    files = sorted(_TESTS.rglob("test_*.py"))
    first = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for file in (*files[first:], *files[:first]):
        with suppress(Exception, pytest.skip.Exception, pytest.fail.Exception):
            import_module(".".join(file.relative_to(_TESTS.parent).with_suffix("").parts))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the proofs at the length of a night")
    parser.addoption("--seed", metavar="TEXT", help="the chance of a proof that failed, as it told")


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Homes by number: pytest's own folders are counted anew for each that is made."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def _nowhere_real(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    home = next(_homes)
    home.mkdir()
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    for name in [*filter(_is_ours, os.environ), *_UNSET]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SMSCTL_CONFIG", str(home / "none.toml"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")  # for processes
    monkeypatch.setenv("TZ", "Pacific/Auckland")  # far from where the municipality is
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # in English, unless a test says otherwise
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


_UNSET = (
    *("CREDENTIALS_DIRECTORY", "SUDO_USER", "COLUMNS", "NO_COLOR"),
    "PYTHONDONTWRITEBYTECODE",  # or each process compiles the program anew
)


def _is_ours(variable: str) -> bool:
    return variable.startswith("SMSCTL_") or variable.lower().endswith("_proxy")


@pytest.fixture(autouse=True)
def _keyring_in_memory(_nowhere_real: None) -> Iterator[None]:
    import keyring

    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def run() -> Run:
    return run_here


class MakeConfig(Protocol):
    def __call__(self, *, rows: Sequence[str] = ROWS, header: str = HEADER, **overrides: object) -> Path: ...


@pytest.fixture
def make_config(tmp_path: Path) -> MakeConfig:
    """Write a config file with a ledger and recipients of its own; an override of None leaves a key out."""

    def make(*, rows: Sequence[str] = ROWS, header: str = HEADER, **overrides: object) -> Path:
        (tmp_path / "recipients.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        path = tmp_path / "config.toml"
        path.write_text("\n".join(_as_toml(merged(_PLAIN, overrides))), encoding="utf-8")
        return path

    return make


_PLAIN: Mapping[str, object] = {
    "mode": "simulate",
    "sender": "Kommunen",
    "recipients": "recipients.csv",
    "gateway": {
        "module": "intelecom",
        "service_id": 4711,
        "username": "demo",
        "password": {"source": "env"},
    },
    "municipalities": {
        "exempelkommun": {"name": "Exempelkommun", "package_size": 10_000, "package_price": "4900.00"}
    },
    "limits": {"quiet_hours": False},
    "ledger": {"path": "ledger/ledger.db"},
}


def merged(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, Any]:
    """Return the tables one over the other."""
    found = dict(base)
    for name, new in over.items():
        below, value = found.get(name), new
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            value = merged(below, value)
        found[name] = value
    return found


def _as_toml(table: Mapping[str, object], *above: str) -> Iterator[str]:
    """Return the lines of a table: nothing that is None, plain values before sections.

    By hand: the writer that keeps a person's comments takes as long as the command that reads it.
    """
    there = {_quoted(name): value for name, value in table.items() if value is not None}
    sections = {name: value for name, value in there.items() if isinstance(value, Mapping)}
    if above and (len(there) > len(sections) or not there):
        yield f"[{'.'.join(above)}]"
    for name, value in there.items():
        if name not in sections:
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    if len(there) > len(sections) or not there:
        yield ""
    for name, section in sections.items():
        yield from _as_toml(section, *above, name)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A config in live mode, and the gateway it means: a simulator on loopback that says nothing of it."""

    config: Path
    simulator: Simulator


class LiveGateway(Protocol):
    def __call__(
        self,
        behaviour: Behaviour = ...,
        *,
        rows: Sequence[str] = ROWS,
        header: str = HEADER,
        active: bool = True,
        **overrides: object,
    ) -> Live: ...


@pytest.fixture
def live_gateway(make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveGateway]:
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with ExitStack() as stack:

        def begin(
            behaviour: Behaviour = _AS_DOCUMENTED,
            *,
            rows: Sequence[str] = ROWS,
            header: str = HEADER,
            active: bool = True,
            **overrides: object,
        ) -> Live:
            simulator = stack.enter_context(start(replace(behaviour, as_a_gateway=True)))
            live = {"mode": "live", "gateway": {"url": simulator.url}}
            asked = merged(live, overrides)
            if active:
                before = make_config(rows=rows, header=header, **merged(asked, {"senders": None}))
                run_here("--config", before, "municipality", "activate", "exempelkommun", "--yes")
            config = make_config(rows=rows, header=header, **asked)
            return Live(config=config, simulator=simulator)

        yield begin


_AS_DOCUMENTED = Behaviour()
