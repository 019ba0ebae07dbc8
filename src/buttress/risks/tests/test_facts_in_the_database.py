"""Facts about risks in the database: order, corrections, retractions, both clocks, and what they may name."""

from datetime import date

import pytest

from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from buttress.orgs.moments import Moment
from buttress.orgs.recording import Standing
from buttress.orgs.selectors import audit_trail
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.risks import selectors
from buttress.risks.models import Assessment, AssessmentControl
from buttress.risks.records.risk import AssessmentFact, TreatmentFact
from buttress.risks.records.rounds import RoundRecord
from buttress.risks.services.assessment import (
    assess_risk,
    correct_assessment,
    retract_assessment,
    review_unchanged,
)
from buttress.risks.services.effect import correct_effect, retract_effect, state_effect
from buttress.risks.services.risk import add_risk, change_risk
from buttress.risks.services.round import record_round
from buttress.risks.services.treatment import correct_treatment, retract_treatment, treat_risk
from buttress.risks.tests.register import (
    NEW_YEAR,
    assessment,
    effect,
    harbourline_with_risk,
    risk,
    saltmarsh_with_risk,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
MARCH = date(2026, 3, 1)


def assessments(viewer: Actor, moment: Moment | None = None) -> tuple[AssessmentFact, ...]:
    return selectors.risk(viewer, "R-014", moment=moment).risk.assessments


def review(effective_on: date, **other: object) -> AssessmentFact:
    given = {"effective_on": effective_on, "method": "unchanged", "rationale": "Nothing new"}
    return AssessmentFact.model_validate({**given, **other})


def test_every_kind_of_fact_reads_as_it_was_stated():
    ruth = harbourline_with_risk()["ruth"]
    record_round(ruth, ref="H1-2026", sitting=RoundRecord(effective_on=NEW_YEAR, scope="All"))
    figures = assessment(basis="with_controls", controls={"IAM-02": 0.8, "IAM-05": None}, round="H1-2026")
    given = {"effective_on": "2026-02-01", "response": "reduce", "controls": ["IAM-02"], "owner": "omar"}
    treatment = TreatmentFact.model_validate(given)
    assess_risk(ruth, ref="R-014", assessment=figures)
    review_unchanged(ruth, ref="R-014", review=review(MARCH))
    state_effect(ruth, ref="R-014", effect=effect())
    treat_risk(ruth, ref="R-014", treatment=treatment)
    found = selectors.risk(ruth, "R-014")
    assert found.risk.assessments == (figures, review(MARCH))
    assert found.risk.effects == (effect(),)
    assert found.risk.treatments == (treatment,)
    assert found.stored.version == 1
    with tenant(ruth.organisation_id):
        assert Assessment.objects.get(effective_on=NEW_YEAR).round.ref == "H1-2026"
        assert list(AssessmentControl.objects.values_list("target", flat=True)) == ["IAM-02", "IAM-05"]


def test_facts_of_one_day_keep_the_order_in_which_they_came():
    ruth = harbourline_with_risk()["ruth"]
    for key in ("morning", "noon", "evening"):
        assess_risk(ruth, ref="R-014", assessment=assessment(key=key))
    correct_assessment(ruth.because("Slip"), ref="R-014", assessment=assessment(key="morning", cap=900_000))
    assert [fact.key for fact in assessments(ruth)] == ["morning", "noon", "evening"]
    with pytest.raises(InvalidError, match="already"):
        assess_risk(ruth, ref="R-014", assessment=assessment(key="noon"))


def test_as_of_sees_facts_effective_by_the_day():
    ruth = harbourline_with_risk()["ruth"]
    assess_risk(ruth, ref="R-014", assessment=assessment())
    assess_risk(ruth, ref="R-014", assessment=assessment(MARCH))
    assert [a.effective_on for a in assessments(ruth, Moment(date(2026, 2, 28)))] == [NEW_YEAR]
    assert [a.effective_on for a in assessments(ruth, Moment(MARCH))] == [NEW_YEAR, MARCH]


def test_a_correction_changes_what_is_known_now_and_not_what_was_known_before():
    ruth = harbourline_with_risk()["ruth"]
    assess_risk(ruth, ref="R-014", assessment=assessment())
    known = selectors.risk(ruth, "R-014").facts["assessments"][0].recorded_at
    better = assessment(cap=400_000)
    correct_assessment(ruth.because("The cap was forgotten"), ref="R-014", assessment=better)
    assert assessments(ruth, Moment(MARCH)) == (better,)
    assert assessments(ruth, Moment(MARCH, known)) == (assessment(),)
    assert audit_trail(ruth, subject_kind="risks", last=1)[0].values["reason"] == "The cap was forgotten"


def test_a_retraction_says_why_and_leaves_what_was_known():
    ruth = harbourline_with_risk()["ruth"]
    assess_risk(ruth, ref="R-014", assessment=assessment())
    known = selectors.risk(ruth, "R-014").facts["assessments"][0].recorded_at
    retract_assessment(ruth, ref="R-014", effective_on=NEW_YEAR, reason="Another risk was meant")
    assert [a.retracted for a in assessments(ruth)] == ["Another risk was meant"]
    assert [a.retracted for a in assessments(ruth, Moment(MARCH, known))] == [None]
    with pytest.raises(InvalidError, match="withdrawn already"):
        retract_assessment(ruth, ref="R-014", effective_on=NEW_YEAR, reason="Again")
    with tenant(ruth.organisation_id):
        assert Assessment.objects.count() == 2


def test_a_correction_needs_a_reason_and_something_to_correct():
    ruth = harbourline_with_risk()["ruth"]
    with pytest.raises(NotFoundError):
        correct_assessment(ruth.because("Slip"), ref="R-014", assessment=assessment())
    with pytest.raises(NotFoundError):
        retract_effect(ruth, ref="R-014", control="IAM-02", factor=effect().factor, reason="Slip")
    assess_risk(ruth, ref="R-014", assessment=assessment())
    with pytest.raises(InvalidError, match="needs a reason"):
        correct_assessment(ruth, ref="R-014", assessment=assessment(cap=400_000))


def test_effects_and_treatments_are_corrected_and_withdrawn_by_their_identity():
    ruth = harbourline_with_risk()["ruth"].because("Reviewed")
    state_effect(ruth, ref="R-014", effect=effect())
    state_effect(ruth, ref="R-014", effect=effect(effective_on=MARCH))
    with pytest.raises(InvalidError, match="already"):
        state_effect(ruth, ref="R-014", effect=effect())
    correct_effect(ruth, ref="R-014", effect=effect(variant_efficacy=0.1))
    retract_effect(ruth, ref="R-014", control="IAM-02", factor=effect().factor, effective_on=MARCH, reason="Never came")
    first, second = selectors.risk(ruth, "R-014").risk.effects
    assert (first.variant_efficacy, second.retracted) == (0.1, "Never came")
    plan = TreatmentFact.model_validate({"effective_on": "2026-02-01", "response": "reduce"})
    treat_risk(ruth, ref="R-014", treatment=plan)
    correct_treatment(ruth, ref="R-014", treatment=plan.model_copy(update={"done_on": MARCH}))
    assert selectors.risk(ruth, "R-014").risk.treatments[0].done_on == MARCH
    retract_treatment(ruth, ref="R-014", effective_on=plan.effective_on, reason="No plan")
    assert selectors.risk(ruth, "R-014").risk.treatments[0].retracted == "No plan"


def test_levels_exist_in_the_scale_of_their_day():
    ruth = harbourline_with_risk()["ruth"]
    in_levels = {"method": "levels", "frequency": {"level": 2}, "loss": {"level": 4}}
    with pytest.raises(InvalidError, match=r"loss\.level: found 4; expected a level from 1 to 3 of scale 2026"):
        assess_risk(ruth, ref="R-014", assessment=assessment(**in_levels))
    with pytest.raises(InvalidError, match="the currency of scale 2026, or none with levels"):
        assess_risk(ruth, ref="R-014", assessment=assessment(**{**in_levels, "loss": {"level": 1}, "currency": "USD"}))
    with pytest.raises(InvalidError, match="EUR, or a currency with a rate"):
        assess_risk(ruth, ref="R-014", assessment=assessment(currency="USD"))


def test_a_fact_names_what_is_there():
    ruth = harbourline_with_risk()["ruth"]
    with pytest.raises(InvalidError, match="expected a person that is defined"):
        assess_risk(ruth, ref="R-014", assessment=assessment(estimators=["nobody"]))
    with pytest.raises(InvalidError, match="a control of the register or of the starter library"):
        state_effect(ruth, ref="R-014", effect=effect("IAM-999"))
    plan = TreatmentFact.model_validate({"effective_on": "2026-02-01", "response": "reduce", "controls": ["IAM-05"]})
    with pytest.raises(InvalidError, match="expected a control that is defined"):
        treat_risk(ruth, ref="R-014", treatment=plan)
    state_effect(ruth, ref="R-014", effect=effect("IAM-05"))
    with pytest.raises(NotFoundError):
        assess_risk(ruth, ref="R-999", assessment=assessment())


def test_a_risk_stays_whole_with_its_facts():
    ruth = harbourline_with_risk()["ruth"]
    with pytest.raises(InvalidError, match="a review without an earlier assessment"):
        review_unchanged(ruth, ref="R-014", review=review(MARCH))
    with pytest.raises(InvalidError, match="give method unchanged"):
        review_unchanged(ruth, ref="R-014", review=assessment())
    assess_risk(ruth, ref="R-014", assessment=assessment())
    review_unchanged(ruth, ref="R-014", review=review(MARCH))
    with pytest.raises(InvalidError, match="a review without an earlier assessment"):
        retract_assessment(ruth, ref="R-014", effective_on=NEW_YEAR, reason="Slip")
    add_risk(ruth, ref="R-015", risk=risk())
    with pytest.raises(InvalidError, match="a condition assessed in money"):
        change_risk(ruth, ref="R-014", risk=risk(kind="condition", modifies=["R-015"]), version=3)
    assert [a.retracted for a in assessments(ruth)] == [None, None]


def test_a_fact_may_hold_the_writer_to_the_version_that_was_seen():
    ruth = harbourline_with_risk()["ruth"]
    first = assess_risk(ruth, ref="R-014", assessment=assessment(), standing=Standing(version=1))
    assert first.version == 2
    with pytest.raises(ConflictError):
        assess_risk(ruth, ref="R-014", assessment=assessment(MARCH), standing=Standing(version=1))


def test_roles_state_what_the_table_allows_and_no_more():
    actors = harbourline_with_risk()
    for member in ("omar", "erin", "paul", "vera"):
        for state, fact in ((assess_risk, {"assessment": assessment()}), (state_effect, {"effect": effect()})):
            with pytest.raises(ForbiddenError):
                state(actors[member], ref="R-014", **fact)
    assert assessments(actors["vera"]) == ()


def test_risks_of_a_control_are_found_by_effects_and_by_what_assessments_stand_on():
    ruth = harbourline_with_risk()["ruth"]
    mallory = saltmarsh_with_risk()["mallory"]
    for ref in ("R-1", "R-2", "R-3", "R-4"):
        add_risk(ruth, ref=ref, risk=risk())
    state_effect(ruth, ref="R-1", effect=effect())
    assess_risk(ruth, ref="R-2", assessment=assessment(basis="with_controls", controls={"IAM-02": 0.8}))
    state_effect(ruth, ref="R-3", effect=effect())
    retract_effect(ruth, ref="R-3", control="IAM-02", factor=effect().factor, reason="Slip")
    assess_risk(ruth, ref="R-4", assessment=assessment(basis="with_controls", controls={"IAM-02": 0.8}))
    correct_assessment(ruth.because("Before controls"), ref="R-4", assessment=assessment())
    state_effect(mallory, ref="R-014", effect=effect())
    with tenant(ruth.organisation_id):
        assert selectors.risks_of_controls(["IAM-02"]) == {"R-1", "R-2"}
        assert selectors.risks_of_controls(["IAM-05"]) == set()
    with tenant(mallory.organisation_id):
        assert selectors.risks_of_controls(["IAM-02"]) == {"R-014"}
