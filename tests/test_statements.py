"""Every SQL statement of the program fits the migrated schema, and the application's role may run it.

A misspelled column in a statement that no test happens to reach is found here, with its file and line.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from foundation.database import Database

SOURCES = Path(__file__).parents[1] / "src"
OTHERS = ("backup", "embedded", "migrations", "doctor.py", "erasure.py")
"""Under plumbline: what prepares servers and databases, before there is a schema, looks at those of an operator, or
does what only the owner of the tables may do."""
RUN_BY = frozenset({"fetch", "fetchrow", "fetchval", "execute", "executemany", "cursor", "prepare"})
PLANNED = ("select", "insert", "update", "delete", "with")
"""First words of what EXPLAIN takes: only it looks at privileges without running the statement."""
FROM_A_TABLE = {
    "device_registry.queries.facts.add_facts",
    "device_registry.queries.listing.counted",
    "device_registry.queries.listing.listed",
    "device_registry.working_lists.queries.lists.listed",
    "evidence.self_proof.queries._tried",  # what the role must not be allowed
}
"""Functions whose statements are built from a table of types; tests of the slice run each."""
FEWEST = 70
"""So that the search itself is known to work."""


class Statement(NamedTuple):
    """`sql` is None where the text depends on more than the constants of its module."""

    place: str
    sql: str | None


def statements() -> list[Statement]:
    return [statement for path in sorted(SOURCES.rglob("*.py")) if _looked_at(path) for statement in _in(path)]


async def test_every_statement_fits_the_schema_and_the_role(database: Database, subtests: pytest.Subtests) -> None:
    found = statements()
    assert len(found) >= FEWEST
    async with database.connection() as db:
        for statement in found:
            with subtests.test(statement.place):
                assert statement.sql is not None, f"{statement.place}: build it of constants of its module"
                try:
                    await db.prepare(statement.sql)
                    if statement.sql.split(maxsplit=1)[0] in PLANNED:
                        await db.execute(f"explain (generic_plan) {statement.sql}")
                except asyncpg.PostgresError as error:
                    raise AssertionError(f"{statement.place}: {error}") from error


def _looked_at(path: Path) -> bool:
    within = path.relative_to(SOURCES).parts
    return within[0] != "plumbline" or within[1] not in OTHERS


def _in(path: Path) -> Iterator[Statement]:
    within = path.relative_to(SOURCES)
    name = ".".join(within.with_suffix("").parts).removesuffix(".__init__")
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.AsyncFunctionDef)]
    for function in functions:
        if f"{name}.{function.name}" in FROM_A_TABLE:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUN_BY:
                constants = vars(importlib.import_module(name))
                for text in _alternatives(node.args[0]):
                    yield Statement(f"src/{within}:{text.lineno}", _value(text, constants))


def _alternatives(text: ast.expr) -> list[ast.expr]:
    """Both arms of `a if … else b`."""
    return [text.body, text.orelse] if isinstance(text, ast.IfExp) else [text]


def _value(text: ast.expr, constants: dict[str, Any]) -> str | None:
    try:
        return str(eval(compile(ast.Expression(text), "statement", "eval"), constants))
    except NameError:
        return None
