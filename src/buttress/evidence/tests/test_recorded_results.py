"""Results in the database: exact, once, in the order of the folder, under what was known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.data.shelf import Shelf, dataset_states
from buttress.evidence.found import FoundEvidence, evidence_in
from buttress.evidence.models import DatasetSnapshotRow, EvidenceRun, TestResultRow
from buttress.evidence.reading import NOTHING_FAILED
from buttress.evidence.result_content import result_from_text, result_to_text
from buttress.evidence.results import Entry, read_results, read_results_files, result_body, write_results
from buttress.evidence.selectors import dataset_files, datasets, declared_tests, evidence_of, failing_rows, results
from buttress.evidence.selectors import dataset_states as stored_states
from buttress.evidence.services import declare_own_test, record_results
from buttress.evidence.tests.registers import DAY, OWN_TEST, ZONE, declared, evidence_of_run, put
from buttress.orgs.errors import ForbiddenError
from buttress.orgs.models import AuditEntry, Head
from buttress.orgs.moments import Moment
from buttress.orgs.selectors import audit_trail
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.organisations import saltmarsh
from buttress.orgs.writing import Actor

db = pytest.mark.django_db
both = pytest.mark.both_engines
COUNTS = st.integers(min_value=0, max_value=10**12)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=40)
@given(
    st.builds(
        TestResult,
        test=TEXTS,
        version=COUNTS,
        as_of=st.dates(),
        effective_at=st.datetimes(timezones=st.sampled_from([UTC, ZONE])).map(
            lambda moment: datetime.fromisoformat(moment.isoformat())
        ),
        outcome=st.sampled_from(Outcome),
        population=COUNTS,
        failing=COUNTS,
        failing_keys=st.lists(TEXTS, max_size=3).map(tuple),
        reasons=st.lists(TEXTS, max_size=3).map(tuple),
        expected_population=st.none() | COUNTS,
        cluster=st.none() | TEXTS,
        tolerable_rate=st.none() | st.floats(0, 1),
        run=TEXTS,
        digest=TEXTS,
        performer=st.none() | TEXTS,
        procedure=st.none() | TEXTS,
    )
)
def test_a_result_is_the_same_after_it_was_text(result: TestResult) -> None:
    read = result_from_text(result_to_text(result))
    assert read == result
    assert (read.effective_at.isoformat(), repr(read.tolerable_rate)) == (
        result.effective_at.isoformat(),
        repr(result.tolerable_rate),
    )


ROWS = "id,status,mfa\na-1,ACTIVE,true\na-2,ACTIVE,false\na-3,GONE,true\n"


@pytest.fixture
def actors() -> Mapping[str, Actor]:
    found = declared()
    declare_own_test(found["ruth"], ref="mfa-everywhere", test=OWN_TEST)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "evidence/accounts-2026-06-30.csv", ROWS)
    return tmp_path


@db
@both
def test_results_and_files_read_back_as_the_folder_has_them(actors: Mapping[str, Actor], folder: Path) -> None:
    ruth = actors["ruth"]
    record_results(ruth, found=evidence_of_run(ruth, folder, DAY))
    stored = results(ruth)
    assert stored == read_results(folder)
    (own,) = [result for result in stored if result.test == "mfa-everywhere"]
    assert (own.population, own.failing, own.failing_keys) == (2, 1, ("a-2",))
    assert own.effective_at.isoformat() == "2026-06-30T23:59:59.999999+02:00"
    (file,) = dataset_files(ruth)["accounts"]
    assert (file.rows, file.effective_at.isoformat()) == (3, "2026-06-30T23:59:59.999999+02:00")
    shelf = Shelf(folder, datasets(ruth), ZONE)
    for day in (DAY - timedelta(days=1), DAY, DAY + timedelta(days=9)):
        expected = dataset_states(shelf, day, declared_tests(ruth).automated)
        assert stored_states(ruth, moment=Moment(day)) == expected
        assert evidence_of(ruth, moment=Moment(day)).datasets == expected


@db
@both
def test_the_first_failing_rows_stand_beside_the_result_and_all_of_them_in_a_file(
    actors: Mapping[str, Actor], tmp_path: Path
) -> None:
    failing = "".join(f"a-{n:02},ACTIVE,false\n" for n in range(30))
    put(tmp_path, "evidence/accounts-2026-06-30.csv", f"id,status,mfa\n{failing}")
    record_results(actors["ruth"], found=evidence_of_run(actors["ruth"], tmp_path, DAY))
    found = failing_rows(actors["vera"], test="mfa-everywhere")
    assert (found.columns, found.count, found.rows[0], len(found.rows)) == (("account_id",), 30, ("a-00",), 20)
    assert sha256((tmp_path / found.file).read_bytes()).hexdigest() == found.sha256
    assert failing_rows(actors["vera"], test="mfa-everywhere", moment=Moment(DAY - timedelta(days=1))) == NOTHING_FAILED
    assert failing_rows(actors["vera"], test="never-tested") == NOTHING_FAILED


@db
@both
def test_recording_again_writes_nothing(actors: Mapping[str, Actor], folder: Path) -> None:
    ruth = actors["ruth"]
    record_results(ruth, found=evidence_of_run(ruth, folder, DAY))
    with tenant(ruth.organisation_id):
        before = (Head.objects.get().revision, AuditEntry.objects.count(), TestResultRow.objects.count())
    record_results(ruth, found=evidence_in(folder, datasets(ruth), ZONE))
    record_results(ruth.keyed("job-1"), found=evidence_in(folder, datasets(ruth), ZONE))
    record_results(ruth.keyed("job-1"), found=evidence_in(folder, datasets(ruth), ZONE))
    with tenant(ruth.organisation_id):
        after = (Head.objects.get().revision, AuditEntry.objects.count(), TestResultRow.objects.count())
        assert (after, EvidenceRun.objects.count()) == (before, 1)


@db
@both
def test_the_root_of_a_run_stands_in_the_audit_trail(actors: Mapping[str, Actor], folder: Path) -> None:
    found = evidence_of_run(actors["ruth"], folder, DAY)
    record_results(actors["ruth"], found=found)
    (line,) = audit_trail(actors["paul"], subject_kind="runs")
    (run,) = found.runs
    assert line.values[f"root.{run.name}"] == run.root


@db
@both
def test_the_audit_entry_of_a_test_says_what_its_results_say(actors: Mapping[str, Actor], folder: Path) -> None:
    found = evidence_of_run(actors["ruth"], folder, DAY)
    record_results(actors["ruth"], found=found)
    (line, *_) = audit_trail(actors["paul"], subject_kind="own_tests")
    (run,) = found.runs
    said = {"test": "mfa-everywhere", "outcome": "evaluated", "population": 2, "failing": 1, "as_of": "2026-06-30"}
    assert line.values[f"result.{run.name}.mfa-everywhere"] == said


@db
@both
def test_of_two_runs_for_one_day_the_later_stands_and_the_first_did_before_it_was_known(
    actors: Mapping[str, Actor], folder: Path
) -> None:
    ruth = actors["ruth"]
    record_results(ruth, found=evidence_of_run(ruth, folder, DAY))
    early = datetime.now(UTC)
    put(folder, "evidence/accounts-2026-06-30.csv", ROWS.replace("a-2,ACTIVE,false", "a-2,ACTIVE,true"))
    record_results(ruth, found=evidence_of_run(ruth, folder, DAY))

    def failing(moment: Moment | None) -> list[int]:
        return [result.failing for result in results(ruth, moment=moment) if result.test == "mfa-everywhere"]

    assert (failing(None), failing(Moment(DAY)), failing(Moment(DAY, early))) == ([0], [0], [1])
    assert failing(Moment(DAY - timedelta(days=1))) == []
    assert len(read_results_files(folder)) == 2
    (file,) = dataset_files(ruth)["accounts"]
    (before,) = dataset_files(ruth, moment=Moment(DAY, early))["accounts"]
    assert file.sha256 != before.sha256


@db
def test_order_among_runs_is_that_of_their_sequence_not_of_recording(
    actors: Mapping[str, Actor], tmp_path: Path
) -> None:
    ruth = actors["ruth"]
    blank = TestResult("mfa-everywhere", 1, DAY, datetime(2026, 6, 30, tzinfo=UTC), Outcome.EVALUATED)
    for sequence, passed in ((1, 1), (2, 2), (3, 3)):
        result = replace(blank, population=passed, passed=passed)
        record = {"as_of": DAY.isoformat(), "sequence": sequence, "previous": None}
        write_results(tmp_path, record, [Entry("result", result_body(result))])
    runs = read_results_files(tmp_path)
    for run in reversed(runs):
        record_results(ruth, found=FoundEvidence((run,)))
    assert [result.population for result in results(ruth)] == [3]


@db
def test_a_file_that_cannot_be_dated_may_be_the_newest_until_it_is_gone(
    actors: Mapping[str, Actor], folder: Path
) -> None:
    ruth = actors["ruth"]
    put(folder, "evidence/accounts-2026-13-45.csv", ROWS)
    record_results(ruth, found=evidence_in(folder, datasets(ruth), ZONE))
    (state,) = stored_states(ruth, moment=Moment(DAY))
    (expected,) = dataset_states(Shelf(folder, datasets(ruth), ZONE), DAY, declared_tests(ruth).automated)
    assert state == expected
    assert "2026-13-45" in str(state.problem)
    known = datetime.now(UTC)
    (folder / "evidence/accounts-2026-13-45.csv").unlink()
    record_results(ruth, found=evidence_in(folder, datasets(ruth), ZONE))
    assert stored_states(ruth, moment=Moment(DAY))[0].problem is None
    assert stored_states(ruth, moment=Moment(DAY, known)) == (expected,)


@db
@both
def test_a_file_that_became_effective_later_was_not_there_then(actors: Mapping[str, Actor], folder: Path) -> None:
    ruth = actors["ruth"]
    put(folder, "evidence/accounts-2026-07-01.csv", ROWS)
    record_results(ruth, found=evidence_in(folder, datasets(ruth), ZONE))

    def names(moment: Moment | None) -> list[str]:
        return [each.file[-14:-4] for each in dataset_files(ruth, moment=moment).get("accounts", [])]

    assert names(None) == names(Moment(DAY + timedelta(days=1))) == ["2026-06-30", "2026-07-01"]
    assert (names(Moment(DAY)), names(Moment(DAY - timedelta(days=1)))) == (["2026-06-30"], [])


@db
def test_dated_files_that_are_not_found_any_more_stay(actors: Mapping[str, Actor], folder: Path) -> None:
    ruth = actors["ruth"]
    put(folder, "evidence/accounts-2026-06-30.csv.receipt.yaml", "receipt: {source_total: 3, total_from: payroll}\n")
    record_results(ruth, found=evidence_in(folder, datasets(ruth), ZONE))
    (folder / "evidence/accounts-2026-06-30.csv").unlink()
    record_results(ruth, found=evidence_in(folder, datasets(ruth), ZONE))
    (file,) = dataset_files(ruth)["accounts"]
    assert (file.rows, file.receipt) == (None, {"parameters": {}, "source_total": 3, "total_from": "payroll"})


@db
@both
@pytest.mark.parametrize("member", ["omar", "erin", "paul", "vera"])
def test_only_who_may_run_tests_records_results(actors: Mapping[str, Actor], folder: Path, member: str) -> None:
    found = evidence_in(folder, datasets(actors["ruth"]), ZONE)
    with pytest.raises(ForbiddenError):
        record_results(actors[member], found=found)


@db
@both
def test_another_organisation_keeps_its_own_results(actors: Mapping[str, Actor], folder: Path) -> None:
    found = evidence_of_run(actors["ruth"], folder, DAY)
    record_results(actors["ruth"], found=found)
    mallory = saltmarsh()["mallory"]
    assert (results(mallory), dataset_files(mallory)) == ((), {})
    record_results(mallory, found=found)
    with tenant(mallory.organisation_id):
        assert (EvidenceRun.objects.count(), DatasetSnapshotRow.objects.count()) == (1, 0)
    assert evidence_of(mallory, moment=Moment(date(2026, 12, 31))).tests == ()
