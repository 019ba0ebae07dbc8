"""What the database itself refuses, whoever writes past the services."""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from buttress.orgs.models import Member, Person, Profile
from buttress.orgs.tenancy import tenant
from buttress.risks.models import (
    Acceptance,
    AcceptanceDecision,
    Assessment,
    Effect,
    Incident,
    Risk,
    RiskCategory,
    RiskModifies,
    Scale,
    Treatment,
)
from buttress.risks.services.acceptance import request_acceptance
from buttress.risks.tests.register import NEW_YEAR, acceptance, harbourline_with_risk

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def fact(**columns: Any) -> dict[str, Any]:
    given = {"effective_on": NEW_YEAR, "identity": str(uuid.uuid4()), "content": "{}", "change": 1}
    return {**given, "recorded_at": datetime.now(UTC), **columns}


def refused(insert: Callable[[], Any], name: str) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        insert()


def test_vocabularies_and_days_hold_in_the_database():
    organisation = harbourline_with_risk()["ada"].organisation_id
    with tenant(organisation):
        row, profile = Risk.objects.get(), Profile.objects.get()
        own = {"organisation_id": organisation}
        on_risk = {**own, "record": row}
        days = {"identified_on": date(2026, 2, 1), "closed_on": date(2026, 1, 1)}
        past = {"occurred_on": date(2026, 2, 1), "closed_on": date(2026, 1, 1)}
        effect = {"control": "IAM-02", "factor": "luck"}
        for insert, name in (
            (lambda: Risk.objects.create(ref="R-1", title="", kind="wish", **own), "risk_kind_known"),
            (lambda: Risk.objects.create(ref="R-1", title="", kind="event", **days, **own), "closed_after_identified"),
            (lambda: Incident.objects.create(ref="I-1", title="", **past, **own), "closed_after_occurred"),
            (lambda: RiskCategory.objects.create(target="honour", **on_risk), "riskcategory_known"),
            (lambda: RiskModifies.objects.create(target=row, **on_risk), "riskmodifies_another"),
            (lambda: Assessment.objects.create(method="guess", basis="inherent", **fact(**on_risk)), "method_known"),
            (lambda: Assessment.objects.create(method="money", basis="air", **fact(**on_risk)), "basis_known"),
            (lambda: Assessment.objects.create(method="money", **fact(**on_risk)), "assessment_has_basis"),
            (lambda: Effect.objects.create(**effect, **fact(**on_risk)), "effect_factor_known"),
            (lambda: Treatment.objects.create(response="hope", **fact(**on_risk)), "treatment_response_known"),
            (lambda: Scale.objects.create(**fact(record=profile, **own, effective_on=None)), "scale_has_a_day"),
        ):
            refused(insert, name)


def test_an_acceptance_of_the_requester_needs_a_sole_operator():
    organisation = harbourline_with_risk()["ada"].organisation_id
    with tenant(organisation):
        ruth = Person.objects.get(ref="ruth")
        given = {"organisation_id": organisation, "record": Risk.objects.get(), "accepted_by": ruth}
        same = {**given, "requested_by": ruth, "until": date(2027, 1, 1)}
        refused(lambda: Acceptance.objects.create(**fact(**same)), "acceptance_independent")
        Acceptance.objects.create(by_sole_operator=True, **fact(**same))
        early = {**given, "until": date(2025, 1, 1)}
        refused(lambda: Acceptance.objects.create(**fact(**early)), "until_after_start")


def test_a_decision_is_anothers_and_comes_once():
    organisation, decision = _decision()
    with tenant(organisation):
        ruth, erin = Member.objects.get(ref="ruth"), Member.objects.get(ref="erin")
        asked = {"requested_by": ruth.person, "recorded_by": ruth.person, "shown": "{}"}
        by_erin = {"decided_by": erin, "decided_by_person": erin.person, **asked}
        by_ruth = {**by_erin, "decided_by": ruth, "decided_by_person": ruth.person}
        for columns, name in (
            ({**by_ruth, "kind": "confirmed", "recorded_by": erin.person}, "decision_independent"),
            ({**by_erin, "kind": "confirmed", "recorded_by": erin.person}, "decision_independent"),
            ({**by_erin, "kind": "confirmed", "recorded_by": None}, "decision_independent"),
            ({**by_erin, "kind": "confirmed", "requested_by": None}, "decision_independent"),
            ({**by_erin, "kind": "confirmed", "shown": None}, "decision_independent"),
            ({**by_erin, "kind": "lapsed"}, "decision_has_decider"),
            ({"kind": "refused"}, "decision_has_decider"),
            ({**by_erin, "kind": "maybe"}, "decision_kind_known"),
        ):
            refused(lambda columns=columns: AcceptanceDecision.objects.create(**decision, **columns), name)
        AcceptanceDecision.objects.create(**decision, **by_erin, kind="confirmed")
        AcceptanceDecision.objects.create(**decision, kind="lapsed")
        for columns in ({**by_erin, "kind": "confirmed"}, {"kind": "lapsed"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                AcceptanceDecision.objects.create(**decision, **columns)


def _decision() -> tuple[uuid.UUID, Mapping[str, Any]]:
    ruth = harbourline_with_risk()["ruth"]
    request_acceptance(ruth, ref="R-014", acceptance=acceptance())
    with tenant(ruth.organisation_id):
        row = Acceptance.objects.get()
    common = {"organisation_id": ruth.organisation_id, "acceptance": row, "effective_on": NEW_YEAR, "reason": "so"}
    return ruth.organisation_id, {**common, "change": 99, "recorded_at": datetime.now(UTC)}
