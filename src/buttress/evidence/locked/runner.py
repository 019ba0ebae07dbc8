"""Runs control tests on the database of one run: one locked child for all of them, its answer read as hostile.

The child (`child.py`) sees the run's tables and nothing else: no network, no file, no exceptions, no application
database. What it sends back is believed only as far as its shape, its limits and the count identity go. A cap reached,
a deadline passed or a count that does not add up is an error, never a shorter list.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from buttress.evidence.data.tables import Schema
from buttress.evidence.locked.answers import Conversation, Heard, HostileAnswerError
from buttress.evidence.locked.failing_rows import canonical_order, write_failing_rows
from buttress.evidence.locked.landlock import landlock_abi
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.sql.statements import CHECK_COLUMNS, COUNT_COLUMNS, QueryPlan, TestQuery, plan_of
from buttress.evidence.sql.text import RefusedSqlError

__all__ = [
    "QueryCounts",
    "QueryError",
    "TestQuery",
    "landlock_abi",
    "run_queries",
    "write_database",
    "write_failing_rows",
]

START_SECONDS, STATEMENT_SECONDS, GRACE_SECONDS = 5.0, 4.0, 0.5
SILENCE_SECONDS = 6.0
"""The engine stops a statement after 4 s by itself; a child that says nothing for longer is beyond its engine."""

_START_CHILD = (
    "import sys; sys.path.extend(sys.argv[2:]); from buttress.evidence.locked.child import main; main(int(sys.argv[1]))"
)


@dataclass(frozen=True, slots=True)
class QueryCounts:
    """What one test found. population = passed + failing + not_applicable + unknown; not_due lies in not_applicable.

    `failing_rows` are complete, in canonical order, as canonical text under `failing_columns` (key, then display).
    `executed_sql` is the text that ran, `canonical_sql` the declared one with its placeholders. `elapsed` in seconds.
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


def run_queries(
    database: Path,
    queries: Sequence[TestQuery],
    schemas: Mapping[str, Schema],
    *,
    deadline_seconds: float | None = None,
    allow_without_landlock: bool = False,
) -> list[QueryCounts | QueryError]:
    """One outcome for each query, in order, from one child. `schemas` by data set, as the tables of `database`.

    The deadline of the whole batch is 5 s and 4 s a statement unless given. Where the kernel has no Landlock only
    queries marked as shipped run, unless `allow_without_landlock`.
    """
    is_fenced = landlock_abi() > 0
    outcomes: dict[int, QueryCounts | QueryError] = {}
    plans: dict[int, QueryPlan] = {}
    for number, query in enumerate(queries):
        if not (is_fenced or query.is_shipped or allow_without_landlock):
            detail = "this kernel has no Landlock to confine SQL that is not shipped; run on Linux 5.13 or later"
            outcomes[number] = QueryError(query.test_id, "no_landlock", detail)
            continue
        try:
            plans[number] = plan_of(query, schemas)
        except RefusedSqlError as error:
            outcomes[number] = QueryError(query.test_id, "refused", str(error))
    entries = [
        {
            "counts": plan.counts.sql,
            "failing": plan.failing.sql,
            "failing_position": plan.counts.columns.index("failing"),
        }
        for plan in plans.values()
    ]
    heard, ending = ask_child(database, entries, deadline_seconds) if entries else ([], None)
    for (number, plan), answer in zip(plans.items(), heard, strict=True):
        outcomes[number] = _outcome(queries[number], plan, answer, ending)
    return [outcomes[number] for number in range(len(queries))]


def ask_child(
    database: Path, entries: Sequence[Mapping[str, Any]], deadline_seconds: float | None = None
) -> tuple[list[Heard], tuple[str, str] | None]:
    """Run statements as they stand in one child; what it said of each, and why it ended early (code, detail).

    `entries` have `counts` and `failing` (texts) and `failing_position` (which count decides whether `failing` runs).
    The caller has guarded the texts.
    """
    deadline = deadline_seconds or START_SECONDS + STATEMENT_SECONDS * 2 * len(entries)
    plan = {
        "database": str(database.resolve()),
        "deadline": deadline,
        "parent": os.getpid(),
        "queries": list(entries),
    }
    heard = [Heard() for _ in entries]
    conversation = Conversation(heard, landlock_abi())
    reader, writer = os.pipe()
    try:
        with tempfile.TemporaryFile() as stream:
            stream.write(json.dumps(plan).encode())
            stream.seek(0)
            command = [sys.executable, "-I", "-S", "-c", _START_CHILD, str(writer), *_import_paths()]
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and text
                command,
                stdin=stream,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                pass_fds=(writer,),
                start_new_session=True,
                cwd="/",
            )
        os.close(writer)
        writer = -1
        try:
            ending = _listen(reader, conversation, deadline + GRACE_SECONDS)
        finally:
            status = _end(process)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    if ending is not None and ending[0] == "crashed":
        ending = ("crashed", f"{ending[1]} (status {status})")
    return heard, ending


def _import_paths() -> list[str]:
    """Folders that the child imports from: this package's root and that of duckdb."""
    paths = [str(Path(__file__).resolve().parents[3])]
    found = find_spec("duckdb")
    if found is not None and found.origin is not None:
        paths.append(str(Path(found.origin).resolve().parents[1]))
    return list(dict.fromkeys(paths))


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Kill the child with all it may have started, unless it ends by itself at once; its exit status."""
    try:
        process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _listen(reader: int, conversation: Conversation, limit: float) -> tuple[str, str] | None:
    """Feed the conversation until the pipe closes; why it had to stop before, or None."""
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    started = last = time.monotonic()
    while True:
        until = started + limit
        if conversation.is_under_way:
            until = min(until, last + SILENCE_SECONDS)
        wait = until - time.monotonic()
        if wait <= 0 or not poll.poll(wait * 1000):
            return ("time", f"stopped after {time.monotonic() - started:.1f} s")
        data = os.read(reader, 1 << 16)
        if not data:
            break
        last = time.monotonic()
        try:
            conversation.feed(data)
        except HostileAnswerError as error:
            return ("limit", str(error))
    return None if conversation.is_done else ("crashed", conversation.complaint or "the child ended without an answer")


def _outcome(
    query: TestQuery, plan: QueryPlan, answer: Heard, ending: tuple[str, str] | None
) -> QueryCounts | QueryError:
    counts = dict(zip(plan.counts.columns, answer.counts or (), strict=False))
    executed = f"{plan.counts.sql};\n{plan.failing.sql}" if counts.get("failing") else plan.counts.sql

    def error(code: str, detail: str) -> QueryError:
        return QueryError(query.test_id, code, detail, plan.canonical_sql, executed)

    if answer.error is not None:
        name, detail = answer.error
        return error("time" if name == "InterruptException" else "sql", f"{name}: {detail}" if detail else name)
    if not answer.has_ended or answer.counts is None:
        return error(*(ending or ("crashed", "the child ended without an answer")))
    if len(answer.counts) != len(plan.counts.columns):
        return error("limit", f"{len(answer.counts)} counts where {len(plan.counts.columns)} were asked for")
    fault = _fault(counts, answer, plan, len(query.key))
    if fault is not None:
        return error(*fault)
    return QueryCounts(
        test_id=query.test_id,
        **{name: counts[name] for name in COUNT_COLUMNS},
        failing_rows=tuple(canonical_order(answer.rows)),
        failing_columns=plan.failing.columns,
        canonical_sql=plan.canonical_sql,
        executed_sql=executed,
        elapsed=answer.elapsed,
    )


def _fault(counts: Mapping[str, int], answer: Heard, plan: QueryPlan, key_width: int) -> tuple[str, str] | None:
    """What does not add up: code and detail. Items that share a key could be excepted all at once by naming one."""
    for name in CHECK_COLUMNS:
        if counts.get(name, 0):
            return (name, f"{counts[name]} rows")
    parts = {name: counts[name] for name in ("passed", "failing", "not_applicable", "unknown")}
    if counts["population"] != sum(parts.values()) or counts["not_due"] > counts["not_applicable"]:
        shown = " + ".join(f"{name} {value}" for name, value in parts.items())
        return ("count_identity", f"population {counts['population']} is not {shown}")
    if len(answer.rows) != counts["failing"]:
        return ("count_identity", f"{len(answer.rows)} failing rows where {counts['failing']} were counted")
    if any(len(row) != len(plan.failing.columns) for row in answer.rows):
        return ("limit", f"failing rows of another width than {len(plan.failing.columns)} columns")
    repeated = len(answer.rows) - len({row[:key_width] for row in answer.rows})
    return ("repeated_keys", f"{repeated} rows") if repeated else None
