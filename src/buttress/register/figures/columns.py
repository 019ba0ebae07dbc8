"""Figures as columns of a table row or of a set, by name, and back; the names are those of the tables. No Django."""

import json
from collections.abc import Mapping
from typing import Any

from buttress.core.appetite import AppetiteVerdict
from buttress.core.stages import Stage
from buttress.formats.ordering import natural
from buttress.register.figures.laws import text_of
from buttress.register.figures.values import (
    AppetiteValues,
    ControlValues,
    CriterionValues,
    PortfolioValues,
    RiskValues,
    StageValues,
)

Columns = dict[str, Any]

QUANTILE_COLUMNS = ("residual_p50", "residual_p90", "residual_p95", "residual_p99", "residual_p999")
"""In the order of `core.risk_posture.QUANTILES`."""


def order_of(ref: str) -> str:
    """A text that sorts references as people count, R-2 before R-10, on every engine.

    >>> sorted(["R-10", "R-2", "A-1"], key=order_of)
    ['A-1', 'R-2', 'R-10']
    """
    return "".join(part.zfill(12) if is_text == 0 else part for is_text, _, part in natural(ref))


def json_of(value: Any) -> str:
    """JSON text from which floats come back to the bit."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def risk_columns(values: RiskValues) -> Columns:
    laws = values.laws
    low, high = values.mean_range or (None, None)
    quantiles = values.quantiles or (None,) * len(QUANTILE_COLUMNS)
    return {
        "ref": values.ref,
        "ref_order": order_of(values.ref),
        "is_condition": values.is_condition,
        "is_estimated": laws is not None,
        "inherent_mean": laws.inherent.mean if laws else None,
        "residual_mean": laws.residual.mean if laws else None,
        "target_mean": laws.target.mean if laws else None,
        **dict(zip(QUANTILE_COLUMNS, quantiles, strict=True)),
        "mean_low": low,
        "mean_high": high,
        "event_p90": values.event_p90,
        "likelihood": values.likelihood,
        "impact": values.impact,
        "rating": values.rating,
        "rating_rank": values.rating_rank,
        "tolerance": str(values.tolerance),
        "highest_rating": values.highest_rating,
        "last_reviewed_on": values.last_reviewed_on,
        "marks": json_of(values.marks),
    }


def private_risk_columns(values: RiskValues) -> Columns:
    """What a live row keeps beside what it shows, so that the risk can be taken out of the sums again."""
    return {
        "categories": json_of(sorted(values.categories)),
        "gains": json_of(dict(values.gains)),
        "laws": text_of(values.laws) if values.laws else "",
    }


def control_columns(values: ControlValues) -> Columns:
    return {
        "ref": values.ref,
        "ref_order": order_of(values.ref),
        "status": values.status,
        "is_key": values.is_key,
        "reliability_mean": values.reliability_mean,
        "reliability_sd": values.reliability_sd,
        "coverage_mean": values.coverage_mean,
        "coverage_sd": values.coverage_sd,
        "working_mean": values.working_mean,
        "verdicts": json_of(dict(values.verdicts)),
        "failed_tests": values.failed_tests,
        "untold_tests": values.untold_tests,
        "worth_mean": values.worth_mean,
    }


_FACETS = ("mapped", "design_tested", "operation_tested", "fresh")


def criterion_columns(values: CriterionValues, position: int) -> Columns:
    columns: Columns = {"position": position, "headline": values.headline}
    for name in _FACETS:
        columns[name], columns[f"{name}_of"] = getattr(values, name)
    return columns


def portfolio_columns(values: PortfolioValues) -> Columns:
    return {
        "estimated": values.estimated,
        "not_estimated": values.not_estimated,
        "inherent_mean": values.stages[Stage.INHERENT].mean,
        "residual_mean": values.stages[Stage.RESIDUAL].mean,
        "target_mean": values.stages[Stage.TARGET].mean,
        "stages": json_of({stage.value: _stage(each) for stage, each in values.stages.items()}),
        "appetite": json_of([_appetite(each) for each in values.appetite]),
    }


def _stage(values: StageValues) -> list[Any]:
    return [
        values.mean,
        values.sd,
        values.probability_of_none,
        list(values.quantiles),
        list(values.tails),
        [list(axis) for axis in values.curve],
    ]


def _appetite(values: AppetiteValues) -> list[Any]:
    verdict = values.verdict
    return [
        values.category,
        verdict.margin,
        [list(each) for each in verdict.violated],
        verdict.tightest_at,
        values.mean,
    ]


def portfolio_of(columns: Mapping[str, Any]) -> PortfolioValues:
    """The values that `portfolio_columns` stored."""
    stages = {
        Stage(name): StageValues(mean, sd, none, tuple(quantiles), tuple(tails), (tuple(curve[0]), tuple(curve[1])))
        for name, (mean, sd, none, quantiles, tails, curve) in json.loads(columns["stages"]).items()
    }
    appetite = tuple(
        AppetiteValues(category, AppetiteVerdict(margin, tuple((a, b) for a, b in violated), at), mean)
        for category, margin, violated, at, mean in json.loads(columns["appetite"])
    )
    return PortfolioValues(stages, appetite, columns["estimated"], columns["not_estimated"])
