"""Whether a predicate is true or false for every row: never null, and nothing in it can raise an error.

Only such predicates may be counted beside others in one scan: whether an error shows depends on which rows a statement
evaluates, and a row on which a predicate is null is unknown, whatever else is said of it.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlglot import exp

from buttress.evidence.data.tables import Schema
from buttress.evidence.sql import column_types
from buttress.evidence.sql.nodes import select, table
from buttress.evidence.sql.scopes import SqlType

_HARMLESS = (
    exp.And, exp.Or, exp.Not, exp.Paren, exp.Column, exp.Identifier, exp.Boolean, exp.Literal, exp.Null, exp.EQ, exp.NEQ,
    exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike,
    exp.Coalesce, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Case, exp.If, exp.DataType, exp.DataTypeParam, exp.Var,
)  # fmt: skip
"""Nodes that raise no error whatever the values of their operands, once the linter has checked the types of these."""
_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
_LONGEST_SECONDS = 1000 * 366 * 86400
"""Years of data are 1 to 9999; a thousand more lead out of no engine's calendar."""


def is_certain(predicate: exp.Expr, source: str, schema: Schema, whole: Collection[str]) -> bool:
    """True where the bound predicate, linted before, is neither null nor an error for any row of `source`.

    `whole` names the columns in which there is no null.
    """
    columns = tuple(replace(column, nullable=column.name not in whole) for column in schema.columns)
    tree = select([exp.Literal.number(1)], table(source), predicate.copy())
    typing = column_types.read(tree, {source: replace(schema, columns=columns)}, _NO_PARAMETERS)
    condition = tree.args["where"].this
    scope = typing.scope_of(condition)
    if typing.nullable_parts(condition, scope):
        return False
    return all(_is_harmless(node, typing) for node in condition.walk(prune=_is_settled))


_NO_PARAMETERS: Mapping[str, SqlType] = {}


def _is_settled(node: exp.Expr) -> bool:
    """True for nodes that are judged with all that is in them."""
    return isinstance(node, exp.Cast | exp.Interval)


def _is_harmless(node: exp.Expr, typing: column_types.Typing) -> bool:
    if isinstance(node, exp.Cast):
        return _is_plain_cast(node, typing)
    if isinstance(node, exp.Interval):
        return _is_short(node)
    if isinstance(node, exp.Add | exp.Sub):
        kind = typing.type_of(column_types.unparenthesised(node.this), typing.scope_of(node))
        return kind is SqlType.TIMESTAMP and isinstance(node.args["expression"], exp.Interval)
    if isinstance(node, exp.RegexpLike):
        return isinstance(node.args["expression"], exp.Literal)
    return type(node) in _HARMLESS


def _is_plain_cast(node: exp.Cast, typing: column_types.Typing) -> bool:
    """Literals, whose cast fails for all rows or none, and dates that become timestamps."""
    if type(node) is not exp.Cast:
        return False
    if isinstance(node.this, exp.Literal):
        return True
    is_date = isinstance(node.this, exp.Column) and typing.type_of(node.this, typing.scope_of(node)) is SqlType.DATE
    return is_date and column_types.cast_type(node) is SqlType.TIMESTAMP


def _is_short(node: exp.Interval) -> bool:
    count = column_types.unparenthesised(node.this) if node.this is not None else None
    unit = node.args.get("unit")
    seconds = _SECONDS.get(unit.name.upper().removesuffix("S")) if unit is not None else None
    if seconds is None or not isinstance(count, exp.Literal) or not count.name.isdigit() or len(count.name) > 12:
        return False
    return int(count.name) * seconds <= _LONGEST_SECONDS
