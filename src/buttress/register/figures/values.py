"""Figures as values, one a risk, control and criterion, and one for all risks together: what rows store; no Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from buttress.core.appetite import AppetiteVerdict
from buttress.core.snapshot import Acceptance
from buttress.core.stages import Stage
from buttress.register.figures.laws import StageLaws
from buttress.register.figures.sums import Summand

LEVELS = (0.5, 0.9, 0.95, 0.99, 0.999)
"""Levels at which the portfolio's value at risk and mean of the worst years are stored."""


@dataclass(frozen=True, slots=True)
class EndedAcceptance:
    """An acceptance that no longer holds, and why, as the residual stood: `rating` and `annual_loss`."""

    acceptance: Acceptance
    reason: str
    rating: str | None
    annual_loss: float | None


@dataclass(frozen=True, slots=True)
class RiskValues:
    """A risk's figures. Money in the reporting currency a year; `event_p90` of one event. None where not estimated.

    `quantiles` are of the residual at `core.risk_posture.QUANTILES`, `mean_range` its 5th to 95th percentile as the
    frequency is uncertain. `gains` is what mending each control would take off this risk's mean.
    """

    ref: str
    categories: frozenset[str]
    tolerance: str
    highest_rating: str | None
    last_reviewed_on: date | None
    is_condition: bool = False
    laws: StageLaws | None = None
    quantiles: tuple[float, ...] = ()
    mean_range: tuple[float, float] | None = None
    event_p90: float | None = None
    likelihood: int | None = None
    impact: int | None = None
    rating: str | None = None
    rating_rank: int | None = None
    marks: tuple[str, ...] = ()
    gains: Mapping[str, float] = field(default_factory=dict)
    ended: tuple[EndedAcceptance, ...] = field(default=(), compare=False)

    @property
    def summand(self) -> Summand | None:
        return None if self.laws is None else Summand(self.laws, self.categories)


@dataclass(frozen=True, slots=True)
class ControlValues:
    """A control's figures. Reliability and coverage are shares, 0..1, by mean and standard deviation.

    `verdicts` counts its tests by verdict. `worth_mean` is what mending it would take off the portfolio's mean, None where
    it has no direct effect on an estimated risk.
    """

    ref: str
    status: str
    reliability_mean: float
    reliability_sd: float
    coverage_mean: float
    coverage_sd: float
    working_mean: float
    verdicts: Mapping[str, int]
    failed_tests: int
    untold_tests: int
    is_key: bool
    worth_mean: float | None = None


@dataclass(frozen=True, slots=True)
class CriterionValues:
    """A criterion's state; each facet is a count out of another."""

    criterion: str
    headline: str
    mapped: tuple[int, int]
    design_tested: tuple[int, int]
    operation_tested: tuple[int, int]
    fresh: tuple[int, int]


@dataclass(frozen=True, slots=True)
class StageValues:
    """All risks together at one stage. `quantiles` and `tails` are value at risk and mean of the worst years at `LEVELS`,
    a tail None where it lies above the lattice; `curve` is (losses, yearly chances)."""

    mean: float
    sd: float
    probability_of_none: float
    quantiles: tuple[float, ...]
    tails: tuple[float | None, ...]
    curve: tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class AppetiteValues:
    """The residual curve of one category (None: all risks) against its appetite."""

    category: str | None
    verdict: AppetiteVerdict
    mean: float


@dataclass(frozen=True, slots=True)
class PortfolioValues:
    stages: Mapping[Stage, StageValues]
    appetite: tuple[AppetiteValues, ...]
    estimated: int
    not_estimated: int
