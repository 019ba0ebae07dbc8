"""Which columns decide a test: all that its SQL reads, without those that a SELECT merely shows."""

from functools import lru_cache

from sqlglot import exp

from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.sql.text import parse_predicate, parse_statement


def deciding_columns(declaration: ControlTestDeclaration) -> frozenset[str]:
    """Names of the columns that population, key and failures depend on; raises RefusedSqlError.

    Those of `not_applicable` and `due` are left out: where they are null nothing is excused, which is the strict reading.
    """
    names = set(declaration.key)
    for field, sql in declaration.sql_fields.items():
        if field in ("not_applicable", "not_applicable_rows"):
            continue
        names |= _predicate_columns(sql) if declaration.is_predicate else _select_columns(sql, len(declaration.key))
    return frozenset(names)


@lru_cache(1024)
def _predicate_columns(sql: str) -> frozenset[str]:
    return frozenset(column.name for column in parse_predicate(sql).find_all(exp.Column))


@lru_cache(1024)
def _select_columns(sql: str, key_length: int) -> frozenset[str]:
    tree = parse_statement(sql)
    if isinstance(tree, exp.Select):
        tree = tree.copy()
        tree.set("expressions", tree.expressions[:key_length])
    return frozenset(column.name for column in tree.find_all(exp.Column))
