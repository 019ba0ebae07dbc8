"""The portable subset for declared SQL and its linter, which works on the parsed tree and never on text.

What passes here ran identically on DuckDB, PostgreSQL, Spark and (nearly all) ClickHouse, and reads null the same way
everywhere. Messages name file, line, column, construct and what to write instead. The guard is another wall: it decides
what may run at all, this decides what may be declared.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from buttress.evidence.data.tables import ColumnType, Schema
from buttress.evidence.sql import column_types
from buttress.evidence.sql.linter_context import Check, Finding
from buttress.evidence.sql.linter_query_rules import QUERY_RULES, TREE_RULES
from buttress.evidence.sql.linter_value_rules import VALUE_RULES
from buttress.evidence.sql.refused_constructs import refusal
from buttress.evidence.sql.scopes import SqlType
from buttress.evidence.sql.text import DIALECT, RefusedSqlError, parse_predicate, parse_statement
from buttress.formats.problems import Problem

RUN_PARAMETERS: Mapping[str, SqlType] = dict.fromkeys(("as_of", "period_start", "period_end"), SqlType.TIMESTAMP)
"""What may vary between runs of one declaration, besides its declared parameters. UTC timestamps."""

Form = Literal["predicate", "select"]


@dataclass(frozen=True, slots=True)
class Where:
    """Where a declared SQL text stands: its first line, counted from 1 (None: unknown), and its field."""

    file: str
    line: int | None = None
    field: str = ""


def lint_sql(
    sql: str,
    *,
    tables: Mapping[str, Schema],
    form: Form,
    parameters: Collection[str] | Mapping[str, ColumnType],
    where: Where,
    key: Collection[str] = (),
) -> list[Problem]:
    """Everything in a declared text that is outside the portable subset, in the order of the text; empty: it passes.

    A predicate is judged over its single source, so `tables` then has exactly one entry. `parameters` are the declared
    ones; a mapping to column types lets their comparisons be checked. With `key` a SELECT must return these columns
    first.
    """
    try:
        tree = _predicate_tree(sql, tables) if form == "predicate" else parse_statement(sql)
    except RefusedSqlError as error:
        return [
            Problem(where.file, where.line, where.field, error.construct, "SQL of the portable subset", error.reason)
        ]
    while isinstance(tree, exp.Subquery) and tree.is_wrapper:
        tree = tree.this
    known = {**RUN_PARAMETERS, **_parameter_types(parameters)}
    check = Check(tree, form, tables, column_types.read(tree, tables, known), known, sql, tuple(key))
    findings = sorted(_findings(check), key=lambda finding: _position(finding.node, sql))
    return list(dict.fromkeys(_problem(finding, sql, where) for finding in findings))


def _predicate_tree(sql: str, tables: Mapping[str, Schema]) -> exp.Expr:
    if len(tables) != 1:
        raise RefusedSqlError("a predicate is judged over exactly one source", f"{len(tables)} sources")
    predicate = parse_predicate(sql)
    source = exp.Table(this=exp.to_identifier(next(iter(tables))))
    return exp.Select(expressions=[exp.Literal.number(1)], from_=exp.From(this=source), where=exp.Where(this=predicate))


def _parameter_types(parameters: Collection[str] | Mapping[str, ColumnType]) -> dict[str, SqlType]:
    if isinstance(parameters, Mapping):
        return {name: SqlType(ColumnType(kind).value) for name, kind in parameters.items()}
    return dict.fromkeys(parameters, SqlType.UNKNOWN)


def _findings(check: Check) -> Iterator[Finding]:
    """Refused constructs first; rules over what remains, so that nothing is reported twice."""
    if not isinstance(check.tree, exp.Select):
        construct = refusal(check.tree)
        write = construct.write if construct else "one SELECT"
        yield Finding(check.tree, "a statement that is no SELECT", write)
        return
    refused: set[int] = set()

    def is_refused(node: exp.Expr) -> bool:
        return id(node) in refused

    for node in check.tree.walk(prune=is_refused):
        construct = refusal(node)
        if construct is not None:
            refused.add(id(node))
            yield Finding(node, f"`{_snippet(node)}`, which {construct.why}", construct.write)
            continue
        for rule in (*QUERY_RULES.get(type(node), ()), *VALUE_RULES.get(type(node), ())):
            yield from rule(check, node)
    if not refused:
        for tree_rule in TREE_RULES:
            yield from tree_rule(check)


def _problem(finding: Finding, sql: str, where: Where) -> Problem:
    start = _position(finding.node, sql)
    before = sql[:start]
    line = None if where.line is None else where.line + before.count("\n")
    column = start - (before.rfind("\n") + 1) + 1
    return Problem(where.file, line, where.field, finding.found, finding.expected, finding.advice, column)


def _position(node: exp.Expr, sql: str) -> int:
    """Where a node begins in the text: the smallest position known in it, or in what stands around it."""
    around: exp.Expr | None = node
    while around is not None:
        starts = [found.meta["start"] for found in around.walk() if "start" in found.meta]
        if starts:
            return min(int(min(starts)), len(sql))
        around = around.parent
    return 0


def _snippet(node: exp.Expr) -> str:
    try:
        text = node.sql(dialect=DIALECT, comments=False)
    except Exception:  # only the message becomes poorer: a node that cannot be printed is named by its type
        text = type(node).__name__
    return text if len(text) <= 60 else f"{text[:59]}…"
