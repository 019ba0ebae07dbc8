"""What became of keys that were open before: a table of them in the run's database, and the statement that looks.

Keys are compared as texts, as `key_text` writes them: they come as rows of a table, never as text of SQL.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from sqlglot import exp

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, Value, key_parts
from buttress.evidence.sql.nodes import all_of, any_of, column, derived, in_brackets, named, negated, select, table
from buttress.evidence.sql.queries import TestQuery

TABLE = "_watched"
"""No data set's name begins with an underscore."""
TEST = "_test"
"""Placeholder of the test whose keys are meant."""

_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}:[0-9]{2})\.([0-9]{6})Z\Z")


def watched_tree(judged: exp.Select, key: Sequence[exp.Expr]) -> exp.Select:
    """Of the watched keys that are in the population: the number of each, and 1 where a row of it is unknown, not
    applicable or not due, else 0. `judged` selects the flags of each row, `key` are its key's columns."""
    rows = judged.copy()
    rows.set("expressions", [*(named(node, f"key_{n}") for n, node in enumerate(key)), *rows.expressions])
    early = all_of([column("is_failing", "j"), negated(column("is_due", "j"))])
    is_open = any_of([column("is_unknown", "j"), column("is_not_applicable", "j"), in_brackets(early)])
    one, nothing = exp.Literal.number(1), exp.Literal.number(0)
    undecided = exp.Max(this=exp.Case(ifs=[exp.If(this=is_open, true=one)], default=nothing))
    found = select([named(column("n", "w"), "n"), named(undecided, "is_undecided")], derived(rows, "j"))
    matches = [_is_key(n) for n in range(len(key))]
    of_test = exp.EQ(this=column("test", "w"), expression=exp.Placeholder(this=TEST))
    found.set("joins", [exp.Join(this=table(TABLE, "w"), on=all_of([*matches, of_test]))])
    found.set("group", exp.Group(expressions=[column("n", "w")]))
    return found


def _is_key(n: int) -> exp.Expr:
    return exp.EQ(this=exp.cast(column(f"key_{n}", "j"), "TEXT", dialect="duckdb"), expression=column(f"k{n}", "w"))


def watched_table(queries: Iterable[TestQuery], schemas: Mapping[str, Schema]) -> Table | None:
    """The watched keys of all queries, None where there are none. A key is known by its test and its position there."""
    asked = [query for query in queries if query.watched]
    if not asked:
        return None
    width = max(len(query.key) for query in asked)
    columns = (
        Column("test", ColumnType.TEXT, nullable=False),
        Column("n", ColumnType.INTEGER, nullable=False),
        *(Column(f"k{n}", ColumnType.TEXT) for n in range(width)),
    )
    rows = [row for query in asked for row in _rows(query, schemas.get(query.source), width)]
    return Table(TABLE, Schema(columns, ("test", "n")), tuple(rows))


def _rows(query: TestQuery, source: Schema | None, width: int) -> Iterator[tuple[Value, ...]]:
    kinds = [None if query.is_row_form or source is None else source.column(name) for name in query.key]
    for n, text in enumerate(query.watched):
        parts = key_parts(text)
        if len(parts) != len(kinds):
            continue  # a key of another shape, as the test had before, is in no population
        for found in product(*map(_engine_texts, parts, kinds)):
            yield (query.test_id, n, *found, *[None] * (width - len(found)))


def _engine_texts(text: str, kind: Column | None) -> tuple[str, ...]:
    """How the engine writes the value of a key: as it is, but for instants. Where the type is not known, both."""
    found = _INSTANT.match(text)
    if found is None or (kind is not None and kind.type is not ColumnType.TIMESTAMP):
        return (text,)
    instant = f"{found[1]} {found[2]}.{found[3]}".rstrip("0").rstrip(".") if found[3].strip("0") else None
    engine = instant or f"{found[1]} {found[2]}"
    return (engine,) if kind is not None else (text, engine)
