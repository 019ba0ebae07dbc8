from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.reliability import (
    PRIORS,
    AgeingStep,
    Beta,
    CountingStep,
    Evidence,
    effective_size,
    passing_share,
    posterior,
)
from buttress.core.snapshot import ControlMode

DAY = date(2026, 1, 1)
JEFFREYS = Beta(0.5, 0.5)


def later(days: float) -> date:
    return DAY + timedelta(days)


def evidence(conforming: int, deviating: int, days: int = 0, half_life: float = 90, icc: float = 0.0) -> Evidence:
    return Evidence(conforming, deviating, later(days), half_life, icc)


REFERENCE_CASES = [
    (JEFFREYS, (25, 0), 0, Beta(25.5, 0.5), 0.980769, 0.926761, None),
    (JEFFREYS, (59, 1), 90, Beta(30, 1), 0.967742, 0.904966, None),
    (Beta(8, 2), (40, 0), 180, Beta(18, 2), 0.9, 0.773626, 0.980967),
]


@pytest.mark.parametrize(("prior", "counts", "age", "law", "mean", "q05", "q95"), REFERENCE_CASES)
def test_posterior_of_one_aged_result(
    *, prior: Beta, counts: tuple[int, int], age: int, law: Beta, mean: float, q05: float, q95: float | None
) -> None:
    found = posterior(prior, [evidence(*counts)], later(age)).beta
    assert (found.a, found.b) == pytest.approx((law.a, law.b), abs=1e-12)
    assert found.mean == pytest.approx(mean, abs=1e-6)
    assert found.quantile(0.05) == pytest.approx(q05, abs=1e-6)
    if q95 is not None:
        assert found.quantile(0.95) == pytest.approx(q95, abs=1e-6)


def test_effective_size_of_alike_items() -> None:
    assert effective_size(50_000, 0.01) == pytest.approx(99.802, abs=1e-3)
    assert effective_size(25, 0.01) == pytest.approx(20.161, abs=1e-3)
    assert (effective_size(25, 0), effective_size(25, 1), effective_size(1, 0.5)) == (25, 1, 1)


@given(st.integers(1, 10**6), st.floats(0, 1))
@settings(max_examples=100)
def test_effective_size_never_exceeds_the_items_nor_the_reciprocal_of_their_correlation(n: int, icc: float) -> None:
    size = effective_size(n, icc)
    assert 1 - 1e-9 <= size <= n * (1 + 1e-12)
    assert size * icc <= 1 + 1e-9


def test_priors_are_weak_and_not_below_jeffreys() -> None:
    assert set(PRIORS) == set(ControlMode)
    assert all(p.strength <= 10 and min(p.a, p.b) >= 0.5 for p in PRIORS.values())
    assert PRIORS[ControlMode.AUTOMATED] == Beta(9, 1)
    assert PRIORS[ControlMode.MANUAL] == PRIORS[ControlMode.HYBRID] == Beta(4, 1)


def test_no_evidence_leaves_the_prior() -> None:
    found = posterior(Beta(9, 1), [], DAY)
    assert (found.beta, found.steps) == (Beta(9, 1), ())


def test_old_failures_do_not_fade_into_a_better_control() -> None:
    """15 failures of 25 on an automated control: without the cut, 0.54 would climb to 0.83 in four half-lives."""
    fresh = posterior(Beta(9, 1), [evidence(10, 15)], DAY)
    aged = posterior(Beta(9, 1), [evidence(10, 15)], later(360))
    step = aged.steps[-1]
    assert fresh.beta.mean == pytest.approx(19 / 35)
    assert aged.beta.mean == pytest.approx(19 / 35)
    assert aged.beta.strength == pytest.approx(10 + 25 / 16)
    assert isinstance(step, AgeingStep)
    assert step.uncut_mean == pytest.approx((9 + 10 / 16) / (10 + 25 / 16))


def test_one_passing_item_does_not_undo_faded_failures() -> None:
    aged = posterior(Beta(9, 1), [evidence(10, 15), evidence(1, 0, days=900)], later(900)).beta
    assert aged.strength == pytest.approx(10 + 25 / 1024 + 1)
    assert aged.mean < 0.6


def test_without_a_cut_results_weigh_by_their_own_age() -> None:
    given_results = [evidence(30, 0, 0), evidence(40, 1, 45), evidence(20, 0, 90)]
    found = posterior(JEFFREYS, given_results, later(180)).beta
    weights = [2 ** (-age / 90) for age in (180, 135, 90)]
    assert found.a == pytest.approx(0.5 + weights[0] * 30 + weights[1] * 40 + weights[2] * 20)
    assert found.b == pytest.approx(0.5 + weights[1])


def test_order_of_the_results_given_does_not_matter() -> None:
    results = [evidence(30, 9, 0), evidence(40, 1, 45), evidence(20, 3, 90)]
    assert posterior(Beta(4, 1), results, later(99)) == posterior(Beta(4, 1), results[::-1], later(99))


def test_results_of_one_day_add_without_ageing() -> None:
    found = posterior(JEFFREYS, [evidence(10, 0), evidence(5, 1)], DAY)
    assert found.beta == Beta(15.5, 1.5)
    assert [type(step) for step in found.steps] == [CountingStep, CountingStep]


def test_an_auditor_can_recompute_the_posterior_from_its_steps() -> None:
    prior = Beta(9, 1)
    results = [evidence(10, 15, 0, icc=0.02), evidence(25, 0, 60, icc=0.02), evidence(3, 0, 300, icc=0.02)]
    found = posterior(prior, results, later(365))
    a, b = prior.a, prior.b
    for step in found.steps:
        assert (step.before.a, step.before.b) == pytest.approx((a, b))
        if isinstance(step, CountingStep):
            a, b = a + step.s, b + step.f
            assert step.s + step.f == pytest.approx(step.n_eff)
            assert step.n_eff == pytest.approx(step.n / (1 + (step.n - 1) * 0.02))
        else:
            assert step.weight == pytest.approx(2 ** (-(step.until - step.since).days / step.half_life_days))
            mean, size = a / (a + b), 10 + step.weight * (a + b - 10)
            faded = 9 + step.weight * (a - 9)
            assert (step.uncut_mean is not None) == (faded / size > mean)
            a = min(faded, mean * size)
            b = size - a
        assert (step.after.a, step.after.b) == pytest.approx((a, b))
    assert (found.beta.a, found.beta.b) == pytest.approx((a, b))
    assert found.steps[-1].after == found.beta


priors = st.builds(Beta, st.floats(0.5, 9), st.floats(0.5, 9))
pieces = st.builds(evidence, st.integers(0, 60), st.integers(0, 60), st.integers(0, 400), icc=st.floats(0, 0.2))


@given(priors, st.lists(pieces, min_size=1, max_size=5), st.integers(0, 500), st.integers(0, 500))
@settings(max_examples=100)
def test_ageing_never_raises_the_mean_and_never_narrows_the_law(
    prior: Beta, results: list[Evidence], sooner: int, wait: int
) -> None:
    last = max(e.effective_on for e in results)
    now = posterior(prior, results, last + timedelta(sooner)).beta
    then = posterior(prior, results, last + timedelta(sooner + wait)).beta
    assert then.mean <= now.mean + 1e-9
    assert then.strength <= now.strength + 1e-9


@given(priors, st.lists(pieces, min_size=1, max_size=5))
@settings(max_examples=100)
def test_evidence_of_long_ago_leaves_the_spread_of_the_prior_and_no_higher_mean(
    prior: Beta, results: list[Evidence]
) -> None:
    last = max(e.effective_on for e in results)
    fresh, faded = posterior(prior, results, last).beta, posterior(prior, results, last + timedelta(90 * 60)).beta
    assert faded.strength == pytest.approx(prior.strength)
    assert faded.mean <= min(prior.mean, fresh.mean) + 1e-9
    assert faded.mean == pytest.approx(min(prior.mean, fresh.mean), abs=1e-9)


@given(priors, st.lists(pieces, max_size=4), st.integers(0, 20), st.integers(1, 20))
@settings(max_examples=50)
def test_a_deviation_in_place_of_a_conforming_item_lowers_the_mean(
    prior: Beta, results: list[Evidence], conforming: int, deviating: int
) -> None:
    day = later(500)
    good = posterior(prior, [*results, evidence(conforming + deviating, 0, 500)], day).beta
    bad = posterior(prior, [*results, evidence(conforming, deviating, 500)], day).beta
    assert bad.mean < good.mean


def test_evidence_from_after_the_day_is_refused_beyond_what_time_zones_explain() -> None:
    assert posterior(JEFFREYS, [evidence(5, 0, days=1)], DAY).beta == Beta(5.5, 0.5)
    with pytest.raises(ValueError, match="effective on 2026-01-03 lies after 2026-01-01"):
        posterior(JEFFREYS, [evidence(5, 0, days=2)], DAY)


def test_a_prior_below_jeffreys_is_refused() -> None:
    with pytest.raises(ValueError, match="below Jeffreys"):
        posterior(Beta(9, 0.1), [], DAY)
    with pytest.raises(ValueError, match="below Jeffreys"):
        passing_share(Beta(0.1, 9), evidence(1, 0), DAY)


@pytest.mark.parametrize("fields", [(-1, 0), (0, -1), (1, 0, 0, 0.0), (1, 0, 0, 90, 1.5)])
def test_evidence_refuses_values_outside_their_range(fields: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"is not|are not|outside"):
        evidence(*fields)


def test_moments_of_a_beta_law() -> None:
    law = Beta(3, 2)
    assert (law.mean, law.variance) == pytest.approx((0.6, 0.04))
    assert law.second_moment == pytest.approx(law.variance + law.mean**2)
    assert Beta.from_mean(0.6, 5) == Beta(3, 2)


def test_a_law_at_the_end_of_its_range_is_certain() -> None:
    law = Beta.from_mean(1, 12)
    assert (law.mean, law.variance, law.second_moment, law.quantile(0.05)) == (1, 0, 1, 1)
    assert Beta.from_mean(0, 12).quantile(0.95) == 0


@pytest.mark.parametrize("parameters", [(0, 0), (-1, 3), (float("nan"), 1), (1, float("inf"))])
def test_parameters_that_are_no_law_are_refused(parameters: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="is no law"):
        Beta(*parameters)


@given(priors, st.integers(0, 400), st.integers(0, 400), st.floats(0, 1))
@settings(max_examples=100)
def test_coverage_at_its_date_is_what_was_tested_and_the_prior_for_the_rest(
    prior: Beta, passed: int, failed: int, tested: float
) -> None:
    if passed + failed == 0:
        return
    share = passing_share(prior, evidence(passed, failed, icc=0.01), DAY, tested_share=tested)
    expected = tested * float(Fraction(passed, passed + failed)) + (1 - tested) * prior.mean
    assert share.beta.mean == pytest.approx(expected, abs=1e-12)
    assert share.beta.strength == pytest.approx(prior.strength + effective_size(passed + failed, 0.01))


@given(priors, pieces.filter(lambda e: e.size > 0), st.floats(0, 1), st.integers(400, 900), st.integers(0, 900))
@settings(max_examples=100)
def test_coverage_never_rises_with_age(prior: Beta, piece: Evidence, tested: float, sooner: int, wait: int) -> None:
    now = passing_share(prior, piece, later(sooner), tested_share=tested)
    then = passing_share(prior, piece, later(sooner + wait), tested_share=tested)
    assert then.beta.mean <= now.beta.mean + 1e-12
    assert then.beta.strength <= now.beta.strength + 1e-12


def test_full_coverage_fades_to_the_prior_and_poor_coverage_stays_poor() -> None:
    good = passing_share(Beta(9, 1), evidence(50, 0), later(90))
    poor = passing_share(Beta(9, 1), evidence(20, 30), later(90))
    assert (good.weight, good.aged) == pytest.approx((0.5, 0.5 * 1 + 0.5 * 0.9))
    assert poor.aged == pytest.approx(0.4)
    assert good.beta.strength == poor.beta.strength == 10 + 25


def test_under_weakest_one_failing_item_exposes_all() -> None:
    assert passing_share(Beta(9, 1), evidence(311, 1), DAY, weakest=True).beta.mean == 0
    assert passing_share(Beta(9, 1), evidence(312, 0), DAY, weakest=True).beta.mean == 1
    half = passing_share(Beta(9, 1), evidence(311, 1), later(900), tested_share=0.5, weakest=True)
    assert half.beta.mean == pytest.approx(0.45)


def test_an_empty_population_reaches_nothing() -> None:
    with pytest.raises(ValueError, match="tested no item"):
        passing_share(Beta(9, 1), evidence(0, 0), DAY)
    with pytest.raises(ValueError, match=r"outside 0\.\.1"):
        passing_share(Beta(9, 1), evidence(1, 0), DAY, tested_share=1.2)
