"""Bad command lines, bad configs, bad ledgers, missing secrets, and rules that say no."""

import os
import sqlite3
from pathlib import Path

from ..conftest import SECRET
from .case import GUARDIANS, SEND, Case

LIVE = {"mode": "live"}
ENDLESS = f"{'x' * 300}/file"  # a path that cannot even be looked for, as one in a folder closed to the user
NOT_LOOKED_FOR = "File name too long"

COMMAND_LINES = (
    Case("an unknown command", "frob", 2, ("frob", "smsctl --help")),
    Case("an unknown command in a group", "mailings frob", 2, "frob"),
    Case("an unknown option", "send message.txt --frob", 2, ("--frob", "smsctl send --help")),
    Case("no command", "", 2, "smsctl --help"),
    Case("a group without a command", "mailings", 2, "list"),
    Case("no file", "send --all", 2, "FILE"),
    Case("no text", "test +46701740605", 2, "TEXT"),
    Case("a word too many", "test +46701740605 hej alla", 2, "alla"),
    Case("an option without its value", "send message.txt --group", 2, "--group"),
    Case("--config without a path", "usage --config", 2, "--config needs the path"),
    Case("nobody chosen", "send message.txt --yes", 2, ("Nobody is chosen", "--group", "--where", "--all")),
    Case("a choice without =", "send message.txt --where 7B --yes", 2, "write NAME=VALUE"),
    Case("a choice without a column", "send message.txt --where =7B --yes", 2, "write NAME=VALUE"),
    Case("a column without =", f"{SEND} --column Mobil", 2, "write NAME=VALUE"),
    Case("a priority of 4", f"{SEND} --priority 4", 2, ("no such priority", "low, normal or high")),
    Case("a priority in Swedish", f"{SEND} --priority snabb", 2, "no such priority"),
    Case("a validity without its unit", f"{SEND} --validity 4", 2, ("--validity 4", '"4h"')),
    Case("no validity at all", f"{SEND} --validity 0h", 2, "--validity 0h"),
    Case("a ceiling in words", f"{SEND} --max-parts ten", 2, "ten"),
    Case("a ceiling below nothing", f"{SEND} --max-parts=-1", 2, "-1"),
    Case("standard input and a question", "send - --all", 2, ("nothing can be asked", "--yes"), stdin="Hej"),
    Case("an unknown municipality", f"{SEND} --municipality Ankeborg", 8, ("Ankeborg", "exempelkommun")),
    Case("usage of nobody", "usage --municipality Ankeborg", 8, ("Ankeborg", "exempelkommun")),
    Case("an unknown mailing", "mailings show 99", 8, ("no mailing 99", "smsctl mailings list")),
    Case("no mailing to go on with", "mailings resume 99", 8, "no mailing 99"),
    Case("nobody skipped", "mailings skipped 99", 8, "no mailing 99"),
    Case("a mailing by its name", "mailings show first", 2, "first"),
    Case("a list of none", "mailings list --most 0", 2, "--most"),
    Case(
        "an unknown secret",
        "credential set frob",
        2,
        ("no secret called frob", "gateway, proxy, smtp or reports"),
    ),
    Case(
        "a secret of nothing",
        "credential set",
        2,
        "No secret was given",
        config={"gateway": {"password": None}},
    ),
    Case("a secret that is not ours to keep", "credential set", 8, "does not keep it", stdin=SECRET),
    Case("a simulator for everybody", "simulator --host 0.0.0.0", 5, "0.0.0.0"),
    Case("a block list from nowhere", f"block import {ENDLESS}", 8, NOT_LOOKED_FOR),
    Case("a new config nowhere", f"--config {ENDLESS} config init --yes", 8, NOT_LOOKED_FOR),
    Case(
        "a slot for a text from nowhere",
        f"schedule --at 08:00 -- send --all {ENDLESS} --max-parts 9",
        8,
        NOT_LOOKED_FOR,
    ),
    Case("a slot for a folder", "schedule --at 08:00 -- send --all . --max-parts 9", 8, "is a folder"),
    Case("an unknown fault", "simulator --faults frob=1", 2, ("frob is no fault", "timeout")),
)


def _config(line: str) -> str:
    """A whole config with one more line at its top."""
    return f"""{line}
recipients = "recipients.csv"
[gateway]
module = "intelecom"
service_id = 4711
username = "demo"
[municipalities.exempelkommun]
name = "Exempelkommun"
package_size = 10000
package_price = "4900.00"
"""


def _town(**keys: object) -> dict[str, object]:
    return {"municipalities": {"exempelkommun": keys}}


CONFIGS = (
    Case("no config file", "--config gone.toml usage", 8, ("no config file", "gone.toml", "config init")),
    Case("a folder for a config", "--config . usage", 8, "cannot be read"),
    Case("no TOML", SEND, 8, "Line 1", config=_config("mode live")),
    Case("an unclosed quote", SEND, 8, ("Line 1", "closing quotation mark"), config=_config('sender = "Kom')),
    Case("a key twice", SEND, 8, ("Line 2", "already set"), config='mode = "live"\nmode = "simulate"\n'),
    Case("a config in Windows-1252", SEND, 8, "UTF-8", config=_config('sender = "Åmål"').encode("cp1252")),
    Case("a binary config", SEND, 8, "UTF-8", config=b"\x89PNG\r\n\x1a\n\xff"),
    Case("an empty config", SEND, 8, ("gateway", "municipalities"), config=b""),
    Case("an unknown key", SEND, 8, ("Line 1, sendr:", '"sender"'), config=_config('sendr = "Kommunen"')),
    Case("a text for a number", SEND, 8, "gateway.priority", config={"gateway": {"priority": "fast"}}),
    Case("a number for a text", SEND, 8, "sender", config={"sender": 4711}),
    Case("a number for a section", SEND, 8, "this is a section", config=_config("limits = 5")),
    Case("true for a number", SEND, 8, "whole number", config={"gateway": {"service_id": True}}),
    Case("a price without quotes", SEND, 8, "quotation marks", config=_town(package_price=4900.1)),
    Case("a price in words", SEND, 8, "package_price", config=_town(package_price="dyrt")),
    Case(
        "a price without its package", SEND, 8, "package_size: must be given", config=_town(package_size=None)
    ),
    Case("an unknown time zone", SEND, 8, "must be a time zone", config={"time_zone": "Europe/Ankeborg"}),
    Case("an unknown mode", SEND, 8, '"simulate", "live"', config={"mode": "lve"}),
    Case("an unknown gateway", SEND, 8, "intelecom, pswincom", config={"gateway": {"module": "acme"}}),
    Case("a batch of none", SEND, 8, "from 1 to 1000", config={"gateway": {"batch_size": 0}}),
    Case("a country without +", SEND, 8, 'as "+46"', config={"default_country_code": "46"}),
    Case(
        "a default that is not there", SEND, 8, "exempelkommun", config={"default_municipality": "Ankeborg"}
    ),
    Case(
        "several and no default",
        SEND,
        8,
        ("municipality? ", "exempelkommun, ankeborg"),
        config={"municipalities": {"ankeborg": {"name": "Ankeborg"}}},
    ),
    Case("a readable line", SEND, 8, "https://", config={"gateway": {"url": "http://sms.example.se"}}),
    Case("no certificate check", SEND, 8, "certificate", config={"gateway": {"verify": False}}),
    Case("a password", SEND, 8, "a password does not belong", config={"gateway": {"password": SECRET}}),
    Case(
        "several mistakes",
        "config check",
        8,
        ("2 mistakes", "time_zone", "gateway.priority"),
        config={"time_zone": "Mars", "gateway": {"priority": 4}},
    ),
    Case("a bad value to set", "config set gateway.priority 4", 8, "gateway.priority"),
    Case("an unknown key to set", "config set gateway.prority 3", 8, '"gateway.priority"'),
)


def _ledger(folder: Path) -> Path:
    (folder / "ledger").mkdir(mode=0o700)
    return folder / "ledger" / "ledger.simulate.db"


def _a_folder(folder: Path) -> None:
    _ledger(folder).mkdir()


def _garbage(folder: Path) -> None:
    _private(_ledger(folder), b"This is no ledger. " * 100)


def _newer(folder: Path) -> None:
    path = _ledger(folder)
    with sqlite3.connect(path) as ledger:
        ledger.execute("PRAGMA user_version = 999")
    ledger.close()
    path.chmod(0o600)


def _open_to_all(folder: Path) -> None:
    path = _ledger(folder)
    path.touch()
    path.chmod(0o644)


def _a_link(folder: Path) -> None:
    path = _ledger(folder)
    _private(path.with_name("elsewhere.db"), b"")
    path.symlink_to(path.with_name("elsewhere.db"))


def _no_room(folder: Path) -> None:
    (folder / "ledger").write_bytes(b"")


def _private(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


LEDGERS = (
    Case("a folder for a ledger", SEND, 9, "must be a plain file", before=_a_folder),
    Case("no ledger", SEND, 9, "not a ledger, or it is damaged", before=_garbage),
    Case("a newer ledger", SEND, 9, ("newer smsctl", "Upgrade"), before=_newer),
    Case("a ledger for all to read", SEND, 9, ("every user", "chmod o="), before=_open_to_all),
    Case("a ledger behind a link", SEND, 9, "must be a plain file", before=_a_link),
    Case("a file where the folder should be", SEND, 9, "cannot be created", before=_no_room),
    Case("usage without a ledger to read", "usage", 9, "not a ledger, or it is damaged", before=_garbage),
)


def _old(folder: Path) -> None:
    os.utime(folder / "recipients.csv", (1_700_000_000, 1_700_000_000))


def _no_password(folder: Path) -> None:
    (folder / "password").write_text(SECRET, encoding="utf-8")
    (folder / "password").chmod(0o644)


def _kept(**source: str) -> dict[str, object]:
    return LIVE | {
        "limits": {"max_parts_per_run": 100},
        "gateway": {"password": {"source": "file", **source}},
    }


SECRETS = (
    Case("no secret", f"{SEND} --max-parts 10", 8, "SMSCTL_GATEWAY_SECRET", config=LIVE, secret=False),
    Case(
        "no secret for a test",
        "test +46701740605 hej",
        8,
        "gateway secret is not there",
        config=LIVE,
        secret=False,
    ),
    Case("no secret file", SEND, 8, ("password", "credential set"), config=_kept(path="password")),
    Case("a secret for all to read", SEND, 8, "password", config=_kept(path="password"), before=_no_password),
    Case("nobody to unlock the keyring", SEND, 8, "only on a terminal", config=_kept(source="auto")),
    Case("an empty keyring", SEND, 8, ("the keyring", "credential set"), config=_kept(source="keyring")),
)

RULES = (
    Case("nobody to ask", "send message.txt --all", 5, ("no terminal", "--yes")),
    Case(
        "live and no ceiling",
        GUARDIANS,
        5,
        ("takes 2 parts", "--max-parts 2"),
        config=LIVE | {"limits": {"max_new_packages": 1}},
    ),
    Case("over the ceiling", f"{GUARDIANS} --max-parts 1", 5, ("takes 2 parts", "is 1"), config=LIVE),
    Case(
        "over the configured ceiling",
        GUARDIANS,
        5,
        ("takes 2 parts", "--max-parts 2"),
        config=LIVE | {"limits": {"max_parts_per_run": 1}},
    ),
    Case(
        "over the day's ceiling",
        f"{GUARDIANS} --max-parts 9",
        5,
        "max_parts_per_day",
        config=LIVE | {"limits": {"max_parts_per_day": 1}},
    ),
    Case(
        "an invoice nobody allowed",
        f"{GUARDIANS} --max-parts 9",
        5,
        "--max-new-packages 1",  # beside the one that the activation opens
        config=LIVE | {"municipalities": {"exempelkommun": {"package_size": 1}}},
    ),
    Case("a strict rehearsal", f"{GUARDIANS} --strict --max-parts 1", 5, "takes 2 parts"),
    Case(
        "an old file",
        f"{GUARDIANS} --max-parts 9 --max-new-packages 1",
        5,
        "recipients_max_age",
        config=LIVE | {"recipients_max_age": "2d"},
        before=_old,
    ),
)
