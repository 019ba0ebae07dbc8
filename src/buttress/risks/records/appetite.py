"""Appetite: the loss and the rating that the organisation will bear, and what each role may accept."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from buttress.core.snapshot import Category
from buttress.formats.fields import Fact, Links, NotNegativeAmount, PersonRef, Positive, Share, between, repeated
from buttress.formats.models import Complaint, Day, StrictModel, Text, complain, unfit
from buttress.formats.problems import shown


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
    """What a role may accept, and who holds it; where nobody is named, whoever decides claims it."""

    role: Text
    highest_rating: Text
    annual_loss: NotNegativeAmount
    held_by: Links[PersonRef] = ()


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
