"""The views of both charts, read from a posture."""

import numpy as np

from buttress.core.exceedance import LossDistribution
from buttress.core.posture import Posture
from buttress.core.risk_posture import RiskPosture
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.stages import Stage
from buttress.reports.charts.exceedance import POINTS, ExceedanceView
from buttress.reports.charts.frame import Curve
from buttress.reports.charts.heat_map import HeatMapView, heat_map_view
from buttress.reports.notation import write_count, write_date


def exceedance_of(snapshot: RegisterSnapshot, posture: Posture) -> ExceedanceView:
    """All estimated risks together at each stage, against the overall appetite where one is stated."""
    portfolio = posture.portfolio
    appetite = snapshot.appetite.curve if snapshot.appetite else ()
    overall = next((view.verdict for view in portfolio.appetite if view.category is None), None)
    together = write_count(portfolio.estimated, "risk") + " together"
    if portfolio.not_estimated:
        together += f", {len(portfolio.not_estimated)} not estimated"
    return ExceedanceView(
        "Chance of losing more in a year",
        f"{_when(snapshot)}, {together}",
        posture.currency,
        _curve(portfolio.at(Stage.INHERENT)),
        _curve(portfolio.at(Stage.RESIDUAL)),
        _curve(portfolio.at(Stage.TARGET)),
        tuple((point.loss, point.probability) for point in appetite),
        overall.violated if overall else (),
        portfolio.at(Stage.RESIDUAL).value_at_risk(0.95),
        snapshot.appetite is not None and snapshot.appetite.approved_by is None,
    )


def _when(snapshot: RegisterSnapshot) -> str:
    return f"{snapshot.organisation.name}, as of {write_date(snapshot.as_of)}"


def _curve(law: LossDistribution) -> Curve:
    """Points over six powers of ten below 1 year in 2,000, even on a log scale; empty where no loss can be."""
    top = 2 * law.value_at_risk(0.9995)
    if top <= 0:
        return ()
    losses = np.geomspace(top / 2e6, top, POINTS)
    return tuple(zip(losses.tolist(), law.exceedance(losses).tolist(), strict=True))


def heat_map_of(snapshot: RegisterSnapshot, posture: Posture) -> HeatMapView:
    """Residual cells of all estimated risks, largest first within a cell."""
    placed: dict[tuple[int, int], tuple[str, ...]] = {}
    for risk in sorted(posture.risks, key=lambda r: (-r.mean, r.ref)):
        cell = _cell(risk)
        if cell is not None:
            placed[cell] = (*placed.get(cell, ()), risk.ref)
    return heat_map_view(
        snapshot.scale,
        placed,
        title="Residual, likelihood by impact",
        subtitle=f"{_when(snapshot)}, {write_count(posture.portfolio.estimated, 'risk')}",
        tolerance=snapshot.appetite.highest_rating if snapshot.appetite else None,
        not_placed=len(posture.portfolio.not_estimated),
    )


def _cell(risk: RiskPosture) -> tuple[int, int] | None:
    return (risk.residual.cell.likelihood, risk.residual.cell.impact) if risk.residual else None
