"""Item-days failing: what a run shows lasts until the next one, within the period, and never more than all of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.core.deviations import deviations_of
from buttress.core.exposure_time import ExposureTime, exposure_time, exposure_times
from buttress.core.period import Period
from buttress.core.tests.registers import TODAY, coverage_test, register, result
from buttress.core.verdicts import ControlTest, EffectMode, Outcome, TestResult

START = date(2026, 1, 1)
YEAR = Period(START, TODAY)
LASTING = coverage_test(max_age_hours=None)


def day(number: int) -> date:
    return START + timedelta(days=number)


def told(
    *results: TestResult, test: ControlTest = LASTING, period: Period = YEAR, as_of: date = TODAY
) -> ExposureTime | None:
    return exposure_time(test, results, deviations_of([test], results, (), as_of), period)


def test_leavers_kept_access_for_six_days() -> None:
    """Of 10 items two fail from day 10 on and one more from day 16 on: 2 for 6 days, 3 for 4 more, none for the next 10."""
    found = told(
        result(passed=8, failing=2, on=day(10), failing_keys=("ann", "bob")),
        result(passed=7, failing=3, on=day(16), failing_keys=("ann", "bob", "cem")),
        result(passed=10, failing=0, on=day(20), failing_keys=()),
        period=Period(day(0), day(29)),
    )
    assert found == ExposureTime("leavers", days=20, judged=200, failing=24, items=3, median_days=10.0)
    assert found.share == pytest.approx(0.12)


def test_a_state_from_before_the_period_reaches_into_it_and_stops_at_its_end() -> None:
    found = told(result(passed=1, failing=1, on=day(-9)), period=Period(day(0), day(4)), as_of=day(20))
    assert found is not None
    assert (found.days, found.judged, found.failing) == (5, 10, 5)


def test_the_newest_result_lasts_until_it_is_stale() -> None:
    found = told(result(passed=9, failing=1, on=day(0)), test=coverage_test(max_age_hours=48))
    assert found is not None
    assert found.days == 3
    late = datetime(2026, 1, 1, 9, tzinfo=UTC)
    later = told(result(passed=9, failing=1, on=day(0), effective_at=late), test=coverage_test(max_age_hours=48))
    assert later is not None
    assert later.days == 3


def test_runs_that_looked_at_no_whole_population_leave_the_state_as_it_was() -> None:
    first, last = result(passed=8, failing=2, on=day(0)), result(passed=10, failing=0, on=day(10), failing_keys=())
    between = [
        result(passed=1, failing=0, on=day(4), failing_keys=(), outcome=outcome)
        for outcome in (Outcome.ERROR, Outcome.NOT_EVALUATED, Outcome.INCOMPLETE)
    ]
    quiet, noisy = told(first, last), told(first, *between, last)
    assert quiet is not None
    assert noisy is not None
    assert (noisy.days, noisy.judged, noisy.failing) == (quiet.days, quiet.judged, quiet.failing)


@pytest.mark.parametrize("changes", [{"is_manual": True}, {"mode": EffectMode.RELIABILITY}])
def test_occurrences_and_samples_have_no_time(changes: dict[str, object]) -> None:
    assert told(result(), test=replace(LASTING, **changes)) is None  # type: ignore[arg-type]


def test_without_a_result_nothing_is_told() -> None:
    assert told() is None
    assert told(result(passed=0, failing=0, on=day(0), failing_keys=())) is None
    assert told(result(on=day(9)), period=Period(day(0), day(4))) is None


def test_days_to_come_are_not_counted() -> None:
    snapshot = register(tests=(LASTING,), results=(result(on=TODAY),))
    (found,) = exposure_times(snapshot, (), Period(START, date(2026, 12, 31)))
    assert found.days == 1
    assert exposure_times(snapshot, (), Period(date(2027, 1, 1), date(2027, 2, 1))) == ()


def test_a_test_that_took_over_another_goes_on_with_its_days() -> None:
    newer = replace(LASTING, id="newer", supersedes="leavers")
    results = (result(on=day(0)), result("newer", 50, 0, on=day(10), failing_keys=()))
    snapshot = register(tests=(LASTING, newer), results=results, as_of=day(19))
    (found,) = exposure_times(snapshot, (), Period(day(0), day(19)))
    assert (found.test, found.days, found.failing) == ("newer", 20, 100)


RUNS = st.lists(st.tuples(st.integers(-40, 280), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12).map(
    sorted
)
PERIODS = st.tuples(st.integers(0, 272), st.integers(0, 272)).map(sorted).map(lambda p: Period(day(p[0]), day(p[1])))


def results_of(runs: Sequence[tuple[int, int, int]]) -> tuple[TestResult, ...]:
    return tuple(result(passed=passed, failing=failing, on=day(on)) for on, passed, failing in runs if on <= 272)


@given(RUNS, PERIODS, st.sampled_from([None, 24.0, 720.0]))
def test_the_share_is_one_of_a_whole(runs: list[tuple[int, int, int]], period: Period, limit: float | None) -> None:
    found = told(*results_of(runs), test=coverage_test(max_age_hours=limit), period=period)
    if found is not None:
        assert 0 <= found.share <= 1
        assert 0 < found.days <= (period.end - period.start).days + 1
        assert found.median_days is None or found.median_days >= 0


@given(st.lists(st.integers(-40, 270), min_size=1, max_size=9), st.integers(0, 20), st.integers(0, 20), PERIODS)
def test_what_never_changes_fails_for_its_share_of_items(
    days: list[int], passed: int, failing: int, period: Period
) -> None:
    found = told(*results_of([(on, passed, failing) for on in sorted(days)]), period=period)
    if found is not None:
        assert found.share == failing / (passed + failing)


@given(RUNS, PERIODS, st.integers(0, 272))
def test_two_parts_of_a_period_make_the_whole(runs: list[tuple[int, int, int]], period: Period, cut: int) -> None:
    results = results_of(runs)
    if not period.start <= day(cut) < period.end:
        return
    parts = [
        told(*results, period=Period(period.start, day(cut))),
        told(*results, period=Period(day(cut + 1), period.end)),
    ]
    whole = told(*results, period=period)
    for name in ("days", "judged", "failing"):
        assert sum(getattr(part, name) for part in parts if part) == (getattr(whole, name) if whole else 0)
