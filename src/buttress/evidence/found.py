"""What lies in a register folder as evidence: verified runs, files of data sets, documents of manual results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from buttress.evidence.data.canonical import digest_of
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.evidence_file import MAX_PARQUET_BYTES
from buttress.evidence.data.receipts import read_receipt
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.data.snapshots import SnapshotFile
from buttress.evidence.manual import ManualTest, document_digest
from buttress.evidence.results import ResultsFile, read_results_files
from buttress.formats.folder import sha256_of
from buttress.formats.problems import Problem, ProblemsError


@dataclass(frozen=True, slots=True)
class FoundFile:
    """An evidence file of a data set as it was found. `effective_at` is None where `problem` says why it cannot be
    dated; `rows` is known once a run has read the file. `sha256` (hex) is of its bytes, empty where they cannot be read."""

    dataset: str
    file: str
    effective_at: datetime | None
    sha256: str
    rows: int | None = None
    receipt: Mapping[str, Any] | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FoundEvidence:
    """Runs, oldest first, and every file of each of `datasets`."""

    runs: tuple[ResultsFile, ...] = ()
    files: tuple[FoundFile, ...] = ()
    datasets: frozenset[str] = field(default=frozenset())

    def __str__(self) -> str:
        """Names the content by digest, as an idempotency key needs it."""
        files = [[f.dataset, f.file, f.effective_at, f.sha256, f.rows, f.receipt, f.problem] for f in self.files]
        return digest_of([[run.root for run in self.runs], files, sorted(self.datasets)])


def evidence_in(folder: Path, datasets: Mapping[str, DatasetDeclaration], zone: ZoneInfo) -> FoundEvidence:
    """Everything that lies in `folder`; raises `ProblemsError` where stored results were changed."""
    runs = read_results_files(folder)
    rows = _rows_read(runs)
    shelf = Shelf(folder, datasets, zone)
    files = tuple(_found(name, file, rows) for name in sorted(datasets) for file in shelf.files(name))
    return FoundEvidence(runs, files, frozenset(datasets))


def _rows_read(runs: tuple[ResultsFile, ...]) -> Mapping[tuple[str, str, str], int]:
    """Rows of each data set's file by its bytes, as the newest run that read it counted them."""
    bodies = (body for run in runs for body in run.of_kind("snapshot"))
    return {(b["dataset"], b["file"], b["raw_sha256"]): b["rows"] for b in bodies if b.get("rows") is not None}


def _found(dataset: str, file: SnapshotFile, rows: Mapping[tuple[str, str, str], int]) -> FoundFile:
    receipt = None
    try:
        sha256 = sha256_of(file.folder, file.name, max_bytes=MAX_PARQUET_BYTES)
    except ProblemsError:
        sha256 = ""
    try:
        stated = read_receipt(file.folder, file.name)
        receipt = stated.receipt.model_dump(mode="json", exclude_none=True) if stated else None
    except ProblemsError:
        receipt = None
    problem = str(file.problem) if file.effective_at is None else None
    return FoundFile(
        dataset, file.name, file.effective_at, sha256, rows.get((dataset, file.name, sha256)), receipt, problem
    )


def documents_of(folder: Path, tests: Mapping[str, ManualTest]) -> dict[str, str]:
    """SHA-256 (hex) of each document that a manual result names, by its path; raises `ProblemsError` with every one
    that is missing or not the one stated."""
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for ref, test in tests.items():
        for name, found in _documents(folder, test):
            if isinstance(found, str):
                digests[name] = found
            else:
                problems.append(Problem(name, None, f"manual_tests.{ref}.results.{found[0]}", *found[1:]))
    if problems:
        raise ProblemsError(problems)
    return digests


def _documents(folder: Path, test: ManualTest) -> Iterator[tuple[str, str | tuple[str, str, str, str]]]:
    for result in test.results:
        if result.retracted is None:
            yield result.document, document_digest(folder, result)
