"""What earlier versions wrote in words is brought over to codes and values, and reads the same."""

import sqlite3
from contextlib import closing
from pathlib import Path

from smsctl.domain.audience import AudienceRule
from smsctl.domain.remark import Event, restored
from smsctl.ledger import mailings
from smsctl.ledger.store import open_ledger

from .conftest import migrate_to

IN_WORDS = {
    Event.UNREADABLE_REQUEST: "the gateway could not read the request (HTTP 400: bad (very) request)",
    Event.LOGIN_REFUSED_BY_HTTP: "the gateway refused the login (HTTP 401)",
    Event.LOGIN_REFUSED: "the gateway refused the login: Username or password is incorrect",
    Event.NOT_PERMITTED: "the gateway does not permit this: no (code 3)",
    Event.SERVICE_REFUSED: "the gateway refused the service: no (code 4)",
    Event.UNKNOWN_ADDRESS: "the gateway does not know the address (HTTP 404)",
    Event.TOO_LARGE: "the gateway found the request too large (HTTP 413)",
    Event.MOVED: "the address has moved; correct url in the config (HTTP 307)",
    Event.NO_ANSWER: "HTTP 200, but not an answer: <html>",
    Event.NOT_TOLD_OF: "the gateway's answer does not tell of this message",
    Event.ANOTHERS_NAME: "the gateway's answer names another message",
    Event.NO_CODE: "the gateway's answer holds no status code",
    Event.BROKEN_OFF: "smsctl or the machine stopped before the answer",
    Event.STOPPED: "stopped before the answer",
    Event.GIVEN_BACK: "given back unsent",
    Event.STALE: "too old before the first byte",
    Event.STALE_MAIL: "too old before the next mail",
    Event.CLOSED: "the mail server closed the connection",
    Event.UNTRUSTED: "the certificate is not trusted: self-signed certificate",
    Event.INCOMPLETE: "no complete answer within 90 s",
    Event.TIMED_OUT: "timed out",
    Event.PROXY_REFUSED: "the proxy refused the login (407)",
    Event.RESTORED: "the ledger was put back from an older copy",
    Event.SIMULATOR: "At http://127.0.0.1:1 a simulator answers: live, no SMS would be sent through it.",
    Event.NO_SIMULATOR: "What answers at [::1]:1 does not say that it is a simulator: it is told nothing.",
}
NOT_OURS = [
    "Invalid RCV '4670'",
    "timed out waiting",
    "the gateway refused the login",
    "Connection refused",
    "å",
]


def test_what_earlier_versions_said_in_words_reads_the_same(tmp_path: Path) -> None:
    path, texts = tmp_path / "ledger.db", [*IN_WORDS.values(), *NOT_OURS, None]
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate_to(old, path, 10)
        for place, text in enumerate(texts):
            old.execute("INSERT INTO messages (mailing, state, answer) VALUES (1, 'unknown', ?)", (text,))
            old.execute(
                "INSERT INTO batches (reference, mailing, municipality, first_message, last_message,"
                " messages, parts, digest, claimed_at, claimed_day, answer)"
                " VALUES (?, 1, 'town', 1, 1, 1, 1, '', '2026-01-01T00:00:00Z', '2026-01-01', ?)",
                (f"a1-b{place}", text),
            )
    path.chmod(0o600)
    ledger = open_ledger(path)
    for table in ("messages", "batches"):
        kept = ledger.rows(f"SELECT event, answer FROM {table} ORDER BY id")
        assert [str(restored(*one)) or None for one in kept] == texts
        assert [event for event, _ in kept] == [*IN_WORDS, *[None] * (len(NOT_OURS) + 1)]
        assert [said for event, said in kept if event is None] == [*NOT_OURS, None]
    ledger.close()


def test_every_event_but_those_that_are_newer_is_brought_over() -> None:
    newer = {Event.NO_HTTP, Event.CUT_OFF, Event.OVERSIZED, Event.UNREADABLE_BODY, Event.NO_SMTP}
    assert set(Event) - set(IN_WORDS) == {Event.REFUSED_AND_TAKEN, *newer}


AUDIENCES = {
    "everyone": AudienceRule(),
    "test": AudienceRule(groups=("test",)),
    "guardians": AudienceRule(groups=("guardians",)),
    "guardians, åk 7": AudienceRule(groups=("guardians", "åk 7")),
    "guardians, staff; klass=7b; ort=åmål": AudienceRule(
        groups=("guardians", "staff"), where="klass=7b; ort=åmål"
    ),
    "klass=7b; ort=": AudienceRule(where="klass=7b; ort="),
}


def test_the_groups_of_earlier_mailings_are_taken_out_of_their_text(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate_to(old, path, 12)
        for place, text in enumerate(AUDIENCES):
            old.execute(_MAILING, (f"a{place}", text))
    path.chmod(0o600)
    ledger = open_ledger(path)
    kept = [one.audience for one in reversed(mailings.newest(ledger, most=9))]
    assert kept == list(AUDIENCES.values())
    assert list(map(str, kept)) == list(AUDIENCES)
    ledger.close()


_MAILING = (
    "INSERT INTO mailings (reference, kind, municipality, gateway, created_at, created_day, created_by,"
    " created_host, again, urgent, body_hash, encoding, units, parts_each, want_report, audience, rows_total,"
    " first_message, messages, in_packages) VALUES (?, 'send', 'town', 'intelecom', '2026-01-01T00:00:00Z',"
    " '2026-01-01', 'elin', 'host', 0, 0, '', 'gsm7', 1, 1, 0, ?, 1, 1, 1, 0)"
)


def test_what_a_person_had_cancelled_stays_so_unless_it_was_ordered_to_be_sent_since(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    said = {
        1: (),
        2: ("cancel",),
        3: ("cancel", "resend"),
        4: ("resend", "cancel"),
        5: ("cancel", "not-sent"),
    }
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        migrate_to(old, path, 29)
        for mailing, words in said.items():
            old.execute(_MAILING, (f"a{mailing}", ""))
            old.execute("INSERT INTO mailing_counts VALUES (?, 'pending', ?, 1)", (mailing, mailing != 2))
            for word in words:
                action, detail = ("cancel", "") if word == "cancel" else ("resolve", f"1 messages: {word}")
                old.execute(_AUDIT, (_AT, action, f"mailing {mailing}", detail))
    path.chmod(0o600)
    ledger = open_ledger(path)
    found = ledger.rows("SELECT id, cancelled_at, half_cancelled FROM mailings ORDER BY id")
    assert found == [(1, None, 0), (2, _AT, 0), (3, None, 0), (4, _AT, 1), (5, _AT, 1)]
    ledger.close()


_AT = "2026-01-01T08:00:00.000Z"
_AUDIT = "INSERT INTO audit (at, by_whom, host, action, subject, detail) VALUES (?, 'anna', 'host', ?, ?, ?)"
