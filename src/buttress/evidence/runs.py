"""Running control tests over a register folder: each date at which a source changed, oldest first, each once.

A result's identity is the test, its definition, what it read, and its date; what is stored already is not run again.
All tests of one date run in one locked child on one database that holds that date's snapshots.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.columns_used import deciding_columns
from buttress.evidence.completeness import Inputs, Standing, standing
from buttress.evidence.data.datasets import DatasetDeclaration, resolve
from buttress.evidence.data.shelf import REGISTER, Shelf
from buttress.evidence.data.tables import Schema, Table
from buttress.evidence.declaration_lint import lint_declaration
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.entries import definition_entry, result_entry, run_record, snapshot_entries
from buttress.evidence.judging import Day, Evaluation, barred_result, judged_at, judged_result, query_of
from buttress.evidence.locked.runner import QueryCounts, QueryError, run_queries, write_database, write_failing_rows
from buttress.evidence.results import (
    FOLDER,
    ROWS_FOLDER,
    ResultsFile,
    Written,
    newest_root,
    next_sequence,
    read_results_files,
    write_results,
)
from buttress.evidence.sql.statements import TestQuery
from buttress.formats.folder import make_folder
from buttress.formats.problems import Problem

Progress = Callable[[str, int, int], None]
_CHILD_ENDED = frozenset({"crashed", "time", "limit"})


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did: files it wrote, their results, how many results were there already, and what is wrong with
    declarations and evidence files."""

    written: tuple[Path, ...] = ()
    results: tuple[TestResult, ...] = ()
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()


def run_tests(
    folder: Path,
    *,
    tests: Sequence[ControlTestDeclaration],
    datasets: Mapping[str, DatasetDeclaration],
    as_of: date,
    period: tuple[date, date],
    time_zone: str | ZoneInfo,
    progress: Callable[[str, int, int], None] = lambda _label, _done, _total: None,
    extra_tables: Mapping[str, Table] | None = None,
) -> RunSummary:
    """Evaluate what has no result yet, on `as_of` and on each earlier date of `period` at which a source changed.

    `progress` is told the date, how many tests are done and how many there are. `extra_tables` are the register's own
    records as of `as_of`. Raises `ProblemsError` where stored results were changed.
    """
    zone = ZoneInfo(time_zone) if isinstance(time_zone, str) else time_zone
    run = _Run(folder, tests, Shelf(folder, datasets, zone, dict(extra_tables or {})), period, as_of)
    return run.all_dates(progress)


@dataclass(slots=True)
class _Run:
    folder: Path
    tests: Sequence[ControlTestDeclaration]
    shelf: Shelf
    period: tuple[date, date]
    as_of: date
    problems: dict[Problem, None] = field(default_factory=dict)
    tested_before: Mapping[tuple[str, str], str] = field(default_factory=dict)
    answered: dict[tuple[str, ...], tuple[QueryCounts, dict[str, Any] | None]] = field(default_factory=dict)

    def all_dates(self, progress: Progress) -> RunSummary:
        stored = read_results_files(self.folder)
        known, errors = _identities(stored)
        self.tested_before = _bytes_tested(stored)
        refused = self._refused(stored)
        plan = self._plan()
        total = sum(len(tests) for _, tests in plan)
        written: list[Path] = []
        results: list[TestResult] = []
        unchanged = done = 0
        sequence, previous = next_sequence(stored), newest_root(stored)
        for day, tests in plan:
            progress(day.as_of.isoformat(), done, total)
            started = datetime.now(UTC)
            new = [(t, self._inputs_read(t, day)) for t in tests]
            new = [(t, read) for t, read in new if _identity(t, read, day.as_of) not in known]
            evaluations = [self._evaluation(t, read, day, refused) for t, read in new]
            self._count(evaluations, day)
            judged = [(e, _result(e, day)) for e in evaluations]
            judged = [(e, r) for e, r in judged if not (r.outcome is Outcome.ERROR and _key(e, day) in errors)]
            unchanged += len(tests) - len(judged)
            done += len(tests)
            if judged and (stored_now := self._store(judged, day, started, (sequence, previous))):
                written.append(stored_now.path)
                results += [result for _, result in judged]
                sequence, previous = sequence + 1, stored_now.root
            elif judged:
                others = read_results_files(self.folder)
                sequence, previous = next_sequence(others), newest_root(others)
            self.shelf.forget_before(day.as_of, tuple(self.shelf.datasets))
        progress(self.as_of.isoformat(), total, total)
        return RunSummary(tuple(written), tuple(results), unchanged, tuple(self.problems))

    def _inputs_read(self, test: ControlTestDeclaration, day: Day) -> list[str | None]:
        """Digests of everything that the answer depends on besides definition and date."""
        period = f"{day.period_start} to {day.period_end}"
        return [*self.shelf.input_digests(test, day.as_of), *([period] if test.uses_period else [])]

    def _plan(self) -> list[tuple[Day, list[ControlTestDeclaration]]]:
        """Dates from the oldest with the tests to look at on each."""
        start, end = self.period
        by_date: dict[date, list[ControlTestDeclaration]] = {}
        for test in sorted(self.tests, key=lambda t: t.id):
            past = frozenset[date]().union(*(self.shelf.changes(name) for name in test.datasets))
            if any(name in self.shelf.extra for name in test.datasets):
                past = frozenset()
            for day in {self.as_of, *(d for d in past if start <= d <= min(self.as_of, end))}:
                by_date.setdefault(day, []).append(test)
        return [(Day(day, start, end, self.shelf.zone), by_date[day]) for day in sorted(by_date)]

    def _refused(self, stored: Sequence[ResultsFile]) -> dict[str, str]:
        """Tests that may not run, with the code why: their version went back, or their SQL does not fit the data."""
        schemas = self._schemas()
        refused = {}
        for test in self.tests:
            problem, code = _version_fault(test, stored)
            problems = [problem] if problem else []
            if not problem and all(name in schemas for name in test.datasets):
                problems, code = lint_declaration(test, schemas), "declaration_refused"
            if problems:
                refused[test.id] = code
                self.problems |= dict.fromkeys(problems)
        return refused

    def _schemas(self) -> dict[str, Schema]:
        schemas = {name: resolve(dataset).schema for name, dataset in self.shelf.datasets.items()}
        return schemas | {name: table.schema for name, table in self.shelf.extra.items()}

    def _evaluation(
        self, test: ControlTestDeclaration, digests: list[str | None], day: Day, refused: Mapping[str, str]
    ) -> Evaluation:
        inputs = self.shelf.inputs(test, day.as_of)
        for snapshot in inputs.snapshots.values():
            self.problems |= dict.fromkeys(snapshot.problems if snapshot else ())
        found = self._standing(test, inputs, day, refused)
        found = replace(found, reasons=(*found.reasons, *self._replaced(inputs)))
        return Evaluation(test, inputs, digests, found, judged_at(test, inputs, day))

    def _replaced(self, inputs: Inputs) -> Iterator[str]:
        """Files that were tested before with other bytes: no bar, since an export may be mended, but never unsaid."""
        for snapshot in (s for s in inputs.snapshots.values() if s is not None and s.raw_sha256):
            if self.tested_before.get((snapshot.dataset, snapshot.file), snapshot.raw_sha256) != snapshot.raw_sha256:
                advice = "Add a mended export under a new name; the earlier result stays."
                found, expected = "other bytes than were tested before", "evidence that stays as it was"
                self.problems[Problem(snapshot.file, None, "", found, expected, advice)] = None
                yield f"evidence_replaced({snapshot.file})"

    def _standing(self, test: ControlTestDeclaration, inputs: Inputs, day: Day, refused: Mapping[str, str]) -> Standing:
        if test.id in refused:
            return Standing(Outcome.ERROR, (refused[test.id],))
        unknown = [name for name in test.datasets if not self.shelf.knows(name)]
        if unknown:
            return Standing(Outcome.NOT_EVALUATED, tuple(f"no_dataset({name})" for name in unknown))
        found = standing(test, inputs, day.as_of)
        absent = _absent_columns(test, inputs) if found.is_countable else ()
        if absent:
            return Standing(Outcome.NOT_EVALUATED, tuple(f"missing_column({name})" for name in absent))
        return found

    def _count(self, evaluations: Sequence[Evaluation], day: Day) -> None:
        """Run the SQL of every test that may be counted, all of them in as few children as possible.

        A question put to the same snapshots at the same instant has the answer that it had on an earlier date.
        """
        for e in evaluations:
            if e.found.is_countable and e.question in self.answered:
                e.counts, e.failing_rows = self.answered[e.question]
        countable = [e for e in evaluations if e.found.is_countable and e.counts is None]
        tables = {s.dataset: s.table for e in countable for s in e.read if s.table is not None}
        if countable:
            self._run_sql(countable, tables, day)
        for evaluation in countable:
            self._keep_failing_rows(evaluation)
            if isinstance(evaluation.counts, QueryCounts):
                self.answered[evaluation.question] = (evaluation.counts, evaluation.failing_rows)

    def _run_sql(self, countable: Sequence[Evaluation], tables: Mapping[str, Table], day: Day) -> None:
        queries = [query_of(e.declaration, e.at, day) for e in countable]
        schemas = {name: table.schema for name, table in tables.items()}
        with tempfile.TemporaryDirectory(prefix="buttress-run-") as scratch:
            database = Path(scratch) / "run.duckdb"
            write_database(database, tables.values())
            for evaluation, counts in zip(countable, count_all(database, queries, schemas), strict=True):
                evaluation.counts = counts

    def _keep_failing_rows(self, evaluation: Evaluation) -> None:
        counts = evaluation.counts
        if isinstance(counts, QueryCounts) and counts.failing_rows:
            rows_folder = make_folder(self.folder, f"{FOLDER}/{ROWS_FOLDER}")
            sha256, name = write_failing_rows(rows_folder, counts.failing_columns, counts.failing_rows)
            evaluation.failing_rows = {
                "path": f"{ROWS_FOLDER}/{name}",
                "sha256": sha256,
                "count": len(counts.failing_rows),
                "columns": list(counts.failing_columns),
            }

    def _store(
        self,
        judged: Sequence[tuple[Evaluation, TestResult]],
        day: Day,
        started: datetime,
        place: tuple[int, str | None],
    ) -> Written | None:
        """What was written; None where another run has stored the very same in the meantime."""
        evaluations = [evaluation for evaluation, _ in judged]
        entries = [
            *snapshot_entries(evaluations),
            *(definition_entry(e.declaration) for e in evaluations),
            *(result_entry(e, result) for e, result in judged),
        ]
        record = run_record(evaluations, self.shelf.datasets, day, started, place)
        try:
            return write_results(self.folder, record, entries)
        except FileExistsError:
            return None


def count_all(
    database: Path, queries: Sequence[TestQuery], schemas: Mapping[str, Schema]
) -> list[QueryCounts | QueryError]:
    """One outcome for each query. Where a query ends the child, those after it get another child, so that one bad test
    never takes the others with it."""
    outcomes: list[QueryCounts | QueryError] = []
    while len(outcomes) < len(queries):
        batch = run_queries(database, queries[len(outcomes) :], schemas)
        ended = (
            n for n, found in enumerate(batch) if isinstance(found, QueryError) and found.reason_code in _CHILD_ENDED
        )
        outcomes += batch[: next(ended, len(batch) - 1) + 1]
    return outcomes


def _absent_columns(test: ControlTestDeclaration, inputs: Inputs) -> tuple[str, ...]:
    """Columns that decide the test and that a file of its data sets lacks."""
    absent = {name for snapshot in inputs.snapshots.values() if snapshot for name in snapshot.absent}
    return tuple(sorted(absent & deciding_columns(test))) if absent else ()


def _identity(test: ControlTestDeclaration, digests: Sequence[str | None], as_of: date) -> tuple[str, ...]:
    return (test.id, test.definition_hash, as_of.isoformat(), *(digest or "" for digest in digests))


def _key(evaluation: Evaluation, day: Day) -> tuple[str, ...]:
    return _identity(evaluation.declaration, evaluation.digests, day.as_of)


def _identities(stored: Iterable[ResultsFile]) -> tuple[frozenset[tuple[str, ...]], frozenset[tuple[str, ...]]]:
    """Identities of stored results, and of those that only say that something went wrong: these are tried again, and
    stored again only where they come out better."""
    known: set[tuple[str, ...]] = set()
    errors: set[tuple[str, ...]] = set()
    for body in (body for file in stored for body in file.of_kind("result")):
        inputs = (digest or "" for digest in body.get("inputs", ()))
        identity = (body["test"], body.get("definition_hash", ""), body["as_of"], *inputs)
        (errors if body["outcome"] == Outcome.ERROR else known).add(identity)
    return frozenset(known), frozenset(errors)


def _bytes_tested(stored: Iterable[ResultsFile]) -> Mapping[tuple[str, str], str]:
    """SHA-256 of each evidence file as it was when it was first tested, by data set and name."""
    first: dict[tuple[str, str], str] = {}
    for file in sorted(stored, key=lambda f: f.sequence):
        for body in file.of_kind("snapshot"):
            sha256 = body.get("raw_sha256")
            if isinstance(sha256, str) and sha256 and body.get("file") != REGISTER:
                first.setdefault((str(body.get("dataset")), str(body.get("file"))), sha256)
    return first


def _version_fault(test: ControlTestDeclaration, stored: Sequence[ResultsFile]) -> tuple[Problem | None, str]:
    """A version that went back, or a meaning that changed under the same version, against the newest stored run."""
    past = [body for file in stored for body in file.of_kind("definition") if body["test"] == test.id]
    if not past:
        return None, ""
    newest = max(past, key=lambda body: int(body["version"]))
    if test.version < newest["version"]:
        expected = f"{newest['version']} or more, as in stored results"
        problem = test.problem(("version",), str(test.version), expected, "A version only rises.")
        return problem, f"version_lowered({newest['version']} -> {test.version})"
    hashes = {body.get("declared_hash") for body in past if body["version"] == test.version}
    if hashes and test.declared_hash not in hashes:
        advice = f"Raise it to {test.version + 1}: what the test means was changed since results were stored."
        problem = test.problem(("version",), f"{test.version} as before", "a higher version", advice)
        return problem, f"changed_without_version({test.version})"
    return None, ""


def _result(evaluation: Evaluation, day: Day) -> TestResult:
    e = evaluation
    if e.counts is None:
        return barred_result(e.declaration, e.inputs, day, e.found.outcome, e.found.reasons)
    return judged_result(e.declaration, e.inputs, day, e.found, e.counts)
