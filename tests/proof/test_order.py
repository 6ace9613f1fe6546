"""The order of things on the disk and on the wire, as the kernel saw them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.proof import tracing
from tests.proof.conftest import Scale
from tests.proof.site import GatewayProcess, Nursery, Site
from tests.proof.tracing import SYNCS, Call
from tests.proof.weaknesses import Weakness

_REFERENCE = re.compile(r"[0-9a-f]{10}-b\d+")
_LEDGER, _JOURNAL = "/ledger.db>", "/ledger.db-journal>"
_STEPS = ((SYNCS, _LEDGER), ({"ftruncate"}, _JOURNAL), (SYNCS, _JOURNAL))


@pytest.fixture(autouse=True)
def _strace(tmp_path: Path) -> None:
    if why := tracing.why_not(tmp_path):
        pytest.skip(why)


class Order:
    """The batches that were requested, and those whose mark was not durable by the first byte."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.requested: list[str] = []
        self.too_early: list[str] = []
        self.connections = 0
        self._steps: dict[str, int] = {}
        self._durable_at_first_byte: dict[int, set[str]] = {}
        for call in calls:
            if call.name == "sendto" and call.begins:
                self._send(call)
            elif call.name == "connect" and call.begins:
                self.connections += "AF_INET" in call.about
            elif call.name == "pwrite64" and call.begins and _LEDGER in call.about:
                for batch in _REFERENCE.findall(call.about):
                    self._steps.setdefault(batch, 0)
            elif call.ends:
                self._flush(call)

    def _send(self, call: Call) -> None:
        if '"POST ' in call.about:
            durable = {batch for batch, done in self._steps.items() if done == len(_STEPS)}
            self._durable_at_first_byte[call.thread] = durable
        if batch := _REFERENCE.search(call.about):
            self.requested.append(batch[0])
            if batch[0] not in self._durable_at_first_byte[call.thread]:
                self.too_early.append(batch[0])

    def _flush(self, call: Call) -> None:
        """Follow each mark that is written: the ledger is flushed, the journal ended, and that flushed."""
        for batch, done in self._steps.items():
            if done < len(_STEPS) and call.name in _STEPS[done][0] and _STEPS[done][1] in call.about:
                self._steps[batch] = done + 1


def marks_come_first(
    folder: Path, *, connections: int, messages: int, weaknesses: Sequence[Weakness] = ()
) -> None:
    """Raise AssertionError when a byte of a request leaves before the batch's mark is durable."""
    with GatewayProcess(folder / "journal.jsonl") as gateway, Nursery(*weaknesses) as processes:
        site = Site(folder=folder / "site", url=gateway.url, messages=messages, connections=connections)
        assert processes.run(site, site.activate()) == 0
        trace = folder / "trace"
        assert tracing.run_traced(processes, site, site.send("mailing"), "-y", "-s", "5000", to=trace) == 0
    found = Order(tracing.read(trace))
    assert len(found.requested) == messages / site.batch_size
    assert not found.too_early
    assert found.connections <= connections + 1, "the lines were not kept"  # one more asks who answers there


@pytest.mark.parametrize("connections", [1, 4])
def test_each_mark_is_durable_before_the_first_byte_of_its_request(
    tmp_path: Path, connections: int, scale: Scale
) -> None:
    marks_come_first(tmp_path, connections=connections, messages=scale.of(short=100, long=5000))


@pytest.mark.parametrize("weakness", [Weakness.SENT_BEFORE_THE_MARK, Weakness.NO_FSYNC])
def test_the_trace_shows_a_mark_that_comes_too_late(tmp_path: Path, weakness: Weakness) -> None:
    with pytest.raises(AssertionError, match="too_early"):
        marks_come_first(tmp_path, connections=1, messages=20, weaknesses=[weakness])
