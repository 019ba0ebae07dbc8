"""Export: canonical, lossless, the same bytes each time; and any register survives the way there and back."""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.results import Entry, read_results_files, result_body, write_results
from buttress.evidence.store import folder_of
from buttress.formats.problems import ProblemsError
from buttress.orgs.moments import Moment
from buttress.orgs.records import MemberRecord
from buttress.orgs.role_names import Role
from buttress.orgs.selectors import actor_of
from buttress.orgs.services import add_member
from buttress.register import export
from buttress.register.applying.apply import apply_folder, plan_folder
from buttress.register.checking.check import check
from buttress.register.evaluation import evaluate_tests
from buttress.register.export import export_folder
from buttress.register.files.reader import read_register
from buttress.register.selectors import snapshot, snapshots
from buttress.register.snapshot import load_snapshot, load_snapshots
from buttress.register.tests.folders import SAMPLE, changed
from buttress.register.tests.generated import Generated, registers
from buttress.register.tests.kept import organisation_of

pytestmark = [pytest.mark.django_db]

DAY = date(2026, 9, 30)
_refs = (f"org-{number}" for number in itertools.count())

OWN_TEST = """# A comment stays.
id: terminals-known
version: 1
title: Every terminal is known
controls: [NET-09]
assertion: configuration
source: terminals
key: [terminal]
population: "true"
fail: "terminal = ''"
examples:
  as_of: 2026-06-30T12:00:00Z
  pass: [{terminal: t-1, seen_at: 2026-06-01T00:00:00Z}]
  fail: [{terminal: "", seen_at: 2026-06-01T00:00:00Z}]
"""


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.both_engines
def test_what_is_exported_is_what_was_applied(tmp_path: Path) -> None:
    folder = changed(tmp_path, ("control_tests/terminals-known/test.yaml", "", OWN_TEST))
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    target = export_folder(ada, tmp_path / "export")
    assert check(target).problems == ()
    assert plan_folder(ada, target).is_empty
    assert snapshot(ada, Moment(DAY)).risks == load_snapshot(target, DAY).risks
    names = files_in(target)
    assert names["control_tests/terminals-known/test.yaml"] == OWN_TEST.encode()
    assert {"organisation.yaml", "risks.yaml", "control_tests.yaml", "evidence/manual/board-h1-2026.md"} <= set(names)
    assert "evidence/idp-accounts-2026-06-30.csv" not in names


@pytest.mark.both_engines
def test_the_export_of_an_apply_of_an_export_is_the_same_bytes(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    one = export_folder(ada, tmp_path / "one")
    bob = organisation_of(one, "other")
    apply_folder(bob, one)
    assert files_in(export_folder(bob, tmp_path / "two")) == files_in(one)
    assert files_in(export_folder(ada, tmp_path / "three")) == files_in(one)


def test_results_travel_with_what_they_were_found_in(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    evaluate_tests(folder, DAY)
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    one = export_folder(ada, tmp_path / "one", with_results=True)
    kept = [name for name in files_in(folder) if name.startswith(("evidence/", "results/"))]
    assert {name: files_in(one)[name] for name in kept} == {name: files_in(folder)[name] for name in kept}
    assert load_snapshot(one, DAY) == load_snapshot(folder, DAY)
    assert plan_folder(ada, one).is_empty


def test_an_export_of_the_past_speaks_of_the_records_of_then(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    before = snapshot(ada, Moment(DAY)).known_at
    apply_folder(ada, changed(tmp_path, ("risks/security.yaml", "Staff account", "Account")))
    now = read_register(export_folder(ada, tmp_path / "now"))
    then = read_register(export_folder(ada, tmp_path / "then", moment=Moment(DAY, before)))
    assert [r.risks["R-001"].title for r in (now, then)] == ["Account taken over", "Staff account taken over"]


def test_an_export_of_the_past_has_the_results_and_data_of_then(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    accounts = folder / "evidence/idp-accounts-2026-06-30.csv"
    accounts.with_name("idp-accounts-2026-09-15.csv").write_bytes(accounts.read_bytes())
    evaluate_tests(folder, DAY)
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    now = files_in(export_folder(ada, tmp_path / "now", with_results=True))
    days = {name.removeprefix("results/")[:10] for name in now if fnmatch(name, "results/*.json")}
    then = date.fromisoformat(min(days))
    one = export_folder(ada, tmp_path / "then", moment=Moment(then), with_results=True)
    carried = {name.removeprefix("results/")[:10] for name in files_in(one) if fnmatch(name, "results/*.json")}
    assert carried == {day for day in days if day <= then.isoformat()}
    assert carried != days
    data = [{Path(name).name for name in found if "idp-accounts" in name} for found in (now, files_in(one))]
    assert data == [{"idp-accounts-2026-06-30.csv", "idp-accounts-2026-09-15.csv"}, {"idp-accounts-2026-06-30.csv"}]
    assert check(one).problems == ()
    assert load_snapshot(one, then).results == load_snapshot(folder, then).results


def test_an_export_of_what_was_known_has_no_run_that_was_recorded_later(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    before = snapshot(ada, Moment(DAY)).known_at
    evaluate_tests(folder, DAY)
    apply_folder(ada, folder)
    one = export_folder(ada, tmp_path / "then", moment=Moment(DAY, before), with_results=True)
    assert not [name for name in files_in(one) if name.startswith("results/")]
    assert [name for name in files_in(one) if name.startswith("evidence/")]


def test_a_run_of_a_later_day_is_carried_where_one_of_the_past_was_stored_after_it(tmp_path: Path) -> None:
    """Each run names the one stored before it, and no folder is read in which that is missing."""
    folder = changed(tmp_path)
    evaluate_tests(folder, DAY)
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    kept = folder_of(ada.organisation_id)
    newest = max(read_results_files(kept), key=lambda run: run.sequence)
    early = date(2026, 1, 5)
    record = {"as_of": early.isoformat(), "sequence": newest.sequence + 1, "previous": newest.root}
    blank = TestResult("late", 1, early, datetime(2026, 1, 4, tzinfo=UTC), Outcome.NOT_EVALUATED)
    write_results(folder, record, [Entry("result", result_body(blank))])
    apply_folder(ada, folder)
    one = export_folder(ada, tmp_path / "then", moment=Moment(early), with_results=True)
    names = {run.name for run in read_results_files(one)}
    assert newest.name in names
    assert len(names) == len(read_results_files(kept))


def test_an_auditor_gets_their_own_engagement_only(tmp_path: Path) -> None:
    second = (
        "    - {ref: OTHER, type: type_1, period_start: 2027-01-01, period_end: 2027-01-01, categories: [security]}\n"
    )
    folder = changed(tmp_path, ("organisation.yaml", "  engagements:\n", f"  engagements:\n{second}"))
    ada = organisation_of(folder)
    apply_folder(ada, folder)
    add_member(ada, member=MemberRecord(person="yusuf", role=Role.AUDITOR, engagement="SOC2-2026"))
    seen = read_register(export_folder(actor_of("harbourline", "yusuf"), tmp_path / "seen"))
    assert [each.ref for each in seen.organisation.engagements] == ["SOC2-2026"]
    whole = read_register(export_folder(ada, tmp_path / "whole"))
    assert [each.ref for each in whole.organisation.engagements] == ["SOC2-2026", "OTHER"]


def test_a_folder_with_files_is_left_as_it_is(tmp_path: Path) -> None:
    ada = organisation_of(SAMPLE)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ProblemsError, match="a new or empty folder"):
        export_folder(ada, tmp_path)
    assert files_in(tmp_path) == {"notes.txt": b"mine"}


def test_a_large_kind_is_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = organisation_of(SAMPLE)
    apply_folder(ada, SAMPLE)
    monkeypatch.setattr(export, "MOST_IN_A_FILE", 2000)
    target = export_folder(ada, tmp_path / "export")
    assert {"risks-001.yaml", "risks-002.yaml", "persons.yaml"} <= set(files_in(target))
    assert plan_folder(ada, target).is_empty


def survives(generated: Generated) -> None:
    """Folder to database to folder to database: nothing is lost, nothing is left to do, bytes are the same."""
    with TemporaryDirectory() as path:
        scratch = Path(path)
        folder = generated.write(scratch / "folder")
        owner = organisation_of(folder, next(_refs), "p1")
        apply_folder(owner, folder)
        assert plan_folder(owner, folder).is_empty
        days = (date(2024, 2, 1), date(2025, 1, 1), DAY)
        stored = snapshots(owner, [Moment(day) for day in days])
        assert tuple(replace(each, known_at=None) for each in stored) == load_snapshots(folder, days)
        one = export_folder(owner, scratch / "one")
        assert plan_folder(owner, one).is_empty
        other = organisation_of(one, next(_refs), "p1")
        apply_folder(other, one)
        assert files_in(export_folder(other, scratch / "two")) == files_in(one)


_ROUNDS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(_ROUNDS, max_examples=8)
@given(registers(3))
def test_any_register_survives_the_way_there_and_back(generated: Generated) -> None:
    survives(generated)


@pytest.mark.faults
@settings(_ROUNDS, max_examples=200)
@given(registers(5))
def test_two_hundred_registers_survive_the_way_there_and_back(generated: Generated) -> None:
    survives(generated)
