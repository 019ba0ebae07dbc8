"""Scale versions: bands of likelihood and impact, and the rating of each cell."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from buttress.formats.fields import Currency, Links, NotNegative, PersonRef, Positive, between, repeated, rising
from buttress.formats.models import Complaint, Day, StrictModel, Text, complain, unfit
from buttress.formats.problems import nearest, shown
from buttress.risks.records.estimates import NARROWEST_GAMMA, WIDEST, apart


class BandRecord(StrictModel):
    name: Text
    low: NotNegative
    high: Positive
    wording: dict[str, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(rising(self, "low", "high"))
        return self


Bands = tuple[BandRecord, ...]


def _bands(bands: Bands) -> Bands:
    """Half-open bands that rise without gaps; at least two."""
    if len(bands) < 2:
        raise unfit(list(bands), "at least two levels")
    complain(_gaps(bands))
    return bands


def _gaps(bands: Bands) -> Iterator[Complaint]:
    if bands[0].low <= 0:
        advice = "Give the lowest band a closing value above 0; lower estimates still fall into it."
        yield Complaint((0, "low"), f"{bands[0].low:g}", "a number above 0", advice)
    for position, (lower, upper) in enumerate(pairwise(bands), 1):
        if upper.low != lower.high:
            expected = f"{lower.high:g}, where {lower.name} ends"
            yield Complaint((position, "low"), f"{upper.low:g}", expected, "Bands rise without gap or overlap.")
    for position, band in repeated(bands, lambda band: band.name):
        yield Complaint((position, "name"), f"the name {shown(band.name)} again", "a name of its own")


def _likelihoods(bands: Bands) -> Bands:
    """Levels of likelihood are laws of a frequency too, so each needs ends that are apart."""
    complain(
        replace(fault, path=(position, *fault.path))
        for position, band in enumerate(bands)
        for fault in apart(band, "low", "high", least=NARROWEST_GAMMA, most=WIDEST)
    )
    return bands


class ScaleFact(StrictModel):
    """A scale version: likelihood in mean events a year, impact in the 90th percentile of one event's loss."""

    version: Text
    effective_on: Day
    approved_by: PersonRef | None = None
    approved_on: Day | None = None
    currency: Currency | None = None
    sigma: Annotated[Positive, AfterValidator(between(0, 5, open_low=True))] = 1.7
    likelihood: Annotated[Bands, AfterValidator(_bands), AfterValidator(_likelihoods)]
    impact: Annotated[Bands, AfterValidator(_bands)]
    ratings: Links[Text]
    cells: tuple[tuple[Text, ...], ...]

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain([*self._shape(), *self._ratings()])
        return self

    def _shape(self) -> Iterator[Complaint]:
        rows, columns = len(self.likelihood), len(self.impact)
        if len(self.cells) != rows:
            yield Complaint(("cells",), f"{len(self.cells)} rows", f"{rows}, one for each likelihood level")
        for row, cells in enumerate(self.cells):
            if len(cells) != columns:
                yield Complaint(("cells", row), f"{len(cells)} cells", f"{columns}, one for each impact level")

    def _ratings(self) -> Iterator[Complaint]:
        if len(self.ratings) < 2:
            yield Complaint(("ratings",), shown(list(self.ratings)), "at least two ratings, lowest first")
        rank = {rating: position for position, rating in enumerate(self.ratings)}
        for row, cells in enumerate(self.cells):
            for column, rating in enumerate(cells):
                path = ("cells", row, column)
                if rating not in rank:
                    yield Complaint(path, shown(rating), "one of ratings", nearest(rating, self.ratings))
                    continue
                left = cells[column - 1] if column else rating
                below = self.cells[row - 1][column] if row and column < len(self.cells[row - 1]) else rating
                for neighbour in (left, below):
                    if rank.get(neighbour, 0) > rank[rating]:
                        expected = f"a rating not lower than its lower neighbour's {shown(neighbour)}"
                        yield Complaint(path, shown(rating), expected)
                        break


def _versions(scales: tuple[ScaleFact, ...]) -> tuple[ScaleFact, ...]:
    if not scales:
        raise unfit([], "at least one scale version")
    again = list(repeated(scales, lambda scale: scale.version))
    same_day = list(repeated(scales, lambda scale: scale.effective_on))
    complain(
        [Complaint((i, "version"), f"the version {shown(s.version)} again", "a version of its own") for i, s in again]
        + [Complaint((i, "effective_on"), str(s.effective_on), "a day of its own") for i, s in same_day]
    )
    return scales


Scales = Annotated[tuple[ScaleFact, ...], AfterValidator(_versions)]
"""At least one scale version, each with a name and a day of its own."""
