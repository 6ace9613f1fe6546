"""An administrator's server at its worst: two commands at once, kills, a faulty gateway, ageing mailings.

What a person says of unknown messages is always true here, for the gateway can be asked. So nothing may
ever be taken twice, by whatever road it went.
"""

import json
import random
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from zlib import crc32

from tests.proof import invariants
from tests.proof.invariants import Accepted
from tests.proof.recorder import Recorder, Taken
from tests.proof.site import SECOND, Nursery, Site

_ENDS = {0, 3, 4, 5, 6, 7, 8, 9, 130, -signal.SIGKILL}
"""8: the side command names a mailing, a file or a report that is not there. Never 1, never 2."""
_OLD = "2020-01-01T00:00:00.000Z"
_REFERENCE = "g.reference || '-' || (m.id - g.first_message + 1)"
_MOST_ID = (1 << 31) - 1
_FOREIGN = Taken(number="+46701740699", text="", reference="0000000000-1", name="x1")
Command = list[str]


class Attack:
    """One server and its gateway, round after round."""

    def __init__(self, site: Site, gateway: Recorder, dice: random.Random) -> None:
        self._site = site
        self._gateway = gateway
        self._dice = dice
        self._taken: list[Taken] = []
        self._named: dict[Taken, str] = {}
        self._texts = 0
        self._cancelled: set[int] = set()
        self._taken_of: dict[int, int] = {}  # by cancelled mailing: all that may ever be taken of it
        self._aged: set[int] = set()
        self.ends: Counter[str] = Counter()
        self._taken_there = {9} if site.database else set[int]()  # its server keeps a session a moment longer

    def round(self, main: Nursery, side: Nursery) -> None:
        """Run a command and another beside it, each perhaps killed; compare when both are gone."""
        first, second = self._main(), self._side()
        beside = threading.Thread(target=self._run, args=(side, second))
        beside.start()
        self._run(main, first)
        beside.join()
        self.compare()
        if self._dice.random() < 0.2:
            self._age()

    def finish(self, alone: Nursery) -> None:
        """Go on with what is left until nothing is pending; nobody may be forgotten."""
        for mailing in self._site.unfinished():
            self._settle_unknown(alone, mailing)
        while left := self._site.unfinished():
            # What is approved opens no more packages than it was asked for with: who resumes it allows them.
            stops = {5} if left[0] in self._site.waiting() else set[int]()
            code = alone.run(self._site, self._site.go_on(left[0]))
            # Refused where all have had its text from another meanwhile: then nothing of it is pending.
            is_left_out = code == 5 and left[0] not in self._site.unfinished()
            assert is_left_out or code in {0, 4, 7} | stops | self._taken_there, self._said()
        self.compare()
        lost = [
            f"mailing {mailing}: {state} {n}"
            for mailing, states in invariants.mailings(self._site.ledger).items()
            for state, n in states.items()
            if state not in invariants.TAKEN | {"unknown", "cancelled"}
            or (state == "cancelled" and mailing not in self._cancelled and self._is_no_repeat(mailing))
        ]
        assert not lost, lost
        assert alone.run(self._site, self._purge()) == 0, self._said()  # one that was killed is ended
        assert alone.run(self._site, self._command("ledger", "check")) == 0, self._said()

    def compare(self) -> None:
        """Raise AssertionError when ledger and gateway differ in a row, a part or an öre."""
        self._ask_gateway()
        self._named |= self._references()  # kept: what is purged has no number any more
        accepted = [_as_accepted(one, self._named) for one in self._taken]
        ledger = self._site.ledger  # once: no process runs meanwhile, and of one on a server it is a copy
        invariants.compare(ledger, accepted, window_over=True)
        _nobody_twice(ledger, accepted)
        self._nothing_more_of_what_is_cancelled(accepted)
        _nothing_unapproved(ledger)
        _sums_agree(ledger)
        assert not self._complaints(), self._said()

    def _nothing_more_of_what_is_cancelled(self, accepted: Sequence[Accepted]) -> None:
        """Hold the gateway to what it had taken of each mailing when that was first seen to be cancelled."""
        taken = Counter(one.reference.rpartition("-")[0] for one in accepted)
        with closing(sqlite3.connect(self._site.ledger, timeout=30)) as db:
            marked = db.execute(
                "SELECT id, reference FROM mailings WHERE cancelled_at IS NOT NULL"
            ).fetchall()
        assert {mailing for mailing, _ in marked} >= self._taken_of.keys()
        for mailing, reference in marked:
            before = self._taken_of.setdefault(mailing, taken[reference])
            assert taken[reference] == before, f"mailing {mailing} was cancelled, and sent from"

    def _run(self, processes: Nursery, command: Command) -> None:
        kill_after_s = self._dice.choice([None, self._dice.uniform(0, 0.5)])
        code = processes.run(self._site, command, kill_after_s=kill_after_s)
        self.ends[f"{_name_of(command)}: {code}"] += 1
        assert code in _ENDS, (command, code, self._said())

    def _main(self) -> Command:
        left = self._site.unfinished()
        if left and self._dice.random() < 0.6:
            one = self._dice.choice(left)
            return self._site.go_on(one) if self._dice.random() < 0.8 else self._site.resume(one)
        return self._send()

    def _send(self) -> Command:
        self._texts += self._dice.random() < 0.6
        return self._site.send(f"text{self._texts}", keyed=self._dice.random() < 0.5)

    def _side(self) -> Command:
        mailings = sorted(invariants.mailings(self._site.ledger))
        choices: list[Callable[[], Command]] = [
            lambda: self._command("usage", "--json"),
            lambda: self._command("ledger", "check"),
            lambda: self._command("ledger", "backup", str(self._free_name("backup", ".db"))),
            self._purge,
            lambda: self._command("reports", "import", str(self._reports())),
            self._send,
        ]
        if mailings:
            one = self._dice.choice(mailings)
            choices += [
                lambda: self._command("mailings", "show", str(one)),
                lambda: self._site.resume(one),
                lambda: self._truth(one),
                lambda: self._cancel(one),
                lambda: self._retry(one),
                lambda: self._retry(one),
                lambda: self._site.approve(one),
                lambda: self._site.approve(one)[1:],  # by whoever asked, which is refused
            ]
        return self._dice.choice(choices)()

    def _retry(self, mailing: int) -> Command:
        """Return the command that sends a mailing again: one that has failed messages, if there is any."""
        failed = [
            one
            for one, states in invariants.mailings(self._site.ledger).items()
            if states["failed"] and not states.keys() & {"pending", "sending", "unknown", "held"}
        ]
        mailing = self._dice.choice(failed or [mailing])
        flags = ("--yes", "--max-parts", "10000", "--max-new-packages", "1000")
        return self._command("mailings", "retry", str(mailing), *flags)

    def _purge(self) -> Command:
        return self._command("purge", "--older-than", "30d", "--decision", "KS 1", "--yes")

    def _cancel(self, mailing: int) -> Command:
        if self._dice.random() < 0.7:
            return self._command("mailings", "list")
        self._cancelled.add(mailing)
        return self._command("mailings", "cancel", str(mailing))

    def _truth(self, mailing: int) -> Command:
        """Return the command by which a person settles what is unknown, who has asked the gateway.

        Only of a mailing that no other process can have on the wire: nothing of it is pending.
        """
        said = self._known(mailing)
        if said is None or mailing in self._site.unfinished():
            return self._command("mailings", "show", str(mailing))
        return self._command("mailings", "resolve", str(mailing), said, "--reason", "asked", "--yes")

    def _settle_unknown(self, alone: Nursery, mailing: int) -> None:
        for _ in range(2):  # some may be unknown only since the first word: they are asked for then
            if said := self._known(mailing):
                words = ("mailings", "resolve", str(mailing), said, "--reason", "asked", "--yes")
                # On a server a request may be under way for minutes: nothing is settled before.
                refused = {5} | self._taken_there if self._site.database else set[int]()
                assert alone.run(self._site, self._command(*words)) in {0, 4} | refused, self._said()

    def _known(self, mailing: int) -> str | None:
        """Return what the gateway says of all that is unknown in a mailing; None where it is mixed."""
        self._ask_gateway()
        taken = {one.reference for one in self._taken}
        with closing(sqlite3.connect(self._site.ledger, timeout=30)) as db:
            there = {
                self._told(reference) in taken
                for (reference,) in db.execute(
                    "SELECT [REFERENCE] FROM messages m JOIN mailings g ON g.id = m.mailing"
                    " WHERE m.mailing = ? AND m.state = 'unknown'".replace("[REFERENCE]", _REFERENCE),
                    (mailing,),
                )
            }
        if len(there) != 1:
            return None
        return "--sent" if there.pop() else "--not-sent"

    def _ask_gateway(self) -> None:
        """Learn what it took; no process runs meanwhile, and what those that were killed sent has arrived."""
        self._gateway.come_to_rest()
        self._taken += self._gateway.taken()

    def _reports(self) -> Path:
        """Write final reports of some that were taken, good and bad, and of one that is not ours."""
        self._ask_gateway()
        # What is purged is as old as a purge allows: no report of it can still come.
        known = self._references()
        told_of = [one for one in self._taken if _as_told(one) in known]
        some = [*self._dice.sample(told_of, min(len(told_of), 10)), _FOREIGN]
        write = _json_reports if self._site.module == "intelecom" else _xml_reports
        text = write([(one, self._dice.choice((True, False))) for one in some])
        path = self._free_name("reports", ".json" if text.startswith("{") else ".xml")
        path.write_text(text)
        return path

    def _references(self) -> dict[Taken, str]:
        """Return each message's reference by what the gateway was told of it."""
        if not self._site.ledger.exists():
            return {}
        with closing(sqlite3.connect(self._site.ledger, timeout=30)) as db:
            found = db.execute(
                "SELECT m.number, g.body, [REFERENCE] FROM messages m JOIN mailings g ON g.id = m.mailing"
                " WHERE m.batch IS NOT NULL".replace("[REFERENCE]", _REFERENCE)
            ).fetchall()
        return {
            Taken(number=number, text=body, reference=self._told(reference)): reference
            for number, body, reference in found
        }

    def _told(self, reference: str) -> str:
        """Return by what the gateway is told of a message: at PSWinCom by a number made of its reference."""
        if self._site.module == "intelecom":
            return reference
        stem, _, place = reference.rpartition("-")
        return str((crc32(stem.encode()) + int(place)) % _MOST_ID + 1)

    def _age(self) -> None:
        """Let what is finished be long ago, so that a purge has something to remove."""
        unfinished = set(self._site.unfinished())
        states = invariants.mailings(self._site.ledger)
        done = {m for m, found in states.items() if m not in unfinished and not found["unknown"]}
        newest = max(states, default=0)
        for mailing in done - {newest} - self._aged - self._nameless():
            self._aged.add(mailing)
            self._site.change("UPDATE mailings SET created_at = ? WHERE id = ?", _OLD, mailing)
            # Not of the newest: by when they were claimed a host of a server's ledger knows them.
            some = "mailing = ? AND id < (SELECT MAX(id) FROM batches) - 9"
            self._site.change(f"UPDATE batches SET claimed_at = ? WHERE {some}", _OLD, mailing)
            self._texts += 1  # an old text may be sent again; here it never is

    def _nameless(self) -> set[int]:
        """Return the mailings that a report may still be about by its number alone."""
        with closing(sqlite3.connect(self._site.ledger, timeout=30)) as db:
            found = db.execute("SELECT mailing FROM messages WHERE state = 'accepted' AND gateway_id IS NULL")
            return {mailing for (mailing,) in found}

    def _is_no_repeat(self, mailing: int) -> bool:
        with closing(sqlite3.connect(self._site.ledger, timeout=30)) as db:
            return bool(
                db.execute(
                    "SELECT COUNT(*) FROM messages WHERE mailing = ? AND state = 'cancelled'"
                    " AND code <> 'already-sent'",
                    (mailing,),
                ).fetchone()[0]
            )

    def _command(self, *words: str) -> Command:
        return ["--config", str(self._site.folder / "config.toml"), *words]

    def _free_name(self, stem: str, suffix: str) -> Path:
        return self._site.folder / f"{stem}{self._dice.randrange(10**9)}{suffix}"

    def _said(self) -> str:
        return self._site.said.read_text()[-3000:]

    def _complaints(self) -> Sequence[str]:
        said = self._site.said.read_text() if self._site.said.exists() else ""
        return [line for line in said.splitlines() if "Traceback" in line or "smsctl itself failed" in line]


def _name_of(command: Command) -> str:
    words = [word for word in command if word != SECOND]
    return words[2] if words[2] in {"send", "purge", "usage"} else " ".join(words[2:4])


def _as_told(one: Taken) -> Taken:
    """Return a message as the gateway was told of it, without its own name for it."""
    return one._replace(name="")


def _json_reports(told: Sequence[tuple[Taken, bool]]) -> str:
    reports = [
        {"statuscode": 0 if arrived else 360, "customermessagereference": one.reference}
        for one, arrived in told
    ]
    return json.dumps({"dr": reports})


def _xml_reports(told: Sequence[tuple[Taken, bool]]) -> str:
    reports = "".join(
        f"<MSG><ID>{place}</ID><REF>{one.name}</REF><RCV>{one.number.lstrip('+')}</RCV>"
        f"<STATE>{'DELIVRD' if arrived else 'UNDELIV'}</STATE></MSG>"
        for place, (one, arrived) in enumerate(told, 1)
    )
    return f"<?xml version='1.0'?><MSGLST>{reports}</MSGLST>"


def _as_accepted(one: Taken, named: dict[Taken, str]) -> Accepted:
    reference = named.get(_as_told(one), one.reference)
    return Accepted(reference=reference, number=one.number, text=one.text)


def _nobody_twice(ledger: Path, accepted: Sequence[Accepted]) -> None:
    """Nobody gets a text twice, but where a mailing that did not arrive is sent again by a person's word."""
    taken = {one.reference for one in accepted}
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        found = db.execute(
            "SELECT m.number, g.body, g.id, g.retry_of, m.state, [REFERENCE]"
            " FROM messages m JOIN mailings g ON g.id = m.mailing WHERE m.number IS NOT NULL"
            " ORDER BY g.id".replace("[REFERENCE]", _REFERENCE)
        ).fetchall()
    before: dict[tuple[str, str], tuple[int, str]] = {}
    for number, body, mailing, retry_of, state, reference in found:
        if reference in taken:
            earlier = before.get((number, body))
            fair = earlier is None or (earlier[0] == retry_of and earlier[1] in {"failed", "expired"})
            assert fair, f"the same text went to one number in mailing {earlier} and in {mailing}"
            before[number, body] = (mailing, state)


def _nothing_unapproved(ledger: Path) -> None:
    """Nothing of a mailing that no second person has approved was handed to the gateway."""
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        left = db.execute(
            "SELECT a.mailing, m.state FROM approvals a JOIN messages m ON m.mailing = a.mailing"
            " WHERE COALESCE(a.decision, '') <> 'approved' AND m.state NOT IN ('pending', 'cancelled')"
        ).fetchall()
        by_one = db.execute(
            "SELECT mailing FROM approvals WHERE decision = 'approved' AND decided_by = asked_by"
        ).fetchall()
    assert not left, f"unapproved: {left}"
    assert not by_one


def _sums_agree(ledger: Path) -> None:
    """Recount what each package has cost by its own arithmetic: öre by öre."""
    with closing(sqlite3.connect(ledger, timeout=30)) as db:
        used = db.execute("SELECT number, size, used, price_ore FROM packages ORDER BY number").fetchall()
        drawn = Counter(dict(db.execute("SELECT package, SUM(parts) FROM entries GROUP BY package")))
        invoiced = Counter(dict(db.execute("SELECT package, SUM(price_ore) FROM invoices GROUP BY package")))
    for number, size, told, price_ore in used:
        assert drawn[number] == told <= size, (
            f"package {number}: {drawn[number]} drawn, {told} used of {size}"
        )
        assert invoiced[number] == price_ore, f"package {number}: {invoiced[number]} öre invoiced"
    assert set(drawn) <= {0, *(number for number, *_ in used)}
    assert sum(invoiced.values()) == sum(price for *_, price in used)
