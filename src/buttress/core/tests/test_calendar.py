"""The coverage calendar against tables worked out by hand, and its windows against a plain count of days."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.calendar import (
    WALKTHROUGH,
    CoverageRow,
    OccurrenceState,
    coverage_calendar,
    expected_windows,
)
from buttress.core.period import Period, period_of
from buttress.core.snapshot import Category, Control, Engagement, EngagementType, Procedure, Walkthrough
from buttress.core.tests.registers import control, coverage_test, register, result
from buttress.core.verdicts import ControlTest, EffectMode, Outcome, TestResult

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
SIGNS = {
    OccurrenceState.EVIDENCED: "E",
    OccurrenceState.UNTOLD: "?",
    OccurrenceState.MISSING: "M",
    OccurrenceState.NOT_YET_DUE: ".",
}


def signs(row: CoverageRow) -> str:
    return "".join(SIGNS[occurrence.state] for occurrence in row.occurrences)


def row_of(
    test: ControlTest,
    results: Sequence[TestResult] = (),
    as_of: date = YEAR.end,
    period: Period = YEAR,
    of: Control | None = None,
) -> CoverageRow:
    """The row of the test for its control."""
    snapshot = register(
        as_of=as_of, controls=(of or control(),), tests=(test,), results=tuple(r for r in results if r.as_of <= as_of)
    )
    return next(row for row in coverage_calendar(snapshot, period).rows if row.subject == test.id)


def on(*days: str, test: str = "leavers", **changes: object) -> list[TestResult]:
    return [result(test, on=date.fromisoformat(f"2026-{each}"), **changes) for each in days]


TABLE = [
    # frequency, evidence, as of, state of each occurrence
    ("quarterly", (), "01-01", "...."),
    ("quarterly", (), "03-31", "...."),
    ("quarterly", (), "04-01", "M..."),
    ("quarterly", ("02-03",), "02-03", "E..."),
    ("quarterly", ("02-03", "07-02"), "09-30", "EME."),
    ("quarterly", ("02-03", "07-02"), "12-31", "EME."),
    ("quarterly", ("03-31", "04-01", "07-01", "12-31"), "12-31", "EEEE"),
    ("half-yearly", ("07-09",), "09-30", "ME"),
    ("half-yearly", ("01-30",), "07-01", "E."),
    ("yearly", (), "12-31", "."),
    ("yearly", ("01-01",), "01-02", "E"),
    ("monthly", ("06-30", "09-30"), "09-30", "MMMMMEMME..."),
    ("monthly", ("01-31", "02-28", "03-31"), "04-15", "EEE........."),
    ("per_event", (), "12-31", "."),
    ("per_event", ("05-05",), "09-30", "E"),
]


@pytest.mark.parametrize(("frequency", "days", "as_of", "expected"), TABLE)
def test_occurrences_of_a_year(frequency: str, days: tuple[str, ...], as_of: str, expected: str) -> None:
    test = coverage_test(frequency=frequency)
    assert signs(row_of(test, on(*days), date.fromisoformat(f"2026-{as_of}"))) == expected


def test_after_the_period_the_last_occurrence_is_a_hole_too() -> None:
    assert signs(row_of(coverage_test(frequency="yearly"), (), date(2027, 1, 1))) == "M"
    assert signs(row_of(coverage_test(frequency="per_event"), (), date(2027, 1, 1))) == "M"


def test_a_day_without_a_run_is_a_hole_on_the_next() -> None:
    found = row_of(coverage_test(frequency="daily"), on("01-01", "01-03"), date(2026, 1, 4))
    assert signs(found)[:5] == "EME.."
    assert (found.due, found.evidenced, found.missing, len(found.occurrences)) == (3, 2, 1, 365)
    assert found.current_hole is None
    (hole,) = found.holes
    assert (hole.start, hole.end, hole.count) == (date(2026, 1, 2), date(2026, 1, 2), 1)


def test_weeks_run_from_the_first_day_of_the_period() -> None:
    found = row_of(coverage_test(frequency="weekly"), on("01-07", "01-08"), date(2026, 1, 22))
    assert signs(found)[:4] == "EEM."
    assert found.current_hole is not None
    assert found.current_hole.due_on == date(2026, 1, 21)


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": Outcome.ERROR},
        {"outcome": Outcome.INCOMPLETE},
        {"effective_at": datetime(2026, 2, 1, tzinfo=UTC)},
        {"passed": 0, "failing": 0},
    ],
    ids=["error", "incomplete", "stale", "empty"],
)
def test_a_run_that_tells_nothing_is_no_evidence_but_is_seen(changes: dict[str, object]) -> None:
    found = row_of(coverage_test(frequency="quarterly"), on("02-10", **changes), date(2026, 5, 1))
    assert signs(found)[:2] == "?."
    assert found.missing == 1


def test_a_failing_result_is_evidence() -> None:
    found = row_of(coverage_test(frequency="quarterly"), on("02-10", passed=1, failing=9), date(2026, 5, 1))
    assert signs(found)[0] == "E"


def test_a_run_over_a_period_to_date_covers_the_occurrences_before_it() -> None:
    test = coverage_test(frequency="monthly", mode=EffectMode.RELIABILITY)
    to_date = on("04-15", cluster="2026-01-01")
    assert signs(row_of(test, to_date, date(2026, 6, 1))) == "EEEEM......."
    other_period = on("04-15", cluster="2026-03-01")
    assert signs(row_of(test, other_period, date(2026, 6, 1))) == "MMEEM......."


def test_a_manual_test_is_overdue_by_the_day_that_it_names() -> None:
    test = coverage_test("MT-1", frequency="half-yearly", is_manual=True, next_due=date(2026, 7, 31))
    january = on("01-30", test="MT-1")
    assert signs(row_of(test, january, date(2026, 7, 31))) == "E."
    found = row_of(test, january, date(2026, 8, 1))
    assert signs(found) == "EM"
    assert found.current_hole is not None
    assert found.current_hole.due_on == date(2026, 7, 31)


def test_the_walkthrough_is_expected_once_a_year() -> None:
    walked = Walkthrough(date(2026, 3, 3), "ines", Procedure.INSPECTION, is_suitable=False)
    without, held = control("A-1", walkthroughs=()), control("B-1", walkthroughs=(walked,))
    found = coverage_calendar(register(as_of=date(2027, 1, 1), controls=(held, without)), YEAR)
    assert [(row.control, row.subject, signs(row)) for row in found.rows] == [
        ("A-1", WALKTHROUGH, "M"),
        ("B-1", WALKTHROUGH, "E"),
    ]
    assert found.untested == ("A-1", "B-1")


LIVES = [
    ("in place since before", {}, 12),
    ("in place in the period", {"in_place_on": date(2026, 4, 1)}, 9),
    ("retired in the period", {"retired_on": date(2026, 4, 1)}, 3),
    ("lacking in the period", {"lacking_since": date(2026, 7, 1)}, 6),
    ("was lacking before", {"lacking_since": date(2024, 1, 1)}, 12),
    ("retired before", {"retired_on": date(2026, 1, 1)}, None),
    ("planned", {"in_place_on": None, "planned_on": date(2026, 3, 1)}, None),
    ("in place after the day", {"in_place_on": date(2026, 12, 1)}, None),
]


@pytest.mark.parametrize(("changes", "count"), [line[1:] for line in LIVES], ids=[line[0] for line in LIVES])
def test_nothing_is_expected_of_a_control_that_is_not_in_place(changes: dict[str, object], count: int | None) -> None:
    test = coverage_test(frequency="monthly")
    snapshot = register(as_of=date(2026, 9, 30), controls=(control(**changes),), tests=(test,))
    rows = [row for row in coverage_calendar(snapshot, YEAR).rows if row.subject == test.id]
    assert [len(row.occurrences) for row in rows] == ([] if count is None else [count])


def test_a_period_shorter_than_one_occurrence_expects_one_that_may_lie_before_it() -> None:
    half = Period(date(2026, 7, 1), date(2026, 12, 31))
    test = coverage_test(frequency="yearly")
    assert signs(row_of(test, on("03-03"), date(2026, 9, 30), half)) == "E"
    assert signs(row_of(test, (), date(2027, 1, 1), half)) == "M"


def test_an_occurrence_that_ends_after_the_period_belongs_to_the_next() -> None:
    seven = Period(date(2026, 1, 1), date(2026, 7, 31))
    assert [w.end for w in expected_windows("quarterly", seven)] == [date(2026, 3, 31), date(2026, 6, 30)]


def test_months_from_the_31st_end_with_the_month() -> None:
    found = expected_windows("monthly", Period(date(2025, 12, 31), date(2026, 4, 29)))
    assert [str(w.start) for w in found] == ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31"]


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(ValueError, match="'sometimes' is no frequency"):
        expected_windows("sometimes", YEAR)


@given(
    st.sampled_from(["continuous", "hourly", "daily", "weekly", "monthly", "quarterly", "half-yearly", "yearly"]),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(0, 800),
)
def test_windows_follow_one_another_without_gap_and_end_within_the_period(
    frequency: str, start: date, length: int
) -> None:
    period = Period(start, start + timedelta(days=length))
    found = expected_windows(frequency, period)
    assert found
    assert all(before.end + timedelta(days=1) == after.start for before, after in pairwise(found))
    assert found[-1].end <= period.end
    assert found[0].start == period.start or (len(found) == 1 and found[0].start < period.start)


@settings(max_examples=40)
@given(st.sets(st.integers(0, 364), max_size=12), st.integers(0, 400))
def test_days_are_holes_by_a_plain_count(run_on: set[int], today: int) -> None:
    as_of = YEAR.start + timedelta(days=today)
    ran = [result(on=YEAR.start + timedelta(days=n)) for n in sorted(run_on)]
    found = row_of(coverage_test(frequency="daily"), ran, as_of)
    seen = {n for n in run_on if n <= today}
    assert found.evidenced == len(seen)
    assert found.missing == len({n for n in range(min(today, 365)) if n not in seen})
    assert sum(hole.count for hole in found.holes) == found.missing


def test_the_period_is_the_engagement_s_else_the_year_up_to_the_day() -> None:
    engaged = Engagement("E", EngagementType.TYPE_2, YEAR.start, YEAR.end, frozenset({Category.SECURITY}))
    assert period_of(register(engagement=engaged)) == YEAR
    assert period_of(replace(register(), as_of=YEAR.end)) == YEAR
    with pytest.raises(ValueError, match="ends before it begins"):
        Period(YEAR.end, YEAR.start)
