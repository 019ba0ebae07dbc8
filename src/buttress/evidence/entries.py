"""What a results file says about a run: its record, receipts, snapshots, definitions and results as entries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from typing import Any

from buttress import __version__
from buttress.core.verdicts import TestResult
from buttress.evidence.data.canonical import digest_of, schema_fingerprint
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.snapshots import Snapshot
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.locked.landlock import landlock_abi
from buttress.evidence.locked.runner import QueryCounts
from buttress.evidence.outcomes import Evaluation
from buttress.evidence.results import Entry, result_body
from buttress.evidence.run_plan import Day


def run_record(
    evaluations: Sequence[Evaluation],
    datasets: Mapping[str, DatasetDeclaration],
    day: Day,
    started: datetime,
    place: tuple[int, str | None],
) -> dict[str, Any]:
    """Who ran what when, with which versions: everything about the run that is no evidence by itself.

    `place` is the run's among those stored: its sequence, and the root of the one before.
    """
    elapsed = {
        e.declaration.id: round(e.counts.elapsed * 1000) for e in evaluations if isinstance(e.counts, QueryCounts)
    }
    plan = {
        "tests": {e.declaration.id: e.declaration.definition_hash for e in evaluations},
        "datasets": {name: dataset.meaning for name, dataset in datasets.items()},
    }
    return {
        "as_of": day.as_of.isoformat(),
        "sequence": place[0],
        "previous": place[1],
        "period": [day.period_start.isoformat(), day.period_end.isoformat()],
        "time_zone": day.zone.key,
        "plan_hash": digest_of(plan),
        "started": started.isoformat(),
        "finished": datetime.now(UTC).isoformat(),
        "app_version": __version__,
        "engine": f"duckdb {version_of('duckdb')}",
        "sqlglot": version_of("sqlglot"),
        "landlock_abi": landlock_abi(),
        "elapsed_ms": elapsed,
        "shared_statements": _shared_statements(evaluations),
    }


def _shared_statements(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Statements that counted several tests at once, each with the tests that took their counts from it."""
    tests: dict[str, list[str]] = {}
    for e in evaluations:
        for sql in e.counts.shared_sql if isinstance(e.counts, QueryCounts) else ():
            tests.setdefault(sql, []).append(e.declaration.id)
    return [{"sql": sql, "tests": names} for sql, names in tests.items()]


def snapshot_entries(evaluations: Sequence[Evaluation]) -> list[Entry]:
    """Receipts, then snapshots, of everything that was read, in order of data set and file."""
    found = {
        (s.dataset, s.file): s
        for e in evaluations
        for s in (*e.inputs.snapshots.values(), e.inputs.previous)
        if s is not None
    }
    snapshots = [found[key] for key in sorted(found)]
    receipts = [
        Entry("receipt", _receipt_body(s)) for s in snapshots if s.receipt is not None and s.receipt_sha256 is not None
    ]
    return [*receipts, *(Entry("snapshot", _snapshot_body(s)) for s in snapshots)]


def _receipt_body(snapshot: Snapshot) -> dict[str, Any]:
    assert snapshot.receipt is not None
    return {
        "dataset": snapshot.dataset,
        "file": snapshot.file,
        "sha256": snapshot.receipt_sha256,
        "receipt": snapshot.receipt.model_dump(mode="json", exclude_none=True),
    }


def _snapshot_body(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "dataset": snapshot.dataset,
        "file": snapshot.file,
        "effective_at": snapshot.effective_at.isoformat(),
        "rows": snapshot.rows if snapshot.table is not None else None,
        "distinct_keys": snapshot.distinct_keys if snapshot.table is not None else None,
        "null_keys": snapshot.null_keys,
        "repeated_keys": snapshot.repeated_keys,
        "absent_columns": sorted(snapshot.absent),
        "silent_checks": list(snapshot.silent_checks),
        "schema": schema_fingerprint(snapshot.table.schema) if snapshot.table is not None else None,
        "raw_sha256": snapshot.raw_sha256,
        "canonical_sha256": snapshot.canonical_sha256,
        "input_sha256": snapshot.input_sha256,
        "problems": [str(problem) for problem in snapshot.problems[:20]],
    }


def definition_entry(declaration: ControlTestDeclaration) -> Entry:
    meaning = declaration.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"examples"})
    return Entry(
        "definition",
        {
            "test": declaration.id,
            "version": declaration.version,
            "definition_hash": declaration.definition_hash,
            "declared_hash": declaration.declared_hash,
            "is_shipped": declaration.is_shipped,
            "declaration": meaning,
        },
    )


def result_entry(evaluation: Evaluation, result: TestResult) -> Entry:
    return Entry(
        "result",
        {
            **result_body(result),
            "definition_hash": evaluation.declaration.definition_hash,
            "inputs": evaluation.digests,
            "judged_at": evaluation.at.isoformat(),
            "canonical_sql": evaluation.counts.canonical_sql if evaluation.counts else None,
            "executed_sql": evaluation.counts.executed_sql if evaluation.counts else None,
            "failing_rows": evaluation.failing_rows,
        },
    )
