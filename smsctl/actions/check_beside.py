"""What lies beside the ledger, for the doctor: what root left there, and what others can read."""

from collections.abc import Iterator
from pathlib import Path

from smsctl.actions.check import Finding, Level
from smsctl.errors import say, say_n
from smsctl.host.users import Owner
from smsctl.ledger.seam import beside


def check_beside(ledger: Path) -> Iterator[Finding]:
    """Name the files beside the ledger that have the wrong owner or mode, and the command that mends them."""
    left = list(beside.left_by_root(ledger))
    if left:
        found = ledger.parent.stat()
        owner = Owner(uid=found.st_uid, gid=found.st_gid)
        yield Finding(
            Level.WARNING,
            text=say_n(
                "{first} belongs to root, and {owner} sends from this ledger.",
                "{first} and {more} more belong to root, and {owner} sends from this ledger.",
                n=len(left),
                first=left[0],
                more=len(left) - 1,
                owner=owner.name,
            ),
            mend=say(
                "Run: chown -hR {owner}: {folder}",
                owner=owner.name if owner.has_name else owner.uid,
                folder=ledger.parent,
            ),
        )
    open_ = list(beside.open_to_others(ledger))
    for path in open_:
        text = say("{path} is open to every user of this machine.", path=path)
        yield Finding(Level.WARNING, text=text, mend=say("Run: chmod o= {path}", path=path))
    if not left and not open_:
        yield Finding(Level.OK, say("What lies beside the ledger is out of strangers' reach."))
