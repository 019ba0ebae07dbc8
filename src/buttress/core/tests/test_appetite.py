from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.appetite import (
    Appetite,
    AppetitePoint,
    Floats,
    curve_faults,
    highest_rating_for,
    judge_curve,
    limit_at,
    rating_within,
)
from buttress.core.matrix import Band, ScaleVersion

CURVE = (AppetitePoint(1e5, 0.2), AppetitePoint(1e6, 0.05), AppetitePoint(1e7, 0.001))
SCALE = ScaleVersion(
    "2026",
    date(2026, 1, 1),
    "USD",
    (Band("any", 0.1, 1),),
    (Band("any", 1e3, 1e4),),
    ("low", "moderate", "high", "critical"),
    (("low",),),
)
APPETITE = Appetite(
    date(2026, 1, 1), "high", CURVE, category_ratings=(("availability", "moderate"), ("privacy", "critical"))
)


def power(scale: float, exponent: float) -> Callable[[Floats], Floats]:
    """P(S > x) = min(1, (x / scale)^-exponent)."""
    return lambda x: np.minimum(1.0, (x / scale) ** -exponent)


def test_the_limit_is_interpolated_log_log() -> None:
    assert limit_at(CURVE, np.array([1e5, 1e6, 1e7])) == pytest.approx([0.2, 0.05, 0.001])
    assert float(limit_at(CURVE, 10**5.5)) == pytest.approx(0.1)


def test_outside_its_points_a_curve_says_nothing() -> None:
    assert np.isnan(limit_at(CURVE, np.array([9.9e4, 1.01e7, 0.0]))).all()


def test_a_curve_within_its_appetite_has_a_margin_and_no_violation() -> None:
    found = judge_curve(CURVE, power(1e3, 1.0))
    assert not found.is_exceeded
    assert found.violated == ()
    assert found.tightest_at == 1e7
    assert found.margin == pytest.approx(0.001 - 1e-4)


def test_the_violated_range_ends_where_the_curves_cross() -> None:
    """An appetite of 500 / x and losses (3000 / x)^2 meet at 18,000."""
    curve = (AppetitePoint(1e3, 0.5), AppetitePoint(1e6, 0.0005))
    (found,) = judge_curve(curve, power(3e3, 2.0)).violated
    assert found == pytest.approx((1e3, 18e3), rel=1e-9)


def test_a_jump_of_the_losses_is_where_a_violated_range_begins() -> None:
    curve = (AppetitePoint(1e3, 0.5), AppetitePoint(1e6, 0.0005))
    (found,) = judge_curve(curve, lambda x: np.where(x > 2e4, 1000.0, 100.0) / x).violated
    assert found == pytest.approx((2e4, 1e6), rel=1e-12)


def test_two_separate_violations_are_two_ranges() -> None:
    steps = np.array([1e5, 3e5, 2e6, 5e6])

    def losses(x: Floats) -> Floats:
        return np.select([x < steps[1], x < steps[2], x < steps[3]], [0.3, 0.01, 0.009], 0.0)

    first, second = judge_curve(CURVE, losses).violated
    assert first == pytest.approx((1e5, 3e5), rel=1e-9)
    crossing = np.exp(np.interp(-np.log(0.009), -np.log([0.05, 0.001]), np.log([1e6, 1e7])))
    assert second == pytest.approx((crossing, 5e6), rel=1e-9)


def test_a_curve_on_its_appetite_is_not_exceeded() -> None:
    found = judge_curve(CURVE, lambda x: limit_at(CURVE, x))
    assert (found.margin, found.violated) == (0.0, ())


def test_an_everywhere_violated_appetite_names_its_whole_range() -> None:
    found = judge_curve(CURVE, np.ones_like)
    assert found.violated == ((1e5, 1e7),)
    assert found.margin == pytest.approx(0.001 - 1)


def test_a_narrow_violation_at_a_point_of_the_curve_is_seen() -> None:
    kink = (AppetitePoint(1e5, 0.9), AppetitePoint(123_456.0, 0.0105), AppetitePoint(1e7, 0.01))
    found = judge_curve(kink, lambda x: np.where(x <= 123_456.0, 0.01051, 0.001))
    assert len(found.violated) == 1
    assert found.tightest_at == 123_456.0


@pytest.mark.parametrize("chance", [np.nan, -0.1, 1.1])
def test_an_exceedance_curve_without_probabilities_is_refused(chance: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        judge_curve(CURVE, lambda x: np.where(x > 1e6, chance, 0.0))


@given(st.floats(1e2, 1e6), st.floats(0.3, 3.0), st.floats(1.01, 10))
@settings(max_examples=60)
def test_larger_losses_never_widen_the_margin(scale: float, exponent: float, factor: float) -> None:
    now, worse = judge_curve(CURVE, power(scale, exponent)), judge_curve(CURVE, power(scale * factor, exponent))
    assert worse.margin <= now.margin + 1e-12
    assert now.is_exceeded == (now.margin < -1e-12)
    for low, high in now.violated:
        inside = np.geomspace(low, high, 7)[1:-1]
        assert np.all(power(scale, exponent)(inside) > limit_at(CURVE, inside) - 1e-9)


FAULTY = [
    ((AppetitePoint(1e5, 0.2),), "at least two"),
    ((), "at least two"),
    ((AppetitePoint(1e5, 0.2), AppetitePoint(1e5, 0.1)), "ascending"),
    ((AppetitePoint(1e6, 0.2), AppetitePoint(1e5, 0.1)), "ascending"),
    ((AppetitePoint(1e5, 0.1), AppetitePoint(1e6, 0.2)), "may not be likelier"),
    ((AppetitePoint(1e5, 1.1), AppetitePoint(1e6, 0.2)), r"outside \(0, 1\]"),
    ((AppetitePoint(1e5, 0.1), AppetitePoint(1e6, 0.0)), r"outside \(0, 1\]"),
    ((AppetitePoint(0, 0.1), AppetitePoint(1e6, 0.1)), "not above 0"),
]


@pytest.mark.parametrize(("curve", "message"), FAULTY)
def test_a_curve_that_is_not_valid_is_refused(curve: tuple[AppetitePoint, ...], message: str) -> None:
    with pytest.raises(ValueError, match=f"privacy: .*{message}"):
        replace(APPETITE, category_curves=(("privacy", curve),))
    with pytest.raises(ValueError, match=message):
        judge_curve(curve, power(1e4, 1))


def test_equal_probabilities_are_a_valid_curve() -> None:
    assert curve_faults((AppetitePoint(1e5, 0.1), AppetitePoint(1e6, 0.1))) == ()


def test_the_strictest_of_overall_and_the_categories_borne_holds() -> None:
    assert highest_rating_for(APPETITE, SCALE, []) == "high"
    assert highest_rating_for(APPETITE, SCALE, ["security", "availability"]) == "moderate"
    assert highest_rating_for(APPETITE, SCALE, ["privacy"]) == "high"


def test_a_rating_is_within_itself_and_below() -> None:
    assert [rating_within(SCALE, rating, "high") for rating in SCALE.ratings] == [True, True, True, False]
    with pytest.raises(ValueError, match="no rating 'severe'"):
        rating_within(SCALE, "severe", "high")
