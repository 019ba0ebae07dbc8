from collections.abc import Callable

import pytest

from buttress.core.estimates import (
    Exponential,
    Interval,
    Level,
    MagnitudeEstimate,
    Pert,
    Point,
    Quantiles,
    SecondaryLoss,
    YearlyProbability,
)

NAN, INF = float("nan"), float("inf")

REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: Interval(0, 1), "0 < low < high"),
    (lambda: Interval(2, 1), "90 % interval 2 to 1 is not valid"),
    (lambda: Interval(1, 1), "0 < low < high"),
    (lambda: Interval(1, INF), "0 < low < high"),
    (lambda: Interval(NAN, 1), "0 < low < high"),
    (lambda: Pert(-1, 0, 1), "0 <= low <= likely <= high"),
    (lambda: Pert(0, 2, 1), "PERT 0, 2, 1 is not valid"),
    (lambda: Pert(1, 1, 1), "low < high"),
    (lambda: Pert(0, NAN, 1), "0 <= low"),
    (lambda: Pert(0, 1, INF), "0 <= low"),
    (lambda: Point(-1), "at least 0"),
    (lambda: Point(INF), "at least 0"),
    (lambda: Point(NAN), "at least 0"),
    (lambda: YearlyProbability(0), "between 0 and 1"),
    (lambda: YearlyProbability(1), "between 0 and 1"),
    (lambda: Quantiles(2, 1), "0 < p50 < p90"),
    (lambda: Quantiles(0, 1), "0 < p50 < p90"),
    (lambda: Quantiles(1, INF), "0 < p50 < p90"),
    (lambda: Exponential(0), "above 0"),
    (lambda: Level(0), "1 = lowest"),
    (lambda: SecondaryLoss(1.2, Point(1)), "Probability of secondary loss 1.2 is not valid"),
    (lambda: SecondaryLoss(NAN, Point(1)), r"0\.\.1"),
    (lambda: MagnitudeEstimate(Point(1), cap=0), "Cap 0 is not valid"),
    (lambda: MagnitudeEstimate(Point(1), cap=INF), "above 0"),
]


@pytest.mark.parametrize(("build", "message"), REFUSED)
def test_an_estimate_that_means_nothing_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


ALLOWED: list[Callable[[], object]] = [
    lambda: Interval(1e-9, 1e12),
    lambda: Pert(0, 0, 1),
    lambda: Pert(1, 2, 2),
    lambda: Point(0),
    lambda: Quantiles(1, 1.0001),
    lambda: Level(1),
    lambda: SecondaryLoss(0, Level(2)),
    lambda: SecondaryLoss(1, Exponential(5)),
    lambda: MagnitudeEstimate(Quantiles(1, 2), cap=0.5),
]


@pytest.mark.parametrize("build", ALLOWED)
def test_an_estimate_at_the_edge_of_its_range_is_taken(build: Callable[[], object]) -> None:
    build()
