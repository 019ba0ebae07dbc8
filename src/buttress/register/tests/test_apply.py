"""Apply: what a folder says stands in the database afterwards, in one write or not at all."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from buttress.core.snapshot import RegisterSnapshot
from buttress.formats.problems import ProblemsError
from buttress.orgs.errors import ForbiddenError, TakenError
from buttress.orgs.models import AuditEntry, Head, Person, RecordVersion
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.records import MemberRecord, PersonRecord
from buttress.orgs.role_names import Role
from buttress.orgs.selectors import actor_of, audit_trail
from buttress.orgs.services import add_member, add_person
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.applying.apply import apply_folder, plan_folder
from buttress.register.applying.errors import StalePlanError
from buttress.register.database.register import register_of
from buttress.register.plan.planned import FactFate
from buttress.register.plan.standing import standing_now
from buttress.register.selectors import snapshot
from buttress.register.tests.folders import SAMPLE, changed
from buttress.register.tests.kept import organisation_of
from buttress.risks.kinds import RISKS

pytestmark = [pytest.mark.django_db]

DAY = date(2026, 9, 30)
NOTE = "rationale: Two near misses in 2025."


def counted(actor: Actor) -> Mapping[str, int]:
    with tenant(actor.organisation_id):
        head = Head.objects.get()
        return {
            "change": head.change,
            "entries": AuditEntry.objects.count(),
            "versions": RecordVersion.objects.count(),
            "revision": head.revision,
        }


def risks_in(found: RegisterSnapshot) -> list[str]:
    return [risk.ref for risk in found.risks]


@pytest.mark.both_engines
def test_what_is_applied_is_planned_no_more() -> None:
    ada = organisation_of(SAMPLE)
    planned = plan_folder(ada, SAMPLE)
    applied = apply_folder(ada.because("first load"), SAMPLE, expected_digest=planned.digest)
    assert applied.plan.digest == planned.digest
    assert plan_folder(ada, SAMPLE).is_empty
    line = next(line for line in audit_trail(ada) if line.values["ref"] == "R-001")
    assert (line.action, line.change, line.values["by"]) == ("register.apply", applied.change, "ada")
    assert line.values["reason"] == "first load"


def test_an_apply_that_changes_nothing_writes_nothing() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    before = counted(ada)
    assert apply_folder(ada, SAMPLE).change is None
    assert counted(ada) == before


@pytest.mark.both_engines
def test_an_error_in_the_last_statement_keeps_nothing() -> None:
    ada = organisation_of(SAMPLE)
    before = counted(ada)
    with pytest.raises(RuntimeError, match="cut off"):
        apply_folder(ada, SAMPLE, progress=_cut_off)
    assert counted(ada) == before
    with tenant(ada.organisation_id):
        assert list(Person.objects.values_list("ref", flat=True)) == ["ada"]
        assert not register_of().risks


def _cut_off(what: str, done: int, total: int) -> None:
    if what == "facts" and done == total:
        raise RuntimeError("cut off")


def test_everything_that_is_wrong_with_a_folder_comes_at_once(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    folder = changed(
        tmp_path,
        ("risks/security.yaml", "owner: ruth", "owner: nobody"),
        ("evidence.yaml", "document: evidence/manual/board-h1-2026.md", "document: evidence/manual/none.md"),
        ("people.yaml", "approver: erin", "approver: erni"),
    )
    with pytest.raises(ProblemsError) as caught:
        apply_folder(ada, folder)
    assert [problem.file for problem in caught.value.problems] == ["people.yaml", "risks/security.yaml"]
    assert counted(ada)["change"] == 1


def test_a_plan_that_is_not_the_one_shown_is_refused(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    shown = plan_folder(ada, SAMPLE).digest
    folder = changed(tmp_path, ("risks/security.yaml", "Staff account", "Account"))
    with pytest.raises(StalePlanError):
        apply_folder(ada, folder, expected_digest=shown)
    add_person(ada, ref="ruth", person=PersonRecord(name="Ruth before the folder"))
    with pytest.raises(StalePlanError):
        apply_folder(ada, SAMPLE, expected_digest=shown)
    with tenant(ada.organisation_id):
        assert not register_of().risks


def test_a_write_between_reading_and_lock_is_seen_by_the_plan_that_is_applied() -> None:
    ada = organisation_of(SAMPLE)

    def interfere(what: str, done: int, total: int) -> None:
        if what == "evidence files":
            add_person(ada, ref="ruth", person=PersonRecord(name="Ruth in between"))

    shown = plan_folder(ada, SAMPLE).digest
    with pytest.raises(StalePlanError):
        apply_folder(ada, SAMPLE, expected_digest=shown, progress=interfere)


@pytest.mark.both_engines
def test_a_correction_supersedes_and_what_was_known_before_stays(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    before = snapshot(ada, Moment(DAY))
    folder = changed(tmp_path, ("risks/security.yaml", "p90: 1400000", "p90: 1500000"))
    applied = apply_folder(ada, folder)
    assert [fact.fate for fact in applied.plan.facts] == [FactFate.CORRECTED]
    after = snapshot(ada, Moment(DAY))
    assert after.risks[0].assessments != before.risks[0].assessments
    assert snapshot(ada, Moment(DAY, before.known_at)) == before
    assert plan_folder(ada, folder).is_empty
    assert apply_folder(ada, SAMPLE).plan.facts[0].fate is FactFate.CORRECTED
    assert snapshot(ada, Moment(DAY)).risks == before.risks


def test_a_fact_withdrawn_in_the_folder_counts_no_more(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    folder = changed(
        tmp_path, ("risks/security.yaml", "key: before-controls", "key: before-controls\n        retracted: Wrong.")
    )
    applied = apply_folder(ada, folder)
    assert [fact.fate for fact in applied.plan.facts] == [FactFate.RETRACTED]
    found = snapshot(ada, Moment(DAY)).risks[0].assessments
    assert [a.effective_on.isoformat() for a in found] == ["2026-01-20", "2026-04-10", "2026-07-15"]
    assert plan_folder(ada, folder).is_empty


def test_facts_of_one_day_stand_in_the_order_of_the_folder(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    added = (
        "      - {effective_on: 2026-07-15, key: third, basis: inherent, frequency: {per_year: 1}, loss: {amount: 7}}\n"
    )
    text = (SAMPLE / "risks" / "security.yaml").read_text()
    start = text.index("      - effective_on: 2026-07-15")
    folder = changed(tmp_path, ("risks/security.yaml", text[start : start + 20], added + text[start : start + 20]))
    applied = apply_folder(ada, folder)
    assert [fact.fate for fact in applied.plan.facts] == [FactFate.ADDED, FactFate.MOVED, FactFate.MOVED]
    assert plan_folder(ada, folder).is_empty
    with tenant(ada.organisation_id):
        facts = register_of().risks["R-001"].assessments
    assert [fact.key for fact in facts if fact.effective_on == date(2026, 7, 15)] == ["third", "before-controls", None]


def test_a_rename_keeps_history_and_follows_into_what_the_folder_does_not_have(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    incident = (SAMPLE / "inventory.yaml").read_text()
    folder = changed(
        tmp_path,
        ("inventory.yaml", incident[incident.index("incidents:") :], ""),
        ("risks/other.yaml", "  R-002:\n", "  R-020:\n"),
        ("risks/other.yaml", "formerly: R-009", "formerly: R-002"),
        ("risks/other.yaml", "modifies: [R-002]", "modifies: [R-020]"),
        ("inventory.yaml", "    risks: [R-002]\n", "    risks: [R-020]\n"),
    )
    with tenant(ada.organisation_id):
        old = records_of(RISKS)["R-002"]
    apply_folder(ada, folder)
    with tenant(ada.organisation_id):
        new = records_of(RISKS)["R-020"]
        assert (new.id, new.version > old.version) == (old.id, True)
        register = register_of()
        assert register.incidents["INC-2026-01"].risks == ("R-020",)
        assert len(register.risks["R-020"].assessments) == 2
    assert plan_folder(ada, folder).is_empty
    assert risks_in(snapshot(ada, Moment(DAY))) == ["R-001", "R-003", "R-020"]
    assert snapshot(ada, Moment(DAY)).incidents[0].risks == ("R-020",)
    assert risks_in(snapshot(ada, Moment(DAY, old.recorded_at))) == ["R-001", "R-002", "R-003"]
    with pytest.raises(TakenError, match="R-002"):
        apply_folder(ada, SAMPLE)


def test_what_a_folder_does_not_have_stays_unless_pruned(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    folder = changed(tmp_path, ("people.yaml", "  yusuf: {name: Yusuf Demir, left_on: 2026-05-31}\n", ""))
    assert apply_folder(ada, folder).change is None
    applied = apply_folder(ada, folder, prune=True)
    assert [each.ref for each in applied.plan.removed] == ["yusuf"]
    assert "yusuf" not in [person.ref for person in snapshot(ada, Moment(date.today())).persons]
    with pytest.raises(TakenError, match="yusuf"):
        plan_folder(ada, SAMPLE)


def test_prune_leaves_members_their_persons(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    add_member(ada, member=MemberRecord(person="yusuf", role=Role.VIEWER))
    folder = changed(tmp_path, ("people.yaml", "  yusuf: {name: Yusuf Demir, left_on: 2026-05-31}\n", ""))
    plan = plan_folder(ada, folder, prune=True)
    assert [(each.ref, each.is_removed, each.named_by) for each in plan.left] == [("yusuf", False, "member yusuf")]


def test_what_is_left_behind_must_fit_what_comes(tmp_path: Path) -> None:
    """A scale with fewer levels, while the database has an assessment in levels that the folder leaves out."""
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    other = (SAMPLE / "risks" / "other.yaml").read_text()
    start, end = other.index("      - effective_on: 2026-06-20"), other.index("    effects:")
    late = (
        "      - {effective_on: 2026-06-21, method: levels, basis: inherent, frequency: {level: 3}, loss: {level: 1}}\n"
    )
    apply_folder(ada, changed(tmp_path / "one", ("risks/other.yaml", other[start:end], other[start:end] + late)))
    two = """      likelihood:
        - {name: Rare, low: 0.001, high: 0.1}
        - {name: Possible, low: 0.1, high: 1}
        - {name: Likely, low: 1, high: 10}
      impact:
        - {name: Minor, low: 1000, high: 100000}
        - {name: Major, low: 100000, high: 10000000}
      ratings: [low, moderate, high, critical]
      cells:
        - [low, moderate]
        - [low, high]
        - [moderate, critical]
"""
    fewer = two.replace("        - {name: Likely, low: 1, high: 10}\n", "").replace(
        "        - [moderate, critical]\n", ""
    )
    folder = changed(tmp_path / "two", ("organisation.yaml", two, fewer))
    with pytest.raises(ProblemsError, match=r"R-002 in the database: risks.R-002.assessments\[2\].frequency.level"):
        apply_folder(ada, folder)


def test_an_apply_gives_nobody_more_than_the_services_it_stands_for(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    actors = {}
    for ref, role in (("ruth", Role.RISK_MANAGER), ("omar", Role.CONTROL_OWNER), ("erin", Role.VIEWER)):
        add_member(ada, member=MemberRecord(person=ref, role=role))
        actors[ref] = actor_of("harbourline", ref)
    own = changed(tmp_path / "own", ("organisation.yaml", "sole_operator: false", "sole_operator: true"))
    with pytest.raises(ForbiddenError, match=r"organisation.change is not allowed"):
        apply_folder(actors["ruth"], own)
    apply_folder(actors["ruth"], changed(tmp_path / "risk", ("risks/security.yaml", "Staff account", "Account")))
    for ref in ("omar", "erin"):
        with pytest.raises(ForbiddenError):
            apply_folder(actors[ref], SAMPLE)
        with pytest.raises(ForbiddenError):
            plan_folder(actors[ref], SAMPLE)


def test_another_organisation_sees_nothing_of_it() -> None:
    ada = organisation_of(SAMPLE)
    mallory = organisation_of(SAMPLE, "saltmarsh")
    apply_folder(ada, SAMPLE)
    with tenant(mallory.organisation_id):
        assert [ref for records in standing_now().statements.values() for ref in records] == ["organisation", "ada"]
    apply_folder(mallory, SAMPLE)
    assert risks_in(snapshot(mallory, Moment(DAY))) == risks_in(snapshot(ada, Moment(DAY)))


def test_decisions_of_a_file_stay_pending_unless_attested() -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    found = snapshot(ada, Moment(DAY))
    (risk,) = [risk for risk in found.risks if risk.ref == "R-001"]
    assert [(a.confirmed, a.attested_document) for a in risk.acceptances] == [
        (False, "Minutes RC-2026-03"),
        (False, None),
    ]
    assert [(e.ref, e.approved_by) for e in found.exceptions] == [("EX-001", "erin"), ("EX-002", None)]


def test_progress_tells_what_is_done_and_how_much_there_is() -> None:
    told: list[tuple[str, int, int]] = []
    apply_folder(organisation_of(SAMPLE), SAMPLE, progress=lambda *step: told.append(step))
    assert told[0][0] == "reading"
    assert ("facts", 57, 57) in told
    assert all(done <= total for _, done, total in told)


def test_nothing_is_known_before_it_was_applied() -> None:
    ada = organisation_of(SAMPLE)
    with tenant(ada.organisation_id):
        founded = Head.objects.get().recorded_at
    apply_folder(ada, SAMPLE)
    before = snapshot(ada, Moment(DAY, founded))
    assert (before.risks, before.controls, before.scales, before.results) == ((), (), (), ())
    assert [person.ref for person in before.persons] == ["ada"]
    assert risks_in(snapshot(ada, Moment(DAY, founded + timedelta(days=1)))) == ["R-001", "R-002", "R-003"]
