"""The guard: an allow-list over the syntax tree, and the regenerated text that is the only text to run.

It is the first of three walls (the others: locked settings on a read-only file, a child process that the operating
system confines); each alone leaks. The tree of the text received and the tree of the text printed must both pass, and
printing must have reached its fixed point, so that what was judged is what runs. A stored test is guarded at every
run, not only when it was saved.
"""

import re
from collections.abc import Callable, Collection, Iterator

from sqlglot import exp

from buttress.evidence.sql.text import DECLARED_LIMITS, RefusedSqlError, SqlLimits, parse_statement, print_sql
from buttress.evidence.sql.vocabulary import CAST_TYPES, CLOCK_COLUMNS, FUNCTIONS, REFUSED_NODES, STRUCTURAL_NODES

_NAME = re.compile(r"[^\W\d]\w{0,62}")
_NUMBER = re.compile(r"\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?|\.\d{1,40}")
_WORD = re.compile(r"[A-Za-z_]{1,30}")


def guard(sql: str, *, tables: Collection[str], limits: SqlLimits = DECLARED_LIMITS) -> str:
    """The text to run instead of `sql`: printed from its tree, which holds only allowed constructs.

    `tables` are the run's populations, the only tables that may be read besides the query's own common table
    expressions. Raises RefusedSqlError for anything else, also where printing and parsing again change the tree.
    """
    populations = frozenset(name.lower() for name in tables)
    received = parse_statement(sql, limits)
    check_tree(received, populations, limits)
    printed = print_sql(_unwrapped(received))
    if printed == sql:
        return printed  # what was judged is the tree of this very text
    regenerated = parse_statement(printed, limits)
    check_tree(regenerated, populations, limits)
    if print_sql(regenerated) != printed:
        raise RefusedSqlError("printing and parsing again change it", "the statement")
    return printed


def check_tree(tree: exp.Expr, populations: frozenset[str], limits: SqlLimits = DECLARED_LIMITS) -> None:
    """Raise RefusedSqlError for the first node that is not allowed; `populations` in lower case."""
    if not isinstance(_unwrapped(tree), exp.Select | exp.SetOperation):
        raise RefusedSqlError("only a SELECT or a set operation of SELECTs may run", type(tree).__name__)
    tables = 0
    for count, node in enumerate(tree.walk(), start=1):
        tables += isinstance(node, exp.Table)
        if count > limits.nodes or tables > limits.tables:
            raise RefusedSqlError(f"at most {limits.nodes} nodes and {limits.tables} tables", "the statement")
        _check_kind(node)
        check = _CHECKS.get(type(node))
        if check is not None:
            check(node, populations)


def _unwrapped(tree: exp.Expr) -> exp.Expr:
    while isinstance(tree, exp.Subquery) and tree.is_wrapper:
        tree = tree.this
    return tree


def _check_kind(node: exp.Expr) -> None:
    name = type(node).__name__
    if name in REFUSED_NODES:
        raise RefusedSqlError("this construct may not be used", name)
    if name in STRUCTURAL_NODES:
        return
    if not isinstance(node, exp.Func):
        raise RefusedSqlError("this construct is not on the list of allowed ones", name)
    function = function_name(node)
    if function not in FUNCTIONS:
        raise RefusedSqlError("this function is not on the list of allowed ones", f"function {function}")


def function_name(node: exp.Func) -> str:
    """The parser's own name of a function, or the written name of one that it does not know; lower case."""
    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _check_table(node: exp.Expr, populations: frozenset[str]) -> None:
    name = node.this
    if not isinstance(name, exp.Identifier):
        raise RefusedSqlError("a table is named, never made by a function", print_sql(node)[:60])
    if node.args.get("db") is not None or node.args.get("catalog") is not None:
        raise RefusedSqlError("tables are named without schema or catalogue", f"table {print_sql(node)[:60]}")
    if node.args.get("only"):
        raise RefusedSqlError("tables are named alone", "ONLY")
    table = name.name.lower()
    if table not in populations and table not in set(_visible_ctes(node)):
        known = ", ".join(sorted(populations)) or "none"
        raise RefusedSqlError(f"only the run's populations may be read: {known}", f"table {table[:60]}")
    alias = node.alias.lower()
    if alias != table and alias in populations:
        raise RefusedSqlError("an alias must not be named like another population", f"alias {alias}")


def _visible_ctes(node: exp.Expr) -> Iterator[str]:
    """Names of the common table expressions that a table reference may mean: of enclosing queries, and of its own WITH
    only those written before it. Any other reference of that name would reach the catalogue.
    """
    child, parent = node, node.parent
    while parent is not None:
        with_clause = parent.args.get("with_")
        if isinstance(parent, exp.With):
            for cte in parent.expressions:
                if cte is child:
                    break
                yield cte.alias.lower()
        elif with_clause is not None and with_clause is not child:
            yield from (cte.alias.lower() for cte in with_clause.expressions)
        child, parent = parent, parent.parent


def _check_cte(node: exp.Expr, populations: frozenset[str]) -> None:
    if node.alias.lower() in populations:
        raise RefusedSqlError("a WITH query must not be named like a population", f"WITH {node.alias}")
    if not isinstance(_unwrapped(node.this), exp.Select | exp.SetOperation):
        raise RefusedSqlError("a WITH query is a SELECT", f"WITH {node.alias}")


def _check_with(node: exp.Expr, populations: frozenset[str]) -> None:
    del populations
    if node.args.get("recursive"):
        raise RefusedSqlError("recursion has no bound", "WITH RECURSIVE")


def _check_subquery(node: exp.Expr, populations: frozenset[str]) -> None:
    if node.alias.lower() in populations:
        raise RefusedSqlError("an alias must not be named like a population", f"alias {node.alias}")


def _check_identifier(node: exp.Expr, populations: frozenset[str]) -> None:
    del populations
    if not _NAME.fullmatch(node.name):
        raise RefusedSqlError("names are letters, digits and underscores, at most 63", f"name {node.name[:60]!r}")


def _check_column(node: exp.Expr, populations: frozenset[str]) -> None:
    del populations
    if node.args.get("db") is not None or node.args.get("catalog") is not None:
        raise RefusedSqlError("a column has at most its table before it", f"column {print_sql(node)[:60]}")
    if node.args.get("table") is None and node.name.lower() in CLOCK_COLUMNS:
        raise RefusedSqlError("this name also means the session or the clock; put the table before it", node.name)


def _check_literal(node: exp.Expr, populations: frozenset[str]) -> None:
    del populations
    if not node.args.get("is_string") and not _NUMBER.fullmatch(node.name):
        raise RefusedSqlError("numbers are written with digits", f"literal {node.name[:40]}")


def _check_var(node: exp.Expr, populations: frozenset[str]) -> None:
    del populations
    if not _WORD.fullmatch(node.name):
        raise RefusedSqlError("this word is printed as it stands and is none", f"word {node.name[:40]!r}")


def _check_type(node: exp.Expr, populations: frozenset[str]) -> None:
    del populations
    kind = getattr(node.this, "name", str(node.this))
    if kind not in CAST_TYPES or node.args.get("nested"):
        raise RefusedSqlError("a cast names one of the plain types without zone", f"type {print_sql(node)[:60]}")


_CHECKS: dict[type[exp.Expr], Callable[[exp.Expr, frozenset[str]], None]] = {
    exp.Table: _check_table,
    exp.CTE: _check_cte,
    exp.With: _check_with,
    exp.Subquery: _check_subquery,
    exp.Identifier: _check_identifier,
    exp.Column: _check_column,
    exp.Literal: _check_literal,
    exp.Var: _check_var,
    exp.DataType: _check_type,
}
