"""From what a run found, data sets and counts, to the result that is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from buttress.core.verdicts import EffectMode, Outcome, TestResult
from buttress.evidence.completeness import Inputs, Standing
from buttress.evidence.data.cells import end_of_day, start_of_day
from buttress.evidence.data.snapshots import Snapshot
from buttress.evidence.data.tables import key_text
from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.importers.finding import Finding
from buttress.evidence.locked.runner import QueryCounts, QueryError
from buttress.evidence.run_plan import Day
from buttress.evidence.sql.statements import TestQuery


@dataclass(slots=True)
class Evaluation:
    """One test on one date. `watched` are the keys that its earlier results left open."""

    declaration: ControlTestDeclaration
    inputs: Inputs
    digests: list[str | None]
    found: Standing
    at: datetime
    watched: tuple[str, ...] = ()
    counts: QueryCounts | QueryError | None = None
    failing_rows: dict[str, Any] | None = None

    @property
    def question(self) -> tuple[str, ...]:
        """What the counts depend on."""
        return (self.declaration.id, self.at.isoformat(), *(digest or "" for digest in self.digests))

    def tells_of(self, keys: Iterable[str]) -> bool:
        """True where its answer says what became of each of `keys`."""
        if not isinstance(self.counts, QueryCounts):
            return False
        width = len(self.declaration.key)
        return {*self.watched, *(key_text(row[:width]) for row in self.counts.failing_rows)}.issuperset(keys)

    @property
    def read(self) -> list[Snapshot]:
        """Snapshots of the data sets that its SQL reads."""
        return _read(self.declaration, self.inputs)


def judged_at(declaration: ControlTestDeclaration, inputs: Inputs, day: Day) -> datetime:
    """The instant that `:as_of` stands for: the end of the run's day, or the oldest snapshot's instant if that is
    earlier, because what happened after it was not observed and deadlines after it cannot be judged."""
    observed = [s.effective_at for s in _read(declaration, inputs) if not s.problems]
    return min([end_of_day(day.as_of, day.zone), *observed])


def effective_at(declaration: ControlTestDeclaration, inputs: Inputs, day: Day) -> datetime:
    """The oldest of the snapshots tested; the start of the day where nothing could be read."""
    observed = [s.effective_at for s in _read(declaration, inputs) if not s.problems]
    return min(observed, default=start_of_day(day.as_of, day.zone))


def _read(declaration: ControlTestDeclaration, inputs: Inputs) -> list[Snapshot]:
    names = (declaration.source, *declaration.also)
    return [snapshot for name in names if (snapshot := inputs.snapshots.get(name)) is not None]


def query_of(declaration: ControlTestDeclaration, at: datetime, day: Day, watched: tuple[str, ...] = ()) -> TestQuery:
    due = declaration.due
    return TestQuery(
        test_id=declaration.id,
        source=declaration.source,
        also=declaration.also,
        key=declaration.key,
        as_of=at,
        period_start=start_of_day(day.period_start, day.zone),
        period_end=end_of_day(day.period_end, day.zone),
        display=declaration.display if declaration.is_predicate else (),
        population=declaration.population,
        not_applicable=declaration.not_applicable,
        fail=declaration.fail,
        due_from=due.source if due else None,
        due_sla=due.sla if due else None,
        population_rows=declaration.population_rows,
        failing_rows=declaration.failing_rows,
        not_applicable_rows=declaration.not_applicable_rows,
        params=declaration.values,
        is_shipped=declaration.is_shipped,
        watched=watched,
    )


def barred_result(
    declaration: ControlTestDeclaration, inputs: Inputs, day: Day, outcome: Outcome, reasons: Sequence[str]
) -> TestResult:
    """The result of a test that was not counted."""
    return TestResult(
        test=declaration.id,
        version=declaration.version,
        as_of=day.as_of,
        effective_at=effective_at(declaration, inputs, day),
        outcome=outcome,
        reasons=tuple(reasons),
        cluster=cluster_of(declaration, day),
        tolerable_rate=float(declaration.thresholds.tolerable_rate),
    )


def cluster_of(declaration: ControlTestDeclaration, day: Day) -> str | None:
    """Runs over a period to date hold the items of the runs before them; they are one cluster by period."""
    return day.period_start.isoformat() if declaration.mode is EffectMode.RELIABILITY else None


def judged_result(evaluation: Evaluation, counts: QueryCounts | QueryError, day: Day) -> TestResult:
    """The stored result: counts as they are, outcome and reasons by what is known about the population."""
    declaration, inputs, found = evaluation.declaration, evaluation.inputs, evaluation.found
    if isinstance(counts, QueryError):
        detail = f"({counts.detail})" if counts.detail else ""
        return barred_result(declaration, inputs, day, Outcome.ERROR, (f"{counts.reason_code}{detail}", *found.reasons))
    keys = tuple(key_text(row[: len(declaration.key)]) for row in counts.failing_rows)
    watched = frozenset(evaluation.watched)
    result = replace(
        barred_result(declaration, inputs, day, found.outcome, found.reasons),
        population=counts.population,
        passed=counts.passed,
        failing=counts.failing,
        not_applicable=counts.not_applicable,
        not_due=counts.not_due,
        unknown=counts.unknown,
        failing_keys=keys,
        failing_since=_failing_since(declaration, counts, day),
        left_keys=tuple(key for key in counts.left_keys if key in watched),
        undecided_keys=tuple(key for key in counts.undecided_keys if key in watched),
    )
    outcome, reasons = _after_counting(declaration, inputs, result)
    expected = counts.population + found.missing_rows if found.missing_rows else None
    return replace(result, outcome=outcome, reasons=(*reasons, *found.reasons), expected_population=expected)


def _failing_since(declaration: ControlTestDeclaration, counts: QueryCounts, day: Day) -> tuple[str | None, ...]:
    """The local date from which each failing item's term ran."""
    if declaration.due is None:
        return ()
    place = counts.failing_columns.index(declaration.due.source)
    return tuple(_local_date(row[place], day.zone) for row in counts.failing_rows)


def _local_date(text: str | None, zone: ZoneInfo) -> str | None:
    """The date of a canonical date or instant, which is in UTC."""
    if text is None or "T" not in text:
        return text
    try:
        return datetime.fromisoformat(text).astimezone(zone).date().isoformat()
    except OverflowError:  # the calendar's first or last day
        return text.partition("T")[0]


def _after_counting(
    declaration: ControlTestDeclaration, inputs: Inputs, result: TestResult
) -> tuple[Outcome, tuple[str, ...]]:
    least = declaration.thresholds.min_population
    bars = (
        (result.population == 0, "empty_population"),
        (result.population < least, f"below_min_population({result.population} < {least})"),
        (result.population == result.not_applicable, "all_not_applicable"),
    )
    bar = next((code for applies, code in bars if applies), None)
    if bar is not None:
        return Outcome.NOT_EVALUATED, (bar,)
    doubts = [f"unknown({result.unknown})"] if result.unknown else []
    undecided = _undecided_keys(declaration, inputs) - set(result.failing_keys)
    if undecided:
        doubts.append(f"undecided({len(undecided)})")
    return (Outcome.INCOMPLETE if doubts else result.outcome), tuple(doubts)


def _undecided_keys(declaration: ControlTestDeclaration, inputs: Inputs) -> set[str]:
    """Keys of findings that the scanner left to a person; unless the test lets them fail, they are no answer."""
    source = inputs.snapshots.get(declaration.source)
    if source is None or not declaration.checks:
        return set()

    def is_open(finding: Finding) -> bool:
        return finding.check_id in declaration.checks and finding.status.is_undecided

    rows = [finding.row() for finding in source.findings if is_open(finding)]
    return {key_text(row.get(name) for name in declaration.key) for row in rows}
