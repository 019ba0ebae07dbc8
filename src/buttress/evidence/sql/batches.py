"""Tests of one population counted side by side: few scans of the data instead of one a test.

Tests over the same source, key, population and not_applicable are a group, ordered by the columns that they read and cut
into batches. A batch is one statement: the shared predicates in WHERE, then `passed` and `failing` of each test. What
concerns the whole group is counted once. Only tests whose predicates are certain for every row take part; they have the
same counts either way.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlglot import exp

from buttress.evidence.data.tables import Schema
from buttress.evidence.sql.certainty import is_certain
from buttress.evidence.sql.guard import guard
from buttress.evidence.sql.nodes import (
    all_of,
    any_of,
    column,
    count_all,
    count_if,
    in_brackets,
    is_null,
    named,
    negated,
    select,
    table,
)
from buttress.evidence.sql.predicates import Predicates
from buttress.evidence.sql.queries import TestQuery
from buttress.evidence.sql.text import COMPOSED_LIMITS, RefusedSqlError, bind_tree, print_sql

TESTS_A_BATCH = 10
"""More make the statement slower again: the engine keeps the columns of one batch at hand."""

Place = tuple[int, int]
"""A statement and the position of a count in what it returns."""


@dataclass(frozen=True, slots=True)
class RowsPlace:
    """Where the failing rows of one test stand in what a statement of a batch returns: those whose `flag` is true, and
    of them `columns`; both are positions."""

    statement: int
    flag: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SharedRows:
    """The statement that finds the failing rows of a whole batch, and the places of the batch's failing counts."""

    sql: str
    failing: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the counts of one test stand. `judged` are known rows that apply; None: there are none of these."""

    judged: Place
    passed: Place
    failing: Place
    not_due: Place | None
    population: Place | None
    not_applicable: Place | None
    unknown: Place | None
    rows: RowsPlace

    @property
    def taken(self) -> list[Place]:
        """The places, in the order of `counts`."""
        return [place for place in self._places if place is not None]

    @property
    def _places(self) -> tuple[Place | None, ...]:
        return (
            self.judged,
            self.passed,
            self.failing,
            self.not_due,
            self.population,
            self.not_applicable,
            self.unknown,
        )

    @property
    def statements(self) -> frozenset[int]:
        return frozenset(statement for statement, _ in self.taken)

    def counts(self, values: Sequence[int]) -> dict[str, int]:
        """Counts by their names, from the values found at `taken`; `judged` is there to be checked."""
        left = iter(values)
        judged, passed, failing, not_due, population, not_applicable, unknown = (
            None if place is None else next(left) for place in self._places
        )
        assert judged is not None and passed is not None and failing is not None
        return {
            "population": judged if population is None else population,
            "passed": passed,
            "failing": failing,
            "not_applicable": (not_applicable or 0) + (not_due or 0),
            "not_due": not_due or 0,
            "unknown": unknown or 0,
            "judged": judged,
        }


@dataclass(frozen=True, slots=True)
class Batches:
    """Statements that several tests share: those that count and those that find rows; and the places of each test that
    takes part, by its number."""

    statements: tuple[str, ...]
    rows: tuple[SharedRows, ...]
    places: Mapping[int, Places]


@dataclass(frozen=True, slots=True)
class _Member:
    """A test that may be counted beside others, its predicates with their values."""

    number: int
    query: TestQuery
    declared: Predicates
    may_lack_key: bool

    @property
    def group(self) -> tuple[str, ...]:
        shared = (self.declared.population, self.declared.not_applicable)
        texts = ("" if part is None else print_sql(part) for part in shared)
        return (self.query.source, "\t".join(self.query.key), *texts)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads beside those of the group."""
        parts = [part for part in (self.declared.fail, self.declared.due) if part is not None]
        return tuple(sorted({found.name for part in parts for found in part.find_all(exp.Column)}))


def batched(
    queries: Mapping[int, TestQuery], schemas: Mapping[str, Schema], whole: Mapping[str, Collection[str]]
) -> Batches:
    """The tests that may be counted side by side, of tests whose statements were composed before.

    `whole` names, by data set, the columns in which there is no null.
    """
    members = [
        member
        for number, query in queries.items()
        if (member := _member(number, query, schemas[query.source], whole.get(query.source, ())))
    ]
    members.sort(key=lambda each: (each.group, each.columns, each.query.test_id, each.number))
    found = _Building([], [], {})
    for _, group in groupby(members, key=lambda each: each.group):
        _add_group(list(group), found)
    return Batches(tuple(found.statements), tuple(found.rows), found.places)


@dataclass(frozen=True, slots=True)
class _Building:
    """`Batches` while they are made."""

    statements: list[str]
    rows: list[SharedRows]
    places: dict[int, Places]


def _member(number: int, query: TestQuery, schema: Schema, whole: Collection[str]) -> _Member | None:
    if query.is_row_form:
        return None
    declared = Predicates.of(query, schema).mapped(lambda tree: bind_tree(tree, query.values))
    if not all(is_certain(part, query.source, schema, whole) for part in declared.parts):
        return None
    return _Member(number, query, declared, may_lack_key=not set(query.key) <= set(whole))


def _add_group(group: Sequence[_Member], found: _Building) -> None:
    if len(group) < 2:
        return
    batches = [group[start : start + TESTS_A_BATCH] for start in range(0, len(group), TESTS_A_BATCH)]
    about_all = _group_statement(group[0])
    counting = [*([about_all] if about_all is not None else []), *map(_batch_statement, batches)]
    finding = [_rows_statement(batch) for batch in batches]
    try:
        texts, rows = ([_guarded(tree, group[0]) for tree in trees] for trees in (counting, finding))
    except RefusedSqlError:
        return  # too large together; each alone was not
    first = len(found.statements)
    found.statements.extend(texts)
    names = [] if about_all is None else about_all.named_selects
    shared = {name: (first, position) for position, name in enumerate(names)}
    for n, batch in enumerate(batches):
        number = first + (about_all is not None) + n
        places = _places_in(batch, number, counting[number - first], shared, (len(found.rows), finding[n]))
        found.places.update(places)
        found.rows.append(SharedRows(rows[n], tuple(each.failing for each in places.values())))


def _guarded(tree: exp.Expr, member: _Member) -> str:
    return guard(print_sql(tree), tables=(member.query.source,), limits=COMPOSED_LIMITS)


def _places_in(
    batch: Sequence[_Member],
    number: int,
    counting: exp.Select,
    shared: Mapping[str, Place],
    finding: tuple[int, exp.Select],
) -> dict[int, Places]:
    """Places of a batch whose counts the statement `number` returns; `finding` has the number and tree of the one that
    finds its failing rows."""
    counts, found = counting.named_selects, finding[1].named_selects
    return {
        member.number: Places(
            judged=(number, 0),
            passed=(number, counts.index(f"passed_{n}")),
            failing=(number, counts.index(f"failing_{n}")),
            not_due=(number, counts.index(f"not_due_{n}")) if member.declared.due is not None else None,
            population=shared.get("population"),
            not_applicable=shared.get("not_applicable"),
            unknown=shared.get("unknown"),
            rows=RowsPlace(finding[0], found.index(_flag(n)), tuple(found.index(c) for c in member.query.shown)),
        )
        for n, member in enumerate(batch)
    }


def _group_statement(member: _Member) -> exp.Select | None:
    """Population, not applicable and unknown of a whole group; None where all of its rows are judged."""
    declared, lacks = member.declared, _lacks_key(member)
    counts = [count_all("population")]
    if declared.not_applicable is not None:
        excused = declared.not_applicable.copy()
        counts.append(
            count_if(excused if lacks is None else all_of([in_brackets(excused), negated(lacks)]), "not_applicable")
        )
    if lacks is not None:
        counts.append(count_if(lacks.copy(), "unknown"))
    if len(counts) == 1:
        return None
    where = declared.population.copy() if declared.population is not None else None
    return select(counts, table(member.query.source), where)


def _batch_statement(batch: Sequence[_Member]) -> exp.Select:
    counts = [
        count_all("judged"),
        *(each for n, member in enumerate(batch) for each in _own_counts(n, member.declared)),
    ]
    conditions = _conditions(batch[0])
    return select(counts, table(batch[0].query.source), all_of(conditions) if conditions else None)


def _rows_statement(batch: Sequence[_Member]) -> exp.Select:
    """Every row that fails for one of the tests, with a flag for each."""
    shown = dict.fromkeys(name for member in batch for name in member.query.shown)
    fails = [all_of(_fails(member.declared)) for member in batch]
    flags = [named(in_brackets(fail), _flag(n)) for n, fail in enumerate(fails)]
    some = in_brackets(any_of([in_brackets(fail.copy()) for fail in fails]))
    columns = [*(named(column(name), name) for name in shown), *flags]
    return select(columns, table(batch[0].query.source), all_of([*_conditions(batch[0]), some]))


def _flag(n: int) -> str:
    return f"_fails_{n}"


def _conditions(member: _Member) -> list[exp.Expr]:
    """What the rows that are judged have in common."""
    declared, lacks = member.declared, _lacks_key(member)
    conditions = [in_brackets(declared.population.copy())] if declared.population is not None else []
    if declared.not_applicable is not None:
        conditions.append(negated(declared.not_applicable.copy()))
    if lacks is not None:
        conditions.append(negated(lacks))
    return conditions


def _fails(declared: Predicates) -> list[exp.Expr]:
    return [in_brackets(part.copy()) for part in (declared.fail, declared.due) if part is not None]


def _own_counts(n: int, declared: Predicates) -> Iterator[exp.Expr]:
    yield count_if(negated(declared.fail.copy()), f"passed_{n}")
    yield count_if(all_of(_fails(declared)), f"failing_{n}")
    if declared.due is not None:
        early = [in_brackets(declared.fail.copy()), negated(declared.due.copy())]
        yield count_if(all_of(early), f"not_due_{n}")


def _lacks_key(member: _Member) -> exp.Expr | None:
    """True for a row without a part of its key; None where there is no such row."""
    return any_of([is_null(column(name)) for name in member.query.key]) if member.may_lack_key else None
