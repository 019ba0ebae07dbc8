"""Runs control tests on the database of one run: one locked child for all of them, its answer read as hostile.

The child (`child.py`) sees the run's tables and nothing else: no network, no file, no exceptions, no application
database. What it sends back is believed only as far as its shape, its limits and the count identity go. A cap reached,
a deadline passed or a count that does not add up is an error, never a shorter list.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from buttress.evidence.data.tables import Schema
from buttress.evidence.locked.asking import RunFiles, ask_child
from buttress.evidence.locked.failing_rows import write_failing_rows
from buttress.evidence.locked.landlock import landlock_abi
from buttress.evidence.locked.query_outcomes import Asked, QueryCounts, QueryError, outcome_of
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.sql.batches import Batches, batched
from buttress.evidence.sql.statements import TestQuery, plan_of
from buttress.evidence.sql.text import RefusedSqlError

__all__ = ["QueryCounts", "QueryError", "TestQuery", "run_queries", "write_database", "write_failing_rows"]

_NO_BATCHES = Batches((), (), {})


def run_queries(
    database: Path,
    queries: Sequence[TestQuery],
    schemas: Mapping[str, Schema],
    *,
    whole: Mapping[str, Collection[str]] | None = None,
    loaded: Mapping[str, Path] | None = None,
    deadline_seconds: float | None = None,
    allow_without_landlock: bool = False,
    together: bool = True,
) -> list[QueryCounts | QueryError]:
    """One outcome for each query, in order. `schemas` by data set, as the tables of `database`.

    One child answers for all. Where a query ends it, those after it get another, so that one bad test never takes the
    others with it. Tests of one population are counted together unless `together` is false, with the same outcome;
    `whole` names, by data set, the columns in which there is no null, without which fewer tests can be. Data sets of
    `loaded` lie in database files of their own, in tables of their name. The deadline of
    a child is 5 s and 4 s a statement unless given. Where the kernel has no Landlock only queries marked as shipped run,
    unless `allow_without_landlock`.
    """
    outcomes: dict[int, QueryCounts | QueryError] = {}
    pending: dict[int, Asked] = {}
    may_run = landlock_abi() > 0 or allow_without_landlock
    for number, query in enumerate(queries):
        if not (may_run or query.is_shipped):
            detail = "this kernel has no Landlock to confine SQL that is not shipped; run on Linux 5.13 or later"
            outcomes[number] = QueryError(query.test_id, "no_landlock", detail)
            continue
        try:
            pending[number] = Asked(query, plan_of(query, schemas))
        except RefusedSqlError as error:
            outcomes[number] = QueryError(query.test_id, "refused", str(error))
    able = {number: asked.query for number, asked in pending.items()}
    batches = batched(able, schemas, whole or {}) if together else _NO_BATCHES
    pending = {number: _placed(asked, number, batches) for number, asked in pending.items()}
    while pending:
        pending = _ask(RunFiles(database, loaded or {}), pending, batches, deadline_seconds, outcomes)
    return [outcomes[number] for number in range(len(queries))]


def _placed(asked: Asked, number: int, batches: Batches) -> Asked:
    places = batches.places.get(number)
    if places is None:
        return asked
    shared = tuple(batches.statements[n] for n in sorted(places.statements))
    return replace(asked, places=places, shared=shared, shared_rows=batches.rows[places.rows.statement].sql)


def _ask(
    files: RunFiles,
    pending: Mapping[int, Asked],
    batches: Batches,
    deadline_seconds: float | None,
    outcomes: dict[int, QueryCounts | QueryError],
) -> dict[int, Asked]:
    """Add the outcomes that one child gives; the queries that need another one.

    Where the child ended during a query that shares a statement, any of those that share it may be guilty: they are
    asked again, each alone.
    """
    entries = [_entry(asked) for asked in pending.values()]
    heard, ending = ask_child(
        files, entries, deadline_seconds, shared=batches.statements, rows=[asdict(each) for each in batches.rows]
    )
    left = iter(zip(pending.items(), heard, strict=True))
    for (number, asked), answer in left:
        if ending is not None and not answer.has_ended and asked.places is not None:
            suspects = asked.places.statements
            rest = {number: asked, **{other: each for (other, each), _ in left}}
            return dict(_parted(rest, suspects))
        outcomes[number] = outcome_of(asked, answer, ending)
        if ending is not None and not answer.has_ended:
            break
    return {number: asked for (number, asked), _ in left}


def _parted(pending: Mapping[int, Asked], suspects: Collection[int]) -> Iterator[tuple[int, Asked]]:
    for number, asked in pending.items():
        is_suspect = asked.places is not None and not asked.places.statements.isdisjoint(suspects)
        yield number, replace(asked, places=None, shared=()) if is_suspect else asked


def _entry(asked: Asked) -> dict[str, Any]:
    plan, places = asked.plan, asked.places
    entry: dict[str, Any] = {
        "counts": plan.counts.sql,
        "failing": plan.failing.sql,
        "failing_position": plan.counts.columns.index("failing"),
        "watched": plan.watched.sql if plan.watched else None,
    }
    if places is not None:
        entry |= {"taken": places.taken, "taken_failing": places.taken.index(places.failing)}
        entry["rows"] = [places.rows.statement, places.rows.flag, places.rows.columns]
    return entry
