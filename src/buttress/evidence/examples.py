"""A declaration's own examples, run through the real runner: rows with known answers must get them.

The rows of all declarations lie in one database, each under a table name of its own, so that one locked child answers
for the whole catalogue.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from buttress.evidence.data.cells import CellError, CellRule, cell_reader
from buttress.evidence.data.tables import Schema, Table, Value, key_text
from buttress.evidence.declaration_lint import lint_declaration
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.declared_terms import ExampleRow, Examples
from buttress.evidence.locked.runner import QueryCounts, QueryError, run_queries, write_database
from buttress.evidence.locked.scratch import scratch_folder
from buttress.evidence.outcomes import query_of
from buttress.evidence.run_plan import Day
from buttress.evidence.sql.statements import TestQuery
from buttress.evidence.sql.text import RefusedSqlError, parse_predicate, parse_statement, print_sql
from buttress.formats.problems import Problem, ProblemsError, nearest
from buttress.formats.strict_yaml import Path as FieldPath

_UTC = ZoneInfo("UTC")
_PERIOD = timedelta(days=365)
_UNLOCKED = "the error no_landlock"


@dataclass(frozen=True, slots=True)
class _Case:
    """One declaration with its example tables and its query over them."""

    declaration: ControlTestDeclaration
    tables: tuple[Table, ...]
    query: TestQuery


def check_examples(declaration: ControlTestDeclaration, schemas: Mapping[str, Schema]) -> list[Problem]:
    """Where the examples do not come out as declared; empty: they do."""
    return check_all_examples([declaration], schemas)


def check_all_examples(declarations: Sequence[ControlTestDeclaration], schemas: Mapping[str, Schema]) -> list[Problem]:
    """The problems of many declarations: of those that do not fit their data sets, else of their examples if any."""
    problems: list[Problem] = []
    cases: list[_Case] = []
    for number, declaration in enumerate(declarations):
        faults = lint_declaration(declaration, schemas)
        if not faults:
            if declaration.examples is None:
                continue
            try:
                cases.append(_case(declaration, schemas, number))
                continue
            except ProblemsError as error:
                faults = list(error.problems)
        problems += faults
    for case, counts in zip(cases, _counted(cases), strict=True):
        problems += _differences(case, counts)
    return problems


def is_untried(problem: Problem) -> bool:
    """True where the examples did not run because of the machine, so that nothing is known against the declaration."""
    return problem.found == _UNLOCKED


def _counted(cases: Sequence[_Case]) -> list[QueryCounts | QueryError]:
    if not cases:
        return []
    tables = [table for case in cases for table in case.tables]
    with scratch_folder() as scratch:
        database = scratch / "examples.duckdb"
        write_database(database, tables)
        return run_queries(database, [case.query for case in cases], {t.name: t.schema for t in tables})


def _case(declaration: ControlTestDeclaration, schemas: Mapping[str, Schema], number: int) -> _Case:
    examples = declaration.examples
    assert examples is not None
    names = {name: f"{name}__{number}" for name in (declaration.source, *declaration.also)}
    problems: list[Problem] = []
    rows: dict[str, list[tuple[FieldPath, ExampleRow]]] = {
        declaration.source: [(("examples", g), row) for g, group in examples.groups().items() for row in group]
    }
    for name in declaration.also:
        rows[name] = [(("examples", "also", name), row) for row in examples.also.get(name, ())]
    tables = tuple(_table(declaration, names[name], schemas[name], placed, problems) for name, placed in rows.items())
    if problems:
        raise ProblemsError(problems)
    return _Case(declaration, tables, _query(declaration, examples, names))


def _table(
    declaration: ControlTestDeclaration,
    name: str,
    schema: Schema,
    placed: Sequence[tuple[FieldPath, ExampleRow]],
    problems: list[Problem],
) -> Table:
    """Example rows as a table; a column that some row leaves out may be null in it."""
    left_out = {c.name for c in schema.columns if any(row.get(c.name) is None for _, row in placed)}
    columns = tuple(replace(c, nullable=c.nullable or c.name in left_out) for c in schema.columns)
    readers = {c.name: cell_reader(c, CellRule(c.name), _UTC) for c in columns}
    rows: list[tuple[Value, ...]] = []
    for path, row in placed:
        for key in row:
            if key not in readers:
                advice = nearest(key, readers)
                problems.append(declaration.problem(path, f"the column {key!r}", "a column of the data set", advice))
        try:
            rows.append(tuple(readers[c.name](row.get(c.name)) for c in columns))
        except CellError as error:
            problems.append(declaration.problem(path, error.found, error.expected, error.advice))
    return Table(name, Schema(columns, schema.key), tuple(rows))


def _query(declaration: ControlTestDeclaration, examples: Examples, names: Mapping[str, str]) -> TestQuery:
    as_of = examples.as_of
    day = Day(as_of.date(), as_of.date(), as_of.date(), _UTC)
    query = query_of(declaration, as_of, day)
    rename = _renamed_predicate if declaration.is_predicate else _renamed_select
    try:
        texts = {field: rename(sql, names) for field, sql in declaration.sql_fields.items()}
    except RefusedSqlError as error:
        raise ProblemsError([declaration.problem((), error.construct, "SQL that can be read", error.reason)]) from None
    return replace(
        query,
        source=names[declaration.source],
        also=tuple(names[name] for name in declaration.also),
        period_start=examples.period_start or as_of - _PERIOD,
        period_end=examples.period_end or as_of,
        population=texts.get("population"),
        not_applicable=texts.get("not_applicable"),
        fail=texts.get("fail"),
        population_rows=texts.get("population_rows"),
        failing_rows=texts.get("failing_rows"),
        not_applicable_rows=texts.get("not_applicable_rows"),
    )


def _renamed_select(sql: str, names: Mapping[str, str]) -> str:
    """The SELECT over other tables; each keeps its old name as alias, so that columns are found as before."""
    tree = parse_statement(sql).copy()
    for table in list(tree.find_all(exp.Table)):
        if table.name in names:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("this", exp.to_identifier(names[table.name]))
    return print_sql(tree)


def _renamed_predicate(sql: str, names: Mapping[str, str]) -> str:
    tree = parse_predicate(sql).copy()
    for column in tree.find_all(exp.Column):
        if column.table in names:
            column.set("table", exp.to_identifier(names[column.table]))
    return print_sql(tree)


def _failing_keys(case: _Case) -> set[str]:
    """Keys of the examples that fail: after those that pass, in the order in which the source's rows were placed."""
    source, examples = case.tables[0], case.declaration.examples
    assert examples is not None
    first = len(examples.passing)
    positions = [source.schema.names.index(name) for name in case.declaration.key]
    rows = source.rows[first : first + len(examples.fail)]
    return {key_text(row[position] for position in positions) for row in rows}


def _differences(case: _Case, counts: QueryCounts | QueryError) -> Iterator[Problem]:
    declaration, examples = case.declaration, case.declaration.examples
    assert examples is not None
    if isinstance(counts, QueryError):
        advice = counts.detail
        yield declaration.problem(("examples",), f"the error {counts.reason_code}", "counts", advice)
        return
    groups = {name: len(rows) for name, rows in examples.groups().items()}
    expected = {
        "population": sum(groups.values()) - groups["outside"],
        "passed": groups["pass"],
        "failing": groups["fail"],
        "not_applicable": groups["not_applicable"] + groups["not_due"],
        "not_due": groups["not_due"],
        "unknown": 0,
    }
    for name, number in expected.items():
        if getattr(counts, name) != number:
            advice = "Correct the predicates, or the example that expects another answer."
            yield declaration.problem(("examples",), f"{name} {getattr(counts, name)}", f"{number}", advice)
    found = {key_text(row[: len(declaration.key)]) for row in counts.failing_rows}
    wanted = _failing_keys(case)
    for keys, found_text, expected_text in (
        (found - wanted, "fails", "an example that does not"),
        (wanted - found, "does not fail", "an example that fails"),
    ):
        for key in sorted(keys):
            yield declaration.problem(("examples", "fail"), f"{key}, which {found_text}", expected_text)
