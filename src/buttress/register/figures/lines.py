"""What lists of figures show, line by line, the same of today and of past days."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from buttress.register.figures.values import PortfolioValues


@dataclass(frozen=True, slots=True)
class Standing:
    """How figures stand: after the inputs of `revision`, as of a day, by a version of the core; money in `currency`.

    With `is_recomputing` something they rest on has changed since, and newer figures are on their way.
    """

    revision: int
    as_of: date
    core_version: str
    currency: str
    is_recomputing: bool = False


class RiskOrder(StrEnum):
    """What risks can be sorted by; the value is the column."""

    REFERENCE = "ref_order"
    RESIDUAL = "residual_mean"
    INHERENT = "inherent_mean"
    TARGET = "target_mean"
    RESIDUAL_P95 = "residual_p95"
    RATING = "rating_rank"
    LAST_REVIEW = "last_reviewed_on"


@dataclass(frozen=True, slots=True)
class RiskLine:
    """A risk in a list. Money in the reporting currency a year (`event_p90`: of one event), None where not estimated."""

    ref: str
    title: str
    owner: str | None
    is_condition: bool
    is_estimated: bool
    inherent_mean: float | None
    residual_mean: float | None
    target_mean: float | None
    residual_p50: float | None
    residual_p90: float | None
    residual_p95: float | None
    residual_p99: float | None
    residual_p999: float | None
    mean_low: float | None
    mean_high: float | None
    event_p90: float | None
    likelihood: int | None
    impact: int | None
    rating: str | None
    rating_rank: int | None
    tolerance: str
    highest_rating: str | None
    last_reviewed_on: date | None
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ControlLine:
    """A control in a list; shares in 0..1. `verdicts` counts its tests, `worth_mean` is what mending it is worth."""

    ref: str
    title: str
    owner: str | None
    status: str
    is_key: bool
    reliability_mean: float
    reliability_sd: float
    coverage_mean: float
    coverage_sd: float
    working_mean: float
    verdicts: Mapping[str, int]
    failed_tests: int
    untold_tests: int
    worth_mean: float | None


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """A criterion in a list: its headline, and each facet as a count out of another."""

    criterion: str
    headline: str
    mapped: int
    mapped_of: int
    design_tested: int
    design_tested_of: int
    operation_tested: int
    operation_tested_of: int
    fresh: int
    fresh_of: int


@dataclass(frozen=True, slots=True)
class PortfolioLine:
    """All risks together."""

    values: PortfolioValues
    standing: Standing


L = TypeVar("L", RiskLine, ControlLine, CriterionLine)


@dataclass(frozen=True, slots=True)
class Page(Generic[L]):
    """Some lines of a list of `total`; `standing` is None before there are figures."""

    lines: tuple[L, ...]
    total: int
    standing: Standing | None


def line_of(kind: type[L], columns: Mapping[str, Any]) -> L:
    """The line that columns make, from a table's row or a set's."""
    return kind(**{field.name: _shown(field.name, columns[field.name]) for field in fields(kind)})


def columns_of(kind: type[L]) -> list[str]:
    """The columns that a line shows."""
    return [field.name for field in fields(kind)]


def _shown(name: str, value: Any) -> Any:
    if name == "marks":
        return tuple(json.loads(value))
    if name == "verdicts":
        return json.loads(value)
    if name == "last_reviewed_on" and isinstance(value, str):
        return date.fromisoformat(value)
    return value
