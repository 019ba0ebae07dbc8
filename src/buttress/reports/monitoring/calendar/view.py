"""The coverage calendar of a period by month, and every source with its age."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from buttress.core.calendar import CoverageRow, Hole, Occurrence, OccurrenceState, coverage_calendar
from buttress.core.period import Period
from buttress.core.snapshot import DatasetState, RegisterSnapshot
from buttress.core.verdicts import is_stale, start_of
from buttress.reports.monitoring.people import name_of, names_of


class MonthState(StrEnum):
    """What a month shows of a row's occurrences; one with evidence stands in the month of that evidence."""

    WHOLE = "whole"
    PART = "part"
    NONE = "none"
    UNTOLD = "untold"
    NOT_YET_DUE = "not_yet_due"
    NOTHING_EXPECTED = "nothing_expected"


class Freshness(StrEnum):
    """No limit: no test says how old the source may be."""

    FRESH = "fresh"
    STALE = "stale"
    NO_LIMIT = "no_limit"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A control test, or the walkthrough, of a control: occurrences `due` by the day, those with evidence, the holes."""

    control: str
    subject: str
    title: str
    frequency: str
    is_manual: bool
    expected: int
    due: int
    evidenced: int
    latest_evidence_on: date | None
    next_due_on: date | None
    holes: tuple[Hole, ...]
    months: tuple[MonthState, ...]
    owner: str | None
    owner_name: str

    @property
    def missing(self) -> int:
        return self.due - self.evidenced


@dataclass(frozen=True, slots=True)
class SourceRow:
    """The newest file of a source; ages in hours at the start of the day, None without a file."""

    ref: str
    title: str
    state: Freshness
    effective_at: datetime | None
    age_hours: float | None
    max_age_hours: float | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class CalendarView:
    """`months` are the first days of the months of the period, in which each row has its state."""

    organisation: str
    as_of: date
    period: Period
    months: tuple[date, ...]
    rows: tuple[CalendarRow, ...]
    untested: tuple[str, ...]
    sources: tuple[SourceRow, ...]

    @property
    def with_holes(self) -> tuple[CalendarRow, ...]:
        return tuple(row for row in self.rows if row.missing)


def calendar_view(snapshot: RegisterSnapshot, period: Period, controls: Collection[str] | None = None) -> CalendarView:
    """The rows of `controls` with the sources that their tests read, else everything."""
    found = coverage_calendar(snapshot, period)
    months = tuple(_months(period))
    names = names_of(snapshot)
    rows = [row for row in found.rows if controls is None or row.control in controls]
    read = {name for test in snapshot.tests for name in test.datasets if set(test.controls) & set(controls or ())}
    return CalendarView(
        snapshot.organisation.name,
        snapshot.as_of,
        period,
        months,
        tuple(_row(row, months, name_of(row.owner, names)) for row in rows),
        tuple(ref for ref in found.untested if controls is None or ref in controls),
        tuple(_source(each, snapshot.as_of) for each in snapshot.datasets if controls is None or each.ref in read),
    )


def _months(period: Period) -> Iterator[date]:
    first = period.start.replace(day=1)
    while first <= period.end:
        yield first
        first = (first + timedelta(days=31)).replace(day=1)


def _row(row: CoverageRow, months: Sequence[date], owner_name: str) -> CalendarRow:
    by_month: dict[date, list[OccurrenceState]] = {}
    for occurrence in row.occurrences:
        by_month.setdefault(max(_month_of(occurrence), months[0]), []).append(occurrence.state)
    return CalendarRow(
        row.control,
        row.subject,
        row.title,
        row.frequency,
        row.is_manual,
        len(row.occurrences),
        row.due,
        row.evidenced,
        row.latest_evidence_on,
        row.next_due_on,
        row.holes,
        tuple(_month(by_month.get(month, [])) for month in months),
        row.owner,
        owner_name,
    )


def _month_of(occurrence: Occurrence) -> date:
    evidence = occurrence.evidence_on
    day = occurrence.due_on if evidence is None else min(evidence, occurrence.end)
    return day.replace(day=1)


def _month(states: Sequence[OccurrenceState]) -> MonthState:
    due = [state for state in states if state is not OccurrenceState.NOT_YET_DUE]
    if not due:
        return MonthState.NOT_YET_DUE if states else MonthState.NOTHING_EXPECTED
    evidenced = due.count(OccurrenceState.EVIDENCED)
    if evidenced == len(due):
        return MonthState.WHOLE
    if evidenced:
        return MonthState.PART
    return MonthState.UNTOLD if OccurrenceState.UNTOLD in due else MonthState.NONE


def _source(source: DatasetState, as_of: date) -> SourceRow:
    taken, limit = source.effective_at, source.max_age_hours
    age = (start_of(as_of) - taken) / timedelta(hours=1) if taken else None
    if source.problem is not None or taken is None:
        state = Freshness.UNREADABLE
    elif limit is None:
        state = Freshness.NO_LIMIT
    else:
        state = Freshness.STALE if is_stale(taken, limit, as_of) else Freshness.FRESH
    return SourceRow(
        source.ref, source.title, state, taken, max(age, 0.0) if age is not None else None, limit, source.problem
    )
