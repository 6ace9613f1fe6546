"""How fast the parts of one text are counted, beside smsutil: `python benchmarks/parts.py`.

Ratios only, both taken in turn in one process: milliseconds differ from machine to machine. At the end,
what the check of a text costs: its goal is a time, for nothing else does the same.
"""

import statistics
import timeit
from collections.abc import Callable

from smsctl.domain.gsm7 import BASIC, EXTENDED
from smsctl.domain.text import INTELECOM_PARTS, measure
from smsctl.domain.text_check import check

GOAL = 20
CHECK_GOAL_MS = 1
ROUNDS = 9
CALLS = 2_000

SENTENCE = "Hej! Föräldramöte på torsdag kl 18.30 i matsalen. Välkomna, hälsar rektorn. "
TEXTS = {
    "GSM-7, 140 characters": (SENTENCE * 2)[:140],
    "GSM-7 with € and brackets, 300": f"{SENTENCE * 4}"[:290] + "€[]{}~|^€€",
    "UCS-2, 200": ("Добрый день! Родительское собрание в четверг. " * 5)[:200],
}


def walk(body: str) -> int:
    """Count parts one character at a time, as the standard tells it."""
    wide = not set(body) <= set(BASIC + EXTENDED)
    single, part = (70, 67) if wide else (160, 153)
    costs = [2 if (char > "\uffff" if wide else char in EXTENDED) else 1 for char in body]
    if sum(costs) <= single:
        return 1
    parts, left = 1, part
    for cost in costs:
        if cost > left:
            parts, left = parts + 1, part
        left -= cost
    return parts


def peer() -> tuple[str, Callable[[str], object]]:
    try:
        import smsutil
    except ImportError:
        print("smsutil is not installed (python -m pip install smsutil): beside a plain walk instead\n")
        return "plain walk", walk
    return "smsutil", smsutil.split


def ours(body: str) -> object:
    return measure(body, INTELECOM_PARTS)


def seconds(count: Callable[[str], object], body: str) -> float:
    return timeit.timeit(lambda: count(body), number=CALLS) / CALLS


def main() -> None:
    name, theirs = peer()
    for title, body in TEXTS.items():
        rounds = [(seconds(theirs, body), seconds(ours, body)) for _ in range(ROUNDS)]
        ratio = statistics.median(their / our for their, our in rounds)
        our_us = statistics.median(our for _, our in rounds) * 1e6
        print(f"{title:32} {our_us:6.2f} us   {ratio:5.1f} times faster than {name} (goal {GOAL})")
    for title, body in TEXTS.items():
        check_ms = statistics.median(seconds(check, body) for _ in range(ROUNDS)) * 1e3
        print(f"{title:32} {check_ms:6.3f} ms to check (goal {CHECK_GOAL_MS})")


if __name__ == "__main__":
    main()
