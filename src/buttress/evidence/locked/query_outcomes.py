"""What one query found, or why it found nothing: the child's answer held against its own sums."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from buttress.evidence.data.tables import key_text
from buttress.evidence.locked.answers import Heard
from buttress.evidence.locked.asking import Ending
from buttress.evidence.locked.failing_rows import canonical_order
from buttress.evidence.sql.batches import Places
from buttress.evidence.sql.statements import CHECK_COLUMNS, COUNT_COLUMNS, QueryPlan, TestQuery


@dataclass(frozen=True, slots=True)
class QueryCounts:
    """What one test found. population = passed + failing + not_applicable + unknown; not_due lies in not_applicable.

    `failing_rows` are complete, in canonical order, as canonical text under `failing_columns` (key, then display).
    `executed_sql` gives these answers by itself, its values in place; `canonical_sql` is the declared text with its
    placeholders. Where counts, and rows, were found together with those of other tests, `shared_sql` are the
    statements that found them. `elapsed` in seconds.
    Of the watched keys that do not fail, `left_keys` are not in the population, and `undecided_keys` are not applicable,
    not due or unknown; all others have passed.
    """

    test_id: str
    population: int
    passed: int
    failing: int
    not_applicable: int
    not_due: int
    unknown: int
    failing_rows: tuple[tuple[str | None, ...], ...]
    failing_columns: tuple[str, ...]
    canonical_sql: str
    executed_sql: str
    elapsed: float
    left_keys: tuple[str, ...] = ()
    undecided_keys: tuple[str, ...] = ()
    shared_sql: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class QueryError:
    """Why one test has no counts.

    `reason_code`: refused, no_landlock, time, crashed, limit, sql, count_identity, repeated_keys, failing_outside,
    not_applicable_outside. `detail` never holds data.
    """

    test_id: str
    reason_code: str
    detail: str
    canonical_sql: str = ""
    executed_sql: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query as it was put to the child: its statements, and where its counts stand in those that it shares."""

    query: TestQuery
    plan: QueryPlan
    places: Places | None = None
    shared: tuple[str, ...] = ()
    shared_rows: str = ""


def outcome_of(asked: Asked, answer: Heard, ending: Ending | None) -> QueryCounts | QueryError:
    """The answer to one query as far as it is believed; `ending` tells why the child stopped before its end."""
    query, plan = asked.query, asked.plan
    counts = _counts(asked, answer)
    texts = [plan.counts, *([plan.failing] if counts.get("failing") else []), *([plan.watched] if plan.watched else [])]
    executed = ";\n".join(text.sql for text in texts)

    def error(code: str, detail: str) -> QueryError:
        return QueryError(query.test_id, code, detail, plan.canonical_sql, executed)

    if answer.error is not None:
        name, detail = answer.error
        return error("time" if name == "InterruptException" else "sql", f"{name}: {detail}" if detail else name)
    if not answer.has_ended or (answer.counts is None and answer.shared is None):
        return error(*(ending or ("crashed", "the child ended without an answer")))
    if not counts:
        return error("limit", "counts of another number than were asked for")
    fault = _fault(counts, answer, plan, query)
    if fault is not None:
        return error(*fault)
    rows = canonical_order(answer.rows)
    fate = _fate(query, rows, answer.watched)
    return QueryCounts(
        test_id=query.test_id,
        **{name: counts[name] for name in COUNT_COLUMNS},
        failing_rows=tuple(rows),
        failing_columns=plan.failing.columns,
        canonical_sql=plan.canonical_sql,
        executed_sql=executed,
        elapsed=answer.elapsed,
        left_keys=tuple(key for key, undecided in fate.items() if undecided is None),
        undecided_keys=tuple(key for key, undecided in fate.items() if undecided),
        shared_sql=_shared(asked, answer),
    )


def _shared(asked: Asked, answer: Heard) -> tuple[str, ...]:
    counted = asked.shared if answer.shared is not None else ()
    return (*counted, *([asked.shared_rows] if answer.is_found_together else []))


def _counts(asked: Asked, answer: Heard) -> dict[str, int]:
    """Counts by name, empty where they are not those that were asked for."""
    if answer.shared is not None:
        if asked.places is None or len(answer.shared) != len(asked.places.taken):
            return {}
        return asked.places.counts(answer.shared)
    columns = asked.plan.counts.columns
    values = answer.counts or []
    return dict(zip(columns, values, strict=True)) if len(values) == len(columns) else {}


def _fate(
    query: TestQuery, rows: Iterable[tuple[str | None, ...]], found: Mapping[int, bool]
) -> dict[str, bool | None]:
    """Watched keys that do not fail, in their order: whether each is undecided, None for those not found."""
    if not query.watched:
        return {}
    failing = {key_text(row[: len(query.key)]) for row in rows}
    return {key: found.get(n) for n, key in enumerate(query.watched) if key not in failing}


def _fault(counts: Mapping[str, int], answer: Heard, plan: QueryPlan, query: TestQuery) -> tuple[str, str] | None:
    """What does not add up: code and detail. Items that share a key could be excepted all at once by naming one."""
    for name in CHECK_COLUMNS:
        if counts.get(name, 0):
            return (name, f"{counts[name]} rows")
    parts = {name: counts[name] for name in ("passed", "failing", "not_applicable", "unknown")}
    if counts["population"] != sum(parts.values()) or counts["not_due"] > counts["not_applicable"]:
        shown = " + ".join(f"{name} {value}" for name, value in parts.items())
        return ("count_identity", f"population {counts['population']} is not {shown}")
    judged = counts["passed"] + counts["failing"] + counts["not_due"]
    if counts.get("judged", judged) != judged:
        return ("count_identity", f"{counts['judged']} judged rows are not {judged}")
    if len(answer.rows) != counts["failing"]:
        return ("count_identity", f"{len(answer.rows)} failing rows where {counts['failing']} were counted")
    if any(len(row) != len(plan.failing.columns) for row in answer.rows):
        return ("limit", f"failing rows of another width than {len(plan.failing.columns)} columns")
    repeated = len(answer.rows) - len({row[: len(query.key)] for row in answer.rows})
    if repeated:
        return ("repeated_keys", f"{repeated} rows")
    if any(n >= len(query.watched) for n in answer.watched):
        return ("limit", "watched keys that nobody asked for")
    return None
