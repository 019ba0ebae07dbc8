"""The Trust Services Criteria of 2017 with the points of focus revised in 2022, and the description criteria.

Labels are this project's own; the wording is the AICPA's and is not shipped. Points of focus are prompts, not
requirements: nothing here counts them against a criterion.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import NewType

from buttress.core.snapshot import Category, Criterion
from buttress.criteria.loading import content_rows

CriterionId = NewType("CriterionId", str)
"""Identifier of a criterion, e.g. `CC6.1`."""

PointId = NewType("PointId", str)
"""Identifier of a point of focus, e.g. `CC6.1-POF10`."""

_TSC = "frameworks/tsc2017.csv"
_DESCRIPTION = "frameworks/dc200.csv"


class PrivacyRole(StrEnum):
    """What the organisation is to the personal data it handles; some points of focus concern one role only."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class PointOfFocus:
    """`source` is COSO or TSC. `scope` says when the point concerns an examination: `all`, `system-level`, a category,
    or `privacy:` with the roles joined by `+`."""

    id: PointId
    criterion: CriterionId
    label: str
    source: str
    scope: str


@dataclass(frozen=True, slots=True)
class DescriptionCriterion:
    """One of the nine things that the description of a system must hold."""

    id: str
    label: str


@cache
def criteria() -> tuple[Criterion, ...]:
    """The 61 criteria in the order of the publication."""
    return tuple(
        Criterion(row["id"], row["parent"], row["label"], frozenset(Category(c) for c in row["categories"].split()))
        for row in content_rows(_TSC)
        if row["kind"] == "criterion"
    )


@cache
def points_of_focus() -> tuple[PointOfFocus, ...]:
    """All 330 points of focus in the order of the publication."""
    return tuple(
        PointOfFocus(PointId(row["id"]), CriterionId(row["parent"]), row["label"], row["source"], row["scope"])
        for row in content_rows(_TSC)
        if row["kind"] == "point_of_focus"
    )


@cache
def description_criteria() -> tuple[DescriptionCriterion, ...]:
    """DC1 to DC9 of DC section 200."""
    return tuple(DescriptionCriterion(row["id"], row["label"]) for row in content_rows(_DESCRIPTION))


def criteria_in_scope(categories: Collection[Category]) -> tuple[Criterion, ...]:
    """The criteria of the selected categories: the common criteria belong to every one of them."""
    selected = frozenset(categories)
    return tuple(criterion for criterion in criteria() if criterion.categories & selected)


def visible_points(
    categories: Collection[Category], privacy_role: PrivacyRole = PrivacyRole.BOTH, *, is_system_level: bool = True
) -> tuple[PointOfFocus, ...]:
    """The points of focus that concern an examination of these categories.

    A SOC 2 examination is about a system, so points at system level show; an entity-wide one leaves them out.
    """
    in_scope = {criterion.id for criterion in criteria_in_scope(categories)}
    return tuple(
        point
        for point in points_of_focus()
        if point.criterion in in_scope and _is_visible(point.scope, categories, privacy_role, is_system_level)
    )


def _is_visible(scope: str, categories: Collection[Category], role: PrivacyRole, is_system_level: bool) -> bool:
    if scope == "all":
        return True
    if scope == "system-level":
        return is_system_level
    category, _, roles = scope.partition(":")
    if Category(category) not in categories:
        return False
    return not roles or role is PrivacyRole.BOTH or role.value in roles.split("+")
