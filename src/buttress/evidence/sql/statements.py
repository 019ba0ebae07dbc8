"""From a declared control test to the statements that run: linted, guarded, composed, bound and printed.

Every declared text is linted and guarded by itself before it is composed, and the composed statement is guarded at each
run with its values in place. What does not depend on values is done once for all the dates of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp

from buttress.evidence.data.tables import ColumnType, Schema, Value
from buttress.evidence.sql.count_trees import CHECK_COLUMNS, COUNT_COLUMNS, predicate_trees, row_trees
from buttress.evidence.sql.guard import guard
from buttress.evidence.sql.linter import Form, Where, lint_sql
from buttress.evidence.sql.queries import TestQuery
from buttress.evidence.sql.text import (
    COMPOSED_LIMITS,
    RefusedSqlError,
    bind,
    parse_predicate,
    parse_statement,
    print_sql,
)
from buttress.evidence.sql.watched import TABLE, TEST
from buttress.formats.problems import Problem

__all__ = ["CHECK_COLUMNS", "COUNT_COLUMNS", "QueryPlan", "Statement", "TestQuery", "plan_of"]

_OF_RUN = ("as_of", "period_start", "period_end")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: `canonical` with placeholders as declared, `sql` as it runs, and the columns it returns."""

    canonical: str
    sql: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """The statements of one test: `failing` runs only where `counts` found failing rows, `watched` only where there are
    keys to watch."""

    counts: Statement
    failing: Statement
    watched: Statement | None
    is_row_form: bool

    @property
    def canonical_sql(self) -> str:
        return f"{self.counts.canonical};\n{self.failing.canonical}"


def plan_of(query: TestQuery, schemas: Mapping[str, Schema]) -> QueryPlan:
    """Statements of a test over its data sets. Raises RefusedSqlError with the first fault found."""
    tables = _tables_of(query, schemas)
    _check_shape(query, tables[query.source])
    types = tuple(sorted((name, _type_of(value)) for name, value in query.params.items()))
    undated = replace(query, as_of=_EPOCH, period_start=_EPOCH, period_end=_EPOCH, params={}, watched=())
    counts, failing, watched = _composed(undated, types, tuple(tables.items()))
    count_columns = (*COUNT_COLUMNS, *CHECK_COLUMNS) if query.is_row_form else COUNT_COLUMNS
    return QueryPlan(
        counts=_statement(counts, count_columns, query),
        failing=_statement(failing, tuple(failing.tree.named_selects), query),
        watched=_statement(watched, ("n", "is_undecided"), query, (TABLE,)) if query.watched else None,
        is_row_form=query.is_row_form,
    )


@dataclass(frozen=True, slots=True)
class _Composition:
    """A statement with its placeholders, as tree and as text."""

    tree: exp.Select
    text: str


@lru_cache(maxsize=512)
def _composed(
    query: TestQuery, types: tuple[tuple[str, ColumnType], ...], tables: tuple[tuple[str, Schema], ...]
) -> tuple[_Composition, _Composition, _Composition]:
    """Counts, failing rows and watched keys of a test whatever its dates and values; the trees are shared and must not
    be changed."""
    problems = lint_query(query, dict(tables), dict(types))
    if problems:
        first = problems[0]
        raise RefusedSqlError(f"expected {first.expected}. {first.advice}".strip(), f"{first.field}: {first.found}")
    for _, text, form in query.texts:
        _guard_alone(text, form, (query.source, *query.also), types)
    trees = row_trees(query) if query.is_row_form else predicate_trees(query, dict(tables)[query.source])
    counts, failing = (_Composition(tree, print_sql(tree)) for tree in (trees.counts, trees.failing))
    return counts, failing, _Composition(trees.watched, "")


def lint_query(query: TestQuery, tables: Mapping[str, Schema], parameters: Mapping[str, ColumnType]) -> list[Problem]:
    """Faults of all declared texts against the portable subset."""
    problems = []
    for name, text, form in query.texts:
        sources = tables if form == "select" else {query.source: tables[query.source]}
        where = Where(query.test_id, None, name)
        key = query.key if form == "select" else ()
        problems += lint_sql(text, tables=sources, form=form, parameters=parameters, where=where, key=key)
    return problems


_PYTHON_TYPES: tuple[tuple[type, ColumnType], ...] = (
    (bool, ColumnType.BOOLEAN),
    (int, ColumnType.INTEGER),
    (Decimal, ColumnType.DECIMAL),
    (datetime, ColumnType.TIMESTAMP),
    (date, ColumnType.DATE),
    (str, ColumnType.TEXT),
)


def _type_of(value: Value) -> ColumnType:
    found = next((kind for python, kind in _PYTHON_TYPES if isinstance(value, python)), None)
    if found is None:
        raise RefusedSqlError("a parameter needs a value", f"parameter {value!r}")
    return found


def _tables_of(query: TestQuery, schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    missing = [name for name in (query.source, *query.also) if name not in schemas]
    if missing:
        raise RefusedSqlError(f"the run has {', '.join(sorted(schemas)) or 'no data set'}", f"data set {missing[0]}")
    return {name: schemas[name] for name in (query.source, *query.also)}


def _check_shape(query: TestQuery, source: Schema) -> None:
    """Raise RefusedSqlError where the parts of a declaration do not make one form."""
    reserved = sorted(set(query.params) & set(_OF_RUN))
    faults = (
        (not query.key, "the columns that identify a row", "no key"),
        (bool(reserved), "these names belong to the run; choose another", f"parameter {', '.join(reserved)}"),
        ((query.due_from is None) != (query.due_sla is None), "both `from` and `sla`", "half of a deadline"),
    )
    for is_fault, reason, construct in (*faults, _form_fault(query)):
        if is_fault:
            raise RefusedSqlError(reason, construct)
    read = () if query.is_row_form else (*query.key, *query.display, *([query.due_from] if query.due_from else []))
    missing = [name for name in read if source.column(name) is None]
    if missing:
        raise RefusedSqlError(f"a column of {query.source}: {', '.join(source.names)}", f"column {missing[0]}")


def _form_fault(query: TestQuery) -> tuple[bool, str, str]:
    if query.is_row_form:
        is_whole = query.population_rows is not None and query.failing_rows is not None and query.fail is None
        return not is_whole, "population_rows and failing_rows, or fail alone", "an incomplete row form"
    return query.fail is None, "a predicate `fail`, or population_rows and failing_rows", "no failing condition"


_STAND_INS: Mapping[ColumnType, Value] = {
    ColumnType.TEXT: "",
    ColumnType.INTEGER: 0,
    ColumnType.DECIMAL: Decimal(0),
    ColumnType.BOOLEAN: False,
    ColumnType.DATE: _EPOCH.date(),
    ColumnType.TIMESTAMP: _EPOCH,
}
"""Values of each type for guarding a text by itself; the values of the run are guarded in the composed statement."""


@lru_cache(maxsize=512)
def _guard_alone(text: str, form: Form, tables: tuple[str, ...], types: tuple[tuple[str, ColumnType], ...]) -> None:
    """Raise RefusedSqlError for a declared text over `tables`, of which the first is the source; tests of one population
    share its text."""
    values = {name: _STAND_INS[kind] for name, kind in (*types, *((name, ColumnType.TIMESTAMP) for name in _OF_RUN))}
    if form == "select":
        guard(bind(parse_statement(text), values), tables=tables)
        return
    predicate = exp.Where(this=parse_predicate(text))
    source = exp.Table(this=exp.to_identifier(tables[0]))
    select = exp.Select(expressions=[exp.Literal.number(1)], from_=exp.From(this=source), where=predicate)
    guard(bind(select, values), tables=tables)


def _statement(
    composition: _Composition, columns: tuple[str, ...], query: TestQuery, also: tuple[str, ...] = ()
) -> Statement:
    bound = bind(composition.tree, {**query.values, TEST: query.test_id})
    tables = (query.source, *query.also, *also)
    executed = guard(bound, tables=tables, limits=COMPOSED_LIMITS)
    return Statement(composition.text, executed, columns)
