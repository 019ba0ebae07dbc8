"""Trees of the statements of one test: counts over judged rows, and the failing rows, with placeholders unbound.

A row of the population is *unknown* where its key or any predicate is null (also the population's own predicate: nobody
knows that the row lies outside); else *not applicable*; else, where `fail` is true, *failing* if due and *not due* if
its deadline is after `as_of` (counted inside not applicable); else *passed*. Each count has its own expression, so the
identity population = passed + failing + not applicable + unknown can fail. Counts are `count_if`, never FILTER, which is
slow on DuckDB and absent elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from buttress.evidence.data.tables import ColumnType, Schema
from buttress.evidence.sql.queries import TestQuery
from buttress.evidence.sql.text import RefusedSqlError, parse_predicate, parse_statement

COUNT_COLUMNS = ("population", "passed", "failing", "not_applicable", "not_due", "unknown")
CHECK_COLUMNS = ("repeated_keys", "failing_outside", "not_applicable_outside")


def _column(name: str, table: str = "") -> exp.Expr:
    return exp.Column(this=exp.to_identifier(name), table=exp.to_identifier(table) if table else None)


def _table(name: str, alias: str = "") -> exp.Expr:
    table = exp.Table(this=exp.to_identifier(name))
    if alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return table


def _as(node: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=node, alias=exp.to_identifier(name))


def _select(columns: Sequence[exp.Expr], source: exp.Expr, where: exp.Expr | None = None) -> exp.Select:
    select = exp.Select(expressions=list(columns), from_=exp.From(this=source))
    if where is not None:
        select.set("where", exp.Where(this=where))
    return select


def _all(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.And, parts)


def _any(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.Or, parts)


def _joined(kind: type[exp.Expr], parts: Sequence[exp.Expr]) -> exp.Expr:
    joined = parts[0]
    for part in parts[1:]:
        joined = kind(this=joined, expression=part)
    return joined


def _in_brackets(node: exp.Expr) -> exp.Expr:
    return node if isinstance(node, exp.Paren | exp.Column | exp.Boolean | exp.Coalesce) else exp.Paren(this=node)


def _not(node: exp.Expr) -> exp.Expr:
    return exp.Not(this=_in_brackets(node))


def _is_null(node: exp.Expr) -> exp.Expr:
    return exp.Is(this=_in_brackets(node), expression=exp.Null())


def _true(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=node, expressions=[exp.Boolean(this=True)])


def _count_if(node: exp.Expr, name: str) -> exp.Expr:
    """`count_if`, which is null over no rows, as zero."""
    return _as(exp.Coalesce(this=exp.CountIf(this=node), expressions=[exp.Literal.number(0)]), name)


def _count_all(name: str) -> exp.Expr:
    return _as(exp.Count(this=exp.Star(), big_int=True), name)


def _is_due(query: TestQuery, column: exp.Expr, *, is_date: bool = False) -> exp.Expr:
    """The deadline is not after `as_of`; a row without start of its term is due."""
    assert query.due_sla is not None
    seconds = int(query.due_sla.total_seconds())
    term = exp.Interval(this=exp.Literal.string(str(seconds)), unit=exp.Var(this="SECOND"))
    start = exp.cast(column, "TIMESTAMP", dialect="duckdb") if is_date else column
    limit = exp.Sub(this=exp.Placeholder(this="as_of"), expression=term)
    return _true(exp.LTE(this=start, expression=limit))


def _judged_counts() -> list[exp.Expr]:
    """Count expressions over rows that carry is_unknown, is_not_applicable, is_failing and is_due."""
    known = _not(_column("is_unknown"))
    applies = _not(_column("is_not_applicable"))
    failing, due = _column("is_failing"), _column("is_due")
    early = _all([failing.copy(), _not(due)])
    return [
        _count_all("population"),
        _count_if(_all([known, applies, _not(failing)]), "passed"),
        _count_if(_all([known.copy(), applies.copy(), failing.copy(), due.copy()]), "failing"),
        _count_if(
            _all([known.copy(), exp.Paren(this=_any([_column("is_not_applicable"), exp.Paren(this=early)]))]),
            "not_applicable",
        ),
        _count_if(_all([known.copy(), applies.copy(), failing.copy(), _not(due.copy())]), "not_due"),
        _count_if(_column("is_unknown"), "unknown"),
    ]


# ---- predicate form --------------------------------------------------------------------------------------------------


def predicate_trees(query: TestQuery, schema: Schema) -> tuple[exp.Select, exp.Select]:
    """Counts and failing rows of the predicate form."""
    declared = _Predicates.of(query, schema)
    judged = _select(
        [_as(_in_brackets(node), name) for name, node in declared.flags(query.key).items()],
        _table(query.source),
        _true(declared.population.copy()) if declared.population is not None else None,
    )
    counts = _select(_judged_counts(), _derived(judged, "judged"))
    shown = [*query.key, *(name for name in query.display if name not in query.key)]
    condition = declared.fails(query.key)
    failing = _select([_as(_column(name), name) for name in shown], _table(query.source), condition)
    return counts, failing


@dataclass(frozen=True, slots=True)
class _Predicates:
    """The declared predicates as trees, to be copied into place; None where nothing was declared."""

    population: exp.Expr | None
    not_applicable: exp.Expr | None
    fail: exp.Expr
    due: exp.Expr | None

    @staticmethod
    def of(query: TestQuery, schema: Schema) -> "_Predicates":
        due = None
        if query.due_from is not None:
            column = schema.column(query.due_from)
            is_date = column is not None and column.type is ColumnType.DATE
            due = _is_due(query, _column(query.due_from), is_date=is_date)
        population = parse_predicate(query.population) if query.population else None
        not_applicable = parse_predicate(query.not_applicable) if query.not_applicable else None
        return _Predicates(population, not_applicable, parse_predicate(query.fail or ""), due)

    def flags(self, key: Sequence[str]) -> dict[str, exp.Expr]:
        """What is said of each row, by the names that the counts read."""
        declared = [part for part in (self.population, self.not_applicable, self.fail) if part is not None]
        return {
            "is_unknown": _any([_is_null(part) for part in (*map(_column, key), *(part.copy() for part in declared))]),
            "is_not_applicable": exp.Boolean(this=False) if self.not_applicable is None else self.not_applicable.copy(),
            "is_failing": self.fail.copy(),
            "is_due": exp.Boolean(this=True) if self.due is None else self.due.copy(),
        }

    def fails(self, key: Sequence[str]) -> exp.Expr:
        """True for a failing row; null or false for all others, also for those that are unknown."""
        conditions = [_in_brackets(part.copy()) for part in (self.population, self.fail, self.due) if part is not None]
        if self.not_applicable is not None:
            conditions.append(_not(self.not_applicable.copy()))
        return _all([*conditions, *(_not(_is_null(_column(name))) for name in key)])


def _derived(select: exp.Expr, alias: str) -> exp.Expr:
    return exp.Subquery(this=select, alias=exp.TableAlias(this=exp.to_identifier(alias)))


# ---- row form --------------------------------------------------------------------------------------------------------


_POPULATION, _FAILING, _NOT_APPLICABLE = "population_keys", "failing_keys", "not_applicable_keys"


def row_trees(query: TestQuery) -> tuple[exp.Select, exp.Select]:
    """Counts (with the checks of keys) and failing rows of the row form."""
    counts = _select(
        [
            *_judged_counts(),
            _as(
                _scalar_sum([_repeated(name, query.key) for name in (_POPULATION, _FAILING, _NOT_APPLICABLE)]),
                "repeated_keys",
            ),
            _as(_outside(_FAILING, query.key), "failing_outside"),
            _as(_outside(_NOT_APPLICABLE, query.key), "not_applicable_outside"),
        ],
        _derived(_judged_rows(query), "judged"),
    )
    with_clause = _with(query)
    counts.set("with_", with_clause)
    shown: list[str] = with_clause.expressions[1].this.named_selects
    for what, names in (("display", query.display), ("due", [query.due_from] if query.due_from else [])):
        missing = [name for name in names if name.lower() not in {column.lower() for column in shown}]
        if missing:
            raise RefusedSqlError(f"failing_rows returns {', '.join(shown)}", f"{what} column {missing[0]}")
    conditions = [_not(_is_null(_column(name, "f"))) for name in query.key]
    conditions.append(_not(_exists(_NOT_APPLICABLE, "n", "f", query.key)))
    if query.due_from is not None:
        conditions.append(_is_due(query, _column(query.due_from, "f")))
    failing = _select([_as(_column(name, "f"), name) for name in shown], _table(_FAILING, "f"), _all(conditions))
    failing.set("with_", with_clause.copy())
    return counts, failing


def _unwrapped(tree: exp.Expr) -> Any:
    while isinstance(tree, exp.Subquery) and tree.is_wrapper:
        tree = tree.this
    return tree


def _with(query: TestQuery) -> exp.Expr:
    keys = [_as(_column(name), name) for name in query.key]
    nothing = _select(keys, _table(_POPULATION), exp.Boolean(this=False))
    trees = {
        _POPULATION: _unwrapped(parse_statement(query.population_rows or "")),
        _FAILING: _unwrapped(parse_statement(query.failing_rows or "")),
        _NOT_APPLICABLE: _unwrapped(parse_statement(query.not_applicable_rows))
        if query.not_applicable_rows
        else nothing,
    }
    return exp.With(
        expressions=[
            exp.CTE(this=tree, alias=exp.TableAlias(this=exp.to_identifier(name))) for name, tree in trees.items()
        ]
    )


def _judged_rows(query: TestQuery) -> exp.Select:
    due: exp.Expr = exp.Boolean(this=True)
    if query.due_from is not None:
        due = _exists(_FAILING, "d", "p", query.key, _is_due(query, _column(query.due_from, "d")))
    flags = {
        "is_unknown": _any([_is_null(_column(name, "p")) for name in query.key]),
        "is_not_applicable": _exists(_NOT_APPLICABLE, "n", "p", query.key),
        "is_failing": _exists(_FAILING, "f", "p", query.key),
        "is_due": due,
    }
    return _select([_as(_in_brackets(node), name) for name, node in flags.items()], _table(_POPULATION, "p"))


def _exists(
    table: str, inner: str, outer: str, key: Sequence[str], also: exp.Expr | None = None, *, nulls: bool = False
) -> exp.Expr:
    kind: type[exp.Expr] = exp.NullSafeEQ if nulls else exp.EQ
    matches: list[exp.Expr] = [kind(this=_column(name, inner), expression=_column(name, outer)) for name in key]
    condition = _all([*matches, also] if also is not None else matches)
    return exp.Exists(this=_select([_as(exp.Literal.number(1), "one")], _table(table, inner), condition))


def _outside(table: str, key: Sequence[str]) -> exp.Expr:
    """How many rows of `table` have no row in the population, null keys compared as equal."""
    absent = _not(_exists(_POPULATION, "q", "o", key, nulls=True))
    return _scalar(_select([_count_all("outside")], _table(table, "o"), absent))


def _repeated(table: str, key: Sequence[str]) -> exp.Expr:
    """How many keys occur more than once in `table`; null keys are unknown, not repeated."""
    groups = _select(
        [_as(exp.Literal.number(1), "one")], _table(table), _all([_not(_is_null(_column(name))) for name in key])
    )
    groups.set("group", exp.Group(expressions=[_column(name) for name in key]))
    groups.set(
        "having",
        exp.Having(this=exp.GT(this=exp.Count(this=exp.Star(), big_int=True), expression=exp.Literal.number(1))),
    )
    return _scalar(_select([_count_all("repeated")], _derived(groups, "repeated_groups")))


def _scalar(select: exp.Expr) -> exp.Expr:
    return exp.Subquery(this=select)


def _scalar_sum(parts: Sequence[exp.Expr]) -> exp.Expr:
    return _joined(exp.Add, parts)
