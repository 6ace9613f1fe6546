"""Ledgers as an earlier smsctl left them (tests/data): whatever is tried, nobody is reached twice."""

import gzip
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from ..conftest import SECRET
from ..data.make_ledgers import CEILINGS, CONFIG, GATEWAYS, KINDS, NUMBERS, SITE
from ..front_door import Ran, Run
from ..gateways.recorder import Recorder, Taken

LEDGERS = Path(__file__).parents[1] / "data" / "ledgers"
ALL, PARTLY = {"accepted": 6}, {"accepted": 4, "unknown": 2}
LEFT: Mapping[str, Mapping[str, Mapping[str, int]]] = {  # by kind and text, when all was tried
    "pending": {"pending": ALL},
    "killed": {"killed": PARTLY},
    "unknown": {"unknown": PARTLY},
    "keyed": {"done": ALL, "half": ALL, "lost": PARTLY, "cut": PARTLY},
    "scheduled": {"later": ALL, "waiting": ALL},
    "purged": {"old": ALL, "new": ALL},
    "put-back": {"before": {"accepted": 2, "unknown": 4}},  # of `after` this ledger knows nothing
    "restored": {"before": {"accepted": 2, "unknown": 4}},
}
KEYED = {"keyed", "scheduled", "purged", "put-back", "restored"}


class Site(NamedTuple):
    """A server that was upgraded."""

    kind: str
    folder: Path
    gateway: Recorder
    before: tuple[Taken, ...]  # what the gateway had taken until then
    run: Run

    def __call__(self, *argv: object) -> Ran:
        return self.run("--config", self.folder / "config.toml", *argv)

    def send(self, name: str) -> Ran:
        keyed = ("--key", name) if self.kind in KEYED else ()
        return self("send", self.folder / name, "--all", *CEILINGS, *keyed)

    def states(self) -> dict[str, dict[str, int]]:
        """How many messages of each mailing are in which state; a mailing goes by its key or its text."""
        with closing(sqlite3.connect(self.folder / "ledger" / "ledger.db")) as ledger:
            found = ledger.execute(
                "SELECT COALESCE(i.run_key, i.body), m.state, COUNT(*) FROM messages m"
                " JOIN mailings i ON i.id = m.mailing GROUP BY 1, 2"
            ).fetchall()
        told: dict[str, dict[str, int]] = {}
        for mailing, state, count in found:
            told.setdefault(_name(mailing), {})[state] = count
        return told

    def taken(self) -> Counter[Taken]:
        return Counter((*self.before, *self.gateway.taken))

    def mailings(self) -> list[int]:
        return [one["mailing"] for one in self("mailings", "list", "--json").data["mailings"]]


def _name(text: str) -> str:
    return text.removeprefix("The text of the mailing called ").removesuffix(".")


@pytest.fixture(params=[f"{gateway}/{kind}" for gateway in GATEWAYS for kind in LEFT])
def site(
    request: pytest.FixtureRequest, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    module, _, kind = request.param.partition("/")
    source, place = LEDGERS / module / kind, tmp_path / "ledger"
    place.mkdir(mode=0o700)
    for kept in source.iterdir():
        if kept.suffix == ".gz":
            (place / kept.stem).write_bytes(gzip.decompress(kept.read_bytes()))
        elif kept.suffix != ".jsonl":
            shutil.copy(kept, place)
    for file in place.iterdir():
        file.chmod(0o600)
    with closing(sqlite3.connect(place / "ledger.db")) as ledger, ledger:  # the site's folder is another here
        ledger.execute("UPDATE mailings SET source = replace(source, ?, ?)", (str(SITE), str(tmp_path)))
    (tmp_path / "recipients.csv").write_text("\n".join(["Mobil", *NUMBERS, ""]), encoding="utf-8")
    for name in LEFT[kind]:
        (tmp_path / name).write_text(f"The text of the mailing called {name}.\n", encoding="utf-8")
    before = tuple(Taken(**json.loads(line)) for line in (source / "taken.jsonl").read_text().splitlines())
    monkeypatch.setenv("SMSCTL_GATEWAY_SECRET", SECRET)
    with Recorder() as gateway:
        service = "service_id = 4711\n" if module == "intelecom" else ""
        config = CONFIG.format(module=module, url=gateway.url, service=service)
        (tmp_path / "config.toml").write_text(config, encoding="utf-8")
        yield Site(kind, tmp_path, gateway, before, run)


def test_the_kept_ledgers_are_those_that_are_made() -> None:
    assert set(LEFT) == {kind.__name__.replace("_", "-") for kind in KINDS}
    kept = {str(place.relative_to(LEDGERS)) for place in LEDGERS.glob("*/*")}
    assert kept == {f"{gateway}/{kind}" for gateway in GATEWAYS for kind in LEFT}


def test_an_older_ledger_is_read_and_resumed_and_its_keys_repeated(site: Site) -> None:
    mailings = site.mailings()  # brings the ledger up to date
    if site.kind == "put-back":
        refused = site("ledger", "check"), site.send("before"), site("mailings", "resume", 1)
        assert [ran.code for ran in refused] == [9, 9, 9]
        assert site("ledger", "accept-restore", "--reason", "new disk").code == 4  # now unknown
    assert site("ledger", "check").code == 0
    repeated = [*LEFT[site.kind], *LEFT[site.kind]] if site.kind in KEYED else []
    said = [site.send(name) for name in repeated]
    said += [site("mailings", "resume", mailing) for mailing in (*mailings, *mailings)]
    assert {ran.code for ran in said} <= {0, 4}, said
    assert site.states() == LEFT[site.kind]
    assert site("ledger", "check").code == 0
    assert max(site.taken().values()) == 1
    reached = Counter(_name(one.text) for one in site.taken())
    for name, states in LEFT[site.kind].items():
        assert states["accepted"] <= reached[name] <= sum(states.values())
    assert site.mailings() == mailings


def test_what_an_older_ledger_says_of_its_batches_is_told_as_before(site: Site) -> None:
    with closing(sqlite3.connect(site.folder / "ledger" / "ledger.db")) as ledger:
        rows = ledger.execute(
            "SELECT mailing, CASE WHEN settled_at IS NULL THEN ? ELSE answer END FROM batches"
            " ORDER BY mailing, id",
            ("smsctl or the machine stopped before the answer",),  # as the first command finds
        ).fetchall()
    told = [
        (mailing, one["answer"])
        for mailing in sorted(site.mailings())
        for one in site("mailings", "show", mailing, "--json").data["batches"]
    ]
    assert told == rows
