"""The organisation with its dated facts: rates, scale versions, appetite and engagements."""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from buttress.core.snapshot import Category, EngagementType
from buttress.formats.models import Complaint, Day, Flag, Ref, StrictModel, Text, Whole, complain, unfit
from buttress.formats.problems import nearest, shown
from buttress.register.files.schema.estimates import NARROWEST_GAMMA, WIDEST, apart
from buttress.register.files.schema.fields import (
    AssetRef,
    Categories,
    Currency,
    Fact,
    Facts,
    Links,
    NotNegative,
    NotNegativeAmount,
    PersonRef,
    PointOfFocusRef,
    Positive,
    PositiveAmount,
    Share,
    between,
    not_before,
    repeated,
    rising,
)
from buttress.risks.base_rates import Sector


class SubserviceMethod(StrEnum):
    CARVE_OUT = "carve_out"
    INCLUSIVE = "inclusive"


def _time_zone(value: object) -> object:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise unfit(value, "a time zone such as Europe/Amsterdam or UTC") from None
    return value


class RatesFact(Fact):
    """Reporting units for one unit of each other currency."""

    per_unit: dict[Currency, PositiveAmount]


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


class CurvePoint(StrictModel):
    """In a year, a loss of `loss` or more may have at most this probability."""

    loss: Positive
    probability: Annotated[Share, AfterValidator(between(0, 1, open_low=True))]


def _curve(points: tuple[CurvePoint, ...]) -> tuple[CurvePoint, ...]:
    """At least two points of rising loss whose probabilities do not rise."""
    if len(points) < 2:
        raise unfit(list(points), "at least two points")
    complain(_falling(points))
    return points


def _falling(points: tuple[CurvePoint, ...]) -> Iterator[Complaint]:
    for position, (before, point) in enumerate(pairwise(points), 1):
        if point.loss <= before.loss:
            expected = f"a loss above the point before ({before.loss:,.0f})"
            yield Complaint((position, "loss"), f"{point.loss:,.0f}", expected, "Order points by loss.")
        if point.probability > before.probability:
            expected = f"at most the probability of the smaller loss ({before.probability:g})"
            yield Complaint((position, "probability"), f"{point.probability:g}", expected)


Curve = Annotated[tuple[CurvePoint, ...], AfterValidator(_curve)]


class CategoryAppetite(StrictModel):
    highest_rating: Text | None = None
    curve: Curve | None = None


class AuthorityRecord(StrictModel):
    role: Text
    highest_rating: Text
    annual_loss: NotNegativeAmount


def _roles(authorities: tuple[AuthorityRecord, ...]) -> tuple[AuthorityRecord, ...]:
    complain(
        Complaint((position, "role"), f"the role {shown(authority.role)} again", "each role once")
        for position, authority in repeated(authorities, lambda authority: authority.role)
    )
    return authorities


class AppetiteFact(Fact):
    """Highest residual rating and loss curve, overall and by category; what each role may accept."""

    highest_rating: Text
    curve: Curve
    categories: dict[Category, CategoryAppetite] = Field(default_factory=dict)
    authorities: Annotated[tuple[AuthorityRecord, ...], AfterValidator(_roles)] = ()
    approved_by: PersonRef | None = None
    approved_on: Day | None = None


class EngagementRecord(StrictModel):
    """One audit: type, period, categories, systems, and what is not relevant with the reason."""

    ref: Ref
    type: EngagementType
    period_start: Day
    period_end: Day
    categories: Categories
    systems: Links[AssetRef] = ()
    subservice_method: SubserviceMethod = SubserviceMethod.CARVE_OUT
    not_relevant: dict[PointOfFocusRef, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(not_before(self, "period_end", "period_start"))
        if Category.SECURITY not in self.categories:
            found = ", ".join(sorted(self.categories)) or "none"
            advice = "The common criteria belong to every report."
            complain([Complaint(("categories",), found, "security among the categories", advice)])
        return self


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


def _engagements(engagements: tuple[EngagementRecord, ...]) -> tuple[EngagementRecord, ...]:
    complain(
        Complaint((position, "ref"), f"the engagement {shown(engagement.ref)} again", "each reference once")
        for position, engagement in repeated(engagements, lambda engagement: engagement.ref)
    )
    return engagements


class OrganisationRecord(StrictModel):
    """The organisation that the folder speaks of. `anchor` is the day from which a demo's files speak."""

    name: Text
    time_zone: Annotated[str, BeforeValidator(_time_zone)] = "UTC"
    currency: Currency
    size: Annotated[Whole, AfterValidator(between(1, 10_000_000))] | None = None
    sector: Sector | None = None
    annual_revenue_usd: NotNegative | None = None
    sole_operator: Flag = False
    anchor: Day | None = None
    rates: Facts[RatesFact] = ()
    scales: Annotated[tuple[ScaleFact, ...], AfterValidator(_versions)]
    appetite: Facts[AppetiteFact] = ()
    engagements: Annotated[tuple[EngagementRecord, ...], AfterValidator(_engagements)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(
            Complaint(("rates", position, "per_unit", self.currency), self.currency, "other currencies only")
            for position, rates in enumerate(self.rates)
            if self.currency in rates.per_unit
        )
        return self
