"""What the runs of a period show together: items counted once, limits where they make sense."""

from datetime import UTC, date, datetime

import pytest

from buttress.core.period import Period
from buttress.core.period_runs import TestInPeriod, runs_of_control
from buttress.core.tests.registers import control, coverage_test, register, result
from buttress.core.verdicts import ApprovedException, ControlTest, EffectMode, Outcome, TestResult, Verdict

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
OCCURRENCES = coverage_test(mode=EffectMode.RELIABILITY, tolerable_rate=0.05)


def shown(test: ControlTest, *results: TestResult, period: Period = YEAR, **changes: object) -> TestInPeriod:
    snapshot = register(controls=(control(),), tests=(test,), results=results, **changes)
    (found,) = runs_of_control("IAM-04", snapshot, period)
    return found


def on(day: str, passed: int, failing: int = 0, **changes: object) -> TestResult:
    return result(passed=passed, failing=failing, on=date.fromisoformat(f"2026-{day}"), **changes)


def test_occasions_of_a_manual_test_add_up() -> None:
    found = shown(OCCURRENCES, on("03-31", 25), on("06-30", 19, 1)).pooled
    assert found is not None
    assert (found.runs, found.items, found.failing, found.rate) == (2, 45, 1, 1 / 45)
    # 1 deviation in 45 items at a risk of 5 %: 10.2 % in the tables, recomputed in whole numbers.
    assert found.upper_limit == pytest.approx(0.102)


def test_of_runs_over_a_period_to_date_the_newest_stands_for_all() -> None:
    found = shown(OCCURRENCES, on("06-30", 38, 1, cluster="2026-01-01"), on("09-30", 60, 13, cluster="2026-01-01"))
    assert found.pooled is not None
    assert (found.pooled.items, found.pooled.failing, found.pooled.since) == (73, 13, None)
    assert [run.is_pooled for run in found.runs] == [False, True]


def test_a_run_that_looks_back_before_the_period_says_so() -> None:
    quarter = Period(date(2026, 7, 1), date(2026, 9, 30))
    found = shown(
        OCCURRENCES, on("06-30", 9, cluster="2026-01-01"), on("09-30", 20, cluster="2026-01-01"), period=quarter
    )
    assert found.pooled is not None
    assert (len(found.runs), found.pooled.since) == (1, date(2026, 1, 1))


def test_runs_over_a_state_are_not_pooled() -> None:
    found = shown(coverage_test(), on("06-30", 90), on("09-30", 90, 10))
    assert (found.pooled, found.rate, found.judged) == (None, 0.1, 2)


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.NOT_EVALUATED, Outcome.INCOMPLETE])
def test_runs_that_tell_nothing_are_listed_and_count_for_nothing(outcome: Outcome) -> None:
    found = shown(OCCURRENCES, on("03-31", 25), on("06-30", 5, 5, outcome=outcome))
    assert found.pooled is not None
    assert (len(found.runs), found.judged, found.pooled.items, found.pooled.failing) == (2, 1, 25, 0)


def test_without_a_judged_run_there_is_no_rate() -> None:
    found = shown(OCCURRENCES, on("03-31", 0, outcome=Outcome.ERROR))
    assert (found.pooled, found.rate) == (None, None)


def test_an_excepted_item_counts_as_failing_and_is_judged_as_of_its_run() -> None:
    covered = ApprovedException(
        "EX-1", "leavers", frozenset({"k0"}), "", date(2026, 3, 1), date(2026, 4, 30), "omar", "erin"
    )
    found = shown(OCCURRENCES, on("03-31", 19, 1), on("06-30", 19, 1), exceptions=(covered,))
    assert [(r.judgement.excepted, r.judgement.verdict) for r in found.runs] == [
        (1, Verdict.PASS_WITH_DEVIATIONS),
        (0, Verdict.PASS_WITH_DEVIATIONS),
    ]
    assert found.pooled is not None
    assert found.pooled.failing == 2


def test_the_tolerable_rate_is_the_one_in_force_at_the_newest_run() -> None:
    assert shown(OCCURRENCES, on("03-31", 9, tolerable_rate=0.2)).tolerable == 0.2
    assert shown(OCCURRENCES).tolerable == 0.05


def test_only_runs_and_deviations_of_the_period_are_shown() -> None:
    before = result(passed=9, failing=1, on=date(2025, 11, 30))
    mended = result(passed=10, failing=0, on=date(2025, 12, 31), effective_at=datetime(2025, 12, 31, tzinfo=UTC))
    found = shown(coverage_test(), before, mended, on("03-31", 9, 1))
    assert [run.result.as_of for run in found.runs] == [date(2026, 3, 31)]
    (life,) = found.deviations
    assert (life.first_seen, life.opened_on, life.reopened) == (date(2025, 11, 30), date(2026, 3, 31), 1)


def test_the_limit_of_many_items_is_rounded_up_to_a_tenth_of_a_percent() -> None:
    found = shown(OCCURRENCES, on("03-31", 19_990, 10)).pooled
    assert found is not None
    assert found.upper_limit == pytest.approx(0.001)
