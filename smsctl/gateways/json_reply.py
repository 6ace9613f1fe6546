"""How a JSON reply is read: strictly, because what it says costs money."""

from collections.abc import Callable
from functools import cache


def read_json(body: bytes) -> object:
    """Return what a JSON document holds; None where it is none, or says one thing twice."""
    try:
        return _strict()(body.decode())
    except (ValueError, RecursionError):
        return None


@cache
def _strict() -> Callable[[str], object]:
    from json import JSONDecoder  # a plan needs none

    return JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant).decode


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entry = dict(pairs)
    if len(entry) != len(pairs):
        raise ValueError
    return entry


def _refuse_constant(_: str) -> None:
    raise ValueError  # NaN and the infinities are no JSON
