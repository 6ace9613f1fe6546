"""SIGKILL at each commit of a purge: what is left is due as before, and the protocols tell what went."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from smsctl.actions.purge import Purged, purge
from smsctl.domain.incoming import Incoming
from smsctl.ledger import checking, inbox, openings, purging, searching
from smsctl.ledger.inbox import IncomingKind
from smsctl.ledger.purging import Decision, Reach
from smsctl.ledger.skipped import SkippedEntry
from smsctl.ledger.store import Ledger, open_ledger

from . import sending
from .conftest import ACTOR, NOW, TOWN, on
from .places import ROOT, python

OLD = on("2026-08-01")
DECISION = Decision(
    reference="KS 2026/123", before=NOW.at, reach=Reach(municipalities=frozenset({TOWN.key}), strays=True)
)
GONE = ("+46700000000", "+46700000010", "070-174 06 99", "Bo Nej", "Skolan är stängd", "Hej från 4")
DIE = (
    "import os, signal, sys; from pathlib import Path\n"
    "from smsctl.actions import purge\n"
    "from smsctl.ledger import purging, store; from smsctl.ledger.sqlite.engine import SqliteEngine\n"
    "from tests.ledger.conftest import ACTOR, NOW\n"
    "from tests.ledger.test_purge_kills import DECISION\n"
    "store.MORE_ON_SLOW_DISKS, store.ROWS_IN_A_COMMIT = 1, 3\n"
    "left, commit = int(sys.argv[2]), SqliteEngine.commit\n"
    "def dying(ledger, **how):\n"
    "    global left; left -= 1\n"
    "    if not left: os.kill(os.getpid(), signal.SIGKILL)\n"
    "    commit(ledger, **how)\n"
    "SqliteEngine.commit = dying\n"
    "if sys.argv[3] == 'text first':\n"
    "    remove = purging.remove_messages\n"
    "    def text_first(ledger, number, mailing, *more):\n"
    "        purging.remove_text(ledger, number, mailing); remove(ledger, number, mailing, *more)\n"
    "    purging.remove_messages = text_first\n"
    "ledger = store.open_ledger(Path(sys.argv[1]))\n"
    "purge.purge(ledger, DECISION, NOW, ACTOR, lambda done: None)\n"
)


@pytest.fixture
def lived(ledger: Ledger) -> Path:
    """A ledger with eleven messages, seven people who got none, and five incoming SMS, all of them old."""
    sending.activate(ledger, moment=OLD)
    made_of = sending.new(body="Skolan är stängd")._replace(rows=18)
    ready = [(n + 2, f"+4670{n:07}", None) for n in range(11)]
    others = [
        SkippedEntry(row=50 + n, column="", reason="terms", number="070-174 06 99", name="Bo Nej")
        for n in range(7)
    ]
    with ledger.transaction():
        mailing = openings.create(ledger, made_of, ready, others, OLD, ACTOR)
        for n in range(5):
            message = Incoming(gateway="intelecom", sender="+46701740605", receiver="1", text=f"Hej från {n}")
            inbox.store(ledger, message._replace(vendor_id=str(n)), IncomingKind.OURS, OLD, None)
    sending.settle(ledger, mailing, sending.claim(ledger, mailing, moment=OLD), moment=OLD)
    return ledger.path


def killed_at_each_commit(lived: Path, weakness: str = "") -> Iterator[Path]:
    """Yield the ledger as each death of a purge leaves it."""
    for commit in count(1):
        folder = lived.parent / f"at{commit}"
        folder.mkdir(mode=0o700)
        shutil.copytree(lived.parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("at*"))
        code = subprocess.run(python(DIE, folder / lived.name, commit, weakness), cwd=ROOT, check=False)
        if code.returncode != -signal.SIGKILL:
            assert code.returncode == 0
            return
        yield folder / lived.name


def purged_again(path: Path) -> Purged:
    with closing(open_ledger(path)) as ledger:
        assert {one.rule for one in checking.check(ledger)} <= {"purge"}
        done = purge(ledger, DECISION, NOW, ACTOR, lambda _done: None)
        assert not searching.found_in_file(ledger, GONE)
        assert checking.check(ledger) == ()
        told = purging.protocols(ledger)
        sums = [(one.mailings, one.messages, one.skipped, one.incoming) for one in told]
        assert [sum(each) for each in zip(*sums, strict=True)] == [1, 11, 7, 5], "each row in one protocol"
        return done


def purged_after_each_death(lived: Path, weakness: str = "") -> int:
    return len([purged_again(path) for path in killed_at_each_commit(lived, weakness)])


@pytest.mark.of_a_file
def test_a_kill_at_any_commit_leaves_the_rest_to_the_next_purge(lived: Path) -> None:
    assert purged_after_each_death(lived) >= 10


def test_the_kills_find_a_mailing_that_counts_as_purged_too_early(lived: Path) -> None:
    with pytest.raises(AssertionError):
        purged_after_each_death(lived, "text first")
