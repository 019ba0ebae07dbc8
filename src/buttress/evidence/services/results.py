"""Writes about what runs found: results, and the files that were there to be tested."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from buttress.core.verdicts import TestResult
from buttress.evidence.found import FoundEvidence, FoundFile
from buttress.evidence.kinds import DATASETS, TEST_KINDS
from buttress.evidence.models.datasets import DatasetSnapshotRow
from buttress.evidence.models.results import EvidenceRun, TestResultRow
from buttress.evidence.result_content import result_to_text
from buttress.evidence.results import ResultsFile
from buttress.orgs.content import plain, to_text
from buttress.orgs.entries import EntryDraft
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes

RUNS = "runs"
"""What the audit trail calls the entry of runs; their roots stand in it."""


@writes(Operation.TEST_RUN)
def record_results(write: Write, *, found: FoundEvidence) -> Written:
    """What `evidence_in` found in a folder. What is recorded already stays: a second call with the same writes nothing.

    Results of a test that the register does not name are kept too. Files of a data set that it does not name are not.
    """
    write.flush()
    known = set(EvidenceRun.objects.values_list("as_of", "digest"))
    new = [run for run in found.runs if (run.as_of, run.digest) not in known]
    tests = {
        ref: (kind.name, record_id)
        for kind in TEST_KINDS
        for ref, record_id in kind.model.objects.filter(removed_in=None).values_list("ref", "id")
    }
    for run in new:
        _record_run(write, run, tests)
    for name in sorted(found.datasets):
        if (dataset_id := write.find(DATASETS.name, name)) is not None:
            note_files(write, name, dataset_id, [file for file in found.files if file.dataset == name])
    return Written(RUNS, new[-1].digest if new else "", 1, write.change)


def _record_run(write: Write, run: ResultsFile, tests: dict[str, tuple[str, uuid.UUID]]) -> None:
    about = write.draft(RUNS, None, "")
    row = EvidenceRun(
        id=uuid.uuid4(),
        digest=run.digest,
        root=run.root,
        previous=run.previous,
        as_of=run.as_of,
        sequence=run.sequence,
        record=to_text(run.record),
        change=write.change,
        recorded_at=write.recorded_at,
    )
    about.say(f"root.{run.name}", run.root)
    write.insert(row, about)
    rows = {body["test"]: body.get("failing_rows") for body in run.of_kind("result")}
    for position, result in enumerate(run.results):
        kind, record_id = tests.get(result.test, (RUNS, None))
        found = TestResultRow(
            run_id=row.id,
            test=result.test,
            as_of=result.as_of,
            position=position,
            content=result_to_text(result),
            failing_rows=None if rows[result.test] is None else to_text(plain(rows[result.test])),
            change=write.change,
            recorded_at=write.recorded_at,
        )
        draft = about if record_id is None else write.draft(kind, record_id, result.test)
        draft.say(f"result.{run.name}.{result.test}", _in_short(result))
        write.insert(found, draft)


def _in_short(result: TestResult) -> dict[str, Any]:
    """What the audit trail says of a result, which the seal beside it vouches for."""
    return {
        "test": result.test,
        "outcome": result.outcome.value,
        "population": result.population,
        "failing": result.failing,
        "as_of": result.as_of.isoformat(),
    }


def note_files(write: Write, ref: str, dataset_id: uuid.UUID, files: Iterable[FoundFile]) -> None:
    """Records files that are new or are not as they were. One that could not be dated and is not there any more is marked as
    gone, since nothing could ever come after it; others that are not there stay."""
    newest = standing_files(dataset_id)
    rows = [_row(dataset_id, file) for file in files]
    given = {row.file for row in rows}
    rows += [_gone(row) for row in newest.values() if row.effective_at is None and row.file not in given]
    for row in _changed(rows, newest):
        row.change, row.recorded_at = write.change, write.recorded_at
        draft: EntryDraft = write.draft(DATASETS.name, dataset_id, ref)
        draft.say(f"files.{row.file}", "gone" if row.is_gone else row.sha256)
        before = newest.get(row.file)
        if before is not None and before.sha256 == row.sha256 and before.receipt != row.receipt:
            draft.say(f"receipts.{row.file}", row.receipt or "none")
        write.insert(row, draft)


def standing_files(dataset_id: uuid.UUID) -> dict[str, DatasetSnapshotRow]:
    """The newest row of each file of a data set, by the file's name."""
    rows = DatasetSnapshotRow.objects.filter(dataset_id=dataset_id).order_by("change")
    return {row.file: row for row in rows}


def _row(dataset_id: uuid.UUID, file: FoundFile) -> DatasetSnapshotRow:
    return DatasetSnapshotRow(
        dataset_id=dataset_id,
        file=file.file,
        effective_at=file.effective_at,
        rows=file.rows,
        sha256=file.sha256,
        receipt=None if file.receipt is None else to_text(plain(file.receipt)),
        problem=file.problem,
    )


def _gone(row: DatasetSnapshotRow) -> DatasetSnapshotRow:
    return DatasetSnapshotRow(
        dataset_id=row.dataset_id, file=row.file, sha256=row.sha256, problem=row.problem, is_gone=True
    )


def _changed(rows: Iterable[DatasetSnapshotRow], newest: dict[str, DatasetSnapshotRow]) -> Iterator[DatasetSnapshotRow]:
    for row in rows:
        before = newest.get(row.file)
        if before is not None and before.sha256 == row.sha256 and row.rows is None:
            row.rows = before.rows  # Counted by an earlier run of the same bytes.
        if before is None or _said(before) != _said(row):
            yield row


def _said(row: DatasetSnapshotRow) -> tuple[object, ...]:
    return row.effective_at, row.rows, row.sha256, row.receipt, row.problem, row.is_gone
