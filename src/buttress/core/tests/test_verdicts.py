from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.verdicts import (
    ApprovedException,
    Assertion,
    ControlTest,
    EffectMode,
    Outcome,
    TestResult,
    Verdict,
    counts_agree,
    feeds_reliability,
    verdict,
)

DAY = date(2026, 6, 30)
LEAVERS = ControlTest("leavers-disabled", "", ("IAM-04",), Assertion.OPERATING, EffectMode.RELIABILITY)


def result(**counts: object) -> TestResult:
    """Ten of ten accounts passed, from a snapshot of the evening before, unless `counts` say otherwise."""
    given_counts = {"population": 10, "passed": 10, **counts}
    taken = datetime(2026, 6, 29, 22, tzinfo=UTC)
    return replace(TestResult("leavers-disabled", 1, DAY, taken, Outcome.EVALUATED), **given_counts)  # type: ignore[arg-type]


def exception(*keys: str, **fields: object) -> ApprovedException:
    running = ApprovedException(
        "EX-1", "leavers-disabled", frozenset(keys), "vaulted", date(2026, 6, 1), date(2026, 6, 30), "omar", "erin"
    )
    return replace(running, **fields)  # type: ignore[arg-type]


FAILING = {"passed": 8, "failing": 2, "failing_keys": ("a", "b")}

LINES = [
    ("engine error", {}, {"outcome": Outcome.ERROR}, Verdict.ERROR),
    ("count identity failed", {}, {"passed": 9}, Verdict.ERROR),
    ("more keys than failures", {}, {"passed": 9, "failing": 1, "failing_keys": ("a", "b")}, Verdict.ERROR),
    ("one key twice", {}, {"passed": 8, "failing": 2, "failing_keys": ("a", "a")}, Verdict.ERROR),
    ("a negative count", {}, {"passed": 11, "failing": -1}, Verdict.ERROR),
    ("not due beyond not applicable", {}, {"passed": 9, "not_applicable": 1, "not_due": 2}, Verdict.ERROR),
    ("collection failed", {}, {"outcome": Outcome.NOT_EVALUATED, "population": 0, "passed": 0}, Verdict.NOT_EVALUATED),
    ("empty population", {}, {"population": 0, "passed": 0}, Verdict.NOT_EVALUATED),
    ("empty, none demanded", {"min_population": 0}, {"population": 0, "passed": 0}, Verdict.NOT_EVALUATED),
    ("population below the least", {"min_population": 11}, {}, Verdict.NOT_EVALUATED),
    ("every row not applicable", {}, {"passed": 0, "not_applicable": 10}, Verdict.NOT_EVALUATED),
    ("older than its limit", {"max_age_hours": 1}, {}, Verdict.STALE),
    ("due again and not repeated", {"next_due": date(2026, 6, 29)}, {}, Verdict.STALE),
    ("due today", {"next_due": DAY}, {}, Verdict.PASS),
    ("repeated after it was due", {"next_due": date(2026, 6, 28)}, {}, Verdict.PASS),
    ("unreconciled", {}, {"outcome": Outcome.INCOMPLETE}, Verdict.INCOMPLETE),
    ("unknown rows", {}, {"passed": 9, "unknown": 1}, Verdict.INCOMPLETE),
    ("only unknown rows", {}, {"passed": 0, "unknown": 10}, Verdict.INCOMPLETE),
    ("above the tolerable rate", {"tolerable_rate": 0.19}, FAILING, Verdict.FAIL),
    ("at the tolerable rate", {"tolerable_rate": 0.2}, FAILING, Verdict.PASS_WITH_DEVIATIONS),
    ("failures without keys", {}, {"passed": 9, "failing": 1}, Verdict.FAIL),
    ("not applicable beside passed", {}, {"passed": 1, "not_applicable": 9}, Verdict.PASS),
    ("all passed", {"max_age_hours": 26}, {}, Verdict.PASS),
]


@pytest.mark.parametrize(("declared", "counts", "expected"), [line[1:] for line in LINES], ids=[x[0] for x in LINES])
def test_each_line_of_the_verdicts(declared: dict[str, object], counts: dict[str, object], expected: Verdict) -> None:
    found = verdict(replace(LEAVERS, **declared), result(**counts), (), DAY)  # type: ignore[arg-type]
    assert found.verdict is expected


def test_earlier_lines_win_over_later_ones() -> None:
    strict = replace(LEAVERS, max_age_hours=1, min_population=11)
    wrong = {"passed": 7, "failing": 2, "unknown": 1}
    order = [
        verdict(strict, result(outcome=Outcome.ERROR, **wrong), (), DAY),
        verdict(strict, result(outcome=Outcome.INCOMPLETE, **wrong), (), DAY),
        verdict(replace(strict, min_population=1), result(outcome=Outcome.INCOMPLETE, **wrong), (), DAY),
        verdict(LEAVERS, result(**wrong), (), DAY),
    ]
    expected = [Verdict.ERROR, Verdict.NOT_EVALUATED, Verdict.STALE, Verdict.INCOMPLETE]
    assert [j.verdict for j in order] == expected


def test_a_test_that_never_ran_is_not_evaluated() -> None:
    assert verdict(LEAVERS, None, (), DAY).verdict is Verdict.NOT_EVALUATED
    assert verdict(LEAVERS, None, (), DAY).reasons == ("never_run",)


def test_reasons_carry_figures_and_keep_those_of_the_run_once() -> None:
    small = verdict(replace(LEAVERS, min_population=11), result(reasons=("shrunk(312 -> 10)",)), (), DAY)
    assert small.reasons == ("shrunk(312 -> 10)", "below_min_population(10 < 11)")
    silent = result(outcome=Outcome.NOT_EVALUATED, population=0, passed=0, reasons=("empty_population",))
    assert verdict(LEAVERS, silent, (), DAY).reasons == ("empty_population",)


def test_disagreeing_counts_show_no_rate() -> None:
    assert verdict(LEAVERS, result(passed=0, failing=11), (), DAY).rate is None


def test_failing_items_of_a_barred_result_are_still_shown() -> None:
    stale = verdict(replace(LEAVERS, max_age_hours=1), result(**FAILING), (exception("a"),), DAY)
    assert (stale.verdict, stale.failed, stale.excepted, stale.rate) == (Verdict.STALE, 1, 1, 0.2)


def test_excepted_items_do_not_fail_a_test_but_stay_in_the_rate() -> None:
    judged = verdict(LEAVERS, result(**FAILING), (exception("a", "b", "other"),), DAY)
    assert (judged.verdict, judged.failed, judged.excepted) == (Verdict.PASS_WITH_DEVIATIONS, 0, 2)
    assert judged.rate == 0.2
    assert judged.exceptions == ("EX-1",)


NOT_RUNNING = {
    "another test": {"test": "mfa"},
    "not approved": {"approved_by": None},
    "not begun": {"starts_on": DAY + timedelta(1)},
    "expired": {"expires_on": DAY - timedelta(1)},
    "revoked today": {"revoked_on": DAY},
    "other keys": {"keys": frozenset({"c"})},
}


@pytest.mark.parametrize("fields", NOT_RUNNING.values(), ids=NOT_RUNNING.keys())
def test_an_exception_that_does_not_run_covers_nothing(fields: dict[str, object]) -> None:
    judged = verdict(LEAVERS, result(**FAILING), (exception("a", "b", **fields),), DAY)
    assert (judged.verdict, judged.excepted, judged.exceptions) == (Verdict.FAIL, 0, ())


def test_expiry_of_an_exception_restores_the_failure() -> None:
    covered, failing = exception("a", "b"), result(**FAILING)
    assert verdict(LEAVERS, failing, (covered,), DAY).verdict is Verdict.PASS_WITH_DEVIATIONS
    assert verdict(LEAVERS, failing, (covered,), DAY + timedelta(1)).verdict is Verdict.FAIL


def test_staleness_is_judged_at_the_start_of_the_day() -> None:
    test = replace(LEAVERS, max_age_hours=26)
    assert verdict(test, result(), (), date(2026, 7, 1)).verdict is Verdict.PASS  # exactly 26 h at midnight
    assert verdict(test, result(), (), date(2026, 7, 2)).verdict is Verdict.STALE


def test_a_result_stale_on_its_own_date_never_feeds_reliability() -> None:
    assert not feeds_reliability(replace(LEAVERS, max_age_hours=1), result())


def test_a_result_that_grew_stale_later_keeps_feeding_reliability() -> None:
    test = replace(LEAVERS, max_age_hours=26, next_due=DAY)
    assert verdict(test, result(), (), date(2026, 9, 1)).verdict is Verdict.STALE
    assert feeds_reliability(test, result())


def test_a_failing_result_feeds_reliability_though_exceptions_cover_it() -> None:
    assert feeds_reliability(LEAVERS, result(**FAILING))


def test_a_pass_above_the_warning_rate_says_so_and_stays_a_pass() -> None:
    test = replace(LEAVERS, tolerable_rate=0.3, warn_rate=0.1)
    judged = verdict(test, result(**FAILING), (), DAY)
    assert judged.verdict is Verdict.PASS_WITH_DEVIATIONS
    assert judged.reasons == ("above_warn_rate(0.2 > 0.1)",)


counts = st.integers(0, 3)


counted_results = st.builds(
    lambda outcome, passed, failing, not_applicable, unknown: result(
        outcome=outcome,
        population=passed + failing + not_applicable + unknown,
        passed=passed,
        failing=failing,
        not_applicable=not_applicable,
        unknown=unknown,
        failing_keys=tuple("abc"[:failing]),
    ),
    st.sampled_from(Outcome),
    counts,
    counts,
    counts,
    counts,
)


@given(counted_results, st.integers(0, 4), st.sampled_from((0.0, 0.4, 1.0)))
@settings(max_examples=200)
def test_nothing_passes_vacuously(counted: TestResult, least: int, tolerable: float) -> None:
    test = replace(LEAVERS, min_population=least, tolerable_rate=tolerable)
    assert counts_agree(counted)
    found = verdict(test, counted, (exception("a"),), DAY)
    if found.verdict.is_judged:
        judged = counted.passed + counted.failing
        assert counted.outcome is Outcome.EVALUATED
        assert counted.unknown == 0 < judged
        assert counted.population >= least
        assert found.verdict.is_passed == (found.failed / judged <= tolerable)
        assert (found.verdict is Verdict.PASS) == (counted.failing == 0)
    assert found.failed + found.excepted == counted.failing


@pytest.mark.parametrize(
    ("field", "value"),
    [("tolerable_rate", 5.0), ("warn_rate", -0.1), ("icc", 1.2), ("half_life_days", 0.0), ("min_population", -1)],
)
def test_a_test_refuses_values_outside_their_range(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"leavers-disabled: {field}"):
        replace(LEAVERS, **{field: value})  # type: ignore[arg-type]


def test_a_tolerable_rate_raised_after_the_run_does_not_turn_its_failure_into_a_pass() -> None:
    loosened = ControlTest("t", "T", ("C",), Assertion.OPERATING, EffectMode.COVERAGE, tolerable_rate=0.5)
    run = TestResult(
        "t",
        1,
        date(2026, 6, 30),
        datetime(2026, 6, 30, tzinfo=UTC),
        Outcome.EVALUATED,
        population=10,
        passed=8,
        failing=2,
        tolerable_rate=0.05,
    )
    assert verdict(loosened, run, (), date(2026, 6, 30)).verdict is Verdict.FAIL
