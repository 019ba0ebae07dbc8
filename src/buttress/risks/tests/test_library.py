"""The starter risks: statements in three parts, answered criteria, and priors that add up to the published rate."""

from collections import Counter
from math import exp, log

import pytest

from buttress.controls.library import starter_controls
from buttress.core.snapshot import Category, EffectFunction, Factor, RiskKind
from buttress.criteria.catalogue import criteria, criteria_in_scope
from buttress.risks.base_rates import base_rates
from buttress.risks.library import Calibration, starter_risks
from buttress.risks.threats import threat_catalogue

RISKS = starter_risks().values()
EVENTS = [risk for risk in RISKS if risk.kind is RiskKind.EVENT]
CONDITIONS = {risk.id: risk for risk in RISKS if risk.kind is RiskKind.CONDITION}


def sigma(risk):
    return log(risk.loss.p90 / risk.loss.p50) / 1.2815515655446004


def mean_annual_loss(risk):
    return risk.mean_frequency * risk.loss.p50 * exp(sigma(risk) ** 2 / 2)


def test_counts_by_kind_category_and_calibration():
    assert len(EVENTS) == 58
    assert set(CONDITIONS) == {"R-35", "R-36", "R-37", "R-43", "R-52", "R-60"}
    assert Counter(category for risk in RISKS for category in risk.categories) == {
        Category.SECURITY: 41,
        Category.AVAILABILITY: 18,
        Category.CONFIDENTIALITY: 17,
        Category.PRIVACY: 16,
        Category.PROCESSING_INTEGRITY: 10,
    }
    assert Counter(risk.calibration for risk in EVENTS) == {Calibration.IRIS: 22, Calibration.OPERATIONAL: 36}
    assert {risk.id for risk in RISKS if risk.is_fraud} == {"R-17", "R-23", "R-29", "R-30"}


@pytest.mark.parametrize("risk", RISKS, ids=lambda r: r.id)
def test_each_risk_is_stated_answered_and_sourced(risk):
    parts = [risk.cause, risk.event, risk.consequence]
    assert len(set(parts)) == 3
    assert [p for p in parts if not (p[0].isupper() and p.endswith("."))] == []
    answered = {criterion for control in risk.controls for criterion in starter_controls()[control].criteria}
    assert set(risk.criteria) <= answered
    # Criteria beside the common ones lie in a category of the risk.
    beside = {c for c in risk.criteria if not c.startswith("CC")}
    assert beside <= {c.id for c in criteria_in_scope(risk.categories)}
    assert set(risk.threats) <= set(threat_catalogue())
    assert risk.threats
    assert 3 <= len(risk.controls) <= 8
    assert [effect.control for effect in risk.effects] == list(risk.controls)
    assert set(risk.sources) - {"expert"} <= {rate.ref for rate in base_rates()}


@pytest.mark.parametrize("risk", EVENTS, ids=lambda r: r.id)
def test_each_event_has_an_ordered_prior(risk):
    assert 0 < risk.frequency.low < risk.frequency.likely < risk.frequency.high
    assert 0 < risk.loss.p50 < risk.loss.p90
    assert 1.395 < sigma(risk) <= 2.2
    assert risk.sources
    assert risk.modifies == ()


def test_every_fraud_risk_is_answered_by_the_assessment_of_fraud():
    assert [risk.id for risk in RISKS if risk.is_fraud and "RSK-02" not in risk.controls] == []


def test_every_control_and_every_criterion_stands_in_some_risk():
    assert {control for risk in RISKS for control in risk.controls} == set(starter_controls())
    assert {criterion for risk in RISKS for criterion in risk.criteria} == {c.id for c in criteria()}


def test_conditions_have_no_figures_and_make_events_worse():
    assert CONDITIONS["R-35"].modifies == ("R-05", "R-07", "R-08")
    assert CONDITIONS["R-36"].modifies == (*(f"R-{n:02d}" for n in range(1, 19)), "R-23")
    assert CONDITIONS["R-37"].modifies == ("R-04", "R-05")
    assert CONDITIONS["R-43"].modifies == ("R-02", "R-32", "R-42")
    assert CONDITIONS["R-52"].modifies == (*(f"R-{n:02d}" for n in range(1, 17)), "R-23")
    events = {risk.id for risk in EVENTS}
    for condition in CONDITIONS.values():
        assert (condition.frequency, condition.loss, condition.calibration) == (None, None, None)
        assert set(condition.modifies) <= events


def test_slow_handling_makes_every_cyber_event_worse():
    cyber = [
        r.id for r in EVENTS if r.calibration is Calibration.IRIS or any(t.startswith("attack:") for t in r.threats)
    ]
    # The manipulated AI feature is named by a catalogue that is not shipped, so no technique stands with it.
    assert CONDITIONS["R-60"].modifies == tuple(sorted([*cyber, "R-51"]))


def test_externally_visible_events_add_up_to_the_published_rate():
    total = sum(risk.mean_frequency for risk in EVENTS if risk.calibration is Calibration.IRIS)
    assert total == pytest.approx(0.087795, abs=5e-7)
    assert 1 - exp(-total) == pytest.approx(0.0841, abs=5e-5)
    operational = sum(risk.mean_frequency for risk in EVENTS if risk.calibration is Calibration.OPERATIONAL)
    assert operational == pytest.approx(9.757833, abs=5e-7)


def test_mean_annual_losses_in_closed_form():
    losses = {risk.id: mean_annual_loss(risk) for risk in EVENTS}
    iris = sum(losses[risk.id] for risk in EVENTS if risk.calibration is Calibration.IRIS)
    assert sum(losses.values()) == pytest.approx(425_530, abs=1)
    assert iris == pytest.approx(97_812, abs=1)
    assert iris / 0.0877947 == pytest.approx(1.114e6, rel=1e-3)
    largest = sorted(losses, key=losses.__getitem__, reverse=True)[:5]
    assert {ref: round(losses[ref] / 1000, 1) for ref in largest} == {
        "R-31": 48.9,
        "R-02": 37.8,
        "R-39": 22.6,
        "R-47": 18.0,
        "R-61": 17.6,
    }


def test_no_detection_stands_at_an_event_without_a_response():
    for risk in EVENTS:
        functions = {effect.function for effect in risk.effects}
        assert (EffectFunction.DETECTION in functions) == (EffectFunction.RESPONSE in functions), risk.id


def test_no_effect_acts_on_a_loss_that_the_prior_does_not_split_off():
    # The losses of the library are whole: none has a secondary part that an effect could reduce.
    assert [r.id for r in EVENTS if any(e.factor is Factor.SECONDARY_LOSS for e in r.effects)] == []


def test_failures_found_by_others_have_links_with_a_function_of_their_own():
    effects = {effect.control: effect for effect in starter_risks()["R-61"].effects}
    assert effects["ASR-01"].factor is Factor.SUSCEPTIBILITY
    assert effects["ASR-01"].efficacy == starter_controls()["ASR-01"].effect_range
    assert effects["ASR-01"].rationale
    assert effects["GOV-02"].efficacy is None
