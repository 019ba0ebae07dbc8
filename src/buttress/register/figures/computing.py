"""From the workings of a snapshot, whole or of some risks only, to the figures that rows store; no Django."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import fsum

from buttress.core.appetite import Appetite, judge_curve
from buttress.core.control_posture import ControlPosture, control_posture, latest_results, test_view
from buttress.core.criterion_posture import criteria_posture
from buttress.core.criterion_state import Facet
from buttress.core.exceedance import LossDistribution
from buttress.core.matrix import rating_rank
from buttress.core.risk_posture import (
    QUANTILES,
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
from buttress.core.stages import Stage
from buttress.core.verdicts import Verdict
from buttress.core.workings import Workings, work_out
from buttress.register.figures.gains import gains_of_mending
from buttress.register.figures.laws import StageLaws
from buttress.register.figures.sums import Sums, built, sum_names, sum_of_category
from buttress.register.figures.values import (
    LEVELS,
    AppetiteValues,
    ControlValues,
    CriterionValues,
    EndedAcceptance,
    PortfolioValues,
    RiskValues,
    StageValues,
)

_LEAST_WORTH = 0.005
"""A worth of mending below half a cent is none."""


@dataclass(frozen=True, slots=True)
class Complete:
    """Every figure of a snapshot, with the sums behind those of the portfolio."""

    risks: tuple[RiskValues, ...]
    controls: tuple[ControlValues, ...]
    criteria: tuple[CriterionValues, ...]
    sums: Sums
    portfolio: PortfolioValues


def complete(snapshot: RegisterSnapshot) -> Complete:
    """Every figure that is stored, without traces and without tails of what mending is worth.

    Raises ValueError where an estimate or scale cannot be read as a law, as `core.posture.posture` does.
    """
    workings = work_out(snapshot)
    risks = risk_values(workings)
    controls, criteria = controls_and_criteria(workings, worths_of(risks))
    sums = built(sum_names(snapshot.appetite), [each.summand for each in risks if each.summand is not None])
    not_estimated = sum(each.laws is None and not each.is_condition for each in risks)
    return Complete(risks, controls, criteria, sums, portfolio_values(sums, snapshot.appetite, not_estimated))


def risk_values(workings: Workings) -> tuple[RiskValues, ...]:
    """Figures of every risk of the snapshot, in its order."""
    residuals = _residuals(workings)
    return tuple(_risk(risk, residuals.get(risk.ref), workings) for risk in workings.snapshot.risks)


def _residuals(workings: Workings) -> dict[str, StageFigures]:
    """Figures of the residual of each estimated risk; the quantiles of all are read together."""
    snapshot = workings.snapshot
    scale_rate = snapshot.rates.rate(snapshot.scale.currency)
    laws = [staged.residual for staged in workings.staged.values()]
    found = {}
    for (ref, staged), row in zip(workings.staged.items(), risk_quantiles(laws, QUANTILES), strict=True):
        marks = marks_of(Stage.RESIDUAL, staged)
        figures = stage_figures(staged.residual, row.tolist(), snapshot.scale, scale_rate, marks)
        found[ref] = overridden(figures, staged.assessment, snapshot.scale)
    return found


def _risk(risk: Risk, residual: StageFigures | None, workings: Workings) -> RiskValues:
    snapshot = workings.snapshot
    views = acceptance_views(risk, residual, snapshot)
    tolerance, highest = tolerance_of(risk, residual, views, snapshot)
    categories = frozenset(category.value for category in risk.categories)
    reviewed = last_review(risk, snapshot.as_of)
    rating = residual.cell.rating if residual else None
    mean = residual.mean if residual else None
    ended = tuple(EndedAcceptance(view.acceptance, view.reason, rating, mean) for view in views if view.state.has_ended)
    if residual is None:
        return RiskValues(risk.ref, categories, tolerance, highest, reviewed, is_condition(risk), ended=ended)
    return RiskValues(
        risk.ref,
        categories,
        tolerance,
        highest,
        reviewed,
        is_condition=False,
        laws=StageLaws.of(workings.staged[risk.ref]),
        quantiles=residual.quantiles,
        mean_range=residual.mean_range,
        event_p90=residual.event_p90,
        likelihood=residual.cell.likelihood,
        impact=residual.cell.impact,
        rating=residual.cell.rating,
        rating_rank=rating_rank(snapshot.scale, residual.cell.rating),
        marks=residual.marks,
        gains=gains_of_mending(workings.staged[risk.ref]),
        ended=ended,
    )


def worth_of(gains: Iterable[float]) -> float:
    """What mending a control is worth in the mean, from its gains on each risk: the same in whatever order they come."""
    worth = fsum(gains)
    return worth if abs(worth) >= _LEAST_WORTH else 0.0


def worths_of(values: Iterable[RiskValues]) -> dict[str, float]:
    """Worth of each control with a direct effect on one of these risks."""
    gains: dict[str, list[float]] = {}
    for risk in values:
        for control, gain in risk.gains.items():
            gains.setdefault(control, []).append(gain)
    return {control: worth_of(each) for control, each in gains.items()}


def controls_and_criteria(
    workings: Workings, worths: Mapping[str, float]
) -> tuple[tuple[ControlValues, ...], tuple[CriterionValues, ...]]:
    """Figures of every control and criterion of the snapshot, which must hold all controls, tests and results."""
    # Which risks a control or criterion bears on is read from their links; here it would cost a walk over all of them.
    snapshot = replace(workings.snapshot, risks=())
    latest = latest_results(snapshot)
    views = [test_view(test, latest.get(test.id), snapshot) for test in snapshot.tests]
    postures = {
        control.ref: control_posture(control, workings.states(control.ref, snapshot.as_of), views, snapshot, None)
        for control in snapshot.controls
    }
    criteria = tuple(
        CriterionValues(
            each.id,
            each.state.headline.value,
            _pair(each.state.mapped),
            _pair(each.state.design_tested),
            _pair(each.state.operation_tested),
            _pair(each.state.fresh),
        )
        for each in criteria_posture(snapshot, postures)
    )
    return tuple(_control(posture, worths.get(ref)) for ref, posture in postures.items()), criteria


def _pair(facet: Facet) -> tuple[int, int]:
    return facet.count, facet.of


def _control(posture: ControlPosture, worth: float | None) -> ControlValues:
    state = posture.state
    verdicts = Counter(view.judgement.verdict for view in posture.tests)
    return ControlValues(
        posture.ref,
        state.status.value,
        state.reliability.mean,
        state.reliability.sd,
        state.coverage.mean,
        state.coverage.sd,
        state.reliability.times(state.coverage).mean,
        {verdict.value: verdicts[verdict] for verdict in Verdict if verdicts[verdict]},
        verdicts[Verdict.FAIL],
        sum(count for verdict, count in verdicts.items() if not verdict.is_judged),
        posture.is_key,
        worth,
    )


def portfolio_values(sums: Sums, appetite: Appetite | None, not_estimated: int) -> PortfolioValues:
    """Figures of all risks together from their sums."""
    # Stages may share one sum, and then its figures.
    by_id = {id(portfolio): portfolio.distribution() for portfolio in (sums[stage.value] for stage in Stage)}
    figures = {key: _stage(law) for key, law in by_id.items()}
    stages = {stage: figures[id(sums[stage.value])] for stage in Stage}
    views: list[AppetiteValues] = []
    if appetite is not None:
        residual = by_id[id(sums[Stage.RESIDUAL.value])]
        views.append(AppetiteValues(None, judge_curve(appetite.curve, residual.exceedance), residual.mean))
        for category, curve in appetite.category_curves:
            law = sums[sum_of_category(category)].distribution()
            views.append(AppetiteValues(category, judge_curve(curve, law.exceedance), law.mean))
    return PortfolioValues(stages, tuple(views), len(sums[Stage.RESIDUAL.value].losses), not_estimated)


def _stage(law: LossDistribution) -> StageValues:
    curve = law.curve()
    return StageValues(
        law.mean,
        law.sd,
        law.probability_of_none,
        tuple(law.value_at_risk(q) for q in LEVELS),
        tuple(_tail(law, q) for q in LEVELS),
        (tuple(curve.losses.tolist()), tuple(curve.probabilities.tolist())),
    )


def _tail(law: LossDistribution, q: float) -> float | None:
    try:
        return law.tail_value_at_risk(q)
    except ValueError:
        return None
