"""The whole posture as plain data: what `buttress assess --json` prints and what other programs read.

Keys keep their names and meaning within one `version`; new keys may come. Numbers have full precision. Money is in
`currency`, frequencies in events a year, shares and chances in 0..1, dates are ISO text, what is not known is null.

    format, version, as_of, core_version, currency
    organisation    name, size, sector
    engagement      ref, type, period_start, period_end, categories; null where no engagement holds `as_of`
    portfolio       estimated, not_estimated (references), stages, appetite
      stages        inherent, residual, target: mean, sd, var (by level), tvar95, no_loss, curve of {loss, chance}
      appetite      category (null: all), mean, is_exceeded, over (ranges of loss), margin, tightest_at
    risks           ref, title, owner, categories, kind, is_fraud, criteria, tolerance, highest_rating, last_reviewed_on,
                    assessed_on, basis, acceptances, stages (as above: frequency, event_mean, event_p90, mean, mean_range,
                    var, cell, marks; null where there are no figures)
    controls        ref, title, owner, is_key, status, reliability, coverage, coverage_source, design_failure, tests
                    (references), risks, acts_through, worth {mean, tvar95} or null
    tests           id, title, controls, verdict, reasons, outcome, effective_at, counts, failing_keys, exceptions, rates
    criteria        id, series, label, state, reasons, facets {count, of}, key_controls, controls, risks
    exceptions      ref, test, keys, reason, risk, starts_on, expires_on, approved_by (null: pending), is_running

`buttress assess --json` adds `summary` and `explanation` (null where there is nothing to compare with).
"""

from typing import Any

from buttress.core.control_posture import ControlPosture, TestView, latest_results, test_view
from buttress.core.criterion_posture import CriterionPosture
from buttress.core.exceedance import LossDistribution
from buttress.core.posture import Posture
from buttress.core.risk_posture import QUANTILES, AcceptanceView, RiskPosture, StageFigures
from buttress.core.snapshot import Engagement, RegisterSnapshot
from buttress.core.stages import Stage
from buttress.core.verdicts import ApprovedException, tolerable_rate
from buttress.reports.plain import plain

VERSION = 1
CURVE_POINTS = 200

Document = dict[str, Any]


def posture_document(snapshot: RegisterSnapshot, posture: Posture) -> Document:
    """The document; equal snapshots give equal documents."""
    latest = latest_results(snapshot)
    found = plain(
        {
            "format": "buttress.posture",
            "version": VERSION,
            "as_of": posture.as_of,
            "core_version": posture.core_version,
            "currency": posture.currency,
            "organisation": {
                "name": snapshot.organisation.name,
                "size": snapshot.organisation.size,
                "sector": snapshot.organisation.sector,
            },
            "engagement": _engagement(snapshot.engagement) if snapshot.engagement else None,
            "portfolio": _portfolio(posture),
            "risks": [_risk(risk, snapshot) for risk in posture.risks],
            "controls": [_control(control, snapshot) for control in posture.controls],
            "tests": [_test(test_view(test, latest.get(test.id), snapshot)) for test in snapshot.tests],
            "criteria": [_criterion(criterion) for criterion in posture.criteria],
            "exceptions": [_exception(exception, snapshot) for exception in snapshot.exceptions],
        }
    )
    assert isinstance(found, dict)
    return found


def _engagement(engagement: Engagement) -> Document:
    return {
        "ref": engagement.ref,
        "type": engagement.type,
        "period_start": engagement.period_start,
        "period_end": engagement.period_end,
        "categories": engagement.categories,
        "systems": engagement.systems,
        "subservice_method": engagement.subservice_method,
        "not_relevant": dict(engagement.not_relevant),
    }


def _portfolio(posture: Posture) -> Document:
    portfolio = posture.portfolio
    return {
        "estimated": portfolio.estimated,
        "not_estimated": portfolio.not_estimated,
        "stages": {stage: _distribution(portfolio.at(stage)) for stage in Stage},
        "appetite": [
            {
                "category": view.category,
                "mean": view.mean,
                "is_exceeded": view.verdict.is_exceeded,
                "over": view.verdict.violated,
                "margin": view.verdict.margin,
                "tightest_at": view.verdict.tightest_at,
            }
            for view in portfolio.appetite
        ],
    }


def _distribution(law: LossDistribution) -> Document:
    curve = law.curve(CURVE_POINTS)
    pairs = zip(curve.losses.tolist(), curve.probabilities.tolist(), strict=True)
    return {
        "mean": law.mean,
        "sd": law.sd,
        "var": {f"{q:g}": law.value_at_risk(q) for q in QUANTILES},
        "tvar95": law.tail_value_at_risk(0.95),
        "no_loss": law.probability_of_none,
        "curve": [{"loss": loss, "chance": chance} for loss, chance in pairs],
    }


def _risk(risk: RiskPosture, snapshot: RegisterSnapshot) -> Document:
    record = next(r for r in snapshot.risks if r.ref == risk.ref)
    stages = {Stage.INHERENT: risk.inherent, Stage.RESIDUAL: risk.residual, Stage.TARGET: risk.target}
    return {
        "ref": risk.ref,
        "title": risk.title,
        "owner": record.owner,
        "categories": record.categories,
        "kind": record.kind,
        "is_fraud": record.is_fraud,
        "criteria": record.criteria,
        "tolerance": risk.tolerance,
        "highest_rating": risk.highest_rating,
        "last_reviewed_on": risk.last_reviewed_on,
        "assessed_on": risk.assessment.effective_on if risk.assessment else None,
        "basis": risk.assessment.basis.kind if risk.assessment else None,
        "stages": {stage: _stage(figures) if figures else None for stage, figures in stages.items()},
        "acceptances": [_acceptance(view) for view in risk.acceptances],
    }


def _stage(figures: StageFigures) -> Document:
    return {
        "frequency": figures.law.frequency.mean,
        "event_mean": figures.law.magnitude.mean,
        "event_p90": figures.event_p90,
        "mean": figures.mean,
        "mean_range": figures.mean_range,
        "var": {f"{q:g}": value for q, value in zip(QUANTILES, figures.quantiles, strict=True)},
        "cell": figures.cell,
        "marks": figures.marks,
    }


def _acceptance(view: AcceptanceView) -> Document:
    acceptance = view.acceptance
    return {
        "state": view.state,
        "reason": view.reason,
        "effective_on": acceptance.effective_on,
        "until": acceptance.until,
        "accepted_by": acceptance.accepted_by,
        "authority": acceptance.authority,
        "ceiling_rating": acceptance.ceiling_rating,
        "ceiling_annual_loss": acceptance.ceiling_annual_loss,
        "attested_document": acceptance.attested_document,
    }


def _control(control: ControlPosture, snapshot: RegisterSnapshot) -> Document:
    record = next(c for c in snapshot.controls if c.ref == control.ref)
    state = control.state
    return {
        "ref": control.ref,
        "title": control.title,
        "owner": record.owner,
        "is_key": control.is_key,
        "criteria": record.criteria,
        "status": state.status,
        "reliability": state.reliability.mean,
        "coverage": state.coverage.mean,
        "coverage_source": state.coverage_source,
        "design_failure": state.design_failure,
        "walkthrough": control.walkthrough,
        "tests": [view.test.id for view in control.tests],
        "risks": control.risks,
        "acts_through": control.acts_through,
        "worth": control.worth,
    }


def _test(view: TestView) -> Document:
    test, result, judgement = view.test, view.result, view.judgement
    counts = ("population", "passed", "failing", "not_applicable", "not_due", "unknown")
    return {
        "id": test.id,
        "title": test.title,
        "controls": test.controls,
        "datasets": test.datasets,
        "assertion": test.assertion,
        "is_manual": test.is_manual,
        "verdict": judgement.verdict,
        "reasons": judgement.reasons,
        "in_period": view.in_period,
        "outcome": result.outcome if result else None,
        "as_of": result.as_of if result else None,
        "effective_at": result.effective_at if result else None,
        "counts": {name: getattr(result, name) for name in counts} if result else None,
        "failed": judgement.failed,
        "excepted": judgement.excepted,
        "exceptions": judgement.exceptions,
        "failing_keys": result.failing_keys if result else (),
        "rate": judgement.rate,
        "tolerable_rate": tolerable_rate(test, result) if result else test.tolerable_rate,
        "run": result.run if result else None,
    }


def _criterion(criterion: CriterionPosture) -> Document:
    state = criterion.state
    return {
        "id": criterion.id,
        "series": criterion.series,
        "label": criterion.label,
        "state": state.headline,
        "reasons": state.reasons,
        "facets": {name: getattr(state, name) for name in ("mapped", "design_tested", "operation_tested", "fresh")},
        "key_controls": state.key_controls,
        "controls": criterion.controls,
        "risks": criterion.risks,
    }


def _exception(exception: ApprovedException, snapshot: RegisterSnapshot) -> Document:
    return {
        "ref": exception.ref,
        "test": exception.test,
        "keys": exception.keys,
        "reason": exception.reason,
        "risk": exception.risk,
        "starts_on": exception.starts_on,
        "expires_on": exception.expires_on,
        "approved_by": exception.approved_by,
        "is_running": exception.is_running(snapshot.as_of),
    }
