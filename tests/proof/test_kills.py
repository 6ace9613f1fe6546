"""Random SIGKILL of real processes: 0 twice, 0 lost, 0 falsely accepted, and the sums are right."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from tests.proof import invariants
from tests.proof.conftest import Scale
from tests.proof.site import ColdStarts, GatewayProcess, Nursery, Processes, Site
from tests.proof.weaknesses import Weakness

_AT_ONCE = 2
_KILLS_PER_SITE = 25
_ENDS = {0, 4, -signal.SIGKILL}  # all accepted; some unknown; killed
_UNSETTLED = 4
_REFUSED = 5  # everybody has the text: the process before was killed when it had finished
_TAKEN = 9
_REPEATING = (Weakness.REPEATS_ARE_PROVED, Weakness.IMPATIENT)
NewSite = Callable[[random.Random, Path, str], Site]


def torment(
    processes: Processes, site: Site, gateway: GatewayProcess, dice: random.Random, kills: int, *, keyed: bool
) -> Counter[str]:
    """Send and go on under kills at any moment, and compare after each; return what became of everybody.

    `keyed`: as cron does, which knows no other command than the one that it began with.
    """
    assert processes.run(site, site.activate()) == 0
    started = time.monotonic()
    assert processes.run(site, site.send("undisturbed")) == (_REFUSED if site.approval_above else 0)
    for mailing in site.waiting():
        assert processes.run(site, site.approve(mailing)) == 0
    lasts_s = time.monotonic() - started
    killed = 0
    for name in map("text{}".format, count(1)):
        ends, code = _ENDS, None
        # A server may take a moment to see that the process whose session it keeps is gone.
        taken = {_TAKEN} if site.database else set[int]()
        while code in {None, -signal.SIGKILL} | taken or site.waiting():
            kill_after_s = dice.uniform(0, 1.1 * lasts_s) if killed < kills else None
            left = sorted(site.waiting()) if keyed else site.unfinished()
            command = site.go_on(left[0]) if left else site.send(name, keyed=keyed)
            code = processes.run(site, command, kill_after_s=kill_after_s)
            allowed = ends | taken | ({_REFUSED} if site.approval_above else set())
            assert code in allowed, site.said.read_text()
            site.compare(gateway)
            killed += code == -signal.SIGKILL
            ends = _ENDS | {_REFUSED}
        invariants.nobody_is_forgotten(site.ledger)
        if keyed:  # nothing is left to do; while something is unknown, the key says so each time
            told = invariants.mailings(site.ledger)
            expected = _UNSETTLED if told[max(told)]["unknown"] else 0
            assert processes.run(site, site.send(name, keyed=True)) == expected
            site.compare(gateway)
        if killed >= kills:
            break
    assert not site.complaints()
    return invariants.states(site.ledger)


def torment_many(
    folder: Path,
    dice: random.Random,
    kills: int,
    *flags: str,
    new_site: NewSite,
    weaknesses: Sequence[Weakness] = (),
) -> Counter[str]:
    """Do that to as many new servers as it takes, some at once; return what became of everybody."""

    def one_at_a_time(seed: int) -> Counter[str]:
        own, states = random.Random(seed), Counter[str]()
        latency = f"{own.choice([2, 5, 10]) / 1000}"
        with (
            GatewayProcess(folder / f"journal{seed}.jsonl", "--latency", latency, *flags) as gateway,
            Nursery(*weaknesses) as processes,
        ):
            for done in range(0, kills // _AT_ONCE, _KILLS_PER_SITE):
                site = new_site(own, folder / f"site{seed}from{done}", gateway.url)
                wanted = min(_KILLS_PER_SITE, kills // _AT_ONCE - done)
                keyed = own.choice([False, True])
                states += torment(processes, site, gateway, own, wanted, keyed=keyed)
        return states

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(one_at_a_time, [dice.randrange(10**9) for _ in range(_AT_ONCE)])
        return sum(found, Counter[str]())


def any_site(dice: random.Random, folder: Path, url: str, *, personal: bool = False) -> Site:
    """Return a server that sends with one connection or several, short texts or long."""
    return Site(
        folder=folder,
        url=url,
        messages=dice.randint(60, 200),
        batch_size=dice.randint(5, 20),
        connections=dice.choice([1, 4]),
        text_length=0 if personal else dice.choice([0, 0, 400]),
        personal=personal,
    )


def approving_site(dice: random.Random, folder: Path, url: str) -> Site:
    """Return a server whose mailings wait for a second person."""
    return Site(
        folder=folder,
        url=url,
        messages=dice.randint(20, 60),
        connections=dice.choice([1, 4]),
        text_length=dice.choice([0, 400]),
        approval_above=10,
    )


def repeating_site(dice: random.Random, folder: Path, url: str) -> Site:
    """Return a server that submits what is unknown again, where that is proved to be safe."""
    return Site(
        folder=folder,
        url=url,
        messages=dice.randint(20, 60),
        connections=dice.choice([1, 4]),
        unique_references=True,
    )


def test_no_kill_makes_a_message_lost_or_sent_twice(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    states = torment_many(tmp_path, dice, scale.of(short=300, long=10_000), new_site=any_site)
    assert states["unknown"], "no kill ever struck between a mark and its answer"


def test_a_kill_around_the_yes_of_a_second_person_neither_loses_nor_repeats_anything(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    states = torment_many(tmp_path, dice, scale.of(short=40, long=1000), new_site=approving_site)
    assert states["accepted"]


def test_what_a_kill_leaves_unknown_is_submitted_again_where_repeats_are_refused(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    states = torment_many(
        tmp_path,
        dice,
        scale.of(short=50, long=1000),
        "--unique-references",
        new_site=repeating_site,
        weaknesses=_REPEATING,
    )
    assert set(states) == {"accepted"}


def personal_site(dice: random.Random, folder: Path, url: str) -> Site:
    """Return a server whose people get a text of their own each, of one to three parts."""
    return any_site(dice, folder, url, personal=True)


def test_no_kill_makes_a_text_of_somebodys_own_lost_another_or_sent_twice(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    states = torment_many(tmp_path, dice, scale.of(short=40, long=5000), new_site=personal_site)
    assert states["accepted"]


def test_a_process_started_by_cron_may_be_killed_at_any_moment(
    tmp_path: Path, dice: random.Random, scale: Scale
) -> None:
    with GatewayProcess(tmp_path / "journal.jsonl", "--latency", "0.01") as gateway:
        site = Site(folder=tmp_path / "site", url=gateway.url, messages=100, connections=4)
        torment(ColdStarts(), site, gateway, dice, scale.of(short=20, long=200), keyed=True)


@pytest.mark.parametrize(
    ("weakness", "found"),
    [
        (Weakness.RECOVERED_AS_PENDING, "I1:|I4:"),
        (Weakness.RECOVERED_AS_ACCEPTED, "I3:"),
        (Weakness.SENT_BEFORE_THE_MARK, "I4:|I5:"),
        (Weakness.REST_IS_FORGOTTEN, "lost:"),
        (Weakness.UNKNOWN_IS_FREE, "I10:"),
    ],
)
def test_the_kills_find_a_missing_guard(
    tmp_path: Path, dice: random.Random, weakness: Weakness, found: str
) -> None:
    with pytest.raises(AssertionError, match=found):
        torment_many(tmp_path, dice, 300, new_site=any_site, weaknesses=[weakness])


def test_the_kills_find_a_gateway_that_takes_repeats(tmp_path: Path, dice: random.Random) -> None:
    with pytest.raises(AssertionError, match="I1:"):
        torment_many(tmp_path, dice, 300, new_site=repeating_site, weaknesses=_REPEATING)
