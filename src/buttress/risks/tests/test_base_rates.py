"""Base rates by size and sector, against the published tables, and the check of coherence."""

from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.risks.base_rates import (
    TIER_LIMITS,
    Sector,
    base_rates,
    coherence,
    expected_chance,
    expected_rate,
    loss_factor,
    operational_loss_factor,
    sector_factor,
    size_factor,
)
from buttress.risks.library import Calibration, starter_risks

ONE_OF_EACH_TIER = (5e6, 5e7, 5e8, 5e9, 5e10, 5e11)


def test_size_factors_of_the_six_tiers():
    published = (0.888, 1, 1.20, 1.87, 4.28, 6.51)
    assert [size_factor(r) for r in ONE_OF_EACH_TIER] == pytest.approx(published, rel=3e-3)
    rates = (0.0777, 0.0875, 0.1052, 0.1640, 0.3748, 0.5697)
    assert [expected_rate(r, None) for r in ONE_OF_EACH_TIER] == pytest.approx(rates, abs=1e-4)


def test_sector_factors_are_shares_of_the_rate_of_all():
    assert [round(sector_factor(s), 3) for s in Sector] == [
        1.204,
        1.172,
        0.978,
        0.903,
        0.785,
        0.731,
        0.484,
        0.441,
        1.0,
    ]


def test_loss_factors_of_the_six_tiers():
    assert [loss_factor(r) for r in ONE_OF_EACH_TIER] == [1.0, 1.0, 1.3, 5.0, 6.2, 6.2]


@pytest.mark.parametrize(
    ("revenue", "sector", "rate", "chance"), [(4e7, "information", 0.0791, 0.076), (3e9, "healthcare", 0.1605, 0.148)]
)
def test_published_rates_for_a_size_and_a_sector(revenue, sector, rate, chance):
    assert expected_rate(revenue, sector) == pytest.approx(rate, abs=1e-4)
    assert expected_chance(revenue, sector) == pytest.approx(chance, abs=5e-4)


def test_the_starter_risks_rescale_to_another_organisation():
    total = sum(r.mean_frequency for r in starter_risks().values() if r.calibration is Calibration.IRIS)
    rescaled = total * size_factor(3e9) * sector_factor("healthcare")
    assert rescaled == pytest.approx(0.1610, abs=1e-4)
    found = coherence({"all": rescaled}, 3e9, "healthcare")
    assert found.chance == pytest.approx(0.149, abs=5e-4)
    assert found.is_plausible


def test_a_tier_begins_at_its_lower_limit():
    assert size_factor(TIER_LIMITS[0]) == 1.0
    assert size_factor(TIER_LIMITS[0] - 1) == pytest.approx(0.888, abs=1e-3)
    assert size_factor(30_000_000.0) == 1.0


@given(st.floats(1e4, 1e12), st.floats(1e4, 1e12))
@settings(max_examples=100)
def test_larger_organisations_never_have_smaller_factors(one, other):
    low, high = sorted((one, other))
    assert size_factor(low) <= size_factor(high)
    assert loss_factor(low) <= loss_factor(high)
    assert 0.05 <= operational_loss_factor(low) <= operational_loss_factor(high)


@pytest.mark.parametrize("revenue", [0, -1.0])
def test_a_revenue_that_is_not_above_zero_is_refused(revenue):
    with pytest.raises(ValueError, match=f"Yearly revenue {revenue} is not above 0"):
        size_factor(revenue)


def test_an_unknown_sector_is_refused():
    with pytest.raises(ValueError, match="'banking'"):
        sector_factor("banking")


@pytest.mark.parametrize(
    ("chance", "is_plausible"),
    [(0.0838 / 3 - 1e-4, False), (0.0838 / 3 + 1e-4, True), (0.0838 * 3 - 1e-4, True), (0.0838 * 3 + 1e-4, False)],
)
def test_scenarios_outside_a_third_to_three_times_the_published_chance_are_not_plausible(chance, is_plausible):
    found = coherence({"R-1": -log(1 - chance)}, 5e7, None)
    assert found.expected == pytest.approx(0.0838)
    assert found.is_plausible is is_plausible


def test_coherence_names_the_risks_that_contribute_most():
    found = coherence({f"R-{n}": n / 10 for n in range(1, 9)}, 5e7, None)
    assert [ref for ref, _ in found.largest] == ["R-8", "R-7", "R-6", "R-5", "R-4"]


def test_without_a_visible_risk_there_is_nothing_to_compare():
    assert coherence({}, 5e7, None) is None


def test_every_published_figure_has_source_and_confidence():
    assert len(base_rates()) == 92
    assert [r.ref for r in base_rates() if not (r.source and r.confidence and r.value > 0)] == []
