"""Everything the product claims, computed from one frozen snapshot.

`posture(snapshot)` is the only way from records to figures: pages, exports and commands render the same value. It holds
per risk the three stages, the trace and the tolerance; per control its state and what mending it is worth; per criterion
its state; and the portfolio. Equal snapshots give equal postures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from buttress.core.annual_loss import AnnualLoss
from buttress.core.control_posture import ControlPosture, control_posture, latest_results, test_view
from buttress.core.criterion_posture import CriterionPosture, criteria_posture
from buttress.core.mending import worth_of_mending
from buttress.core.portfolio import build_portfolio
from buttress.core.portfolio_posture import PortfolioPosture, portfolio_posture
from buttress.core.risk_posture import (
    QUANTILES,
    RiskPosture,
    StageFigures,
    acceptance_views,
    is_condition,
    last_review,
    marks_of,
    overridden,
    stage_figures,
    tolerance_of,
)
from buttress.core.risk_quantiles import risk_quantiles
from buttress.core.snapshot import RegisterSnapshot, Risk
from buttress.core.stages import Stage, StagedRisk, scale_of
from buttress.core.trace import TraceStep
from buttress.core.tracing import cell_step, risk_trace
from buttress.core.workings import Workings, work_out


@dataclass(frozen=True, slots=True)
class Posture:
    """Figures and states of a whole register as of a day; money in `currency`."""

    as_of: date
    currency: str
    core_version: str
    risks: tuple[RiskPosture, ...]
    controls: tuple[ControlPosture, ...]
    criteria: tuple[CriterionPosture, ...]
    portfolio: PortfolioPosture

    def risk(self, ref: str) -> RiskPosture:
        """The risk with that reference; raises KeyError where there is none."""
        return {r.ref: r for r in self.risks}[ref]

    def control(self, ref: str) -> ControlPosture:
        """The control with that reference; raises KeyError where there is none."""
        return {c.ref: c for c in self.controls}[ref]


def posture(snapshot: RegisterSnapshot) -> Posture:
    """Compute the posture of a register.

    Raises ValueError where an estimate or scale cannot be read as a law, and MissingRateError where a currency has no
    rate: readers check both before a snapshot is built.
    """
    workings = work_out(snapshot)
    residual = build_portfolio([s.residual for s in workings.staged.values()])
    worth = worth_of_mending(workings, residual)
    latest = latest_results(snapshot)
    views = [test_view(test, latest.get(test.id), snapshot) for test in snapshot.tests]
    controls = {
        control.ref: control_posture(
            control, workings.states(control.ref, snapshot.as_of), views, snapshot, worth.get(control.ref)
        )
        for control in snapshot.controls
    }
    figures = _figures(workings)
    return Posture(
        snapshot.as_of,
        snapshot.organisation.currency,
        snapshot.core_version,
        tuple(_risk_posture(risk, workings, figures) for risk in snapshot.risks),
        tuple(controls.values()),
        criteria_posture(snapshot, controls),
        portfolio_posture(workings, residual),
    )


Figures = Mapping[tuple[str, Stage], StageFigures]


def _figures(workings: Workings) -> Figures:
    """Figures of every risk at every stage; quantiles of all laws of a stage are read together."""
    snapshot = workings.snapshot
    scale_rate = snapshot.rates.rate(snapshot.scale.currency)
    figures: dict[tuple[str, Stage], StageFigures] = {}
    for stage in Stage:
        laws = [_law(staged, stage) for staged in workings.staged.values()]
        quantiles = risk_quantiles(laws, QUANTILES) if laws else np.empty((0, len(QUANTILES)))
        for (ref, staged), law, row in zip(workings.staged.items(), laws, quantiles, strict=True):
            marks = marks_of(stage, staged)
            figures[ref, stage] = stage_figures(law, row.tolist(), snapshot.scale, scale_rate, marks)
    return figures


def _law(staged: StagedRisk, stage: Stage) -> AnnualLoss:
    return {Stage.INHERENT: staged.inherent, Stage.RESIDUAL: staged.residual, Stage.TARGET: staged.target}[stage]


def _risk_posture(risk: Risk, workings: Workings, figures: Figures) -> RiskPosture:
    snapshot = workings.snapshot
    staged = workings.staged.get(risk.ref)
    residual = figures.get((risk.ref, Stage.RESIDUAL))
    if residual is not None and staged is not None:
        residual = overridden(residual, staged.assessment, snapshot.scale)
    acceptances = acceptance_views(risk, residual, snapshot)
    tolerance, highest = tolerance_of(risk, residual, acceptances, snapshot)
    return RiskPosture(
        risk.ref,
        risk.title,
        staged.assessment if staged else None,
        figures.get((risk.ref, Stage.INHERENT)),
        residual,
        figures.get((risk.ref, Stage.TARGET)),
        tolerance,
        highest,
        staged.shares if staged else None,
        _trace(staged, residual, snapshot) if staged and residual else (),
        acceptances,
        last_review(risk, snapshot.as_of),
        is_condition(risk),
    )


def _trace(staged: StagedRisk, residual: StageFigures, snapshot: RegisterSnapshot) -> tuple[TraceStep, ...]:
    scale_rate = snapshot.rates.rate(snapshot.scale.currency)
    override = staged.assessment.override
    cell = cell_step(residual.law, residual.event_p90, snapshot.scale, scale_rate, override)
    return (*risk_trace(staged, scale_of(staged.assessment, snapshot.scales), snapshot.rates), cell)
