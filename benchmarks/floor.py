"""The floor under a mailing: as little as can be done to hand over a CSV file and remember each answer.

    python benchmarks/floor.py recipients.csv http://127.0.0.1:PORT floor.db

pycurl with two requests in flight, JSON joined by hand, 1,000 messages a request, SQLite in WAL mode with
synchronous=FULL: rows are written in chunks of 5,000, a commit in each round stores the answers and marks
what leaves next. Nothing is checked, deduplicated, priced or shown. Started by mailing.py.
"""

import csv
import json
import sqlite3
import sys
from io import BytesIO
from itertools import islice
from pathlib import Path

import pycurl  # type: ignore[import-untyped]  # an extra of the benchmarks alone

IN_A_REQUEST = 1_000
IN_FLIGHT = 2
IN_AN_IMPORT = 5_000
TEXT = "Hej! Föräldramöte på torsdag kl 18.30 i matsalen. Anmäl specialkost senast på tisdag. Välkomna!"

Batch = list[tuple[int, str]]  # id, number


def main(recipients: str, url: str, path: str) -> None:
    """Import, send, remember."""
    ledger = sqlite3.connect(path, isolation_level=None)
    ledger.execute("PRAGMA journal_mode = WAL")
    ledger.execute("PRAGMA synchronous = FULL")
    ledger.execute(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, number TEXT, name TEXT, state TEXT, gateway_id TEXT)"
    )
    load(ledger, recipients)
    send(ledger, f"{url}/gw/rs/sendMessages")


def load(ledger: sqlite3.Connection, recipients: str) -> None:
    with Path(recipients).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        next(rows)
        while found := [(row[1], row[0]) for row in islice(rows, IN_AN_IMPORT)]:
            ledger.execute("BEGIN IMMEDIATE")
            ledger.executemany("INSERT INTO messages (number, name, state) VALUES (?, ?, 'pending')", found)
            ledger.execute("COMMIT")


def send(ledger: sqlite3.Connection, url: str) -> None:
    lines = pycurl.CurlMulti()
    free = [line(url) for _ in range(IN_FLIGHT)]
    on_the_way: dict[pycurl.Curl, BytesIO] = {}
    answers: list[bytes] = []
    last = 0
    while True:
        batches = in_one_commit(ledger, answers, last, len(free))
        for batch in batches:
            last = batch[-1][0]
            one = free.pop()
            one.setopt(pycurl.POSTFIELDS, body(batch))
            one.setopt(pycurl.WRITEDATA, buffer := BytesIO())
            on_the_way[one] = buffer
            lines.add_handle(one)
        if not on_the_way:
            return
        answered = wait(lines)
        answers = [on_the_way.pop(one).getvalue() for one in answered]
        free += answered


def in_one_commit(ledger: sqlite3.Connection, answers: list[bytes], last: int, room: int) -> list[Batch]:
    """Store what was answered and mark what leaves next."""
    batches: list[Batch] = []
    ledger.execute("BEGIN IMMEDIATE")
    for answer in answers:
        store(ledger, answer)
    while len(batches) < room and (batch := mark(ledger, last)):
        last = batch[-1][0]
        batches.append(batch)
    ledger.execute("COMMIT")
    return batches


def wait(lines: pycurl.CurlMulti) -> list[pycurl.Curl]:
    """Wait for at least one answer."""
    while True:
        lines.perform()
        if answered := lines.info_read()[1]:
            for one in answered:
                lines.remove_handle(one)
            return list(answered)
        lines.select(1.0)


def line(url: str) -> pycurl.Curl:
    one = pycurl.Curl()
    one.setopt(pycurl.URL, url)
    one.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:"])
    return one


def mark(ledger: sqlite3.Connection, last: int) -> Batch:
    found: Batch = ledger.execute(
        "SELECT id, number FROM messages WHERE id > ? ORDER BY id LIMIT ?", (last, IN_A_REQUEST)
    ).fetchall()
    if found:
        ledger.execute(
            "UPDATE messages SET state = 'sending' WHERE id BETWEEN ? AND ?", (found[0][0], found[-1][0])
        )
    return found


def body(batch: Batch) -> bytes:
    middle = f'","content":{json.dumps(TEXT)},"clientReference":"'
    messages = ",".join([f'{{"recipient":"{number}{middle}{message}"}}' for message, number in batch])
    return f'{{"serviceId":1,"username":"u","password":"p","message":[{messages}]}}'.encode()


def store(ledger: sqlite3.Connection, answer: bytes) -> None:
    ledger.executemany(
        "UPDATE messages SET state = 'accepted', gateway_id = ? WHERE id = ?",
        [(one["messageId"], int(one["clientReference"])) for one in json.loads(answer)["messageStatus"]],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
