"""The Trust Services Criteria of 2017 with the points of focus revised in 2022, and the description criteria.

Labels are this project's own; the wording is the AICPA's and is not shipped. Points of focus are prompts, not
requirements: nothing here counts them against a criterion.
"""

import re
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

# CC6.1, then maybe a point: -POF10, -10, .10 or a letter (.j is the tenth).
_SPELLING = re.compile(
    r"(?P<criterion>[A-Z]{1,2}[0-9]\.[0-9])(?:-(?:POF)?(?P<number>[0-9]+)|\.(?P<dotted>[0-9]+|[A-Z]))?\Z"
)


class UnknownCriterionError(ValueError):
    """A text names no criterion, or no point of focus, of the edition at hand."""


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
def coso_principles() -> dict[CriterionId, int]:
    """The COSO principle (1 to 17) that a criterion of CC1 to CC5 stands for."""
    return {CriterionId(row["id"]): int(row["coso_principle"]) for row in content_rows(_TSC) if row["coso_principle"]}


@cache
def series() -> dict[str, str]:
    """Label of each series (`CC6`) in the order of the publication."""
    return {row["id"]: row["label"] for row in content_rows(_TSC) if row["kind"] == "series"}


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


def criterion_id(text: str) -> CriterionId:
    """The criterion that `text` names, in any of the spellings in circulation.

    Lower case, blanks around it and the misprint `PP1.x` for `PI1.x` are read. Raises `UnknownCriterionError`.

    >>> criterion_id(" cc6.1 "), criterion_id("PP1.3")
    ('CC6.1', 'PI1.3')
    """
    found, point = _parsed(text)
    if point is not None:
        raise UnknownCriterionError(f"{text.strip()!r} is a point of focus; give its criterion, {found}")
    return found


def point_id(text: str) -> PointId:
    """The point of focus that `text` names: `CC6.1-POF10`, `CC6.1-10`, `CC6.1.10` or, by letter, `CC6.1.j`.

    Raises `UnknownCriterionError`.

    >>> point_id("CC6.1.10"), point_id("cc6.1.j"), point_id("CC6.1-10")
    ('CC6.1-POF10', 'CC6.1-POF10', 'CC6.1-POF10')
    """
    found, point = _parsed(text)
    if point is None:
        raise UnknownCriterionError(f"{text.strip()!r} is a criterion; give a point of focus, e.g. {found}-POF1")
    return point


def criterion_or_point_id(text: str) -> CriterionId | PointId:
    """The criterion or point of focus that `text` names. Raises `UnknownCriterionError`."""
    found, point = _parsed(text)
    return found if point is None else point


def _parsed(text: str) -> tuple[CriterionId, PointId | None]:
    spelled = text.strip().upper()
    if spelled.startswith("PP"):
        spelled = "PI" + spelled[2:]
    match = _SPELLING.match(spelled)
    if match is None:
        raise UnknownCriterionError(
            f"{text!r} is not the id of a Trust Services Criterion; write e.g. CC6.1, or CC6.1-POF10 for a point"
        )
    counts = _point_counts()
    criterion = CriterionId(match["criterion"])
    if criterion not in counts:
        raise UnknownCriterionError(f"There is no criterion {criterion}; {_neighbours(criterion)}")
    number = _number(match["number"] or match["dotted"])
    if number is None:
        return criterion, None
    if not 1 <= number <= counts[criterion]:
        raise UnknownCriterionError(f"{criterion} has points of focus 1 to {counts[criterion]}, not {number}")
    return criterion, PointId(f"{criterion}-POF{number}")


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if text.isdigit() else ord(text) - ord("A") + 1


@cache
def _point_counts() -> dict[CriterionId, int]:
    counts = {CriterionId(criterion.id): 0 for criterion in criteria()}
    for point in points_of_focus():
        counts[point.criterion] += 1
    return counts


def _neighbours(criterion: str) -> str:
    wanted = criterion.partition(".")[0]
    known = [other.id for other in criteria() if other.series == wanted]
    if known:
        return f"series {wanted} has {', '.join(known)}"
    return f"the series are {', '.join(series())}"
