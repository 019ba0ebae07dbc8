"""The answer to "are we within appetite?", the headline figures, and appetite by category."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from buttress.core.appetite import AppetitePoint, judge_curve, limit_at
from buttress.core.control_posture import latest_results, test_view
from buttress.core.explain import Explanation
from buttress.core.money import format_money
from buttress.core.portfolio_posture import AppetiteView
from buttress.core.posture import Posture
from buttress.core.risk_posture import Tolerance
from buttress.core.snapshot import BasisKind, RegisterSnapshot
from buttress.core.stages import Stage
from buttress.reports.notation import write_count, write_range, write_share
from buttress.reports.summary.view import Answer, AppetiteRow, Figure, VerdictView

OVERALL = "all risks"


def verdict_view(snapshot: RegisterSnapshot, posture: Posture) -> VerdictView:
    """The first answer that holds: over appetite, cannot say, outside tolerance, within."""
    exceeded = [view for view in posture.portfolio.appetite if view.verdict.is_exceeded]
    missing = len(posture.portfolio.not_estimated)
    outside = [r for r in posture.risks if r.tolerance in (Tolerance.OUTSIDE, Tolerance.ACCEPTANCE_LAPSED)]
    details = (
        *_curve_details(snapshot, posture),
        *_tolerance_details(posture),
        *_evidence_details(snapshot),
        *_draft_details(snapshot, posture),
    )
    if exceeded:
        return VerdictView(Answer.OVER, _over_sentence(exceeded, posture.currency, _appetite_word(snapshot)), details)
    if snapshot.appetite is None:
        return VerdictView(Answer.CANNOT_SAY, "Cannot say: no appetite is stated", details)
    if missing:
        total = missing + posture.portfolio.estimated
        sentence = f"Cannot say: {missing} of {write_count(total, 'risk')} not estimated"
        return VerdictView(Answer.CANNOT_SAY, sentence, details)
    if outside:
        sentence = f"Within appetite in money, but {write_count(len(outside), 'risk')} outside tolerance"
        return VerdictView(Answer.OUTSIDE_TOLERANCE, sentence, details)
    return VerdictView(Answer.WITHIN, "Within appetite", details)


def _appetite_word(snapshot: RegisterSnapshot) -> str:
    """A suggestion is called one until somebody has approved it."""
    appetite = snapshot.appetite
    return "appetite" if appetite is None or appetite.approved_by else "the suggested appetite"


def _draft_details(snapshot: RegisterSnapshot, posture: Posture) -> list[str]:
    """What a reader must know of figures that nobody has made their own yet."""
    sentences = []
    if snapshot.appetite is not None and snapshot.appetite.approved_by is None:
        sentences.append("Nobody has approved the appetite.")
    estimates = [risk.assessment for risk in posture.risks if risk.assessment is not None]
    taken = sum(estimate.basis.kind is BasisKind.LIBRARY for estimate in estimates)
    if taken:
        come = "comes" if taken == 1 else "come"
        sentences.append(f"{taken} of {write_count(len(estimates), 'estimate')} {come} from the starter library.")
    return sentences


def _over_sentence(exceeded: Sequence[AppetiteView], currency: str, appetite: str) -> str:
    overall = next((view for view in exceeded if view.category is None), None)
    if overall is not None:
        return f"Over {appetite} for losses {_between(overall.verdict.violated, currency)} a year"
    parts = [f"in {_words(view)} for losses {_between(view.verdict.violated, currency)} a year" for view in exceeded]
    return f"Over {appetite} {', '.join(parts)}"


def _between(ranges: Sequence[tuple[float, float]], currency: str) -> str:
    return " and ".join(
        f"between {format_money(low, currency)} and {format_money(high, currency)}" for low, high in ranges
    )


def _words(view: AppetiteView) -> str:
    return view.category.value.replace("_", " ") if view.category else OVERALL


def _curve_details(snapshot: RegisterSnapshot, posture: Posture) -> list[str]:
    overall = next((row for row in appetite_rows(snapshot, posture) if row.category == OVERALL), None)
    if overall is None or snapshot.appetite is None:
        return []
    where = format_money(overall.tightest_at, posture.currency)
    sentences = [
        f"The chance of losing more than {where} in a year is {write_share(overall.chance)}; "
        f"the appetite is {write_share(overall.limit)}."
    ]
    if overall.is_exceeded:
        target = judge_curve(snapshot.appetite.curve, posture.portfolio.at(Stage.TARGET).exceedance)
        do = "do not bring" if target.is_exceeded else "bring"
        sentences.append(f"The planned controls {do} it within.")
    return sentences


def _tolerance_details(posture: Posture) -> list[str]:
    counts = {t: sum(r.tolerance is t for r in posture.risks if not r.is_condition) for t in Tolerance}
    total = sum(counts.values())
    parts = [f"{counts[Tolerance.OUTSIDE]} of {write_count(total, 'risk')} outside tolerance"]
    parts += [
        f"{counts[t]} {words}"
        for t, words in (
            (Tolerance.ACCEPTANCE_LAPSED, "whose acceptance lapsed"),
            (Tolerance.ACCEPTED, "accepted"),
            (Tolerance.NOT_ESTIMATED, "not estimated"),
        )
        if counts[t]
    ]
    return [f"{', '.join(parts)}."] if total else []


def _evidence_details(snapshot: RegisterSnapshot) -> list[str]:
    latest = latest_results(snapshot)
    judged = [test_view(t, latest.get(t.id), snapshot).judgement.verdict.is_judged for t in snapshot.tests]
    unknown = len(judged) - sum(judged)
    if not unknown:
        return []
    does = "does not tell today and lowers" if unknown == 1 else "do not tell today and lower"
    return [f"{unknown} of {write_count(len(judged), 'control test')} {does} nothing."]


def figures(posture: Posture, explanation: Explanation | None) -> tuple[Figure, ...]:
    """Mean, VaR 95 %, TVaR 95 % and the chance of a year without loss, at each stage."""
    laws = [posture.portfolio.at(stage) for stage in (Stage.INHERENT, Stage.RESIDUAL, Stage.TARGET)]
    means, atoms = [law.mean for law in laws], [law.probability_of_none for law in laws]
    var, tvar = [law.value_at_risk(0.95) for law in laws], [law.tail_value_at_risk(0.95) for law in laws]
    e = explanation
    return (
        _figure("Mean a year", "expected annual loss", means, e.mean_before if e else None),
        _figure("1 year in 20 costs more than", "VaR 95 %", var, e.var95_before if e else None),
        _figure("Mean of the worst 1 year in 20", "TVaR 95 %", tvar, e.tvar95_before if e else None),
        replace(_figure("Chance of a year without loss", "", atoms, None), is_money=False),
    )


def _figure(name: str, term: str, values: Sequence[float], before: float | None) -> Figure:
    inherent, residual, target = values
    return Figure(name, term, inherent, residual, target, before)


def appetite_rows(snapshot: RegisterSnapshot, posture: Posture) -> tuple[AppetiteRow, ...]:
    """All risks together first, then each category that has a curve of its own."""
    if snapshot.appetite is None:
        return ()
    curves = dict(snapshot.appetite.category_curves)
    return tuple(
        _appetite_row(view, snapshot.appetite.curve if view.category is None else curves[view.category.value])
        for view in posture.portfolio.appetite
    )


def _appetite_row(view: AppetiteView, curve: Sequence[AppetitePoint]) -> AppetiteRow:
    limit = float(limit_at(curve, np.array(view.verdict.tightest_at)))
    return AppetiteRow(
        _words(view),
        view.mean,
        view.verdict.is_exceeded,
        view.verdict.violated,
        view.verdict.tightest_at,
        max(limit - view.verdict.margin, 0.0),
        limit,
    )


def over_words(row: AppetiteRow, currency: str) -> str:
    """The ranges of loss in which a row's residual lies above its appetite."""
    return " and ".join(write_range(low, high, currency) for low, high in row.over)
