"""Exceptions in the database: one asks, the named approver decides in their own session, on the terms that were seen."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from buttress.core.verdicts import ApprovedException
from buttress.evidence.decisions import Decision, terms_of
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.kinds import EXCEPTIONS
from buttress.evidence.models import ExceptionDecision, ExceptionRequest
from buttress.evidence.selectors import evidence_of, exceptions
from buttress.evidence.services import approve_exception, refuse_exception, request_exception, revoke_exception
from buttress.evidence.tests.registers import EXCEPTION, declared
from buttress.orgs import recording
from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError
from buttress.orgs.models import Member, Person
from buttress.orgs.moments import Moment
from buttress.orgs.records import ProfileRecord
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import audit_trail
from buttress.orgs.services import change_profile
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, write
from buttress.risks.records.risk import RiskRecord
from buttress.risks.services.risk import add_risk

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
WHY = "Treasury holds the password"
TODAY = datetime.now(UTC).date() + timedelta(days=1)


@pytest.fixture
def actors() -> Mapping[str, Actor]:
    return declared()


def asked(actors: Mapping[str, Actor], **changes: object) -> ExceptionRecord:
    record = EXCEPTION.model_copy(update={"approved_by": "erin", **changes})
    request_exception(actors["omar"], ref="EX-01", exception=record)
    return record


def seen(actor: Actor, moment: Moment | None = None) -> ApprovedException:
    (found,) = exceptions(actor, moment=moment)
    return found.to_exception()


def recorded(actor: Actor, record: ExceptionRecord, *, ref: str = "EX-01", is_new: bool = True) -> None:
    """As applying a register folder records it."""
    with write(actor, Operation.REGISTER_APPLY) as opened:
        if is_new:
            recording.add(opened, EXCEPTIONS, ref, record)
        else:
            version = recording.stored(opened, EXCEPTIONS, ref).version
            recording.change(opened, EXCEPTIONS, ref, record, version)


def test_a_request_reads_back_and_covers_nothing_until_it_is_approved(actors: Mapping[str, Actor]) -> None:
    record = asked(actors)
    (found,) = exceptions(actors["vera"])
    assert (found.record, found.approved_by, found.decisions) == (record, None, ())
    assert not seen(actors["vera"]).is_running(record.starts_on)
    early = datetime.now(UTC)
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    assert seen(actors["vera"]).approved_by == "erin"
    assert evidence_of(actors["vera"], moment=Moment(TODAY)).exceptions == (seen(actors["vera"]),)
    assert evidence_of(actors["vera"], moment=Moment(TODAY), controls={"GOV-02"}).exceptions == ()
    assert seen(actors["vera"], Moment(TODAY, early)).approved_by is None
    assert seen(actors["vera"], Moment(TODAY - timedelta(days=9))).approved_by is None


def test_nobody_asks_in_another_name_and_nothing_is_attested_in_a_request(actors: Mapping[str, Actor]) -> None:
    with pytest.raises(ForbiddenError, match="in the name of omar"):
        request_exception(actors["ruth"], ref="EX-01", exception=EXCEPTION)
    attested = EXCEPTION.model_copy(update={"approved_by": "erin", "attested_document": "Minutes 3"})
    with pytest.raises(InvalidError, match="decided elsewhere"):
        request_exception(actors["omar"], ref="EX-01", exception=attested)
    with pytest.raises(InvalidError, match="no control test"):
        request_exception(actors["omar"], ref="EX-01", exception=EXCEPTION.model_copy(update={"test": "nothing"}))


def test_only_the_named_approver_decides(actors: Mapping[str, Actor]) -> None:
    asked(actors)
    for member in ("ruth", "omar", "paul", "vera"):
        with pytest.raises(ForbiddenError):
            approve_exception(actors[member], ref="EX-01", reason=WHY, version=1)
    with pytest.raises(ForbiddenError, match="names erin"):
        approve_exception(actors["ada"], ref="EX-01", reason=WHY, version=1)
    with pytest.raises(InvalidError, match="says why"):
        approve_exception(actors["erin"], ref="EX-01", reason=" ", version=1)


def test_who_asked_does_not_approve_unless_the_organisation_is_a_sole_operator(actors: Mapping[str, Actor]) -> None:
    own = EXCEPTION.model_copy(update={"requested_by": "ada"})
    request_exception(actors["ada"], ref="EX-01", exception=own)
    with pytest.raises(ForbiddenError, match="yourself"):
        approve_exception(actors["ada"], ref="EX-01", reason=WHY, version=1)
    sole = ProfileRecord(name="Harbourline", time_zone="Europe/Amsterdam", currency="EUR", sole_operator=True)
    change_profile(actors["ada"], profile=sole, version=1)
    approve_exception(actors["ada"], ref="EX-01", reason=WHY, version=1)
    (found,) = exceptions(actors["vera"])
    assert found.decisions[0].by_sole_operator
    recorded(actors["ada"], EXCEPTION, ref="EX-02")
    approve_exception(actors["ada"], ref="EX-02", reason=WHY, version=1)
    assert exceptions(actors["vera"])[1].decisions[0].by_sole_operator


def test_who_recorded_a_request_in_another_name_does_not_approve_it(actors: Mapping[str, Actor]) -> None:
    """A file states whom it likes as requester: the member who applied it is no second pair of eyes."""
    recorded(actors["ada"], EXCEPTION)
    with pytest.raises(ForbiddenError, match="recorded the request for EX-01 yourself"):
        approve_exception(actors["ada"], ref="EX-01", reason=WHY, version=1)
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    with tenant(actors["ada"].organisation_id):
        decision = ExceptionDecision.objects.get()
        assert (decision.requester.ref, decision.recorder.ref) == ("omar", "ada")


def test_who_made_themselves_the_approver_does_not_approve(actors: Mapping[str, Actor]) -> None:
    record = asked(actors)
    recorded(actors["ada"], record.model_copy(update={"approved_by": "ada"}), is_new=False)
    with pytest.raises(ForbiddenError, match="recorded the request"):
        approve_exception(actors["ada"], ref="EX-01", reason=WHY, version=2)


def test_who_only_gave_its_risk_another_reference_may_approve(actors: Mapping[str, Actor]) -> None:
    record = asked(actors, approved_by="ada")
    statement = {"cause": "A", "event": "B", "consequence": "C"}
    risk = RiskRecord.model_validate({"title": "Kiosk", "statement": statement, "categories": ["security"]})
    add_risk(actors["ruth"], ref="R-1", risk=risk)
    recorded(actors["ada"], record.model_copy(update={"risk": "R-1"}), is_new=False)
    approve_exception(actors["ada"], ref="EX-01", reason=WHY, version=2)
    assert seen(actors["vera"]).approved_by == "ada"


@pytest.mark.parametrize("own", ["requester", "recorder"])
def test_the_database_itself_refuses_an_approval_by_who_asked(actors: Mapping[str, Actor], own: str) -> None:
    asked(actors)
    with tenant(actors["omar"].organisation_id):
        omar, ruth = Person.objects.get(ref="omar"), Person.objects.get(ref="ruth")
        decision = ExceptionDecision(
            organisation_id=omar.organisation_id,
            exception=ExceptionRequest.objects.get(),
            decision=Decision.APPROVED.value,
            decided_by=Member.objects.get(ref="omar"),
            decider=omar,
            **{"requester": ruth, "recorder": ruth, own: omar},
            effective_on=TODAY,
            reason=WHY,
            terms_sha256="0" * 64,
            change=1,
            recorded_at=datetime.now(UTC),
        )
        with pytest.raises(IntegrityError, match="evidence_approver_is_another"), transaction.atomic():
            decision.save(force_insert=True)


def test_a_decision_is_taken_once_on_the_version_that_was_seen(actors: Mapping[str, Actor]) -> None:
    record = asked(actors)
    recorded(actors["ruth"], record.model_copy(update={"keys": ("a-2", "a-3")}), is_new=False)
    with pytest.raises(ConflictError):
        approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=2)
    with pytest.raises(InvalidError, match="approved already"):
        refuse_exception(actors["erin"], ref="EX-01", reason=WHY, version=2)


def test_an_approval_does_not_cover_what_was_added_since(actors: Mapping[str, Actor]) -> None:
    record = asked(actors)
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    recorded(actors["ruth"], record.model_copy(update={"keys": ("a-2", "a-3")}), is_new=False)
    assert seen(actors["vera"]).approved_by is None
    recorded(actors["ruth"], record, is_new=False)
    assert seen(actors["vera"]).approved_by == "erin"


def test_what_was_refused_covers_nothing(actors: Mapping[str, Actor]) -> None:
    asked(actors)
    refuse_exception(actors["erin"], ref="EX-01", reason="Mend it", version=1)
    (found,) = exceptions(actors["vera"])
    assert (found.is_refused, found.approved_by) == (True, None)
    with pytest.raises(InvalidError, match="not in force"):
        revoke_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)


def test_a_revocation_ends_it_from_its_day(actors: Mapping[str, Actor]) -> None:
    asked(actors)
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    with pytest.raises(InvalidError, match="past"):
        revoke_exception(actors["ada"], ref="EX-01", reason=WHY, version=1, effective_on=date(2026, 6, 2))
    revoke_exception(actors["ada"], ref="EX-01", reason="The kiosk went", version=1, effective_on=TODAY)
    assert seen(actors["vera"]).revoked_on == TODAY
    assert not seen(actors["vera"]).is_running(TODAY)
    with pytest.raises(InvalidError, match="not in force"):
        revoke_exception(actors["ada"], ref="EX-01", reason=WHY, version=1)


def test_an_exception_of_a_folder_counts_as_approved_where_a_document_attests_it(actors: Mapping[str, Actor]) -> None:
    attested = EXCEPTION.model_copy(update={"approved_by": "erin", "attested_document": "documents/minutes.md"})
    recorded(actors["ruth"], attested)
    (found,) = exceptions(actors["vera"])
    assert (found.record, found.is_attested, found.approved_by) == (attested, True, "erin")
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    (found,) = exceptions(actors["vera"])
    assert (found.is_attested, found.approved_by) == (False, "erin")


def test_a_decision_says_why_in_the_audit_trail(actors: Mapping[str, Actor]) -> None:
    asked(actors)
    approve_exception(actors["erin"], ref="EX-01", reason=WHY, version=1)
    revoke_exception(actors["ada"], ref="EX-01", reason="The kiosk went", version=1)
    request_exception(actors["omar"], ref="EX-02", exception=EXCEPTION)
    refuse_exception(actors["erin"].because("Monday's round"), ref="EX-02", reason="Mend it", version=1)
    lines = [line.values for line in audit_trail(actors["paul"], subject_kind="exceptions")]
    said = [(each["decision"], each["reason"], each.get("decision_reason")) for each in lines if "decision" in each]
    assert sorted(said, key=str) == [
        ("approved", WHY, None),
        ("refused", "Monday's round", "Mend it"),
        ("revoked", "The kiosk went", None),
    ]


def test_the_risk_that_an_exception_names_is_no_term_of_it() -> None:
    renamed = EXCEPTION.model_copy(update={"risk": "R-2"})
    assert terms_of(EXCEPTION.model_copy(update={"risk": "R-1"})) == terms_of(renamed)
    assert terms_of(EXCEPTION.model_copy(update={"keys": ("a-9",)})) != terms_of(EXCEPTION)
