"""All estimated risks together at each stage, and the residual against the appetite."""

from dataclasses import dataclass

from buttress.core.annual_loss import AnnualLoss
from buttress.core.appetite import AppetiteVerdict, judge_curve
from buttress.core.exceedance import LossDistribution
from buttress.core.portfolio import Portfolio, build_portfolio
from buttress.core.snapshot import Category, RiskKind
from buttress.core.stages import Stage
from buttress.core.workings import Workings


@dataclass(frozen=True, slots=True)
class AppetiteView:
    """The residual curve of one category (None: all risks) against its appetite; `mean` is its expected annual loss."""

    category: Category | None
    verdict: AppetiteVerdict
    mean: float


@dataclass(frozen=True, slots=True)
class PortfolioPosture:
    """Laws of the annual loss by stage, appetite by category, and how many risks stand behind them."""

    distributions: tuple[tuple[Stage, LossDistribution], ...]
    appetite: tuple[AppetiteView, ...]
    estimated: int
    not_estimated: tuple[str, ...]

    def at(self, stage: Stage) -> LossDistribution:
        """The law of the annual loss at one stage."""
        return dict(self.distributions)[stage]


def portfolio_posture(workings: Workings, residual: Portfolio) -> PortfolioPosture:
    """Every stage's law, the residual's being that of `residual`."""
    laws = workings.staged.values()
    distributions = (
        (Stage.INHERENT, build_portfolio([s.inherent for s in laws]).distribution()),
        (Stage.RESIDUAL, residual.distribution()),
        (Stage.TARGET, build_portfolio([s.target for s in laws]).distribution()),
    )
    events = [r.ref for r in workings.snapshot.risks if r.kind is RiskKind.EVENT]
    return PortfolioPosture(
        distributions,
        tuple(_appetite_views(workings, dict(distributions)[Stage.RESIDUAL])),
        len(workings.staged),
        tuple(ref for ref in events if ref not in workings.staged),
    )


def _appetite_views(workings: Workings, residual: LossDistribution) -> list[AppetiteView]:
    appetite = workings.snapshot.appetite
    if appetite is None:
        return []
    views = [AppetiteView(None, judge_curve(appetite.curve, residual.exceedance), residual.mean)]
    for name, curve in appetite.category_curves:
        category = Category(name)
        law = build_portfolio(_residuals(workings, category)).distribution()
        views.append(AppetiteView(category, judge_curve(curve, law.exceedance), law.mean))
    return views


def _residuals(workings: Workings, category: Category) -> list[AnnualLoss]:
    return [
        workings.staged[risk.ref].residual
        for risk in workings.snapshot.risks
        if risk.ref in workings.staged and category in risk.categories
    ]
