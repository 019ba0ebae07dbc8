"""Valid arguments for every service, by the dotted name of each: what the generated tests call them with.

An example is a function of an organisation's register and of the member who is to call, and makes first whatever has to
be there. A service without one fails the tests.
"""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone

from buttress.core.snapshot import Factor
from buttress.evidence.found import FoundEvidence, FoundFile
from buttress.evidence.services import exceptions
from buttress.formats.models import StrictModel
from buttress.inventory.services import ChangeAnswer
from buttress.orgs import recording
from buttress.orgs.content import from_text
from buttress.orgs.kinds import fact_fields, fact_kind, record_kind
from buttress.orgs.models import Head
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import audit_trail
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import write
from buttress.register.decisions import acceptance_asked, exception_asked
from buttress.register.export import export_folder
from buttress.register.figures.inputs import day_of
from buttress.register.models import MonitoringJob
from buttress.register.monitoring.jobs import ask_for_run
from buttress.risks.decisions import Shown, request_digest
from buttress.risks.models import Acceptance
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.services import acceptance as acceptances
from buttress.risks.services.acceptance import Named
from examples_of_records import Holding, own_test

Arguments = dict[str, Any]
Example = Callable[[Holding, str], Arguments]

JULY = date(2026, 7, 7)


def stated(h: Holding, kind: str, ref: str) -> dict[str, Any]:
    """What a record says now, without its facts."""
    of = record_kind(kind)
    with tenant(h["owner"].organisation_id), write(h["owner"], Operation.REGISTER_APPLY) as opened:
        row = recording.stored(opened, of, ref)
        return from_text(recording.latest_content(opened, row.id))


def changed(h: Holding, kind: str, ref: str, /, **changes: Any) -> StrictModel:
    """A record as it stands but for some fields; in texts MARK stands for the organisation's own word."""
    of = record_kind(kind)
    said = {**stated(h, kind, ref), **h.marked(changes)}
    return of.to_record(ref, {name: value for name, value in said.items() if name not in fact_fields(kind)})


def new(h: Holding, kind: str, ref: str = "new", /, **content: Any) -> StrictModel:
    """A record of a kind."""
    return record_kind(kind).to_record(ref, h.marked(content))


def fact(h: Holding, of: str, field: str, /, **content: Any) -> StrictModel:
    """A fact of a kind."""
    return fact_kind(of, field).record.model_validate(h.marked(content))


OTHERWISE: Mapping[str, Mapping[str, Any]] = {
    "organisation": {"name": "Other MARK"},
    "persons": {"title": "Other MARK"},
    "members": {"role": "owner"},
    "objectives": {"statement": "Other MARK"},
    "assets": {"name": "Other MARK"},
    "vendors": {"services": "Other MARK"},
    "changes": {"title": "Other MARK"},
    "engagements": {"categories": ["security", "privacy"]},
    "controls": {"title": "Other MARK"},
    "threats": {"actor": "Other MARK"},
    "rounds": {"scope": "Other MARK"},
    "incidents": {"title": "Other MARK"},
    "risks": {"title": "Other MARK"},
    "datasets": {"title": "Other MARK"},
    "control_tests": {"owner": "ruth"},
    "own_tests": {"source": own_test(version=3)},
    "manual_tests": {"title": "Other MARK"},
    "exceptions": {"reason": "Other MARK"},
}
"""What somebody else might make of a record of each kind in between."""


def somebody_changes(h: Holding, kind: str, ref: str) -> None:
    """The owner changes a record, so that whoever saw it before has seen an older version."""
    record = changed(h, kind, ref, **OTHERWISE[kind])
    with write(h["owner"], Operation.REGISTER_APPLY) as opened:
        of = record_kind(kind)
        recording.change(opened, of, ref, record, recording.stored(opened, of, ref).version)


def _added(kind: str, argument: str, ref: str = "new", /, **content: Any) -> Example:
    return lambda h, me: {"ref": ref, argument: new(h, kind, ref, **content)}


def _changed(kind: str, argument: str, ref: str, /, **changes: Any) -> Example:
    return lambda h, me: {
        "ref": ref,
        argument: changed(h, kind, ref, **changes),
        "version": h.version(kind, ref),
    }


def _versioned(kind: str, ref: str, /, **more: Any) -> Example:
    """Arguments for what takes a reference, the version that was seen, and nothing of the register beside these."""
    return lambda h, me: {
        "ref": ref,
        "version": h.version(kind, ref),
        **{name: h.text(value) if isinstance(value, str) else value for name, value in more.items()},
    }


def _stated(of: str, field: str, argument: str, ref: str | None = None, /, **content: Any) -> Example:
    named = {} if ref is None else {"ref": ref}
    return lambda h, me: {**named, argument: fact(h, of, field, **content)}


def _retracted(ref: str | None = None, /, **identity: Any) -> Example:
    named = {} if ref is None else {"ref": ref}
    return lambda h, me: {**named, **_with_mark(h, identity), "reason": h.text("Mistaken")}


def _with_mark(h: Holding, values: Mapping[str, Any]) -> Arguments:
    return {name: each.replace("MARK", h.mark) if isinstance(each, str) else each for name, each in values.items()}


_SCALE = {
    "version": "Second MARK",
    "effective_on": "2026-06-01",
    "likelihood": [{"name": "Rare", "low": "0.001", "high": "0.1"}, {"name": "Often", "low": "0.1", "high": "50"}],
    "impact": [{"name": "Minor", "low": "1000", "high": "90000"}, {"name": "Major", "low": "90000", "high": "1000000"}],
    "ratings": ["Low MARK", "High MARK"],
    "cells": [["Low MARK", "Low MARK"], ["Low MARK", "High MARK"]],
    "approved_by": "ruth",
}
_APPETITE = {
    "effective_on": "2026-06-01",
    "highest_rating": "High MARK",
    "curve": [{"loss": "250000", "probability": "0.3"}, {"loss": "5000000", "probability": "0.01"}],
    "authorities": [{"role": "Executive MARK", "highest_rating": "High MARK", "annual_loss": "5000000"}],
    "approved_by": "erin",
}
_FIRST = {"effective_on": "2025-12-01"}
_ASSESSMENT = {
    "effective_on": "2026-07-07",
    "basis": "with_controls",
    "controls": {"IAM-02": None},
    "round": "RND-1",
    "frequency": {"low": "0.1", "high": "0.8"},
    "loss": {"low": "20000", "high": "800000"},
    "estimators": ["ruth", "omar"],
    "rationale": "Looked again MARK",
}
_EFFECT = {
    "control": "IAM-02",
    "factor": "susceptibility",
    "efficacy": {"low": "0.4", "likely": "0.6", "high": "0.8"},
    "rationale": "For most MARK",
}
_TREATMENT = {"effective_on": "2026-07-07", "response": "reduce", "plan": "More keys MARK", "controls": ["IAM-02"]}


def ask_to_bear(h: Holding, me: str, *, by: str = "ruth", is_confirmed: bool = False) -> Named:
    """An acceptance that `by` asked `me` for, who is the only one to decide it."""
    with tenant(h["owner"].organisation_id):
        key = h.text(f"Asked {Acceptance.objects.count()}")
    asked = fact(h, "risks", "acceptances", **_acceptance(_person(h, me)), key=key)
    assert isinstance(asked, AcceptanceFact)
    acceptances.request_acceptance(h[by], ref="R-1", acceptance=asked)
    named = Named("R-1", JULY, key)
    if is_confirmed:
        acceptances.confirm_acceptance(h[me], named=named, shown=_shown(h, named), reason=h.text("Borne"))
    return named


def _person(h: Holding, me: str) -> str:
    return h.owner if me == "owner" else me


def _acceptance(by: str) -> dict[str, Any]:
    return {
        "effective_on": "2026-07-07",
        "accepted_by": by,
        "authority": "Executive MARK",
        "reason": "Until autumn MARK",
        "until": "2990-01-01",
        "ceiling": {"rating": "High MARK", "annual_loss": "4000000"},
    }


def _shown(h: Holding, named: Named) -> Shown:
    """The request and the residual as somebody saw them just now."""
    with tenant(h["owner"].organisation_id):
        revision, today = Head.objects.get().revision, day_of(timezone.now())
        asked = Acceptance.objects.filter(record__ref=named.ref, identity=named.identity).latest("change")
    digest = request_digest(AcceptanceFact.model_validate(from_text(asked.content)))
    return Shown(h.text("Low"), 1000.0, "0" * 64, revision, today, digest)


def _confirm_acceptance(h: Holding, me: str) -> Arguments:
    named = ask_to_bear(h, me)
    return {"named": named, "shown": _shown(h, named), "reason": h.text("Borne")}


def _refuse_acceptance(h: Holding, me: str) -> Arguments:
    return {**_confirm_acceptance(h, me), "reason": h.text("Too much")}


def _asked_acceptance(h: Holding, me: str) -> Arguments:
    ask_to_bear(h, me)
    return {"asked": acceptance_asked(h["owner"], ref="R-1", effective_on=JULY), "reason": h.text("Decided")}


def _decided_exception(h: Holding, me: str) -> Arguments:
    """An exception that Ruth asked for herself, so that any other may decide."""
    asked = _exception(h, "ruth")
    exceptions.request_exception(
        h["ruth"], **asked | {"exception": asked["exception"].model_copy(update=_put_to(h, me))}
    )
    return {"ref": asked["ref"], "version": 1, "reason": h.text("Decided")}


def _put_to(h: Holding, me: str) -> Arguments:
    return {"approved_by": None if me == "ruth" else _person(h, me)}


def _asked_exception(h: Holding, me: str) -> Arguments:
    decided = _decided_exception(h, me)
    return {"asked": exception_asked(h["owner"], ref=decided["ref"]), "reason": decided["reason"]}


def _exception(h: Holding, me: str) -> Arguments:
    content = {
        "test": "mfa-everywhere",
        "keys": ["Item MARK"],
        "reason": "A kiosk MARK",
        "risk": "R-1",
        "compensating_control": "IAM-02",
        "requested_by": _person(h, me),
        "approved_by": "erin" if me != "erin" else "ruth",
        "starts_on": "2026-06-01",
        "expires_on": "2026-12-31",
    }
    return {"ref": "new", "exception": new(h, "exceptions", **content)}


def _manual_result(h: Holding, me: str) -> Arguments:
    """Of the control that Omar owns."""
    content = {
        "effective_on": "2026-07-07",
        "performed_by": "ruth",
        "items": 2,
        "document": "evidence/counted-MARK.md",
        "note": "All there MARK",
    }
    result = fact(h, "manual_tests", "results", **content)
    return {"test": "MT-IAM-02", "result": result, "document_sha256": "0" * 64}


def _results(h: Holding, me: str) -> Arguments:
    """A file of a data set that was not there before."""
    name = f"evidence/accounts-2026-07-07-{h.mark}.csv"
    file = FoundFile("accounts", name, datetime(2026, 7, 7, tzinfo=UTC), "ab" * 32)
    known = [FoundFile("terminals", "evidence/terminals-2026-06-30.csv", None, "cd" * 32, problem=h.text("Undated"))]
    return {"found": FoundEvidence((), (file, *known), frozenset({"accounts", "terminals"}))}


def _file(h: Holding, me: str) -> Arguments:
    """A file of a data set that a test of Omar's control reads."""
    content = f"id {h.mark},mfa\na-{h.mark},{h.text('Yes')}\n"
    return {"dataset": "accounts", "source": io.BytesIO(content.encode()), "name": "accounts-2026-07-08.csv"}


def _parked(h: Holding, me: str) -> Arguments:
    """A job that was tried as often as it may be."""
    with tenant(h["owner"].organisation_id):
        key = ask_for_run(h["owner"].keyed(h.text("Parked"))).key
        MonitoringJob.objects.filter(key=key).update(state="parked", ended_at=timezone.now())
    return {"key": key}


JOBS: Mapping[str, Example] = {
    "register.monitoring.jobs.ask_for_run": lambda h, me: {"tests": ["mfa-everywhere"], "engagement": h.text("Of")},
    "register.monitoring.jobs.start_again": _parked,
}
"""What asks for work to be done: what the work writes is recorded when it is done, in the name of who asked."""


def _evaluation(h: Holding, me: str) -> Arguments:
    return {"as_of": JULY, "engagement": "soc2-2026"}


def register_as_it_stands(h: Holding, me: str) -> Arguments:
    """The register as it stands, with one title changed."""
    folder = export_folder(h["owner"], h.new("exported"))
    path = folder / "risks.yaml"
    path.write_text(path.read_text().replace("Ledger stops", "The ledger stops"))
    return {"folder": folder}


def _personal_fields(h: Holding, me: str) -> Arguments:
    """Those of the newest entry about a person."""
    newest, *_ = audit_trail(h["owner"], subject_kind="persons", last=1)
    return {"sequence": newest.sequence, "fields": ["name"]}


def _without_exceptions(h: Holding) -> Arguments:
    """No exception names the own test any more."""
    with write(h["owner"], Operation.REGISTER_APPLY) as opened:
        recording.remove(opened, record_kind("exceptions"), "EX-2", h.version("exceptions", "EX-2"))
    return {}


SERVICES: Mapping[str, Example] = {
    "orgs.services.change_profile": lambda h, me: {
        "profile": changed(h, "organisation", "organisation", name="Renamed MARK"),
        "version": h.version("organisation", "organisation"),
    },
    "orgs.services.state_rates": _stated(
        "organisation", "rates", "rates", effective_on="2026-07-07", per_unit={"USD": "0.9"}
    ),
    "orgs.services.add_person": _added("persons", "person", name="New MARK"),
    "orgs.services.change_person": _changed("persons", "person", "sam", title="Clerk MARK"),
    "orgs.services.add_member": lambda h, me: {"member": new(h, "members", person="sam", role="viewer")},
    "orgs.services.admit_member": lambda h, me: {
        "member": new(h, "members", person="new", role="viewer"),
        "person": new(h, "persons", name="New MARK"),
    },
    "orgs.services.change_member": _changed("members", "member", "vera", role="auditor", engagement="soc2-2026"),
    "orgs.erasure.erase_fields": _personal_fields,
    "inventory.services.add_objective": _added("objectives", "objective", statement="New MARK", owner="ruth"),
    "inventory.services.change_objective": _changed("objectives", "objective", "OBJ-1", owner="omar"),
    "inventory.services.remove_objective": _versioned("objectives", "OBJ-2"),
    "inventory.services.add_asset": _added(
        "assets", "asset", name="New MARK", kind="data", owner="ruth", depends_on=["ledger"]
    ),
    "inventory.services.change_asset": _changed("assets", "asset", "host", owner="omar", depends_on=["attic"]),
    "inventory.services.remove_asset": _versioned("assets", "attic"),
    "inventory.services.add_vendor": _added("vendors", "vendor", name="New MARK", owner="ruth"),
    "inventory.services.change_vendor": _changed("vendors", "vendor", "newpay", name="Renamed MARK"),
    "inventory.services.remove_vendor": _versioned("vendors", "oldpay"),
    "inventory.services.record_change": _added(
        "changes", "change", title="New MARK", effective_on="2026-07-07", subject="vendor:newpay"
    ),
    "inventory.services.amend_change": _changed(
        "changes", "change", "CHG-1", title="Better MARK", subject="asset:host"
    ),
    "inventory.services.answer_change": lambda h, me: {
        "ref": "CHG-1",
        "answer": ChangeAnswer(assessed_on=JULY, outcome=h.text("Looked at"), risks=("R-1",)),
        "version": h.version("changes", "CHG-1"),
    },
    "inventory.services.remove_change": _versioned("changes", "CHG-1"),
    "criteria.services.add_engagement": _added(
        "engagements",
        "engagement",
        ref="new",
        type="type_1",
        period_start="2025-01-01",
        period_end="2025-12-31",
        categories=["security"],
        systems=["ledger"],
        not_relevant={"CC6.4": "Nowhere MARK"},
    ),
    "criteria.services.change_engagement": _changed(
        "engagements", "engagement", "soc2-2024", systems=["host"], not_relevant={"CC6.4": "Nowhere MARK"}
    ),
    "criteria.services.remove_engagement": _versioned("engagements", "soc2-2024"),
    "controls.services.add_control": lambda h, me: {
        "ref": "new",
        "control": new(h, "controls", title="New MARK", kind="detective", owner=_person(h, me), covers=["ledger"]),
    },
    "controls.services.change_control": _changed("controls", "control", "IAM-02", description="Better MARK"),
    "controls.services.remove_control": _versioned("controls", "OPS-01"),
    "controls.services.record_walkthrough": _stated(
        "controls",
        "walkthroughs",
        "walkthrough",
        "IAM-02",
        effective_on="2026-07-07",
        performed_by="ruth",
        procedure="inspection",
        is_suitable=True,
        note="Seen MARK",
    ),
    "evidence.services.control_tests.adopt_test": lambda h, me: {
        "ref": "leavers-disabled",
        "adoption": new(h, "control_tests", controls=["IAM-02"], owner="omar"),
    },
    "evidence.services.control_tests.change_adoption": _changed(
        "control_tests", "adoption", "idp-mfa-active-users", controls=["GOV-02"]
    ),
    "evidence.services.control_tests.drop_test": _versioned("control_tests", "idp-mfa-active-users"),
    "evidence.services.control_tests.declare_own_test": _added(
        "own_tests", "test", "new-test", source=own_test(ref="new-test")
    ),
    "evidence.services.control_tests.change_own_test": _changed(
        "own_tests", "test", "mfa-everywhere", source=own_test(version=2)
    ),
    "evidence.services.control_tests.remove_own_test": lambda h, me: (
        _without_exceptions(h) | _versioned("own_tests", "mfa-everywhere")(h, me)
    ),
    "evidence.services.datasets.declare_dataset": _added(
        "datasets",
        "dataset",
        "new_data",
        title="New MARK",
        path="evidence/new.csv",
        format="csv",
        key=["a"],
        columns={"a": {"type": "text"}},
        effective_at={"from": "column", "column": "a"},
    ),
    "evidence.services.datasets.change_dataset": _changed("datasets", "dataset", "accounts", title="Renamed MARK"),
    "evidence.services.datasets.remove_dataset": _versioned("datasets", "terminals"),
    "evidence.services.exceptions.request_exception": _exception,
    "evidence.services.exceptions.approve_exception": _decided_exception,
    "evidence.services.exceptions.refuse_exception": _decided_exception,
    "evidence.services.exceptions.revoke_exception": _versioned("exceptions", "EX-2", reason="Mended"),
    "evidence.services.manual.declare_manual_test": _added(
        "manual_tests", "test", title="New MARK", controls=["IAM-02"], procedure="inspection", owner="omar"
    ),
    "evidence.services.manual.change_manual_test": _changed(
        "manual_tests", "test", "MT-IAM-02", title="Renamed MARK", controls=["GOV-02"]
    ),
    "evidence.services.manual.remove_manual_test": _versioned("manual_tests", "MT-IAM-02"),
    "evidence.services.manual.record_manual_result": _manual_result,
    "evidence.services.results.record_results": _results,
    "evidence.services.files.record_evidence_file": _file,
    "register.monitoring.arrivals.receive_evidence": _file,
    "risks.services.risk.add_risk": _added(
        "risks",
        "risk",
        title="New MARK",
        statement={"cause": "A MARK", "event": "B MARK", "consequence": "C MARK"},
        categories=["security"],
        owner="ruth",
        assets=["ledger"],
        objectives=["OBJ-1"],
        vendors=["newpay"],
        threat="T-1",
    ),
    "risks.services.risk.change_risk": _changed(
        "risks", "risk", "R-2", title="Renamed MARK", owner="ruth", threat="T-1"
    ),
    "risks.services.risk.close_risk": _versioned("risks", "R-2", closed_on=JULY),
    "risks.services.risk.remove_risk": _versioned("risks", "R-3"),
    "risks.services.risk.rename_risk": lambda h, me: {
        "ref": "R-3",
        "new_ref": "R-30",
        "version": h.version("risks", "R-3"),
    },
    "risks.services.threat.add_threat": _added("threats", "threat", title="New MARK"),
    "risks.services.threat.change_threat": _changed("threats", "threat", "T-1", title="Renamed MARK"),
    "risks.services.incident.record_incident": _added(
        "incidents", "incident", title="New MARK", occurred_on="2026-07-07", risks=["R-1"]
    ),
    "risks.services.incident.change_incident": _changed("incidents", "incident", "INC-1", risks=["R-2"]),
    "risks.services.round.record_round": _added(
        "rounds", "sitting", scope="New MARK", effective_on="2026-07-07", participants=["omar"], approver="erin"
    ),
    "risks.services.round.change_round": _changed("rounds", "sitting", "RND-1", participants=["omar"]),
    "risks.services.methodology.set_scale": _stated("organisation", "scales", "scale", **_SCALE),
    "risks.services.methodology.correct_scale": _stated("organisation", "scales", "scale", **_SCALE | _FIRST),
    "risks.services.methodology.set_appetite": _stated("organisation", "appetite", "appetite", **_APPETITE),
    "risks.services.methodology.correct_appetite": _stated(
        "organisation", "appetite", "appetite", **_APPETITE | _FIRST, key="Key MARK"
    ),
    "risks.services.methodology.retract_appetite": _retracted(effective_on=date(2025, 12, 1), key="Key MARK"),
    "risks.services.assessment.assess_risk": _stated("risks", "assessments", "assessment", "R-1", **_ASSESSMENT),
    "risks.services.assessment.review_unchanged": _stated(
        "risks",
        "assessments",
        "review",
        "R-1",
        effective_on="2026-07-07",
        method="unchanged",
        rationale="Nothing new MARK",
        estimators=["ruth"],
    ),
    "risks.services.assessment.correct_assessment": _stated(
        "risks", "assessments", "assessment", "R-1", **_ASSESSMENT | {"effective_on": "2026-01-20", "key": "Key MARK"}
    ),
    "risks.services.assessment.retract_assessment": _retracted("R-1", effective_on=date(2026, 2, 20)),
    "risks.services.effect.state_effect": _stated("risks", "effects", "effect", "R-2", **_EFFECT),
    "risks.services.effect.correct_effect": _stated("risks", "effects", "effect", "R-1", **_EFFECT),
    "risks.services.effect.retract_effect": _retracted("R-1", control="IAM-02", factor=Factor.SUSCEPTIBILITY),
    "risks.services.treatment.treat_risk": _stated("risks", "treatments", "treatment", "R-1", **_TREATMENT),
    "risks.services.treatment.correct_treatment": _stated(
        "risks", "treatments", "treatment", "R-1", **_TREATMENT | {"effective_on": "2026-01-25", "key": "Key MARK"}
    ),
    "risks.services.treatment.retract_treatment": _retracted("R-1", effective_on=date(2026, 1, 25), key="Key MARK"),
    "risks.services.acceptance.request_acceptance": lambda h, me: {
        "ref": "R-1",
        "acceptance": fact(h, "risks", "acceptances", **_acceptance("erin" if me != "erin" else "ruth")),
    },
    "risks.services.acceptance.confirm_acceptance": _confirm_acceptance,
    "risks.services.acceptance.refuse_acceptance": _refuse_acceptance,
    "risks.services.acceptance.revoke_acceptance": lambda h, me: {
        "named": ask_to_bear(h, me, is_confirmed=True),
        "reason": h.text("Too much now"),
    },
    "risks.services.acceptance.withdraw_acceptance": lambda h, me: {
        "named": ask_to_bear(h, "erin"),
        "reason": h.text("Needed no more"),
    },
    "risks.services.acceptance.record_lapse": lambda h, me: {
        "named": Named("R-1", date(2026, 2, 1), h.text("Key")),
        "reason": h.text("Above the ceiling"),
    },
    "register.applying.renaming.rename_risk": lambda h, me: {
        "ref": "R-2",
        "new_ref": "R-20",
        "version": h.version("risks", "R-2"),
    },
    "register.applying.apply.apply_folder": register_as_it_stands,
    "register.database.evaluation.evaluate_stored": _evaluation,
    "register.decisions.confirm_acceptance": _asked_acceptance,
    "register.decisions.refuse_acceptance": _asked_acceptance,
    "register.decisions.confirm_exception": _asked_exception,
    "register.decisions.refuse_exception": _asked_exception,
}
"""Every service, and what writes through services, by dotted name below `buttress`."""
