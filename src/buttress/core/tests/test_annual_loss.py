"""One risk's annual loss against laws that are known exactly."""

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.annual_loss import AnnualLoss, compound_pmf, log_transforms
from buttress.core.discretisation import Grid, lattice_pmf
from buttress.core.frequency import FrequencyLaw
from buttress.core.magnitude import MagnitudeLaw
from buttress.core.severity import ExponentialLaw, Lognormal, PointLoss


def test_poisson_of_exponentials_is_the_erlang_series() -> None:
    loss = AnnualLoss(FrequencyLaw(2.0, 0.0), MagnitudeLaw(ExponentialLaw(1.0)))
    assert (loss.mean, loss.variance) == (2, 4)
    grid = Grid(60 / 16_384, 16_384)
    cumulative = np.cumsum(compound_pmf(loss.frequency, lattice_pmf(ExponentialLaw(1.0), grid)))
    edges = (np.arange(grid.size) + 0.5) * grid.step
    assert loss.probability_of_none == pytest.approx(0.13533528, abs=1e-8)
    assert np.interp([2.0, 5.0], edges, cumulative) == pytest.approx([0.60350096, 0.91393448], abs=1e-6)
    assert np.interp(0.99, cumulative, edges) == pytest.approx(8.62256798, abs=1e-4)


def test_poisson_of_three_amounts_is_the_panjer_recursion() -> None:
    severity = np.zeros(256)
    severity[1:4] = 0.5, 0.4, 0.1
    masses = compound_pmf(FrequencyLaw(3.0, 0.0), severity)
    expected = [0.04978707, 0.07468060, 0.11575493, 0.13255807, 0.13596537, 0.12525337, 0.10558320]
    assert masses[:7] == pytest.approx(expected, abs=1e-8)
    assert masses[:9].sum() == pytest.approx(0.88397076, abs=1e-8)
    k = np.arange(len(masses))
    assert (masses @ k, masses @ k**2 - (masses @ k) ** 2) == pytest.approx((4.8, 9.0), abs=1e-6)


@given(mean=st.floats(0.05, 5), spread=st.floats(0.05, 2))
@settings(max_examples=30, deadline=None)
def test_uncertain_frequency_of_certain_amounts_is_negative_binomial(mean: float, spread: float) -> None:
    law = FrequencyLaw(mean, (spread * mean) ** 2)
    severity = np.zeros(1024)
    severity[1] = 1.0
    masses = compound_pmf(law, severity)
    r, p = law.shape, 1 / (1 + law.scale)
    exact = [exp(lgamma(r + k) - lgamma(r) - lgamma(k + 1) + r * log(p) + k * log(1 - p)) for k in range(20)]
    assert masses[:20] == pytest.approx(exact, abs=1e-7)
    assert AnnualLoss(law, MagnitudeLaw(PointLoss(1.0))).probability_of_one == pytest.approx(exact[1], abs=1e-9)


def test_events_that_cost_nothing_leave_a_year_without_loss() -> None:
    frequency = FrequencyLaw(2.0, 1.0)
    assert AnnualLoss(frequency, MagnitudeLaw(PointLoss(0.0))).probability_of_none == 1
    claims_only = AnnualLoss(frequency, MagnitudeLaw(PointLoss(0.0), ExponentialLaw(5.0), 0.25))
    assert claims_only.probability_of_none == pytest.approx(frequency.scaled(0.25, 0.0625).probability_of_none)


def test_certain_rate_is_the_limit_of_a_narrow_gamma() -> None:
    severity = lattice_pmf(Lognormal(0.0, 1.0), Grid(0.05, 2048))
    certain = compound_pmf(FrequencyLaw(2.0, 0.0), severity)
    assert compound_pmf(FrequencyLaw(2.0, 1e-11), severity) == pytest.approx(certain, abs=1e-9)


def test_frequency_and_magnitude_controls_of_one_share_differ_in_spread_only() -> None:
    loss = AnnualLoss(FrequencyLaw(1.0, 0.3), MagnitudeLaw(Lognormal(3.0, 1.0), Lognormal(4.0, 1.0), 0.2))
    rarer = AnnualLoss(loss.frequency.scaled(0.4, 0.16), loss.magnitude)
    smaller = AnnualLoss(loss.frequency, loss.magnitude.scaled(0.4, 0.4))
    assert rarer.mean == pytest.approx(smaller.mean) == pytest.approx(0.4 * loss.mean)
    assert rarer.sd > 1.2 * smaller.sd


def test_splitting_a_poisson_risk_in_two_halves_leaves_its_law() -> None:
    magnitude = MagnitudeLaw(Lognormal(0.0, 1.0))
    whole, half = AnnualLoss(FrequencyLaw(3.0, 0.0), magnitude), AnnualLoss(FrequencyLaw(1.5, 0.0), magnitude)
    grid = Grid(0.1, 1024)
    assert 2 * half.log_transform(grid) == pytest.approx(whole.log_transform(grid), abs=1e-13)


def test_mean_range_comes_from_the_uncertain_frequency_alone() -> None:
    loss = AnnualLoss(FrequencyLaw(2.0, 1.0), MagnitudeLaw(PointLoss(10.0)))
    low, high = loss.mean_range()
    assert (low, high) == pytest.approx((10 * loss.frequency.quantile(0.05), 10 * loss.frequency.quantile(0.95)))
    assert low < loss.mean < high
    certain = AnnualLoss(FrequencyLaw(2.0, 0.0), MagnitudeLaw(Lognormal(1.0, 2.0)))
    assert certain.mean_range() == (certain.mean, certain.mean)


def test_rows_of_a_block_do_not_depend_on_their_neighbours() -> None:
    losses = [
        AnnualLoss(FrequencyLaw(0.0, 0.0), MagnitudeLaw(PointLoss(3.0))),
        AnnualLoss(FrequencyLaw(1.0, 0.5), MagnitudeLaw(Lognormal(1.0, 1.0), ExponentialLaw(4.0), 0.3)),
        AnnualLoss(FrequencyLaw(2.0, 0.0), MagnitudeLaw(Lognormal(0.0, 0.2))),
    ]
    grid = Grid(0.25, 512)
    together = log_transforms(losses, grid.step, grid.size, grid.frequencies)
    for row, loss in zip(together, losses, strict=True):
        assert row == pytest.approx(loss.log_transform(grid), abs=1e-15)
    assert not together[0].any()
