"""Trees of the statements of one test: counts over judged rows, failing rows, watched keys; placeholders unbound.

A row of the population is *unknown* where its key or any predicate is null (also the population's own predicate: nobody
knows that the row lies outside); else *not applicable*; else, where `fail` is true, *failing* if due and *not due* if
its deadline is after `as_of` (counted inside not applicable); else *passed*. Each count has its own expression, so the
identity population = passed + failing + not applicable + unknown can fail. Counts are `count_if`, never FILTER, which is
slow on DuckDB and absent elsewhere.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlglot import exp

from buttress.evidence.data.tables import Schema
from buttress.evidence.sql.nodes import (
    all_of,
    any_of,
    column,
    count_all,
    count_if,
    derived,
    in_brackets,
    is_null,
    named,
    negated,
    select,
    sum_of,
    table,
    true_or_null,
)
from buttress.evidence.sql.predicates import Predicates, is_due
from buttress.evidence.sql.queries import TestQuery
from buttress.evidence.sql.text import RefusedSqlError, parse_statement
from buttress.evidence.sql.watched import watched_tree


class Trees(NamedTuple):
    """The statements of one test: `failing` runs where `counts` found any, `watched` where there are keys to watch."""

    counts: exp.Select
    failing: exp.Select
    watched: exp.Select


COUNT_COLUMNS = ("population", "passed", "failing", "not_applicable", "not_due", "unknown")
CHECK_COLUMNS = ("repeated_keys", "failing_outside", "not_applicable_outside")


def _judged_counts() -> list[exp.Expr]:
    """Count expressions over rows that carry is_unknown, is_not_applicable, is_failing and is_due."""
    known = negated(column("is_unknown"))
    applies = negated(column("is_not_applicable"))
    failing, due = column("is_failing"), column("is_due")
    early = all_of([failing.copy(), negated(due)])
    return [
        count_all("population"),
        count_if(all_of([known, applies, negated(failing)]), "passed"),
        count_if(all_of([known.copy(), applies.copy(), failing.copy(), due.copy()]), "failing"),
        count_if(
            all_of([known.copy(), exp.Paren(this=any_of([column("is_not_applicable"), exp.Paren(this=early)]))]),
            "not_applicable",
        ),
        count_if(all_of([known.copy(), applies.copy(), failing.copy(), negated(due.copy())]), "not_due"),
        count_if(column("is_unknown"), "unknown"),
    ]


# ---- predicate form --------------------------------------------------------------------------------------------------


def predicate_trees(query: TestQuery, schema: Schema) -> Trees:
    """The statements of the predicate form. Failing rows show the key, then what is displayed, then what is due."""
    declared = Predicates.of(query, schema)
    judged = select(
        [named(in_brackets(node), name) for name, node in declared.flags(query.key).items()],
        table(query.source),
        true_or_null(declared.population.copy()) if declared.population is not None else None,
    )
    counts = select(_judged_counts(), derived(judged, "judged"))
    condition = declared.fails(query.key)
    failing = select([named(column(name), name) for name in query.shown], table(query.source), condition)
    return Trees(counts, failing, watched_tree(judged, [column(name) for name in query.key]))


# ---- row form --------------------------------------------------------------------------------------------------------


_POPULATION, _FAILING, _NOT_APPLICABLE = "population_keys", "failing_keys", "not_applicable_keys"


def row_trees(query: TestQuery) -> Trees:
    """The statements of the row form; its counts check keys as well."""
    counts = select(
        [
            *_judged_counts(),
            named(
                sum_of([_repeated(name, query.key) for name in (_POPULATION, _FAILING, _NOT_APPLICABLE)]),
                "repeated_keys",
            ),
            named(_outside(_FAILING, query.key), "failing_outside"),
            named(_outside(_NOT_APPLICABLE, query.key), "not_applicable_outside"),
        ],
        derived(_judged_rows(query), "judged"),
    )
    with_clause = _with(query)
    counts.set("with_", with_clause)
    shown: list[str] = with_clause.expressions[1].this.named_selects
    for what, names in (("display", query.display), ("due", [query.due_from] if query.due_from else [])):
        missing = [name for name in names if name.lower() not in {each.lower() for each in shown}]
        if missing:
            raise RefusedSqlError(f"failing_rows returns {', '.join(shown)}", f"{what} column {missing[0]}")
    conditions = [negated(is_null(column(name, "f"))) for name in query.key]
    conditions.append(negated(_exists(_NOT_APPLICABLE, "n", "f", query.key)))
    if query.due_from is not None:
        conditions.append(is_due(query, column(query.due_from, "f")))
    failing = select([named(column(name, "f"), name) for name in shown], table(_FAILING, "f"), all_of(conditions))
    failing.set("with_", with_clause.copy())
    watched = watched_tree(_judged_rows(query), [column(name, "p") for name in query.key])
    watched.set("with_", with_clause.copy())
    return Trees(counts, failing, watched)


def _unwrapped(tree: exp.Expr) -> Any:
    while isinstance(tree, exp.Subquery) and tree.is_wrapper:
        tree = tree.this
    return tree


def _with(query: TestQuery) -> exp.Expr:
    keys = [named(column(name), name) for name in query.key]
    nothing = select(keys, table(_POPULATION), exp.Boolean(this=False))
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
        due = _exists(_FAILING, "d", "p", query.key, is_due(query, column(query.due_from, "d")))
    flags = {
        "is_unknown": any_of([is_null(column(name, "p")) for name in query.key]),
        "is_not_applicable": _exists(_NOT_APPLICABLE, "n", "p", query.key),
        "is_failing": _exists(_FAILING, "f", "p", query.key),
        "is_due": due,
    }
    return select([named(in_brackets(node), name) for name, node in flags.items()], table(_POPULATION, "p"))


def _exists(
    keys: str, inner: str, outer: str, key: Sequence[str], also: exp.Expr | None = None, *, nulls: bool = False
) -> exp.Expr:
    kind: type[exp.Expr] = exp.NullSafeEQ if nulls else exp.EQ
    matches: list[exp.Expr] = [kind(this=column(name, inner), expression=column(name, outer)) for name in key]
    condition = all_of([*matches, also] if also is not None else matches)
    return exp.Exists(this=select([named(exp.Literal.number(1), "one")], table(keys, inner), condition))


def _outside(keys: str, key: Sequence[str]) -> exp.Expr:
    """How many rows of `keys` have no row in the population, null keys compared as equal."""
    absent = negated(_exists(_POPULATION, "q", "o", key, nulls=True))
    return _scalar(select([count_all("outside")], table(keys, "o"), absent))


def _repeated(keys: str, key: Sequence[str]) -> exp.Expr:
    """How many keys occur more than once in `keys`; null keys are unknown, not repeated."""
    groups = select(
        [named(exp.Literal.number(1), "one")], table(keys), all_of([negated(is_null(column(name))) for name in key])
    )
    groups.set("group", exp.Group(expressions=[column(name) for name in key]))
    groups.set(
        "having",
        exp.Having(this=exp.GT(this=exp.Count(this=exp.Star(), big_int=True), expression=exp.Literal.number(1))),
    )
    return _scalar(select([count_all("repeated")], derived(groups, "repeated_groups")))


def _scalar(inner: exp.Expr) -> exp.Expr:
    return exp.Subquery(this=inner)
