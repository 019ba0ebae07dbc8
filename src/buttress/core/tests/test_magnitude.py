"""Laws of one loss and of one event: closed forms, limits, the quantile with secondary loss."""

from datetime import date
from math import inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.discretisation import Grid, lattice_pmf
from buttress.core.estimates import (
    Exponential,
    Interval,
    IntervalLaw,
    Level,
    LossEstimate,
    MagnitudeEstimate,
    Pert,
    Point,
    Quantiles,
    SecondaryLoss,
)
from buttress.core.magnitude import MagnitudeLaw, loss_law, magnitude_law
from buttress.core.matrix import Band, ScaleVersion
from buttress.core.severity import Capped, ExponentialLaw, Lognormal, PertLaw, PointLoss, SeverityLaw

SCALE = ScaleVersion(
    version="2025",
    effective_on=date(2025, 1, 1),
    currency="USD",
    likelihood=(Band("rare", 0.01, 0.1),),
    impact=(Band("low", 1e3, 1e5), Band("high", 1e5, 1e7)),
    ratings=("low", "high"),
    cells=(("low", "high"),),
)

LAWS: list[SeverityLaw] = [
    Lognormal(2.0, 0.8),
    PertLaw(2.0, 5.0, 30.0),
    PertLaw(0.0, 0.0, 10.0),
    ExponentialLaw(6.0),
    PointLoss(7.5),
    Capped(Lognormal(2.0, 1.5), 20.0),
    Capped(PertLaw(2.0, 5.0, 30.0), 9.0),
    Capped(ExponentialLaw(6.0), 10.0),
    Capped(PointLoss(7.5), 3.0),
]


def test_lognormal_of_a_ninety_percent_interval() -> None:
    law = loss_law(Interval(1e5, 1e7))
    assert isinstance(law, Lognormal)
    sd = sqrt(law.second_moment - law.mean**2)
    figures = (law.mu, law.sigma, law.quantile(0.5), law.mean, sd, law.quantile(0.99))
    assert figures == pytest.approx((13.815511, 1.399872, 1e6, 2_663_980.10, 6_577_814.06, 25_960_860.5), rel=1e-6)


def test_pert_has_weight_four() -> None:
    law = loss_law(Pert(10, 20, 60))
    assert isinstance(law, PertLaw)
    assert law.parameters[2:] == pytest.approx((1.8, 4.2))
    assert (law.mean, law.second_moment - law.mean**2) == pytest.approx((25, 75))
    assert (law.quantile(0.05), law.quantile(0.95)) == pytest.approx((12.94887, 41.06384), rel=1e-6)


def test_median_and_ninetieth_percentile_come_back() -> None:
    law = loss_law(Quantiles(2e5, 3e6))
    assert (law.quantile(0.5), law.quantile(0.9)) == pytest.approx((2e5, 3e6))


@pytest.mark.parametrize("level", [1, 2])
def test_level_has_its_ninetieth_percentile_at_the_centre_of_the_band(level: int) -> None:
    law, band = loss_law(Level(level), SCALE), SCALE.impact[level - 1]
    assert law.quantile(0.9) == pytest.approx(sqrt(band.low * band.high))
    assert isinstance(law, Lognormal)
    assert law.sigma == SCALE.sigma


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_moments_survival_and_limited_means_agree_with_quadrature(law: SeverityLaw) -> None:
    x = np.linspace(0, 1000, 1_000_001)
    survival = law.survival(x)
    below = np.concatenate([[0.0], np.cumsum((survival[1:] + survival[:-1]) / 2)]) * x[1]
    assert law.mean == pytest.approx(below[-1], rel=2e-4)
    assert law.second_moment == pytest.approx(2 * np.trapezoid(x * survival, x), rel=4e-4)
    places = np.array([0, 500, 4000, 9000, 40000])
    assert law.limited_expected_value(x[places]) == pytest.approx(below[places], abs=6e-4)


@pytest.mark.parametrize("law", [law for law in LAWS if not isinstance(law, PointLoss | Capped)], ids=repr)
def test_quantile_inverts_survival(law: SeverityLaw) -> None:
    for q in (0.01, 0.5, 0.9, 0.999):
        assert float(law.survival(law.quantile(q))) == pytest.approx(1 - q, rel=1e-9)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_scaling_a_law_scales_its_money(law: SeverityLaw) -> None:
    scaled = law.scaled(0.25)
    assert (scaled.mean, scaled.second_moment) == pytest.approx((law.mean / 4, law.second_moment / 16))
    assert scaled.quantile(0.9) == pytest.approx(law.quantile(0.9) / 4)
    assert law.scaled(0.0).mean == 0


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_discretisation_keeps_the_mean(law: SeverityLaw) -> None:
    grid = Grid(2.5, 4096)
    masses = lattice_pmf(law, grid)
    assert masses.sum() == pytest.approx(1, abs=1e-9)
    assert masses @ (grid.step * np.arange(grid.size)) == pytest.approx(law.mean, rel=1e-6)


def test_mass_above_the_lattice_is_left_off() -> None:
    masses = lattice_pmf(ExponentialLaw(10.0), Grid(0.01, 1000))
    assert masses.sum() == pytest.approx(1 - np.exp(-1), abs=1e-3)


def test_secondary_loss_adds_its_moments() -> None:
    law = MagnitudeLaw(ExponentialLaw(10.0), ExponentialLaw(40.0), 0.25)
    assert law.mean == 20
    assert law.second_moment == 200 + 2 * 0.25 * 10 * 40 + 0.25 * 3200
    half = law.scaled(1.0, 0.5)
    assert (half.primary.mean, half.mean) == (10, 15)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_quantile_with_secondary_loss_matches_the_closed_form(q: float) -> None:
    # Two exponentials: P(X + Y > x) = (a e^(-x/a) - b e^(-x/b))/(a - b).
    a, b, p = 40.0, 10.0, 0.25
    x = MagnitudeLaw(ExponentialLaw(b), ExponentialLaw(a), p).quantile(q)
    both = (a * np.exp(-x / a) - b * np.exp(-x / b)) / (a - b)
    assert (1 - p) * np.exp(-x / b) + p * both == pytest.approx(1 - q, rel=2e-4)


def test_secondary_loss_that_cannot_happen_changes_no_quantile() -> None:
    assert MagnitudeLaw(PointLoss(5.0), PointLoss(9.0), 0.0).quantile(0.9) == 5


def test_quantile_falls_on_a_certain_primary_loss_where_the_secondary_is_rare() -> None:
    assert MagnitudeLaw(PointLoss(1000.0), Lognormal(9.0, 1.0), 0.05).quantile(0.9) == pytest.approx(1000, rel=1e-3)


def test_estimate_with_cap_secondary_and_exchange_rate() -> None:
    estimate = MagnitudeEstimate(Exponential(100.0), SecondaryLoss(0.5, Point(40.0)), cap=200.0)
    law = magnitude_law(estimate, None, 2.0)
    assert law.primary == Capped(ExponentialLaw(200.0), 400.0)
    assert (law.secondary, law.secondary_probability) == (PointLoss(80.0), 0.5)


@pytest.mark.parametrize(
    ("estimate", "rate", "words"),
    [
        (Interval(1.0, 5.0, IntervalLaw.GAMMA), 1.0, "only lognormal"),
        (Interval(1e-30, 1.0), 1.0, "sigma above 0, at most 15"),
        (Point(1.0), 0.0, "Exchange rate"),
        (Level(3), 1.0, "1 to 2"),
    ],
)
def test_estimates_that_have_no_law_are_refused_with_what_was_expected(
    estimate: LossEstimate, rate: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        magnitude_law(MagnitudeEstimate(estimate), SCALE, rate)


def test_level_without_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a scale version"):
        magnitude_law(MagnitudeEstimate(Level(1)))


@given(mu=st.floats(0, 15), sigma=st.floats(0.05, 3), at=st.floats(-3, 3))
@settings(max_examples=50, deadline=None)
def test_cap_turns_into_the_limited_expected_value(mu: float, sigma: float, at: float) -> None:
    law = Lognormal(mu, sigma)
    cap = float(np.exp(mu + sigma * at))
    capped = Capped(law, cap)
    assert capped.mean == pytest.approx(float(law.limited_expected_value(np.array(cap))))
    assert capped.mean <= min(cap, law.mean) * (1 + 1e-9)
    assert capped.mean**2 <= capped.second_moment * (1 + 1e-9) <= cap * capped.mean * (1 + 1e-6)
    assert capped.quantile(0.9999) <= cap


def test_law_of_nothing_is_refused() -> None:
    for build in (lambda: Lognormal(log(5), 0.0), lambda: Lognormal(inf, 1.0), lambda: Capped(PointLoss(1.0), inf)):
        with pytest.raises(ValueError, match="give"):
            build()
