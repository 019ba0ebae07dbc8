"""The coverage calendar: each occurrence of testing that a period expects, against the evidence there is for it.

Occurrences follow from a test's frequency, counted from the period's first day, or from the day since which the control
is in place. Those that end after the period belong to the next one; a period shorter than one occurrence expects one,
which may lie before it. What tells nothing (an error, a run not evaluated, stale or incomplete) is no evidence. Nothing
is expected of tests that come with events but one judged result in the period.
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby

from buttress.core.period import Period, period_of
from buttress.core.snapshot import Control, RegisterSnapshot
from buttress.core.verdicts import ControlTest, TestResult, feeds_reliability

WALKTHROUGH = "walkthrough"
PER_EVENT = "per_event"
_DAYS = {"continuous": 1, "hourly": 1, "daily": 1, "weekly": 7}
_MONTHS = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}


class OccurrenceState(StrEnum):
    """Evidenced: a judged result lies in it. Untold: it has passed, and what ran in it told nothing. Missing: it has
    passed, and nothing ran. Not yet due: it has not passed."""

    EVIDENCED = "evidenced"
    UNTOLD = "untold"
    MISSING = "missing"
    NOT_YET_DUE = "not_yet_due"

    @property
    def is_hole(self) -> bool:
        return self in (OccurrenceState.UNTOLD, OccurrenceState.MISSING)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of testing: evidence is expected from `start` to `end`, and overdue after `due_on`."""

    start: date
    end: date
    due_on: date
    state: OccurrenceState
    evidence_on: date | None = None


@dataclass(frozen=True, slots=True)
class Hole:
    """`count` occurrences one after another without evidence, from the first day of the first to the end of the last;
    `due_on` is when the first of them was due."""

    start: date
    end: date
    count: int
    due_on: date


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """What is expected of one control test, or of the walkthrough (`subject`), for one control in a period."""

    control: str
    subject: str
    title: str
    frequency: str
    is_manual: bool
    owner: str | None
    occurrences: tuple[Occurrence, ...]

    @property
    def is_walkthrough(self) -> bool:
        return self.subject == WALKTHROUGH

    @property
    def due(self) -> int:
        """Occurrences that have passed, or have their evidence already."""
        return sum(o.state is not OccurrenceState.NOT_YET_DUE for o in self.occurrences)

    @property
    def evidenced(self) -> int:
        return sum(o.state is OccurrenceState.EVIDENCED for o in self.occurrences)

    @property
    def missing(self) -> int:
        return self.due - self.evidenced

    @property
    def latest_evidence_on(self) -> date | None:
        return max((o.evidence_on for o in self.occurrences if o.evidence_on), default=None)

    @property
    def next_due_on(self) -> date | None:
        """By when the next evidence is to be there; None where the period expects nothing more."""
        return next((o.due_on for o in self.occurrences if o.state is OccurrenceState.NOT_YET_DUE), None)

    @property
    def current_hole(self) -> Hole | None:
        """The hole that reaches up to the newest occurrence that has passed, None where that one has evidence."""
        past = [o for o in self.occurrences if o.state is not OccurrenceState.NOT_YET_DUE]
        return self.holes[-1] if past and past[-1].state.is_hole else None

    @property
    def holes(self) -> tuple[Hole, ...]:
        found = []
        for is_hole, group in groupby(self.occurrences, key=lambda o: o.state.is_hole):
            if is_hole:
                each = list(group)
                found.append(Hole(each[0].start, each[-1].end, len(each), each[0].due_on))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Rows by control, its walkthrough first. `untested` are controls in place that no test looks at."""

    period: Period
    as_of: date
    rows: tuple[CoverageRow, ...]
    untested: tuple[str, ...]


def coverage_calendar(snapshot: RegisterSnapshot, period: Period | None = None) -> Calendar:
    """Every control that is in place at some time in the period; without `period`, that of the engagement."""
    asked = period or period_of(snapshot)
    by_test: dict[str, list[TestResult]] = {}
    for result in snapshot.results:
        by_test.setdefault(result.test, []).append(result)
    evidence = {test.id: _evidence_of(test, by_test.get(test.id, [])) for test in snapshot.tests}
    rows: list[CoverageRow] = []
    untested = []
    for control in sorted(snapshot.controls, key=lambda c: c.ref):
        lived = _lived(control, asked, snapshot.as_of)
        if lived is None:
            continue
        tests = [test for test in snapshot.tests if control.ref in test.controls]
        if not tests:
            untested.append(control.ref)
        rows.append(_walkthrough_row(control, lived, snapshot.as_of))
        rows += [_test_row(control, test, lived, evidence[test.id], snapshot.as_of) for test in tests]
    return Calendar(asked, snapshot.as_of, tuple(rows), tuple(untested))


def _lived(control: Control, period: Period, as_of: date) -> Period | None:
    """The days of the period on which the control is in place, None where it is on none by `as_of`."""
    placed = control.in_place_on
    if placed is None or placed > as_of:
        return None
    gone = [day for day in (control.retired_on, control.lacking_since) if day is not None and day >= placed]
    start, end = max(period.start, placed), min([period.end, *(day - timedelta(days=1) for day in gone)])
    return Period(start, end) if start <= end else None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Days of judged evidence and of runs that told nothing, sorted; `whole` are periods of which every item was judged."""

    judged: Sequence[date] = ()
    untold: Sequence[date] = ()
    whole: Sequence[Period] = ()

    def within(self, window: Period) -> date | None:
        """The newest day of judged evidence in the window; else the day up to which one result looked at all of it."""
        if (day := _newest_within(self.judged, window)) is not None:
            return day
        return next((p.end for p in self.whole if p.start <= window.start and window.end <= p.end), None)

    def is_untold(self, window: Period) -> bool:
        return _newest_within(self.untold, window) is not None


def _newest_within(days: Sequence[date], window: Period) -> date | None:
    place = bisect_right(days, window.end)
    return days[place - 1] if place > bisect_left(days, window.start) else None


def _evidence_of(test: ControlTest, results: Iterable[TestResult]) -> _Evidence:
    judged, untold, looked_back = set(), set(), dict[date, date]()
    for result in results:
        day = min(result.effective_on, result.as_of)
        if not feeds_reliability(test, result):
            untold.add(result.as_of)
            continue
        judged.add(day)
        start = result.looks_back_to
        if start is not None:
            looked_back[start] = max(day, looked_back.get(start, day))
    whole = [Period(start, end) for start, end in sorted(looked_back.items()) if start <= end]
    return _Evidence(sorted(judged), sorted(untold), whole)


def _test_row(control: Control, test: ControlTest, lived: Period, evidence: _Evidence, as_of: date) -> CoverageRow:
    occurrences = _occurrences(test.frequency, lived, evidence, as_of, test.next_due)
    owner = test.owner or control.owner
    return CoverageRow(control.ref, test.id, test.title, test.frequency, test.is_manual, owner, tuple(occurrences))


def _walkthrough_row(control: Control, lived: Period, as_of: date) -> CoverageRow:
    """Its design is to be walked through once a year."""
    days = sorted({w.effective_on for w in control.walkthroughs if w.effective_on <= as_of})
    occurrences = tuple(_occurrences("yearly", lived, _Evidence(days), as_of))
    title = f"Walkthrough of {control.title}"
    return CoverageRow(control.ref, WALKTHROUGH, title, "yearly", True, control.owner, occurrences)


def _occurrences(
    frequency: str, period: Period, evidence: _Evidence, as_of: date, next_due: date | None = None
) -> Iterator[Occurrence]:
    for window in expected_windows(frequency, period):
        due_on = next_due if next_due is not None and next_due in window else window.end
        day = evidence.within(window)
        if day is not None:
            state = OccurrenceState.EVIDENCED
        elif as_of <= due_on:
            state = OccurrenceState.NOT_YET_DUE
        else:
            state = OccurrenceState.UNTOLD if evidence.is_untold(window) else OccurrenceState.MISSING
        yield Occurrence(window.start, window.end, due_on, state, day)


def expected_windows(frequency: str, period: Period) -> tuple[Period, ...]:
    """In which days of the period evidence is expected, one after another; raises ValueError for no frequency.

    >>> [str(w.end) for w in expected_windows("quarterly", Period(date(2026, 1, 1), date(2026, 7, 31)))]
    ['2026-03-31', '2026-06-30']
    >>> expected_windows("yearly", Period(date(2026, 7, 1), date(2026, 12, 31)))
    (Period(start=datetime.date(2026, 1, 1), end=datetime.date(2026, 12, 31)),)
    """
    if frequency == PER_EVENT:
        return (period,)
    if frequency not in _DAYS and frequency not in _MONTHS:
        raise ValueError(f"{frequency!r} is no frequency; give one of {', '.join([*_DAYS, *_MONTHS, PER_EVENT])}")
    found, start = [], period.start
    for number in range(1, (period.end - period.start).days + 2):
        following = _after(frequency, period.start, number)
        if following - timedelta(days=1) > period.end:
            break
        found.append(Period(start, following - timedelta(days=1)))
        start = following
    if found:
        return tuple(found)
    return (Period(_after(frequency, period.end + timedelta(days=1), -1), period.end),)


def _after(frequency: str, start: date, number: int) -> date:
    """The first day of the occurrence that follows `number` whole ones from `start`."""
    if frequency in _DAYS:
        return start + timedelta(days=_DAYS[frequency] * number)
    year, month = divmod(start.year * 12 + start.month - 1 + _MONTHS[frequency] * number, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
