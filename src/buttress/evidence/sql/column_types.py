"""What an expression of the portable subset yields: its type, and which of its columns can make it null."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from buttress.evidence.data.tables import Schema
from buttress.evidence.sql.scopes import Scope, Scopes, SqlType

NUMBERS = frozenset({SqlType.INTEGER, SqlType.DECIMAL, SqlType.FLOAT})
OPEN = frozenset({SqlType.UNKNOWN, SqlType.NULL})

_CAST_TYPES: dict[str, SqlType] = {
    **dict.fromkeys(("TEXT", "VARCHAR", "CHAR"), SqlType.TEXT),
    **dict.fromkeys(("INT", "BIGINT", "SMALLINT", "TINYINT"), SqlType.INTEGER),
    **dict.fromkeys(("DOUBLE", "FLOAT"), SqlType.FLOAT),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMPNTZ"), SqlType.TIMESTAMP),
    "DECIMAL": SqlType.DECIMAL,
    "BOOLEAN": SqlType.BOOLEAN,
    "DATE": SqlType.DATE,
}

_FIXED: dict[type[exp.Expr], SqlType] = {
    **dict.fromkeys(
        (exp.And, exp.Or, exp.Not, exp.Exists, exp.Is, exp.In, exp.Between, exp.RegexpLike, exp.Boolean),
        SqlType.BOOLEAN,
    ),
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), SqlType.BOOLEAN),
    **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ, exp.Like, exp.ILike), SqlType.BOOLEAN),
    **dict.fromkeys((exp.Lower, exp.Upper, exp.Trim), SqlType.TEXT),
    **dict.fromkeys((exp.Length, exp.Count, exp.CountIf, exp.RowNumber), SqlType.INTEGER),
    exp.Interval: SqlType.INTERVAL,
    exp.Null: SqlType.NULL,
    exp.TimestampTrunc: SqlType.TIMESTAMP,
    exp.Div: SqlType.FLOAT,
}


@dataclass(slots=True)
class Typing:
    """Types and nullability over one tree. `parameters` gives the type of each placeholder.

    The scopes ask for the types of derived columns while they are being read, hence the two steps of `read`.
    """

    parameters: Mapping[str, SqlType]
    scopes: Scopes | None = field(default=None)

    def scope_of(self, node: exp.Expr) -> Scope:
        return self.scopes.of(node) if self.scopes is not None else Scope(is_open=True)

    def describe(self, node: exp.Expr, scope: Scope) -> tuple[SqlType, bool]:
        return self.type_of(node, scope), bool(self.nullable_parts(node, scope))

    def type_of(self, node: exp.Expr, scope: Scope) -> SqlType:
        """The type of an expression, UNKNOWN where a part is not understood."""
        fixed = _FIXED.get(type(node))
        if fixed is not None:
            return fixed
        rule = _TYPE_RULES.get(type(node))
        return rule(self, node, scope) if rule is not None else SqlType.UNKNOWN

    def first_type(self, nodes: Iterable[exp.Expr], scope: Scope) -> SqlType:
        """The first type that is known and not null."""
        kinds = (self.type_of(node, scope) for node in nodes)
        return next((kind for kind in kinds if kind not in OPEN), SqlType.UNKNOWN)

    def nullable_parts(self, node: exp.Expr, scope: Scope, guarded: frozenset[str] = frozenset()) -> list[exp.Expr]:
        """The parts that can make `node` null: nullable columns, null literals, nullif, case without else.

        Columns in `guarded` have been tested for null beside this node. Empty: `node` is never null as far as the
        schema tells.
        """
        if isinstance(node, exp.Column):
            found = scope.find(node)
            return [node] if len(found) == 1 and found[0].nullable and column_text(node) not in guarded else []
        rule = _NULL_RULES.get(type(node))
        if rule is not None:
            return rule(self, node, scope, guarded)
        return [part for child in operands(node) for part in self.nullable_parts(child, scope, guarded)]


def read(tree: exp.Expr, tables: Mapping[str, Schema], parameters: Mapping[str, SqlType]) -> Typing:
    """Types and scopes of a whole tree."""
    typing = Typing(parameters)
    typing.scopes = Scopes(tree, tables, typing.describe)
    return typing


def operands(node: exp.Expr) -> list[exp.Expr]:
    """The direct children that carry a value: not types, units, names or whole queries."""
    skipped = exp.Select | exp.Subquery | exp.DataType | exp.Var | exp.Identifier | exp.Star
    return [child for child in node.iter_expressions() if not isinstance(child, skipped)]


def column_text(node: exp.Expr) -> str:
    return ".".join(part.name.lower() for part in node.parts) if isinstance(node, exp.Column) else ""


def unparenthesised(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def flattened(node: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """Operands of a chain of AND (or OR), brackets opened."""
    node = unparenthesised(node)
    if not isinstance(node, kind):
        return [node]
    return [*flattened(node.this, kind), *flattened(node.args["expression"], kind)]


def null_tested(node: exp.Expr, *, negated: bool) -> str:
    """The column of `x is null` (negated: `x is not null`), or the empty text."""
    node = unparenthesised(node)
    if negated:
        if not isinstance(node, exp.Not):
            return ""
        node = unparenthesised(node.this)
    if isinstance(node, exp.Is) and isinstance(node.args["expression"], exp.Null):
        return column_text(unparenthesised(node.this))
    return ""


def guards_in(parts: Iterable[exp.Expr], *, negated: bool) -> frozenset[str]:
    return frozenset(name for part in parts if (name := null_tested(part, negated=negated)))


# ---- types -----------------------------------------------------------------------------------------------------------


def _column_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    del typing
    found = scope.find(node)
    return found[0].type if len(found) == 1 else SqlType.UNKNOWN


def _literal_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    del typing, scope
    if node.args.get("is_string"):
        return SqlType.TEXT
    return SqlType.INTEGER if node.name.isdigit() else SqlType.DECIMAL


def _parameter_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    del scope
    return typing.parameters.get(node.name, SqlType.UNKNOWN)


def _inner_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    return typing.type_of(node.this, scope)


def _cast_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    del typing, scope
    return cast_type(node)


def cast_type(node: exp.Expr) -> SqlType:
    """Target of a cast as far as the subset knows it."""
    kind = node.args["to"].this
    return _CAST_TYPES.get(getattr(kind, "name", str(kind)), SqlType.UNKNOWN)


def _chosen_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    return typing.first_type([node.this, *node.expressions], scope)


def _case_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    return typing.first_type(case_results(node), scope)


def case_results(node: exp.Expr) -> list[exp.Expr]:
    results = [branch.args["true"] for branch in node.args.get("ifs") or ()]
    default = node.args.get("default")
    return [*results, default] if default is not None else results


def _arithmetic_type(typing: Typing, node: exp.Expr, scope: Scope) -> SqlType:
    kinds = {typing.type_of(node.this, scope), typing.type_of(node.args["expression"], scope)}
    for kind in (SqlType.TIMESTAMP, SqlType.DATE, SqlType.INTERVAL, SqlType.FLOAT, SqlType.DECIMAL):
        if kind in kinds:
            return kind
    return SqlType.INTEGER if kinds == {SqlType.INTEGER} else SqlType.UNKNOWN


_TYPE_RULES: dict[type[exp.Expr], Callable[[Typing, exp.Expr, Scope], SqlType]] = {
    exp.Column: _column_type,
    exp.Literal: _literal_type,
    exp.Placeholder: _parameter_type,
    exp.Cast: _cast_type,
    exp.TryCast: _cast_type,
    exp.Coalesce: _chosen_type,
    exp.Case: _case_type,
    **dict.fromkeys((exp.Paren, exp.Neg, exp.Nullif, exp.Sum, exp.Min, exp.Max, exp.Window, exp.Alias), _inner_type),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), _arithmetic_type),
}


# ---- nulls -----------------------------------------------------------------------------------------------------------

_NullRule = Callable[[Typing, exp.Expr, Scope, frozenset[str]], list[exp.Expr]]


def _never(typing: Typing, node: exp.Expr, scope: Scope, guarded: frozenset[str]) -> list[exp.Expr]:
    del typing, node, scope, guarded
    return []


def _always(typing: Typing, node: exp.Expr, scope: Scope, guarded: frozenset[str]) -> list[exp.Expr]:
    del typing, scope, guarded
    return [node]


def _coalesce(typing: Typing, node: exp.Expr, scope: Scope, guarded: frozenset[str]) -> list[exp.Expr]:
    parts: list[exp.Expr] = []
    for argument in [node.this, *node.expressions]:
        parts = typing.nullable_parts(argument, scope, guarded)
        if not parts:
            return []
    return parts


def _and(typing: Typing, node: exp.Expr, scope: Scope, guarded: frozenset[str]) -> list[exp.Expr]:
    parts = flattened(node, exp.And)
    known = guarded | guards_in(parts, negated=True)
    return [found for part in parts for found in typing.nullable_parts(part, scope, known)]


def _or(typing: Typing, node: exp.Expr, scope: Scope, guarded: frozenset[str]) -> list[exp.Expr]:
    parts = flattened(node, exp.Or)
    known = guarded | guards_in(parts, negated=False)
    return [found for part in parts for found in typing.nullable_parts(part, scope, known)]


def _case(typing: Typing, node: exp.Expr, scope: Scope, guarded: frozenset[str]) -> list[exp.Expr]:
    parts = [part for result in case_results(node) for part in typing.nullable_parts(result, scope, guarded)]
    return parts if node.args.get("default") is not None else [*parts, node]


_NULL_RULES: dict[type[exp.Expr], _NullRule] = {
    **dict.fromkeys((exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Exists, exp.Count, exp.CountIf), _never),
    **dict.fromkeys((exp.Interval, exp.Placeholder, exp.Window, exp.Literal, exp.Boolean), _never),
    **dict.fromkeys((exp.Null, exp.Nullif, exp.Sum, exp.Min, exp.Max), _always),
    exp.Coalesce: _coalesce,
    exp.And: _and,
    exp.Or: _or,
    exp.Case: _case,
}
