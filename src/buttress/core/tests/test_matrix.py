from dataclasses import replace
from datetime import date
from itertools import pairwise
from math import exp, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from buttress.core.estimates import Level, MagnitudeEstimate
from buttress.core.frequency import frequency_law
from buttress.core.magnitude import magnitude_law
from buttress.core.matrix import (
    Band,
    Cell,
    ScaleVersion,
    band_faults,
    cell,
    cell_of,
    impact_level,
    likelihood_level,
    rating_rank,
)

RATINGS = ("low", "moderate", "high", "critical")


def bands(*edges: float) -> tuple[Band, ...]:
    return tuple(Band(f"level {i + 1}", low, high) for i, (low, high) in enumerate(pairwise(edges)))


SCALE = ScaleVersion(
    "2026",
    date(2025, 12, 1),
    "USD",
    bands(0.01, 0.1, 1, 10),
    bands(1e3, 1e4, 1e5, 1e6),
    RATINGS,
    (("low", "low", "moderate"), ("low", "moderate", "high"), ("moderate", "high", "critical")),
)


@pytest.mark.parametrize(
    ("frequency", "level"), [(0, 1), (0.001, 1), (0.01, 1), (0.0999, 1), (0.1, 2), (1, 3), (9.99, 3), (10, 3), (400, 3)]
)
def test_bands_are_half_open_and_outer_levels_hold_what_lies_outside(frequency: float, level: int) -> None:
    assert likelihood_level(SCALE, frequency) == level


@pytest.mark.parametrize(("loss", "level"), [(0, 1), (9_999, 1), (10_000, 2), (1e6, 3), (float("inf"), 3)])
def test_impact_level_of_an_event_loss(loss: float, level: int) -> None:
    assert impact_level(SCALE, loss) == level


@pytest.mark.parametrize("value", [float("nan"), -1.0])
def test_what_is_no_amount_has_no_level(value: float) -> None:
    with pytest.raises(ValueError, match="has no level"):
        impact_level(SCALE, value)


def test_the_cell_has_a_rating_of_its_own() -> None:
    assert cell_of(SCALE, 0.5, 250_000) == cell(SCALE, 2, 3) == Cell(2, 3, "high")


@pytest.mark.parametrize(("likelihood", "impact"), [(0, 1), (4, 1), (1, 0), (1, 4)])
def test_a_level_that_the_scale_lacks_is_refused(likelihood: int, impact: int) -> None:
    with pytest.raises(ValueError, match="its levels are 1 to 3"):
        cell(SCALE, likelihood, impact)


def test_ratings_rank_from_lowest_to_highest() -> None:
    assert [rating_rank(SCALE, rating) for rating in RATINGS] == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="has no rating 'severe'; its ratings are low, moderate, high, critical"):
        rating_rank(SCALE, "severe")


INVALID = [
    ({"likelihood": ()}, "likelihood has no band"),
    ({"likelihood": bands(0, 1, 5, 10)}, r"\[0, 1\); give 0 < low < high"),
    ({"impact": bands(1, 3, 2, 4)}, r"\[3, 2\); give 0 < low < high"),
    ({"impact": bands(1, 2, 3, float("inf"))}, "give 0 < low < high"),
    ({"impact": (*bands(1, 2, 3), Band("top", 4, 5))}, "'top' starts at 4 where 'level 2' ends at 3"),
    ({"impact": (*bands(1, 2, 3), Band("level 1", 3, 5))}, "two bands of one name"),
    ({"ratings": ("low", "low")}, "not one or more distinct names"),
    ({"cells": SCALE.cells[:2]}, "give 3 rows"),
    ({"cells": (*SCALE.cells[:2], ("low", "high"))}, "of 3 .impact."),
    ({"cells": (*SCALE.cells[:2], ("moderate", "high", "severe"))}, "use 'severe', not among"),
    ({"cells": (("low", "low", "moderate"), ("low", "moderate", "low"), SCALE.cells[2])}, "cell 2 x 3 is rated low"),
    ({"cells": (("low", "high", "high"), ("low", "moderate", "high"), SCALE.cells[2])}, "below high of cell 1 x 2"),
    ({"sigma": 0.0}, "sigma 0.0 is not above 0"),
]


@pytest.mark.parametrize(("fields", "message"), INVALID, ids=[line[1] for line in INVALID])
def test_a_scale_that_is_not_valid_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SCALE, **fields)  # type: ignore[arg-type]


def test_all_faults_of_a_scale_come_at_once() -> None:
    with pytest.raises(ValueError, match=r"Scale 2026: likelihood has no band.*sigma"):
        replace(SCALE, likelihood=(), sigma=-1.0)


@st.composite
def axes(draw: st.DrawFn, least: float, greatest: float) -> tuple[Band, ...]:
    """Bands of any width from a tenth of themselves up to a thousandfold."""
    low = draw(st.floats(least, greatest))
    ratios = draw(st.lists(st.floats(1.1, 1e3), min_size=1, max_size=6))
    edges = [low]
    for ratio in ratios:
        edges.append(edges[-1] * ratio)
    return bands(*edges)


@st.composite
def scales(draw: st.DrawFn) -> ScaleVersion:
    likelihood, impact = draw(axes(1e-4, 1.0)), draw(axes(1e2, 1e6))
    cells = tuple(tuple(RATINGS[min((i + j) // 2, 3)] for j in range(len(impact))) for i in range(len(likelihood)))
    return replace(SCALE, likelihood=likelihood, impact=impact, cells=cells, sigma=draw(st.floats(0.1, 3)))


@given(scales())
@settings(max_examples=60)
def test_level_to_law_to_level_is_the_identity(scale: ScaleVersion) -> None:
    """Law of a likelihood level: mean at the geometric centre; of an impact level: 90th percentile there."""
    z90 = float(ndtri(0.9))
    for i, band in enumerate(scale.likelihood, 1):
        assert band.centre == pytest.approx(sqrt(band.low * band.high))
        assert likelihood_level(scale, band.centre) == i
    for j, band in enumerate(scale.impact, 1):
        mu = log(band.centre) - z90 * scale.sigma
        assert impact_level(scale, exp(mu + z90 * scale.sigma)) == j


@given(scales())
@settings(max_examples=40)
def test_levels_chosen_by_hand_come_back_from_the_laws_of_the_engine(scale: ScaleVersion) -> None:
    for i in range(1, len(scale.likelihood) + 1):
        assert likelihood_level(scale, frequency_law(Level(i), scale).mean) == i
    for j in range(1, len(scale.impact) + 1):
        law = magnitude_law(MagnitudeEstimate(Level(j)), scale)
        assert impact_level(scale, law.quantile(0.9)) == j


@given(scales(), st.floats(1e-6, 1e4), st.floats(1, 1e3))
@settings(max_examples=60)
def test_a_higher_frequency_never_has_a_lower_level_or_rating(
    scale: ScaleVersion, frequency: float, factor: float
) -> None:
    low, high = cell_of(scale, frequency, 5e4), cell_of(scale, frequency * factor, 5e4)
    assert low.likelihood <= high.likelihood
    assert rating_rank(scale, low.rating) <= rating_rank(scale, high.rating)


def test_valid_bands_have_no_fault() -> None:
    assert band_faults("impact", SCALE.impact) == ()
