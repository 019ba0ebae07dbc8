"""Frequency laws against closed forms: estimates, controls, incidents."""

from datetime import date
from math import exp, inf, log, nan, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaincinv

from buttress.core.estimates import (
    FrequencyEstimate,
    Interval,
    IntervalLaw,
    Level,
    Pert,
    YearlyProbability,
)
from buttress.core.frequency import FrequencyLaw, after_incidents, frequency_law
from buttress.core.matrix import Band, ScaleVersion

SCALE = ScaleVersion(
    version="2025",
    effective_on=date(2025, 1, 1),
    currency="USD",
    likelihood=(Band("rare", 0.01, 0.1), Band("possible", 0.1, 1.0), Band("frequent", 1.0, 12.0)),
    impact=(Band("low", 1e3, 1e5), Band("high", 1e5, 1e7)),
    ratings=("low", "high"),
    cells=(("low", "high"),) * 3,
)


def test_gamma_interval_and_incidents_update_in_closed_form() -> None:
    law = frequency_law(Interval(0.1, 1.0, IntervalLaw.GAMMA))
    assert (law.shape, law.rate, law.mean) == pytest.approx((2.437273, 5.437873, 0.448203), rel=1e-5)
    posterior = after_incidents(law, 2, 3)
    assert (posterior.shape, posterior.rate, posterior.mean) == pytest.approx((4.437273, 8.437873, 0.525876), rel=1e-5)
    assert (posterior.quantile(0.05), posterior.quantile(0.95)) == pytest.approx((0.19255, 0.99215), abs=1e-5)
    assert 1 - posterior.probability_of_none == pytest.approx(0.391633, rel=1e-5)


def test_lognormal_interval_keeps_its_two_moments() -> None:
    law = frequency_law(Interval(0.05, 0.8))
    sigma = log(16) / (2 * 1.6448536269514722)
    assert law.mean == pytest.approx(0.2 * exp(sigma**2 / 2))
    assert law.variance + law.mean**2 == pytest.approx(0.04 * exp(2 * sigma**2))


def test_pert_keeps_its_two_moments() -> None:
    law = frequency_law(Pert(10, 20, 60))
    assert (law.mean, law.variance) == pytest.approx((25, 75))


def test_yearly_probability_keeps_the_chance_of_no_event() -> None:
    law = frequency_law(YearlyProbability(0.3))
    assert law.variance == 0
    assert law.probability_of_none == pytest.approx(0.7)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_level_has_its_mean_at_the_centre_and_its_percentiles_in_the_ratio_of_the_band(level: int) -> None:
    band, law = SCALE.likelihood[level - 1], frequency_law(Level(level), SCALE)
    assert law.mean == pytest.approx(sqrt(band.low * band.high))
    assert law.quantile(0.95) / law.quantile(0.05) == pytest.approx(band.high / band.low, rel=1e-9)


@given(shape=st.floats(0.06, 2000), high=st.floats(1e-3, 1e3))
@settings(max_examples=50, deadline=None)
def test_gamma_interval_returns_the_shape_it_came_from(shape: float, high: float) -> None:
    ratio = float(gammaincinv(shape, 0.05) / gammaincinv(shape, 0.95))
    law = frequency_law(Interval(high * ratio, high, IntervalLaw.GAMMA))
    assert law.shape == pytest.approx(shape, rel=1e-6)
    assert law.quantile(0.95) == pytest.approx(high)


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Interval(1.0, 1.0001, IntervalLaw.GAMMA), "ratio"),
        (Interval(1e-30, 1.0, IntervalLaw.GAMMA), "ratio"),
        (Interval(1e-30, 1.0), "too wide"),
        (Level(4), "1 to 3"),
    ],
)
def test_estimates_that_have_no_law_are_refused_with_what_was_expected(estimate: FrequencyEstimate, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        frequency_law(estimate, SCALE)


@pytest.mark.parametrize(("mean", "variance"), [(-0.1, 0.0), (inf, 0.0), (nan, 0.0), (1.0, -1.0), (0.0, 1.0)])
def test_numbers_that_are_no_law_of_a_frequency_are_refused(mean: float, variance: float) -> None:
    with pytest.raises(ValueError, match="Frequency with mean"):
        FrequencyLaw(mean, variance)


def test_level_without_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a scale version"):
        frequency_law(Level(1))


@given(mean=st.floats(1e-3, 50), spread=st.floats(0, 3), let_through=st.floats(0.01, 1), doubt=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_scaling_matches_both_moments_of_the_product(
    mean: float, spread: float, let_through: float, doubt: float
) -> None:
    law = FrequencyLaw(mean, (spread * mean) ** 2)
    second = let_through**2 * (1 + doubt)
    scaled = law.scaled(let_through, second)
    assert scaled.mean == pytest.approx(mean * let_through)
    assert scaled.variance + scaled.mean**2 == pytest.approx((law.variance + mean**2) * second)


def test_scaling_to_nothing_leaves_no_event() -> None:
    assert FrequencyLaw(2, 3).scaled(0, 0).probability_of_none == 1


def test_factor_with_less_than_its_squared_mean_as_second_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="no law of a factor"):
        FrequencyLaw(1, 1).scaled(0.5, 0.2)


def test_years_without_incident_lower_the_mean_and_a_certain_rate_learns_nothing() -> None:
    law = FrequencyLaw(0.5, 0.1)
    assert after_incidents(law, 0, 5).mean < law.mean
    assert after_incidents(FrequencyLaw(0.5, 0), 3, 1) == FrequencyLaw(0.5, 0)
    with pytest.raises(ValueError, match="exposure"):
        after_incidents(law, 1, 0)


def test_certain_rate_is_the_limit_of_a_narrow_gamma() -> None:
    certain, narrow = FrequencyLaw(2, 0), FrequencyLaw(2, 1e-12)
    assert narrow.probability_of_none == pytest.approx(certain.probability_of_none)
    assert narrow.quantile(0.9) == pytest.approx(certain.quantile(0.9), rel=1e-5)
