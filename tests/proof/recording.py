"""What a run did to its disk and said to its gateway, out of the system's own trace."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.proof.disk import Event, Kind
from tests.proof.site import Nursery, Site
from tests.proof.tracing import run_traced

_CALLS = (
    "openat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,write,pwrite64,ftruncate,fsync,fdatasync,"
    "lseek,sendto,dup,dup2,close"
)
_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"^(\d+)<((?:\\x[0-9a-f]{2})*)")
_RESULT = re.compile(r"<((?:\\x[0-9a-f]{2})*)>$")


def record(processes: Nursery, site: Site, command: Sequence[str]) -> list[Event]:
    """Run a command and return what it did, in the order in which it happened. It must end well."""
    trace = site.folder.parent / "recorded"
    code = run_traced(processes, site, command, "-y", "-xx", "-s", "1000000", to=trace, calls=_CALLS)
    assert code == 0, site.said.read_text()
    return list(read(trace))


class _Call(NamedTuple):
    """One call that has succeeded, as far as it is understood."""

    texts: list[bytes]  # the quoted arguments: paths, or what is written
    fd: str  # and the path behind it; both empty where there is none
    path: str
    last: str  # argument
    flags: str
    result: int
    opened: str  # the path of what was opened


def read(trace: Path) -> Iterator[Event]:
    """Read what strace wrote: bytes to the gateway when they begin to leave, the rest when it is done."""
    begun: dict[str, str] = {}
    offsets: dict[str, int] = {}
    for line in trace.read_text().splitlines():
        if found := _WHOLE.match(line):
            yield from _events(found[2], _call(found[3], int(found[4]), line), offsets)
        elif found := _BEGUN.match(line):
            begun[found[1]] = found[3]
            if found[2] == "sendto":
                yield from _events(found[2], _call(found[3], 0, line), offsets)
        elif (found := _RESUMED.match(line)) and found[2] != "sendto":
            about = begun.pop(found[1]) + found[3]
            yield from _events(found[2], _call(about, int(found[4]), line), offsets)


def _call(about: str, result: int, line: str) -> _Call:
    fd, opened = _FD.match(about), _RESULT.search(line)
    return _Call(
        texts=[_bytes(one) for one in _TEXT.findall(about)],
        fd=fd[1] if fd else "",
        path=_bytes(fd[2]).decode() if fd else "",
        last=about.rpartition(",")[2],
        flags=about,
        result=result,
        opened=_bytes(opened[1]).decode() if opened else "",
    )


def _events(name: str, call: _Call, offsets: dict[str, int]) -> Iterator[Event]:
    if call.result < 0:
        return
    if name == "openat":
        offsets[str(call.result)] = 0
    elif name == "lseek":
        offsets[call.fd] = call.result
    yield from _MEANINGS.get(name, _nothing)(call, offsets)


def _opened(call: _Call, _: dict[str, int]) -> Iterator[Event]:
    if "O_CREAT" in call.flags:
        yield Event(kind=Kind.CREATE, path=call.opened)
    if "O_TRUNC" in call.flags:
        yield Event(kind=Kind.SIZE, path=call.opened, number=0)


def _written(call: _Call, offsets: dict[str, int]) -> Iterator[Event]:
    place = offsets.get(call.fd, 0)
    yield Event(kind=Kind.WRITE, path=call.path, data=call.texts[0][: call.result], number=place)
    offsets[call.fd] = place + call.result


def _written_at(call: _Call, _: dict[str, int]) -> Iterator[Event]:
    yield Event(kind=Kind.WRITE, path=call.path, data=call.texts[0][: call.result], number=int(call.last))


def _nothing(call: _Call, offsets: dict[str, int]) -> Iterator[Event]:
    yield from ()


def _of_name(kind: Kind) -> Callable[[_Call, dict[str, int]], Iterator[Event]]:
    def event(call: _Call, _: dict[str, int]) -> Iterator[Event]:
        path, target, *_rest = (*(one.decode() for one in call.texts), "", "")
        yield Event(kind=kind, path=path, target=target)

    return event


def _of_file(kind: Kind) -> Callable[[_Call, dict[str, int]], Iterator[Event]]:
    def event(call: _Call, _: dict[str, int]) -> Iterator[Event]:
        size = int(call.last) if kind is Kind.SIZE else 0
        data = call.texts[0] if kind is Kind.SEND else b""
        yield Event(kind=kind, path=call.path, data=data, number=size)

    return event


_MEANINGS: Mapping[str, Callable[[_Call, dict[str, int]], Iterator[Event]]] = {
    "openat": _opened,
    "write": _written,
    "pwrite64": _written_at,
    "mkdir": _of_name(Kind.FOLDER),
    "mkdirat": _of_name(Kind.FOLDER),
    "rename": _of_name(Kind.RENAME),
    "renameat": _of_name(Kind.RENAME),
    "renameat2": _of_name(Kind.RENAME),
    "unlink": _of_name(Kind.REMOVE),
    "unlinkat": _of_name(Kind.REMOVE),
    "ftruncate": _of_file(Kind.SIZE),
    "fsync": _of_file(Kind.FLUSH),
    "fdatasync": _of_file(Kind.FLUSH),
    "sendto": _of_file(Kind.SEND),
}


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
