"""The routes read numbers: a sum, a mean or a colour in their SQL is an error."""

import ast
import re

import pytest

from tests.conftest import CHECKOUT

_ROUTES = CHECKOUT / "usage_pipeline" / "api" / "routes"
# Lists of names (json_agg) and places in an order (row_number) are no numbers of the product, and
# a `case` over parameters says only which columns a request changes.
_COMPUTED = re.compile(
    r"\b(sum|count|avg|min|max|stddev|variance|percentile_cont|percentile_disc|mode|median)\s*\("
    r"|\bgroup\s+by\b"
    r"|\bcase\s+(?!when\s+%\()"
    r"|\b\w+_(count|executions|rate|ms)\s*[-+*/]"
    r"|[-+*/]\s*\w+_(count|executions|rate|ms)\b",
    re.IGNORECASE,
)


def _computed(code: str) -> list[str]:
    """What the strings of some code, docstrings too, compute in SQL."""
    return [
        match.group()
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for match in _COMPUTED.finditer(node.value)
    ]


@pytest.mark.parametrize(
    "query",
    [
        "select sum(total_executions) from marts.users",
        "select COUNT (*) from marts.users",
        "select day from marts.x\ngroup  by day",
        "select case when success_rate > 0.9 then 'green' end from marts.x",
        "select case status when 'failed' then 1 end from marts.x",
        "select success_count + failure_count from marts.x",
        "select 100 * success_rate from marts.x",
    ],
)
def test_a_number_that_is_computed_is_seen(query: str) -> None:
    assert _computed(f"_QUERY = {query!r}")


def test_a_number_that_is_read_is_fine() -> None:
    assert not _computed("_QUERY = 'select success_rate, -score from marts.x order by 1'")
    assert not _computed("_QUERY = 'update x set a = case when %(has)s then %(a)s else a end'")


def test_no_route_computes_a_number() -> None:
    files = sorted(_ROUTES.glob("*.py"))
    assert len(files) > 8
    found = {file.name: _computed(file.read_text(encoding="utf-8")) for file in files}
    assert {name: parts for name, parts in found.items() if parts} == {}
