"""SQL text to syntax tree and back: limits before parsing, parsing, printing, and parameters put in as typed literals.

Canonical SQL is DuckDB's dialect. What runs is what `print_sql` wrote, never the text received, because two parsers may
read one text differently (a backslash before a quote is enough).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, ParseError

from buttress.evidence.data.tables import Value

DIALECT = "duckdb"
PARAMETER_TEXT_LIMIT = 1_000


class RefusedSqlError(Exception):
    """SQL that may not run: `construct` names what was found, `reason` why it is refused."""

    def __init__(self, reason: str, construct: str) -> None:
        self.reason = reason
        self.construct = construct
        super().__init__(f"{construct}: {reason}")


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """How large a text and its tree may be: characters, depth of brackets, nodes, and tables read."""

    characters: int = 20_000
    nesting: int = 60
    nodes: int = 3_000
    tables: int = 12


DECLARED_LIMITS = SqlLimits()
COMPOSED_LIMITS = SqlLimits(characters=120_000, nesting=80, nodes=15_000, tables=80)
"""For statements that we compose from declared texts, each of which has passed the declared limits by itself."""


def check_text(sql: str, limits: SqlLimits = DECLARED_LIMITS) -> None:
    """Raise RefusedSqlError for texts that must not reach the parser: too long, NUL, or nested too deep."""
    if len(sql) > limits.characters:
        raise RefusedSqlError(f"at most {limits.characters} characters are read", f"a text of {len(sql)} characters")
    if "\0" in sql:
        raise RefusedSqlError("a NUL character ends the text for some parsers", "NUL")
    depth = deepest = 0
    for character in sql:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > limits.nesting:
        raise RefusedSqlError(f"at most {limits.nesting} levels of brackets are read", f"brackets {deepest} deep")


def parse_statement(sql: str, limits: SqlLimits = DECLARED_LIMITS) -> exp.Expr:
    """The tree of exactly one statement; RefusedSqlError for none, several, or what does not parse."""
    check_text(sql, limits)
    trees: list[exp.Expr] = [tree for tree in _parse(lambda: sqlglot.parse(sql, read=DIALECT)) if tree is not None]
    if len(trees) != 1:
        raise RefusedSqlError("exactly one statement is expected", f"{len(trees)} statements")
    return trees[0]


def parse_predicate(sql: str, limits: SqlLimits = DECLARED_LIMITS) -> exp.Expr:
    """The tree of one predicate (an expression, no statement); RefusedSqlError for anything else."""
    check_text(sql, limits)
    tree: exp.Expr = _parse(lambda: sqlglot.parse_one(sql, read=DIALECT, into=exp.Condition))
    return tree


def _parse(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except RecursionError:
        raise RefusedSqlError("nested too deep for the parser", "syntax") from None
    except Exception as error:  # hostile text reaches branches of the parser that raise more than ParseError
        raise RefusedSqlError("the text does not parse as DuckDB SQL", _first_line(error)) from None


def _first_line(error: Exception) -> str:
    """What the parser says, without its colours and without a copy of the text."""
    told = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    if told.get("description"):
        return f"{told['description']} at line {told.get('line')}, column {told.get('col')}"
    text = re.sub(r"\x1b\[\d+m", "", str(error)).strip().splitlines()
    return text[0][:160] if text else type(error).__name__


def print_sql(tree: exp.Expr) -> str:
    """The tree as DuckDB text without comments; RefusedSqlError where the printer does not support a node."""
    try:
        return tree.sql(dialect=DIALECT, comments=False, unsupported_level=ErrorLevel.RAISE)
    except Exception as error:  # as for parsing: a tree nobody foresaw must be refused, not crash the run
        raise RefusedSqlError("the printer does not support this", _first_line(error)) from None


def bind(sql: str | exp.Expr, values: Mapping[str, Value]) -> str:
    """The text (predicate or statement) with each named placeholder replaced by a typed literal."""
    return print_sql(bind_tree(_parse_either(sql) if isinstance(sql, str) else sql, values))


def bind_tree(tree: exp.Expr, values: Mapping[str, Value]) -> exp.Expr:
    """A copy of the tree with placeholders replaced; RefusedSqlError where one has no value."""
    bound = tree.copy()
    for placeholder in list(bound.find_all(exp.Placeholder)):
        name = placeholder.name
        if name not in values:
            raise RefusedSqlError(
                f"only {', '.join(f':{known}' for known in sorted(values))} are known here", f"placeholder :{name}"
            )
        value = values[name]
        counted = _interval_of(placeholder)
        if counted is not None:
            counted.set("this", exp.Literal.string(str(_whole(name, value))))
        elif placeholder is bound:
            return literal(value)
        else:
            placeholder.replace(literal(value))
    return bound


def _parse_either(sql: str) -> exp.Expr:
    try:
        return parse_predicate(sql)
    except RefusedSqlError:
        return parse_statement(sql)


def _interval_of(placeholder: exp.Expr) -> exp.Interval | None:
    """The interval that counts by this placeholder, as in `interval (:max_days) day`."""
    node = placeholder.parent
    while isinstance(node, exp.Paren):
        node = node.parent
    return node if isinstance(node, exp.Interval) else None


def _whole(name: str, value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedSqlError(f"an interval counts whole units, found {value!r}", f"placeholder :{name}")
    return value


def literal(value: Value) -> exp.Expr:
    """A typed literal: timestamps in UTC without zone, decimals with their own scale.

    Raises RefusedSqlError for null (a missing parameter must not make a predicate unknown), for timestamps without a
    zone and for texts that are too long or hold NUL.
    """
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Literal.number(value)
    if isinstance(value, str):
        return _text_literal(value)
    if isinstance(value, Decimal):
        scale = max(0, -int(value.as_tuple().exponent)) if value.is_finite() else 0
        return _cast(f"{value:f}", f"DECIMAL(38, {scale})")
    if isinstance(value, datetime):
        return _cast(utc_text(value), "TIMESTAMP")
    if isinstance(value, date):
        return _cast(value.isoformat(), "DATE")
    raise RefusedSqlError("a parameter needs a value", "null parameter")


def utc_text(value: datetime) -> str:
    """`YYYY-MM-DD HH:MM:SS.ffffff` in UTC; RefusedSqlError for a timestamp without zone."""
    if value.tzinfo is None:
        raise RefusedSqlError("timestamps carry their zone; give one in UTC", f"timestamp {value.isoformat()}")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _text_literal(value: str) -> exp.Expr:
    if len(value) > PARAMETER_TEXT_LIMIT or "\0" in value:
        raise RefusedSqlError(
            f"a text parameter has at most {PARAMETER_TEXT_LIMIT} characters and no NUL", f"{value[:40]!r}"
        )
    return exp.Literal.string(value)


def _cast(text: str, kind: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), kind, dialect=DIALECT)
