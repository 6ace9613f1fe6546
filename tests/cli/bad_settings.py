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
    Case(id="an unknown command", argv="frob", code=2, says=("frob", "smsctl --help")),
    Case(id="an unknown command in a group", argv="mailings frob", code=2, says="frob"),
    Case(
        id="an unknown option", argv="send message.txt --frob", code=2, says=("--frob", "smsctl send --help")
    ),
    Case(id="no command", argv="", code=2, says="smsctl --help"),
    Case(id="a group without a command", argv="mailings", code=2, says="list"),
    Case(id="no file", argv="send --all", code=2, says="FILE"),
    Case(id="no text", argv="test +46701740605", code=2, says="TEXT"),
    Case(id="a word too many", argv="test +46701740605 hej alla", code=2, says="alla"),
    Case(id="an option without its value", argv="send message.txt --group", code=2, says="--group"),
    Case(id="--config without a path", argv="usage --config", code=2, says="--config needs the path"),
    Case(
        id="nobody chosen",
        argv="send message.txt --yes",
        code=2,
        says=("Nobody is chosen", "--group", "--where", "--all"),
    ),
    Case(id="a choice without =", argv="send message.txt --where 7B --yes", code=2, says="write NAME=VALUE"),
    Case(
        id="a choice without a column",
        argv="send message.txt --where =7B --yes",
        code=2,
        says="write NAME=VALUE",
    ),
    Case(id="a column without =", argv=f"{SEND} --column Mobil", code=2, says="write NAME=VALUE"),
    Case(
        id="a priority of 4",
        argv=f"{SEND} --priority 4",
        code=2,
        says=("no such priority", "low, normal or high"),
    ),
    Case(id="a priority in Swedish", argv=f"{SEND} --priority snabb", code=2, says="no such priority"),
    Case(
        id="a validity without its unit", argv=f"{SEND} --validity 4", code=2, says=("--validity 4", '"4h"')
    ),
    Case(
        id="no validity at all",
        argv=f"{SEND} --validity 0h",
        code=2,
        says="--validity 0h: must be a time above 0 with its unit",
    ),
    Case(id="a ceiling in words", argv=f"{SEND} --max-parts ten", code=2, says="ten"),
    Case(id="a ceiling below nothing", argv=f"{SEND} --max-parts=-1", code=2, says="-1"),
    Case(
        id="standard input and a question",
        argv="send - --all",
        code=2,
        says=("nothing can be asked", "--yes"),
        stdin="Hej",
    ),
    Case(
        id="an unknown municipality",
        argv=f"{SEND} --municipality Ankeborg",
        code=8,
        says=("Ankeborg", "exempelkommun"),
    ),
    Case(
        id="usage of nobody", argv="usage --municipality Ankeborg", code=8, says=("Ankeborg", "exempelkommun")
    ),
    Case(
        id="an unknown mailing",
        argv="mailings show 99",
        code=8,
        says=("no mailing 99", "smsctl mailings list"),
    ),
    Case(id="no mailing to go on with", argv="mailings resume 99", code=8, says="no mailing 99"),
    Case(id="nobody skipped", argv="mailings skipped 99", code=8, says="no mailing 99"),
    Case(id="a mailing by its name", argv="mailings show first", code=2, says="first"),
    Case(id="a list of none", argv="mailings list --most 0", code=2, says="--most"),
    Case(
        id="an unknown secret",
        argv="credential set frob",
        code=2,
        says=("no secret called frob", "gateway, proxy, smtp, reports or ledger"),
    ),
    Case(
        id="a secret of nothing",
        argv="credential set",
        code=2,
        says="No secret was given",
        config={"gateway": {"password": None}},
    ),
    Case(
        id="a secret of several lines",
        argv="credential set",
        code=8,
        says=("several lines", "pipe in one line"),
        config={"gateway": {"password": {"source": "file", "path": "kept"}}},
        stdin="user\n" + SECRET,
    ),
    Case(
        id="a secret that is not ours to keep",
        argv="credential set",
        code=8,
        says="does not keep it",
        stdin=SECRET,
    ),
    Case(id="a simulator for everybody", argv="simulator --host 0.0.0.0", code=5, says="0.0.0.0"),
    Case(id="a block list from nowhere", argv=f"block import {ENDLESS}", code=8, says=NOT_LOOKED_FOR),
    Case(
        id="a new config nowhere", argv=f"--config {ENDLESS} config init --yes", code=8, says=NOT_LOOKED_FOR
    ),
    Case(
        id="a slot for a text from nowhere",
        argv=f"schedule --at 08:00 -- send --all {ENDLESS} --max-parts 9",
        code=8,
        says=NOT_LOOKED_FOR,
    ),
    Case(
        id="a slot for a folder",
        argv="schedule --at 08:00 -- send --all . --max-parts 9",
        code=8,
        says="is a folder",
    ),
    Case(
        id="an unknown fault", argv="simulator --faults frob=1", code=2, says=("frob is no fault", "timeout")
    ),
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
    Case(
        id="no config file",
        argv="--config gone.toml usage",
        code=8,
        says=("no config file", "gone.toml", "config init"),
    ),
    Case(id="a folder for a config", argv="--config . usage", code=8, says="cannot be read"),
    Case(id="no TOML", argv=SEND, code=8, says="Line 1", config=_config("mode live")),
    Case(
        id="an unclosed quote",
        argv=SEND,
        code=8,
        says=("Line 1", "closing quotation mark"),
        config=_config('sender = "Kom'),
    ),
    Case(
        id="a key twice",
        argv=SEND,
        code=8,
        says=("Line 2", "already set"),
        config='mode = "live"\nmode = "simulate"\n',
    ),
    Case(
        id="a config in Windows-1252",
        argv=SEND,
        code=8,
        says="UTF-8",
        config=_config('sender = "Åmål"').encode("cp1252"),
    ),
    Case(id="a binary config", argv=SEND, code=8, says="UTF-8", config=b"\x89PNG\r\n\x1a\n\xff"),
    Case(id="an empty config", argv=SEND, code=8, says=("gateway", "municipalities"), config=b""),
    Case(
        id="an unknown key",
        argv=SEND,
        code=8,
        says=("Line 1, sendr:", '"sender"'),
        config=_config('sendr = "Kommunen"'),
    ),
    Case(
        id="a text for a number",
        argv=SEND,
        code=8,
        says="gateway.priority",
        config={"gateway": {"priority": "fast"}},
    ),
    Case(id="a number for a text", argv=SEND, code=8, says="sender", config={"sender": 4711}),
    Case(
        id="a number for a section", argv=SEND, code=8, says="this is a section", config=_config("limits = 5")
    ),
    Case(
        id="true for a number",
        argv=SEND,
        code=8,
        says="whole number",
        config={"gateway": {"service_id": True}},
    ),
    Case(
        id="a price without quotes",
        argv=SEND,
        code=8,
        says="quotation marks",
        config=_town(package_price=4900.1),
    ),
    Case(id="a price in words", argv=SEND, code=8, says="package_price", config=_town(package_price="dyrt")),
    Case(
        id="a price without its package",
        argv=SEND,
        code=8,
        says="package_size: must be given",
        config=_town(package_size=None),
    ),
    Case(
        id="an unknown time zone",
        argv=SEND,
        code=8,
        says="must be a time zone",
        config={"time_zone": "Europe/Ankeborg"},
    ),
    Case(id="an unknown mode", argv=SEND, code=8, says='"simulate", "live"', config={"mode": "lve"}),
    Case(
        id="an unknown gateway",
        argv=SEND,
        code=8,
        says="intelecom, pswincom",
        config={"gateway": {"module": "acme"}},
    ),
    Case(
        id="a batch of none", argv=SEND, code=8, says="from 1 to 1000", config={"gateway": {"batch_size": 0}}
    ),
    Case(id="a country without +", argv=SEND, code=8, says='as "+46"', config={"default_country_code": "46"}),
    Case(
        id="a default that is not there",
        argv=SEND,
        code=8,
        says="exempelkommun",
        config={"default_municipality": "Ankeborg"},
    ),
    Case(
        id="several and no default",
        argv=SEND,
        code=8,
        says=("municipality? ", "exempelkommun, ankeborg"),
        config={"municipalities": {"ankeborg": {"name": "Ankeborg"}}},
    ),
    Case(
        id="a readable line",
        argv=SEND,
        code=8,
        says="https://",
        config={"gateway": {"url": "http://sms.example.se"}},
    ),
    Case(
        id="no certificate check",
        argv=SEND,
        code=8,
        says="certificate",
        config={"gateway": {"verify": False}},
    ),
    Case(
        id="a password",
        argv=SEND,
        code=8,
        says="a password does not belong",
        config={"gateway": {"password": SECRET}},
    ),
    Case(
        id="several mistakes",
        argv="config check",
        code=8,
        says=("2 mistakes", "time_zone", "gateway.priority"),
        config={"time_zone": "Mars", "gateway": {"priority": 4}},
    ),
    Case(id="a bad value to set", argv="config set gateway.priority 4", code=8, says="gateway.priority"),
    Case(id="an unknown key to set", argv="config set gateway.prority 3", code=8, says='"gateway.priority"'),
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
    Case(id="a folder for a ledger", argv=SEND, code=9, says="must be a plain file", before=_a_folder),
    Case(id="no ledger", argv=SEND, code=9, says="not a ledger, or it is damaged", before=_garbage),
    Case(id="a newer ledger", argv=SEND, code=9, says=("newer smsctl", "Upgrade"), before=_newer),
    Case(
        id="a ledger for all to read", argv=SEND, code=9, says=("every user", "chmod o="), before=_open_to_all
    ),
    Case(id="a ledger behind a link", argv=SEND, code=9, says="must be a plain file", before=_a_link),
    Case(
        id="a file where the folder should be", argv=SEND, code=9, says="cannot be created", before=_no_room
    ),
    Case(
        id="usage without a ledger to read",
        argv="usage",
        code=9,
        says="not a ledger, or it is damaged",
        before=_garbage,
    ),
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
    Case(
        id="no secret",
        argv=f"{SEND} --max-parts 10",
        code=8,
        says="SMSCTL_GATEWAY_SECRET",
        config=LIVE,
        secret=False,
    ),
    Case(
        id="no secret for a test",
        argv="test +46701740605 hej",
        code=8,
        says="gateway secret is not there",
        config=LIVE,
        secret=False,
    ),
    Case(
        id="no secret file",
        argv=SEND,
        code=8,
        says=("password", "credential set"),
        config=_kept(path="password"),
    ),
    Case(
        id="a secret for all to read",
        argv=SEND,
        code=8,
        says="password",
        config=_kept(path="password"),
        before=_no_password,
    ),
    Case(
        id="nobody to unlock the keyring",
        argv=SEND,
        code=8,
        says="only on a terminal",
        config=_kept(source="auto"),
    ),
    Case(
        id="an empty keyring",
        argv=SEND,
        code=8,
        says=("the keyring", "credential set"),
        config=_kept(source="keyring"),
    ),
)

RULES = (
    Case(id="nobody to ask", argv="send message.txt --all", code=5, says=("no terminal", "--yes")),
    Case(
        id="live and no ceiling",
        argv=GUARDIANS,
        code=5,
        says=("takes 2 parts", "--max-parts 2"),
        config=LIVE | {"limits": {"max_new_packages": 1}},
    ),
    Case(
        id="over the ceiling",
        argv=f"{GUARDIANS} --max-parts 1",
        code=5,
        says=("takes 2 parts", "is 1"),
        config=LIVE,
    ),
    Case(
        id="over the configured ceiling",
        argv=GUARDIANS,
        code=5,
        says=("takes 2 parts", "--max-parts 2"),
        config=LIVE | {"limits": {"max_parts_per_run": 1}},
    ),
    Case(
        id="over the day's ceiling",
        argv=f"{GUARDIANS} --max-parts 9",
        code=5,
        says="max_parts_per_day",
        config=LIVE | {"limits": {"max_parts_per_day": 1}},
    ),
    Case(
        id="an invoice nobody allowed",
        argv=f"{GUARDIANS} --max-parts 9",
        code=5,
        says="--max-new-packages 1",  # beside the one that the activation opens
        config=LIVE | {"municipalities": {"exempelkommun": {"package_size": 1}}},
    ),
    Case(id="a strict rehearsal", argv=f"{GUARDIANS} --strict --max-parts 1", code=5, says="takes 2 parts"),
    Case(
        id="an old file",
        argv=f"{GUARDIANS} --max-parts 9 --max-new-packages 1",
        code=5,
        says="recipients_max_age",
        config=LIVE | {"recipients_max_age": "2d"},
        before=_old,
    ),
)
