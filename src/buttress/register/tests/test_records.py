"""The database gives the register, and the snapshot of any day, that the folder gives."""

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from buttress.core.posture import posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.inventory.kinds import CHANGES
from buttress.orgs.errors import InvalidError, NotFoundError
from buttress.orgs.models import Head
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.records import MemberRecord, PersonRecord
from buttress.orgs.role_names import Role
from buttress.orgs.selectors import actor_of
from buttress.orgs.services import add_member, found_organisation
from buttress.orgs.tenancy import tenant
from buttress.register.applying.apply import apply_folder, plan_folder
from buttress.register.applying.renaming import rename_risk
from buttress.register.database.register import register_of
from buttress.register.database.snapshots import snapshot_of
from buttress.register.decisions import acceptance_asked, confirm_acceptance, confirm_exception, exception_asked
from buttress.register.demo import DEMO
from buttress.register.evaluation import evaluate_tests
from buttress.register.files.reader import read_register
from buttress.register.plan.statements import profile_of, statements_of
from buttress.register.selectors import snapshot, snapshots
from buttress.register.snapshot import load_snapshot, load_snapshots
from buttress.register.tests.folders import SAMPLE, changed
from buttress.register.tests.kept import organisation_of
from buttress.risks.kinds import INCIDENTS, RISKS
from buttress.risks.records.risk import AssessmentFact
from buttress.risks.services.assessment import assess_risk
from buttress.risks.services.risk import add_risk

pytestmark = [pytest.mark.django_db]

DAY = date(2026, 9, 30)
DAYS = (DAY, date(2026, 6, 30), date(2026, 3, 31), date(2025, 1, 1))


def ignoring_knowledge(found: RegisterSnapshot) -> RegisterSnapshot:
    return replace(found, known_at=None)


@pytest.mark.both_engines
def test_the_register_is_that_of_the_folder() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    with tenant(ada.organisation_id):
        stored = register_of()
    read = read_register(SAMPLE)
    assert statements_of(stored) == statements_of(read)
    assert (stored.controls, stored.datasets, stored.exceptions) == (read.controls, read.datasets, read.exceptions)
    place = stored.place("risks", "R-001")
    assert str(place.problem(("owner",), "'x'", "a person")) == (
        "R-001 in the database: risks.R-001.owner: found 'x'; expected a person."
    )
    assert ("risks", "R-001") in stored.places
    assert ("risks", "R-999") not in stored.places


@pytest.mark.both_engines
def test_harbourline_has_the_same_snapshot_and_posture_on_every_day(tmp_path: Path) -> None:
    folder = tmp_path / "harbourline"
    shutil.copytree(DEMO, folder)
    evaluate_tests(folder, DAY)
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    stored = snapshots(ada, [Moment(day) for day in DAYS])
    read = load_snapshots(folder, DAYS)
    assert all(found.known_at is not None for found in stored)
    assert [ignoring_knowledge(found) for found in stored] == list(read)
    assert len(read[0].results) > 100
    one, other = posture(read[0]), posture(stored[0])
    assert (one.risks, one.controls, one.criteria) == (other.risks, other.controls, other.criteria)
    assert [d.mean for _, d in one.portfolio.distributions] == [d.mean for _, d in other.portfolio.distributions]


def test_earlier_days_are_those_of_the_folder() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    for back in range(0, 600, 75):
        day = DAY - timedelta(days=back)
        assert ignoring_knowledge(snapshot(ada, Moment(day))) == load_snapshot(SAMPLE, day)


def test_a_few_risks_come_with_what_their_figures_need() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    whole = posture(snapshot(ada, Moment(DAY)))
    with tenant(ada.organisation_id), CaptureQueriesContext(connection) as queries:
        part = snapshot_of(Moment(DAY), risks=["R-001"])
    assert [control.ref for control in part.controls] == ["GOV-02", "IAM-02", "IAM-04"]
    assert {test.id for test in part.tests} == {"idp-mfa-active-users", "leavers-disabled", "MT-GOV-02"}
    assert len(queries) < 40
    assert posture(part).risks[0] == whole.risks[0]


def test_an_auditor_sees_their_own_engagement_only() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    add_member(ada, member=MemberRecord(person="yusuf", role=Role.AUDITOR, engagement="SOC2-2026"))
    paul = actor_of("harbourline", "yusuf")
    found = snapshot(paul, Moment(date(2030, 1, 1))).engagement
    assert found is not None
    assert found.ref == "SOC2-2026"
    with pytest.raises(NotFoundError) as hidden:
        snapshot(paul, Moment(DAY), "SOC2-2025")
    with pytest.raises(NotFoundError) as unknown:
        snapshot(ada, Moment(DAY), "SOC2-2025")
    assert str(hidden.value) == str(unknown.value)


def test_an_organisation_without_a_scale_has_a_snapshot_until_it_assesses() -> None:
    owner = found_organisation(
        ref="new",
        profile=profile_of(read_register(SAMPLE).organisation),
        owner_ref="ada",
        owner=PersonRecord(name="Ada"),
    )
    assert snapshot(owner, Moment(DAY)).scales == ()
    risk = read_register(SAMPLE).risks["R-004"]
    add_risk(owner, ref="R-1", risk=risk.model_copy(update={"assessments": (), "effects": ()}))
    assert [r.ref for r in snapshot(owner, Moment(DAY)).risks] == []
    fact = AssessmentFact(
        effective_on=date(2026, 1, 1), basis="inherent", frequency={"per_year": 1}, loss={"amount": 5}
    )
    assess_risk(owner, ref="R-1", assessment=fact)
    with pytest.raises(InvalidError, match="no scale version is stated"):
        snapshot(owner, Moment(DAY))


def test_nothing_is_known_before_the_organisation_was() -> None:
    ada = organisation_of(SAMPLE)
    with tenant(ada.organisation_id):
        founded = Head.objects.get().recorded_at
    with pytest.raises(NotFoundError):
        snapshot(ada, Moment(DAY, founded - timedelta(days=1)))


def test_a_renamed_risk_is_named_by_its_new_reference_everywhere_and_on_every_day() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    with tenant(ada.organisation_id):
        before = {kind: records_of(kind) for kind in (RISKS, INCIDENTS, CHANGES)}
    written = rename_risk(ada, ref="R-002", new_ref="R-020", version=before[RISKS]["R-002"].version)
    with tenant(ada.organisation_id):
        register = register_of()
        versions = records_of(INCIDENTS)["INC-2026-01"].version, before[INCIDENTS]["INC-2026-01"].version
    assert (written.ref, register.risks["R-020"].formerly) == ("R-020", "R-002")
    assert (register.risks["R-003"].modifies, register.incidents["INC-2026-01"].risks) == (("R-020",), ("R-020",))
    assert register.changes["CHG-2026-01"].outcome == "No risk added; R-002 reviewed."
    assert versions == (2, 1)
    then = snapshot(ada, Moment(DAY))
    assert [risk.ref for risk in then.risks] == ["R-001", "R-003", "R-020"]
    assert then.changes[0].risks == ("R-020",)
    assert [risk.ref for risk in snapshot(ada, Moment(DAY, before[RISKS]["R-002"].recorded_at)).risks][1] == "R-002"


@pytest.mark.both_engines
def test_what_members_decide_counts_from_then_on_and_not_before(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("risks/security.yaml", "until: 2027-06-30", "until: 2890-06-30"),
        ("risks/security.yaml", "{annual_loss: 300000}", "{annual_loss: 900000000}"),
        (
            "organisation.yaml",
            "highest_rating: high, annual_loss: 500000",
            "highest_rating: critical, annual_loss: 900000000",
        ),
    )
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    add_member(ada, member=MemberRecord(person="erin", role=Role.APPROVER))
    erin = actor_of("harbourline", "erin")
    today = Moment(datetime.now(ZoneInfo("Europe/Amsterdam")).date())
    before = snapshot(ada, today)
    confirm_acceptance(erin, acceptance_asked(erin, ref="R-001", effective_on=date(2026, 9, 1)), reason="Bearable")
    confirm_exception(erin, exception_asked(erin, ref="EX-002"), reason="A strike")
    after = snapshot(ada, today)
    found = [[a.confirmed for a in risk.acceptances] for risk in after.risks if risk.ref == "R-001"]
    assert found == [[False, True]]
    assert [each.approved_by for each in before.exceptions] == ["erin", None]
    assert [each.approved_by for each in after.exceptions] == ["erin", "erin"]
    assert snapshot(ada, Moment(today.as_of, before.known_at)) == before
    assert plan_folder(ada, folder).is_empty
