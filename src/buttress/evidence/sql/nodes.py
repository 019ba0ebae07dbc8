"""Small pieces of syntax tree, of which our own statements are made."""

from collections.abc import Sequence

from sqlglot import exp


def column(name: str, table: str = "") -> exp.Expr:
    return exp.Column(this=exp.to_identifier(name), table=exp.to_identifier(table) if table else None)


def table(name: str, alias: str = "") -> exp.Expr:
    found = exp.Table(this=exp.to_identifier(name))
    if alias:
        found.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return found


def named(node: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=node, alias=exp.to_identifier(name))


def select(columns: Sequence[exp.Expr], source: exp.Expr, where: exp.Expr | None = None) -> exp.Select:
    found = exp.Select(expressions=list(columns), from_=exp.From(this=source))
    if where is not None:
        found.set("where", exp.Where(this=where))
    return found


def derived(inner: exp.Expr, alias: str) -> exp.Expr:
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias)))


def all_of(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.And, parts)


def any_of(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.Or, parts)


def sum_of(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.Add, parts)


def _joined(kind: type[exp.Expr], parts: Sequence[exp.Expr]) -> exp.Expr:
    joined = parts[0]
    for part in parts[1:]:
        joined = kind(this=joined, expression=part)
    return joined


def in_brackets(node: exp.Expr) -> exp.Expr:
    return node if isinstance(node, exp.Paren | exp.Column | exp.Boolean | exp.Coalesce) else exp.Paren(this=node)


def negated(node: exp.Expr) -> exp.Expr:
    return exp.Not(this=in_brackets(node))


def is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=in_brackets(node), expression=exp.Null())


def true_or_null(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=node, expressions=[exp.Boolean(this=True)])


def count_if(node: exp.Expr, name: str) -> exp.Expr:
    """`count_if`, which is null over no rows, as zero."""
    return named(exp.Coalesce(this=exp.CountIf(this=node), expressions=[exp.Literal.number(0)]), name)


def count_all(name: str) -> exp.Expr:
    return named(exp.Count(this=exp.Star(), big_int=True), name)
