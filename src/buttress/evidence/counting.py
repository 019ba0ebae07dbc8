"""Counting what is new on the dates of a run: lint, SQL in one locked child a date, results files.

All tests of one date run in one child on one database that holds that date's snapshots.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.columns_used import deciding_columns
from buttress.evidence.completeness import Inputs, Standing, standing
from buttress.evidence.data.datasets import resolve
from buttress.evidence.data.shelf import Shelf
from buttress.evidence.data.tables import LoadedTable, Schema, Table
from buttress.evidence.declaration_lint import lint_declaration
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.entries import definition_entry, result_entry, run_record, snapshot_entries
from buttress.evidence.locked.failing_rows import canonical_order
from buttress.evidence.locked.runner import QueryCounts, run_queries, write_database, write_failing_rows
from buttress.evidence.locked.scratch import scratch_folder
from buttress.evidence.open_keys import OpenKeys
from buttress.evidence.outcomes import Evaluation, barred_result, judged_at, judged_result, query_of
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
from buttress.evidence.run_plan import Day, Identity, Planned, bytes_tested
from buttress.evidence.sql.watched import watched_table
from buttress.formats.folder import make_folder
from buttress.formats.problems import Problem

FIRST_ROWS = 20
"""Failing rows that stand in the results file itself, to be looked at without opening the file of all of them."""


@dataclass(slots=True)
class Run:
    """What a run found so far. `stored` are the results files before it, `errors` identities that they hold errors of,
    `refused` tests that may not run with the code why."""

    folder: Path
    shelf: Shelf
    stored: Sequence[ResultsFile]
    errors: frozenset[Identity]
    refused: dict[str, str]
    written: list[Path] = field(default_factory=list)
    results: list[TestResult] = field(default_factory=list)
    problems: dict[Problem, None] = field(default_factory=dict)
    _linted: set[str] = field(default_factory=set)
    _schemas: Mapping[str, Schema] = field(init=False)
    _tested_before: Mapping[tuple[str, str], str] = field(init=False)
    _place: tuple[int, str | None] = field(init=False)
    _open_keys: OpenKeys = field(init=False)
    _answered: dict[tuple[str, ...], Evaluation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._schemas = {name: resolve(dataset).schema for name, dataset in self.shelf.datasets.items()}
        self._schemas |= {name: table.schema for name, table in self.shelf.extra.items()}
        self._tested_before = bytes_tested(self.stored)
        self._follow(self.stored)

    def _follow(self, stored: Sequence[ResultsFile]) -> None:
        """Go on after these results."""
        self._place = next_sequence(stored), newest_root(stored)
        self._open_keys = OpenKeys(stored)

    def on_day(self, day: Day, new: Sequence[Planned]) -> None:
        """Evaluate the tests of one date; days come in order, the oldest first.

        An error that is stored already is tried again, and stored again only where it comes out better.
        """
        started = datetime.now(UTC)
        evaluations = [self._evaluation(each) for each in new]
        self._count(evaluations, day)
        judged = [(each, e, _result(e, day)) for each, e in zip(new, evaluations, strict=True)]
        kept = [
            (e, result)
            for each, e, result in judged
            if not (result.outcome is Outcome.ERROR and each.identity in self.errors)
        ]
        if kept:
            self._keep(kept, day, started)
        self.shelf.forget_before(day.as_of, tuple(self.shelf.datasets))

    def _keep(self, kept: Sequence[tuple[Evaluation, TestResult]], day: Day, started: datetime) -> None:
        stored_now = self._store(kept, day, started)
        if stored_now is None:
            self._follow(read_results_files(self.folder))
            return
        self.written.append(stored_now.path)
        self.results += [result for _, result in kept]
        for _, result in kept:
            self._open_keys.add(result, self._place[0])
        self._place = self._place[0] + 1, stored_now.root

    def _lint(self, test: ControlTestDeclaration) -> None:
        """A test whose SQL does not fit the data is refused, and its problems are told; each is looked at once."""
        if test.id in self._linted or test.id in self.refused:
            return
        self._linted.add(test.id)
        if all(name in self._schemas for name in test.datasets):
            problems = lint_declaration(test, self._schemas)
            if problems:
                self.refused[test.id] = "declaration_refused"
                self.problems |= dict.fromkeys(problems)

    def _evaluation(self, each: Planned) -> Evaluation:
        test, day = each.declaration, each.day
        self._lint(test)
        inputs = self.shelf.inputs(test, day.as_of)
        for snapshot in inputs.snapshots.values():
            self.problems |= dict.fromkeys(snapshot.problems if snapshot else ())
        found = self._standing(test, inputs, day)
        found = replace(found, reasons=(*found.reasons, *self._replaced(inputs)))
        watched = self._open_keys.of(test, day.as_of)
        return Evaluation(test, inputs, list(each.digests), found, judged_at(test, inputs, day), watched)

    def _replaced(self, inputs: Inputs) -> Iterator[str]:
        """Files that were tested before with other bytes: no bar, since an export may be mended, but never unsaid."""
        for snapshot in (s for s in inputs.snapshots.values() if s is not None and s.raw_sha256):
            if self._tested_before.get((snapshot.dataset, snapshot.file), snapshot.raw_sha256) != snapshot.raw_sha256:
                advice = "Add a mended export under a new name; the earlier result stays."
                found, expected = "other bytes than were tested before", "evidence that stays as it was"
                self.problems[Problem(snapshot.file, None, "", found, expected, advice)] = None
                yield f"evidence_replaced({snapshot.file})"

    def _standing(self, test: ControlTestDeclaration, inputs: Inputs, day: Day) -> Standing:
        if test.id in self.refused:
            return Standing(Outcome.ERROR, (self.refused[test.id],))
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

        A question put to the same snapshots at the same instant has the answer that it had on an earlier date, if that
        answer tells of all keys that are watched.
        """
        for e in evaluations:
            known = self._answered.get(e.question) if e.found.is_countable else None
            if known is not None and known.tells_of(e.watched):
                e.counts, e.failing_rows = known.counts, known.failing_rows
        countable = [e for e in evaluations if e.found.is_countable and e.counts is None]
        tables = {s.dataset: s.table for e in countable for s in e.read if s.table is not None}
        if countable:
            self._run_sql(countable, tables, day)
        for evaluation in countable:
            self._keep_failing_rows(evaluation)
            if isinstance(evaluation.counts, QueryCounts):
                self._answered[evaluation.question] = evaluation

    def _run_sql(self, countable: Sequence[Evaluation], tables: Mapping[str, Table | LoadedTable], day: Day) -> None:
        queries = [query_of(e.declaration, e.at, day, e.watched) for e in countable]
        schemas = {name: table.schema for name, table in tables.items()}
        with scratch_folder() as scratch:
            database = scratch / "run.duckdb"
            watched = watched_table(queries, schemas)
            here = [table for table in tables.values() if isinstance(table, Table)]
            write_database(database, [*here, *([watched] if watched else [])])
            whole = {name: table.whole for name, table in tables.items()}
            loaded = {name: table.path for name, table in tables.items() if isinstance(table, LoadedTable)}
            found = run_queries(database, queries, schemas, whole=whole, loaded=loaded)
            for evaluation, counts in zip(countable, found, strict=True):
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
                "first": [list(row) for row in canonical_order(counts.failing_rows)[:FIRST_ROWS]],
            }

    def _store(self, judged: Sequence[tuple[Evaluation, TestResult]], day: Day, started: datetime) -> Written | None:
        """What was written; None where another run has stored the very same in the meantime."""
        evaluations = [evaluation for evaluation, _ in judged]
        entries = [
            *snapshot_entries(evaluations),
            *(definition_entry(e.declaration) for e in evaluations),
            *(result_entry(e, result) for e, result in judged),
        ]
        record = run_record(evaluations, self.shelf.datasets, day, started, self._place)
        try:
            return write_results(self.folder, record, entries)
        except FileExistsError:
            return None


def _absent_columns(test: ControlTestDeclaration, inputs: Inputs) -> tuple[str, ...]:
    """Columns that decide the test and that a file of its data sets lacks."""
    absent = {name for snapshot in inputs.snapshots.values() if snapshot for name in snapshot.absent}
    return tuple(sorted(absent & deciding_columns(test))) if absent else ()


def _result(evaluation: Evaluation, day: Day) -> TestResult:
    e = evaluation
    if e.counts is None:
        return barred_result(e.declaration, e.inputs, day, e.found.outcome, e.found.reasons)
    return judged_result(e, e.counts, day)
