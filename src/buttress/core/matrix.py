"""The ordinal view: scale versions, levels, cells and ratings, and the laws that a level stands for.

A scale version holds likelihood bands (mean events a year) and impact bands (90th percentile of one event's loss),
half-open [low, high), ascending, without gaps; the outer bands carry stated closing values. Each cell has a rating of
its own. Levels are counted from 1 and are never multiplied. Level to law to level is the identity.

An estimate in money gives the cell: likelihood from the mean frequency, impact from the 90th percentile of one event's
loss in the currency of the scale. What lies outside the bands belongs to the outer level next to it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isfinite, isnan, sqrt


@dataclass(frozen=True, slots=True)
class Band:
    """Half-open range [low, high) with its level's name; units are those of the axis (events a year, or money)."""

    name: str
    low: float
    high: float
    wording: tuple[tuple[str, str], ...] = ()

    @property
    def centre(self) -> float:
        """Geometric mean of the ends, at which the law of the level stands.

        >>> Band("Likely", 1, 100).centre
        10.0
        """
        return sqrt(self.low) * sqrt(self.high)


@dataclass(frozen=True, slots=True)
class Cell:
    """Levels counted from 1 and the rating of that cell."""

    likelihood: int
    impact: int
    rating: str


@dataclass(frozen=True, slots=True)
class ScaleVersion:
    """`ratings` are ordered from lowest to highest; `cells[likelihood - 1][impact - 1]` names one of them.

    Raises ValueError with every fault at once where bands or cells are not valid.
    """

    version: str
    effective_on: date
    currency: str
    likelihood: tuple[Band, ...]
    impact: tuple[Band, ...]
    ratings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    sigma: float = 1.7
    approved_by: str | None = None
    approved_on: date | None = None

    def __post_init__(self) -> None:
        faults = [
            *band_faults("likelihood", self.likelihood),
            *band_faults("impact", self.impact),
            *cell_faults(self.ratings, self.cells, len(self.likelihood), len(self.impact)),
        ]
        if not (isfinite(self.sigma) and self.sigma > 0):
            faults.append(f"sigma {self.sigma} is not above 0; give the spread of a level's loss, e.g. 1.7")
        if faults:
            raise ValueError(f"Scale {self.version}: " + "; ".join(faults))


def band_faults(axis: str, bands: Sequence[Band]) -> tuple[str, ...]:
    """What is wrong with the bands of one axis, lowest first: order, gaps, signs, names.

    >>> band_faults("impact", [Band("Minor", 1e3, 1e4), Band("Major", 2e4, 1e5)])
    ("impact band 'Major' starts at 20000 where 'Minor' ends at 10000; start it there",)
    """
    if not bands:
        return (f"{axis} has no band; give at least one",)
    faults = [
        f"{axis} band {band.name!r} is [{band.low:g}, {band.high:g}); give 0 < low < high"
        for band in bands
        if not (isfinite(band.high) and 0 < band.low < band.high)
    ]
    for below, above in pairwise(bands):
        if above.low != below.high:
            faults.append(
                f"{axis} band {above.name!r} starts at {above.low:g} where {below.name!r} ends at {below.high:g}; "
                "start it there"
            )
    names = [band.name for band in bands]
    if len(set(names)) < len(names):
        faults.append(f"{axis} has two bands of one name ({', '.join(names)}); name each level apart")
    return tuple(faults)


def cell_faults(
    ratings: Sequence[str], cells: Sequence[Sequence[str]], likelihoods: int, impacts: int
) -> tuple[str, ...]:
    """What is wrong with the ratings of the cells: shape, unknown ratings, a rating that falls as a level rises.

    >>> cell_faults(["low", "high"], [["low", "high"], ["high", "low"]], 2, 2)
    ('cell 2 x 2 is rated low, below high of cell 2 x 1', 'cell 2 x 2 is rated low, below high of cell 1 x 2')
    """
    if not ratings or len(set(ratings)) < len(ratings):
        return (f"ratings ({', '.join(ratings)}) are not one or more distinct names, lowest first",)
    if len(cells) != likelihoods or any(len(row) != impacts for row in cells):
        shape = f"{len(cells)} rows of {', '.join(str(len(row)) for row in cells)}"
        return (f"cells are {shape}; give {likelihoods} rows (likelihood, lowest first) of {impacts} (impact)",)
    unknown = sorted({rating for row in cells for rating in row if rating not in ratings})
    if unknown:
        return (f"cells use {', '.join(map(repr, unknown))}, not among the ratings ({', '.join(ratings)})",)
    rank = {rating: i for i, rating in enumerate(ratings)}
    return tuple(
        f"cell {i + 1} x {j + 1} is rated {cells[i][j]}, below {cells[m][n]} of cell {m + 1} x {n + 1}"
        for i in range(likelihoods)
        for j in range(impacts)
        for m, n in ((i, j - 1), (i - 1, j))
        if m >= 0 and n >= 0 and rank[cells[i][j]] < rank[cells[m][n]]
    )


def likelihood_level(scale: ScaleVersion, events_per_year: float) -> int:
    """Level of a mean frequency; below the lowest band 1, above the highest its level."""
    return _level(scale.likelihood, events_per_year, "frequency")


def impact_level(scale: ScaleVersion, p90_loss: float) -> int:
    """Level of the 90th percentile of one event's loss, in the scale's currency; outside the bands the outer one."""
    return _level(scale.impact, p90_loss, "loss")


def _level(bands: Sequence[Band], value: float, what: str) -> int:
    if isnan(value) or value < 0:
        raise ValueError(f"A {what} of {value} has no level; give a number of at least 0")
    return max(1, bisect_right([band.low for band in bands], value))


def cell(scale: ScaleVersion, likelihood: int, impact: int) -> Cell:
    """The cell of two levels; raises ValueError where the scale has no such level."""
    for axis, level, bands in (("likelihood", likelihood, scale.likelihood), ("impact", impact, scale.impact)):
        if not 1 <= level <= len(bands):
            raise ValueError(f"Scale {scale.version} has no {axis} level {level}; its levels are 1 to {len(bands)}")
    return Cell(likelihood, impact, scale.cells[likelihood - 1][impact - 1])


def cell_of(scale: ScaleVersion, mean_frequency: float, p90_loss: float) -> Cell:
    """The cell in which a mean of events a year and a 90th percentile of one event's loss fall."""
    return cell(scale, likelihood_level(scale, mean_frequency), impact_level(scale, p90_loss))


def rating_rank(scale: ScaleVersion, rating: str) -> int:
    """Place of a rating, 1 = lowest; raises ValueError where the scale has no such rating."""
    if rating not in scale.ratings:
        raise ValueError(f"Scale {scale.version} has no rating {rating!r}; its ratings are {', '.join(scale.ratings)}")
    return scale.ratings.index(rating) + 1
