"""The declared predicates of one test as trees, and what follows from them for a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from buttress.evidence.data.tables import ColumnType, Schema
from buttress.evidence.sql.nodes import all_of, any_of, column, in_brackets, is_null, negated, true_or_null
from buttress.evidence.sql.queries import TestQuery
from buttress.evidence.sql.text import parse_predicate


def is_due(query: TestQuery, start: exp.Expr, *, is_date: bool = False) -> exp.Expr:
    """The deadline is not after `as_of`; a row without start of its term is due."""
    assert query.due_sla is not None
    seconds = int(query.due_sla.total_seconds())
    term = exp.Interval(this=exp.Literal.string(str(seconds)), unit=exp.Var(this="SECOND"))
    if is_date:
        start = exp.cast(start, "TIMESTAMP", dialect="duckdb")
    limit = exp.Sub(this=exp.Placeholder(this="as_of"), expression=term)
    return true_or_null(exp.LTE(this=start, expression=limit))


@dataclass(frozen=True, slots=True)
class Predicates:
    """The declared predicates as trees, to be copied into place; None where nothing was declared."""

    population: exp.Expr | None
    not_applicable: exp.Expr | None
    fail: exp.Expr
    due: exp.Expr | None

    @staticmethod
    def of(query: TestQuery, schema: Schema) -> "Predicates":
        due = None
        if query.due_from is not None:
            since = schema.column(query.due_from)
            is_date = since is not None and since.type is ColumnType.DATE
            due = is_due(query, column(query.due_from), is_date=is_date)
        population = parse_predicate(query.population) if query.population else None
        not_applicable = parse_predicate(query.not_applicable) if query.not_applicable else None
        return Predicates(population, not_applicable, parse_predicate(query.fail or ""), due)

    @property
    def parts(self) -> list[exp.Expr]:
        return [part for part in (self.population, self.not_applicable, self.fail, self.due) if part is not None]

    def mapped(self, change: Callable[[exp.Expr], exp.Expr]) -> "Predicates":
        """The same with each tree replaced by what `change` makes of it."""
        population = change(self.population) if self.population is not None else None
        not_applicable = change(self.not_applicable) if self.not_applicable is not None else None
        return Predicates(
            population, not_applicable, change(self.fail), change(self.due) if self.due is not None else None
        )

    def flags(self, key: Sequence[str]) -> dict[str, exp.Expr]:
        """What is said of each row, by the names that the counts read."""
        declared = [part for part in (self.population, self.not_applicable, self.fail) if part is not None]
        return {
            "is_unknown": any_of([is_null(part) for part in (*map(column, key), *(part.copy() for part in declared))]),
            "is_not_applicable": exp.Boolean(this=False) if self.not_applicable is None else self.not_applicable.copy(),
            "is_failing": self.fail.copy(),
            "is_due": exp.Boolean(this=True) if self.due is None else self.due.copy(),
        }

    def fails(self, key: Sequence[str]) -> exp.Expr:
        """True for a failing row; null or false for all others, also for those that are unknown."""
        conditions = [in_brackets(part.copy()) for part in (self.population, self.fail, self.due) if part is not None]
        if self.not_applicable is not None:
            conditions.append(negated(self.not_applicable.copy()))
        return all_of([*conditions, *(negated(is_null(column(name))) for name in key)])
