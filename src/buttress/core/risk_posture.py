"""A risk as of a day: its three stages in figures, its tolerance, its acceptances and the trace of its residual."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from buttress.core.acceptance import AcceptanceState, acceptance_state
from buttress.core.annual_loss import AnnualLoss
from buttress.core.appetite import highest_rating_for
from buttress.core.estimates import Level
from buttress.core.matrix import Cell, ScaleVersion, cell, cell_of, rating_rank
from buttress.core.money import RateTable
from buttress.core.snapshot import Acceptance, Assessment, RegisterSnapshot, Risk, RiskKind
from buttress.core.stages import Stage, StagedRisk, StageShares
from buttress.core.trace import TraceStep

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
"""Levels at which annual losses are read."""


class Tolerance(StrEnum):
    """Whether a residual may stand. Pending proposals of acceptance count for nothing."""

    WITHIN = "within"
    OUTSIDE = "outside"
    ACCEPTED = "accepted"
    ACCEPTANCE_LAPSED = "acceptance_lapsed"
    NOT_ESTIMATED = "not_estimated"


@dataclass(frozen=True, slots=True)
class StageFigures:
    """A risk at one stage. Money in the reporting currency, frequency in events a year.

    `mean` is the expected annual loss, `mean_range` the 5th to 95th percentile that the uncertain frequency gives that
    mean; `quantiles` are of the annual loss at `QUANTILES`; `event_p90` is the 90th percentile of one event's loss.
    """

    law: AnnualLoss
    mean: float
    mean_range: tuple[float, float]
    quantiles: tuple[float, ...]
    event_p90: float
    cell: Cell
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AcceptanceView:
    """An acceptance with its state on the day and, where it lapsed, why."""

    acceptance: Acceptance
    state: AcceptanceState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RiskPosture:
    """A risk as of the day; stages are None where it is not estimated or is a condition."""

    ref: str
    title: str
    assessment: Assessment | None
    inherent: StageFigures | None
    residual: StageFigures | None
    target: StageFigures | None
    tolerance: Tolerance
    highest_rating: str | None
    shares: StageShares | None
    trace: tuple[TraceStep, ...] = ()
    acceptances: tuple[AcceptanceView, ...] = ()
    last_reviewed_on: date | None = None
    is_condition: bool = False

    @property
    def mean(self) -> float:
        """Expected annual residual loss, 0 where not estimated."""
        return self.residual.mean if self.residual else 0.0


def stage_figures(
    law: AnnualLoss, quantiles: Sequence[float], scale: ScaleVersion, scale_rate: float, marks: tuple[str, ...]
) -> StageFigures:
    """Figures of one stage; `scale_rate` is the reporting currency's worth of one unit of the scale's currency."""
    event_p90 = law.magnitude.quantile(0.9)
    return StageFigures(
        law,
        law.mean,
        law.mean_range(),
        tuple(float(q) for q in quantiles),
        event_p90,
        cell_of(scale, law.frequency.mean, event_p90 / scale_rate),
        marks,
    )


def marks_of(stage: Stage, staged: StagedRisk) -> tuple[str, ...]:
    """Words that a figure carries: from levels, derived, capped, overridden by hand, from the library."""
    marks = []
    assessment = staged.assessment
    if isinstance(assessment.frequency, Level) or (
        assessment.magnitude is not None and isinstance(assessment.magnitude.primary, Level)
    ):
        marks.append("from levels")
    if assessment.basis.kind.value == "library":
        marks.append("from library")
    if stage is Stage.INHERENT and not staged.is_inherent_stated:
        marks.append("derived, capped" if staged.is_inherent_capped else "derived")
    return tuple(marks)


def overridden(figures: StageFigures, assessment: Assessment, scale: ScaleVersion) -> StageFigures:
    """The figures with the cell that a person set by hand; money stays as computed."""
    if assessment.override is None:
        return figures
    by_hand = cell(scale, assessment.override.likelihood, assessment.override.impact)
    return StageFigures(
        figures.law,
        figures.mean,
        figures.mean_range,
        figures.quantiles,
        figures.event_p90,
        by_hand,
        (*figures.marks, f"levels by hand: {assessment.override.reason}"),
    )


def acceptance_views(
    risk: Risk, residual: StageFigures | None, snapshot: RegisterSnapshot
) -> tuple[AcceptanceView, ...]:
    """Each acceptance of the risk with its state as the residual stands."""
    views = []
    for acceptance in risk.acceptances:
        state, reason = acceptance_state(
            acceptance,
            rating=residual.cell.rating if residual else None,
            annual_loss=residual.mean if residual else None,
            ceiling_loss=_ceiling(acceptance, snapshot.rates),
            scale=snapshot.scale,
            as_of=snapshot.as_of,
            sole_operator=snapshot.organisation.sole_operator,
        )
        views.append(AcceptanceView(acceptance, state, reason))
    return tuple(views)


def _ceiling(acceptance: Acceptance, rates: RateTable) -> float | None:
    money = acceptance.ceiling_annual_loss
    return None if money is None else float(money.amount) * rates.rate(money.currency)


def tolerance_of(
    risk: Risk, residual: StageFigures | None, acceptances: Sequence[AcceptanceView], snapshot: RegisterSnapshot
) -> tuple[Tolerance, str | None]:
    """Tolerance and the highest rating that the appetite allows over the categories the risk bears on."""
    highest = highest_rating_for(snapshot.appetite, snapshot.scale, risk.categories) if snapshot.appetite else None
    if residual is None:
        return Tolerance.NOT_ESTIMATED, highest
    rank = rating_rank(snapshot.scale, residual.cell.rating)
    if highest is None or rank <= rating_rank(snapshot.scale, highest):
        return Tolerance.WITHIN, highest
    states = [view.state for view in acceptances]
    if AcceptanceState.ACCEPTED in states:
        return Tolerance.ACCEPTED, highest
    if any(state.has_ended for state in states):
        return Tolerance.ACCEPTANCE_LAPSED, highest
    return Tolerance.OUTSIDE, highest


def last_review(risk: Risk, as_of: date) -> date | None:
    """The date of the last assessment or review without change."""
    return max((a.effective_on for a in risk.assessments if a.effective_on <= as_of), default=None)


def is_condition(risk: Risk) -> bool:
    """True where the risk modifies others and has no frequency of its own."""
    return risk.kind is RiskKind.CONDITION
