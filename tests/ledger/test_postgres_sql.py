"""Each statement of the ledger is written once, for both engines: the server is asked whether it knows it."""

import ast
import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import smsctl

from .. import postgres_server
from ..postgres_server import Cluster
from .conftest import open_shared

if why := postgres_server.why_none():
    pytest.skip(why, allow_module_level=True)

import psycopg

from smsctl.domain import database_address as address
from smsctl.ledger.postgres.connect import Access
from smsctl.ledger.postgres.dialect import statement

LEDGER = Path(smsctl.__file__).parent / "ledger"
OF_ONE_ENGINE = {"sqlite", "postgres"}
UNKNOWN_TO_IT = {"42883", "42803", "42704", "42P19"}
"""A function, a grouping, a name or a recursion that the server has not; a fragment fails otherwise."""


@pytest.fixture
def server(cluster: Cluster, tmp_path: Path) -> Iterator[psycopg.Connection[Any]]:
    """A session in a schema that the migrations have made."""
    state, schema = tmp_path / "ledger.db", f"statements_{os.getpid()}"
    state.touch(mode=0o600)
    open_shared(Access(address=address.parse(cluster.url()), state=state, schema=schema)).close()
    with psycopg.connect(cluster.url(), autocommit=True) as session:
        session.execute(f"SET search_path = {schema}".encode())
        yield session
        session.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def statements() -> Iterator[str]:
    """Yield each statement that stands in the ledger as a whole."""
    for path in sorted(LEDGER.rglob("*.py")):
        if OF_ONE_ENGINE.isdisjoint(path.relative_to(LEDGER).parts):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and re.match(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b[^\[]+$", text):
                    yield text


def unknown_to(server: psycopg.Connection[Any], sql: str) -> str | None:
    """Return what the server does not know of a statement."""
    places = count(1)
    numbered = re.sub("%s", lambda _: f"${next(places)}", statement(sql).decode()).replace("%%", "%")
    try:
        server.execute(f"PREPARE one AS {numbered}".encode())
    except psycopg.Error as error:
        return f"{sql}: {error}" if error.sqlstate in UNKNOWN_TO_IT else None
    server.execute("DEALLOCATE one")
    return None


def test_the_server_knows_every_function_that_a_statement_names(server: psycopg.Connection[Any]) -> None:
    found = list(statements())
    assert len(found) > 250, len(found)
    assert [told for told in (unknown_to(server, one) for one in found) if told] == []


def test_one_that_a_file_alone_has_is_found(server: psycopg.Connection[Any]) -> None:
    """The negative control: the greater of two."""
    assert unknown_to(server, "UPDATE mailings SET over_day = MAX(over_day, ?) WHERE id = ?")
