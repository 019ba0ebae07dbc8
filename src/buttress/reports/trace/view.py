"""The trace of one risk beside its stages."""

from dataclasses import dataclass
from datetime import date

from buttress.core.posture import Posture
from buttress.core.risk_posture import StageFigures, Tolerance
from buttress.core.trace import TraceStep


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage: events a year, mean loss of one event, mean a year with its range, cell."""

    stage: str
    frequency: float
    event_mean: float
    mean: float
    mean_range: tuple[float, float]
    event_p90: float
    cell: str
    rating: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraceView:
    """`steps` in the order of the arithmetic; each uses numbers of the steps before it."""

    ref: str
    title: str
    as_of: date
    currency: str
    core_version: str
    is_condition: bool
    tolerance: Tolerance
    highest_rating: str | None
    stages: tuple[StageLine, ...]
    steps: tuple[TraceStep, ...]


def trace_view(posture: Posture, ref: str) -> TraceView:
    """The trace of the risk with that reference; raises KeyError where there is none."""
    risk = posture.risk(ref)
    named = (("inherent", risk.inherent), ("residual", risk.residual), ("target", risk.target))
    return TraceView(
        risk.ref,
        risk.title,
        posture.as_of,
        posture.currency,
        posture.core_version,
        risk.is_condition,
        risk.tolerance,
        risk.highest_rating,
        tuple(_stage(name, figures) for name, figures in named if figures),
        risk.trace,
    )


def _stage(name: str, figures: StageFigures) -> StageLine:
    return StageLine(
        name,
        figures.law.frequency.mean,
        figures.law.magnitude.mean,
        figures.mean,
        figures.mean_range,
        figures.event_p90,
        f"L{figures.cell.likelihood} I{figures.cell.impact}",
        figures.cell.rating,
        figures.marks,
    )
