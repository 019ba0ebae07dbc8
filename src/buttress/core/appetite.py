"""Appetite and tolerance: the highest residual rating, and a curve of (annual loss, highest yearly chance).

Curves have at least two points, are non-increasing, and are interpolated log-log between their points; outside them
nothing is said. A risk counts in each category it bears on, so category curves overlap. The verdict on a curve is exact
at the points of a logarithmic grid; the ends of what is violated are found by bisection between them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from buttress.core.matrix import ScaleVersion, rating_rank

Floats = NDArray[np.float64]

LEAST_GRID = 400
"""Fewest points at which a curve is compared."""

ROUNDING = 1e-12
"""A curve that passes its appetite by no more than this touches it."""


@dataclass(frozen=True, slots=True)
class AppetitePoint:
    """A yearly loss of more than `loss` (reporting currency) may have at most this yearly `probability`."""

    loss: float
    probability: float


@dataclass(frozen=True, slots=True)
class Authority:
    """What a role may accept: up to a rating and an annual loss in the reporting currency."""

    role: str
    highest_rating: str
    annual_loss: Decimal


@dataclass(frozen=True, slots=True)
class Appetite:
    """`highest_rating` and `curve` overall; `category_ratings` and `category_curves` by category value.

    Raises ValueError with every fault of its curves at once.
    """

    effective_on: date
    highest_rating: str
    curve: tuple[AppetitePoint, ...]
    category_ratings: tuple[tuple[str, str], ...] = ()
    category_curves: tuple[tuple[str, tuple[AppetitePoint, ...]], ...] = ()
    authorities: tuple[Authority, ...] = ()
    approved_by: str | None = None
    approved_on: date | None = None

    def __post_init__(self) -> None:
        named = (("overall", self.curve), *self.category_curves)
        faults = [f"{name}: {fault}" for name, curve in named for fault in curve_faults(curve)]
        if faults:
            raise ValueError(f"Appetite of {self.effective_on}: " + "; ".join(faults))


def curve_faults(curve: Sequence[AppetitePoint]) -> tuple[str, ...]:
    """What is wrong with a curve: too few points, losses not ascending, probabilities rising or outside (0, 1].

    >>> curve_faults([AppetitePoint(1e5, 0.2), AppetitePoint(1e6, 0.3)])
    ('probability rises from 0.2 to 0.3 at a loss of 1e+06; larger losses may not be likelier',)
    """
    faults = []
    if len(curve) < 2:
        faults.append(f"a curve of {len(curve)} points says nothing between them; give at least two")
    for point in curve:
        if not (isfinite(point.loss) and point.loss > 0):
            faults.append(f"loss {point.loss:g} is not above 0")
        if not 0 < point.probability <= 1:
            faults.append(f"probability {point.probability:g} is outside (0, 1]; give a fraction, e.g. 0.05")
    for near, far in pairwise(curve):
        if not near.loss < far.loss:
            faults.append(f"loss {far.loss:g} follows {near.loss:g}; give losses in ascending order")
        if near.probability < far.probability:
            faults.append(
                f"probability rises from {near.probability:g} to {far.probability:g} at a loss of {far.loss:g}; "
                "larger losses may not be likelier"
            )
    return tuple(faults)


def limit_at(curve: Sequence[AppetitePoint], loss: float | Floats) -> Floats:
    """Highest yearly probability allowed of an annual loss above `loss`, of the same shape; nan outside the curve.

    >>> curve = [AppetitePoint(1e4, 0.1), AppetitePoint(1e6, 0.001)]
    >>> [round(float(limit_at(curve, x)), 9) for x in (1e4, 1e5, 1e6, 2e6)]
    [0.1, 0.01, 0.001, nan]
    """
    losses = np.array([p.loss for p in curve])
    at = np.asarray(loss, dtype=float)
    inside = (at >= losses[0]) & (at <= losses[-1])
    logs = np.log([p.probability for p in curve])
    limit = np.exp(np.interp(np.log(np.where(inside, at, losses[0])), np.log(losses), logs))
    return np.where(inside, limit, np.nan)


@dataclass(frozen=True, slots=True)
class AppetiteVerdict:
    """`margin` is the least of appetite(x) - P(S > x) over the curve, reached at the loss `tightest_at`.

    Negative where the appetite is exceeded; then `violated` holds the ranges of loss in which it is.
    """

    margin: float
    violated: tuple[tuple[float, float], ...]
    tightest_at: float

    @property
    def is_exceeded(self) -> bool:
        return bool(self.violated)


def judge_curve(
    curve: Sequence[AppetitePoint], exceedance: Callable[[Floats], Floats], grid: int = LEAST_GRID
) -> AppetiteVerdict:
    """Compare P(S > x), as `exceedance` gives it for an array of losses, with what the appetite allows.

    Judged on at least 400 points of a logarithmic grid between the first and the last point of the curve, and on those.
    Raises ValueError where the curve is not valid or `exceedance` gives no probability for some loss.

    >>> curve = [AppetitePoint(1e5, 0.1), AppetitePoint(1e6, 0.01)]
    >>> found = judge_curve(curve, lambda x: np.exp(-x / 1e5))
    >>> round(found.margin, 3), [(round(a), round(b)) for a, b in found.violated]
    (-0.268, [(100000, 357715)])
    """
    if faults := curve_faults(curve):
        raise ValueError("Appetite curve: " + "; ".join(faults))

    def slack(x: Floats) -> Floats:
        chance = exceedance(x)
        if not np.all((chance >= 0) & (chance <= 1 + ROUNDING)):
            raise ValueError("The exceedance curve gives no probability in 0..1 for some loss of the appetite")
        return limit_at(curve, x) - chance

    losses = np.array([p.loss for p in curve])
    x = np.unique(np.concatenate([np.geomspace(losses[0], losses[-1], max(grid, LEAST_GRID)), losses]))
    over = (left := slack(x)) < -ROUNDING
    tightest = int(np.argmin(left))
    return AppetiteVerdict(float(left[tightest]), _ranges(x, over, slack), float(x[tightest]))


def _ranges(x: Floats, over: NDArray[np.bool_], slack: Callable[[Floats], Floats]) -> tuple[tuple[float, float], ...]:
    """Ranges of `x` in which `over` holds, their inner ends moved to where the slack changes sign."""
    edges = np.flatnonzero(np.diff(over))
    outer, inner = np.where(over[edges], x[edges + 1], x[edges]), np.where(over[edges], x[edges], x[edges + 1])
    for _ in range(60 if len(edges) else 0):
        middle = np.sqrt(outer) * np.sqrt(inner)
        is_over = slack(middle) < -ROUNDING
        inner, outer = np.where(is_over, middle, inner), np.where(is_over, outer, middle)
    ends = [*([x[0]] if over[0] else []), *inner, *([x[-1]] if over[-1] else [])]
    return tuple((float(low), float(high)) for low, high in zip(ends[::2], ends[1::2], strict=True))


def rating_within(scale: ScaleVersion, rating: str, highest: str) -> bool:
    """True where `rating` is not above `highest`; raises ValueError where the scale lacks one of them."""
    return rating_rank(scale, rating) <= rating_rank(scale, highest)


def highest_rating_for(appetite: Appetite, scale: ScaleVersion, categories: Iterable[str]) -> str:
    """The strictest of the highest ratings overall and of the categories that a risk bears on."""
    borne = set(categories)
    stated = [appetite.highest_rating, *(rating for category, rating in appetite.category_ratings if category in borne)]
    return min(stated, key=lambda rating: rating_rank(scale, rating))
