import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsctl.gateways.json_reply import entries_of, read_json

_NAMES = st.sampled_from(["a", "b", "a:b", "c"])
_LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["", ":", "a", '"a":1'])


def _as_text(value: object) -> str:
    """Write a document in which an object is a tuple of pairs, so that it may say one thing twice."""
    if isinstance(value, tuple):
        return "{" + ",".join(f"{json.dumps(name)}:{_as_text(one)}" for name, one in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_text, value)) + "]"
    return json.dumps(value)


def _says_twice(value: object) -> bool:
    if isinstance(value, tuple):
        names = [name for name, _ in value]
        return len(names) != len(set(names)) or any(_says_twice(one) for _, one in value)
    return isinstance(value, list) and any(map(_says_twice, value))


_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(_NAMES, inner), max_size=3).map(tuple),
    max_leaves=12,
)


@given(_DOCUMENTS)
def test_a_document_is_read_whole_or_says_one_thing_twice(document: object) -> None:
    text = _as_text(document)
    assert read_json(text.encode()) == (None if _says_twice(document) else json.loads(text))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[" * 100 + b"]" * 100,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'["]",' * 100_000 + b"1" + b',"["]' * 100_000,  # as deep, and as many brackets in words
        b"["
        + b"{}," * 1000
        + b'{"a":' * 100_000
        + b"1"
        + b"}" * 100_000
        + b"]",  # deep behind many side by side
        b"["
        + b'"},{",' * 100_000
        + b'{"a":' * 100_000
        + b"1"
        + b"}" * 100_000
        + b"]",  # which stand in words
        b'["\\"]\\\\",' * 100_000 + b"1" + b',"["]' * 100_000,
        b'{"},{":' * 100_000 + b"1" + b"}" * 100_000,  # in its own names
        b'{"} , {" : ' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":1}',
        b'{"list":[{"a":1,"b":2,"a":1}]}',
        b'{"list":[{"a" : 1,"a"\n: 1}]}',
        b'{"deep":{"a":{"b":1,"b":2}}}',
        b'{"list":[[{"a":1,"a":2}]]}',
    ],
)
def test_what_is_no_document_or_says_one_thing_twice_is_not_read(body: bytes) -> None:
    assert read_json(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"at":"07:30"}',
        b'{"a":"]}[[\\"{"}',
        b'["' + b"[" * 999 + b'"]',
        b'["' + b"[" * 999 + b'\\\\"]',
        b"[" * 9 + b"]" * 9,
        b'{"a":[{"b":{"c":":"}}]}',
        b'[{"a":1}]',
        b'"a"',
        b"1",
    ],
)
def test_colons_in_words_and_other_shapes_are_no_obstacle(body: bytes) -> None:
    assert read_json(body) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        (b'{"dr":[{"A":1},{"a":2}],"x":[3]}', [("dr", {"a": 1}), ("dr", {"a": 2}), True]),
        (b'{"dr":[{"a":{"B":1}}]}', [("dr", {"a": {"b": 1}}), True]),
        (b'{"dr":[{"a":1,"A":2},3]}', [("dr", '{"a":1,"A":2}'), ("dr", "3"), True]),
        (b'{"dr":{"A":1},"mo":null}', [("dr", {"a": 1}), True]),
        (b'{"dr":[{"A":"\xff\x01"}]}', [("dr", {"a": "\xff\x01"}), True]),
        (b'{"dr":[{"A":1}]', [("dr", {"a": 1}), False]),
        (b'{"x":[]}', [False]),
    ],
)
def test_what_is_not_plain_is_read_sign_by_sign(body: bytes, taken: list[object]) -> None:
    assert _taken(body) == _taken(body[:1], body[1:]) == taken


_ENTRIES = st.lists(st.tuples(st.sampled_from(["a", "A", "b"]), _LEAVES | _DOCUMENTS), max_size=3).map(tuple)
_ROOTS = st.lists(
    st.tuples(
        st.sampled_from(["dr", "mo", "DR", "x"]), st.lists(_ENTRIES | _LEAVES, max_size=3) | _DOCUMENTS
    ),
    max_size=3,
).map(tuple)


def _taken(*pieces: bytes) -> list[object]:
    """Return what is yielded, and last whether all was read."""
    entries = entries_of(pieces, {"dr", "mo"})
    taken: list[object] = []
    try:
        taken += entries
    except ValueError:
        return [*taken, False]
    return [*taken, True]


@given(_ROOTS, st.sampled_from(["", " ", "\ufeff", "}", "\x01"]), st.sampled_from(["", "\n", ",", "\x00"]))
def test_a_document_in_one_piece_is_read_as_in_two(root: object, before: str, after: str) -> None:
    """In one piece, what is plain is read at once."""
    body = (before + _as_text(root) + after).encode()
    assert _taken(body) == _taken(body[:1], body[1:])
