"""The evidence of the organisation in context as it stood at a moment, as the values that figures are computed from."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from django.utils import timezone

from buttress.core.snapshot import DatasetState
from buttress.core.verdicts import ApprovedException, ControlTest, TestResult
from buttress.evidence.data.cells import end_of_day, in_zone
from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.data.shelf import age_limits, dataset_state, newest_of
from buttress.evidence.decisions import DecidedException, Decision, ExceptionVerdict, terms_of
from buttress.evidence.declarations import ControlTestDeclaration, catalogue, shipped_test
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.kinds import CONTROL_TESTS, DATASETS, EXCEPTIONS, MANUAL_RESULTS, MANUAL_TESTS, OWN_TESTS
from buttress.evidence.manual import ManualResult, ManualTest
from buttress.evidence.models import (
    AdoptedTest,
    AdoptedTestControl,
    DatasetSnapshotRow,
    ExceptionDecision,
    ManualDocument,
    ManualTestControl,
    OwnTestControl,
    TestResultRow,
)
from buttress.evidence.records import OwnTestRecord
from buttress.evidence.result_content import result_from_text
from buttress.formats.models import StrictModel
from buttress.formats.ordering import natural
from buttress.formats.problems import Problem, ProblemsError
from buttress.orgs.content import from_text
from buttress.orgs.kinds import RecordKind
from buttress.orgs.models import Link
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredRecord, facts_of, records_of, zone_of_organisation

R = TypeVar("R", bound=StrictModel)


@dataclass(frozen=True, slots=True)
class ManualTestAt:
    """A manual test as it stood, without its results."""

    id: uuid.UUID
    ref: str
    test: ManualTest


@dataclass(frozen=True, slots=True)
class DeclaredTests:
    """The tests of the organisation in the order of its register: shipped ones as adopted, own ones; then manual ones.

    `problems` tell of adoptions that the shipped tests of this version do not allow any more; these are left out.
    """

    automated: tuple[ControlTestDeclaration, ...] = ()
    manual: tuple[ManualTestAt, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def tests(self) -> tuple[ControlTest, ...]:
        manual = (each.test.to_control_test(each.ref) for each in self.manual)
        return (*(each.to_control_test() for each in self.automated), *manual)


@dataclass(frozen=True, slots=True)
class RegisterEvidence:
    """What a register's snapshot takes from evidence."""

    tests: tuple[ControlTest, ...] = ()
    results: tuple[TestResult, ...] = ()
    datasets: tuple[DatasetState, ...] = ()
    exceptions: tuple[ApprovedException, ...] = ()
    problems: tuple[Problem, ...] = ()


def evidence_at(moment: Moment, controls: Collection[str] | None = None) -> RegisterEvidence:
    """Everything, or only what concerns the tests of `controls`; then without data sets, on which no figure depends.

    Tests, results and exceptions stand in the order of the register folder.
    """
    declared = declared_tests(moment, controls)
    tests = declared.tests
    names = None if controls is None else frozenset(test.id for test in tests)
    return RegisterEvidence(
        tests,
        (*results_at(moment, names), *manual_results_at(declared.manual, moment)),
        () if controls is not None else dataset_states_at(moment, declared),
        tuple(each.to_exception() for each in decided_exceptions(moment, names)),
        declared.problems,
    )


def records(kind: RecordKind, model: type[R], moment: Moment | None) -> dict[str, R]:
    """The records of a kind as `model`, R-2 before R-10."""
    return {ref: _as(model, stored.to_record(kind)) for ref, stored in _sorted(records_of(kind, moment))}


def _as(model: type[R], record: StrictModel) -> R:
    assert isinstance(record, model)
    return record


def _sorted(stored: Mapping[str, StoredRecord]) -> list[tuple[str, StoredRecord]]:
    return sorted(stored.items(), key=lambda item: natural(item[0]))


def declared_tests(moment: Moment | None = None, controls: Collection[str] | None = None) -> DeclaredTests:
    """The tests that are declared, or those of some controls only.

    Those of some controls are looked up by link tables, which tell of the present; of the past every test is read.
    """
    wanted = None if controls is None else frozenset(controls)
    refs = None if wanted is None or not _is_present(moment) else _refs_of(wanted)
    automated: list[ControlTestDeclaration] = []
    problems: list[Problem] = []
    for ref, stored in _sorted(_records(CONTROL_TESTS, moment, refs)):
        try:
            automated.append(_adopted(ref, stored.content))
        except ProblemsError as error:
            problems += error.problems
    own = _records(OWN_TESTS, moment, refs)
    # The order of the paths of their files.
    automated += [_as(OwnTestRecord, own[ref].to_record(OWN_TESTS)).declaration(ref) for ref in sorted(own, key=_path)]
    manual = [
        ManualTestAt(stored.id, ref, _as(ManualTest, stored.to_record(MANUAL_TESTS)))
        for ref, stored in _sorted(_records(MANUAL_TESTS, moment, refs))
    ]
    return DeclaredTests(
        tuple(each for each in automated if wanted is None or wanted.intersection(each.controls)),
        tuple(each for each in manual if wanted is None or wanted.intersection(each.test.controls)),
        tuple(problems),
    )


def _is_present(moment: Moment | None) -> bool:
    """Whether records stand at the moment as they stand now."""
    if moment is None:
        return True
    return moment.known_at is None and moment.ends_at(zone_of_organisation()) > timezone.now()


def _path(ref: str) -> str:
    return f"{ref}/"


@lru_cache(2048)
def _adopted(ref: str, content: str) -> ControlTestDeclaration:
    """A shipped test as adopted; raises `ProblemsError` where it is not shipped any more or does not allow that."""
    if ref not in catalogue():
        advice = "Drop it, or adopt the test that took its place."
        found = "a control test that is not shipped any more"
        raise ProblemsError([Problem("control_tests", None, ref, found, "one that is shipped", advice)])
    return shipped_test(ref).with_overrides(Adoption.model_validate(from_text(content)))


def _records(kind: RecordKind, moment: Moment | None, refs: Mapping[str, set[str]] | None) -> dict[str, StoredRecord]:
    if refs is None:
        return records_of(kind, moment)
    return records_of(kind, moment, refs[kind.name]) if refs[kind.name] else {}


def _refs_of(controls: frozenset[str]) -> dict[str, set[str]]:
    """Kind to the references of the tests that look at these controls now, by link tables."""

    def linked(links: type[Link]) -> set[str]:
        found = links.objects.filter(target__ref__in=controls, record__removed_in=None)
        return set(found.values_list("record__ref", flat=True))

    named = AdoptedTestControl.objects.values("record_id")
    as_shipped = AdoptedTest.objects.filter(removed_in=None).exclude(id__in=named).values_list("ref", flat=True)
    shipped = {ref for ref in as_shipped if ref in catalogue() and controls.intersection(shipped_test(ref).controls)}
    return {
        CONTROL_TESTS.name: linked(AdoptedTestControl) | shipped,
        OWN_TESTS.name: linked(OwnTestControl),
        MANUAL_TESTS.name: linked(ManualTestControl),
    }


def results_at(moment: Moment | None = None, tests: Collection[str] | None = None) -> tuple[TestResult, ...]:
    """Results of runs by the moment's day that were recorded by then known; of two runs of a test for one day the later
    one stands."""
    rows = TestResultRow.objects.all()
    if tests is not None:
        rows = rows.filter(test__in=tests)
    if moment is not None:
        rows = rows.filter(as_of__lte=moment.as_of)
        if moment.known_at is not None:
            rows = rows.filter(recorded_at__lte=moment.known_at)
    in_order = rows.order_by("as_of", "run__sequence", "run__digest", "position")
    newest = {(test, day): content for test, day, content in in_order.values_list("test", "as_of", "content")}
    return tuple(result_from_text(content) for content in newest.values())


@dataclass(frozen=True, slots=True)
class FailingRows:
    """The first failing rows of a result, under their `columns`; `count` says how many there are, `file` (a path below the
    organisation's folder) holds all of them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    count: int
    file: str
    sha256: str


NOTHING_FAILED = FailingRows((), (), 0, "", "")


def failing_rows_of(test: str, moment: Moment | None = None) -> FailingRows:
    """Those of the newest result of the test by the moment's day; none where nothing failed, or nothing was tested."""
    rows = TestResultRow.objects.filter(test=test)
    if moment is not None:
        rows = rows.filter(as_of__lte=moment.as_of)
        if moment.known_at is not None:
            rows = rows.filter(recorded_at__lte=moment.known_at)
    newest = rows.order_by("-as_of", "-run__sequence", "-run__digest").values_list("failing_rows", flat=True).first()
    if newest is None:
        return NOTHING_FAILED
    said = from_text(newest)
    shown = tuple(tuple(row) for row in said.get("first", ()))
    return FailingRows(tuple(said["columns"]), shown, said["count"], f"results/{said['path']}", said["sha256"])


def manual_results_at(tests: Collection[ManualTestAt], moment: Moment | None = None) -> tuple[TestResult, ...]:
    """What manual tests found by the moment's day."""
    zone = zone_of_organisation()
    ids = [each.id for each in tests]
    facts = facts_of(MANUAL_RESULTS, moment, ids) if ids else {}
    documents = {
        (record_id, identity, change): (sha256, is_own)
        for record_id, identity, change, sha256, is_own in ManualDocument.objects.filter(
            record_id__in=list(facts)
        ).values_list("record_id", "identity", "change", "sha256", "by_sole_operator")
    }
    results = []
    for each in tests:
        for fact in facts.get(each.id, ()):
            result = fact.to_fact(MANUAL_RESULTS)
            assert isinstance(result, ManualResult)
            if result.retracted is None and (moment is None or result.effective_on <= moment.as_of):
                sha256, is_own = documents[each.id, fact.identity, fact.change]
                results.append(each.test.to_result(each.ref, result, sha256, zone, is_own=is_own))
    return tuple(results)


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """An evidence file of a data set as it was last found; `effective_at` is None where `problem` says why."""

    dataset: str
    file: str
    effective_at: datetime | None
    sha256: str
    rows: int | None = None
    receipt: Mapping[str, object] | None = None
    problem: str | None = None


def dataset_files(moment: Moment | None = None) -> dict[str, list[DatasetFile]]:
    """The files of each data set by its reference, those effective by the moment's day as they were known, from the
    oldest to the newest; files that cannot be dated first."""
    rows = DatasetSnapshotRow.objects.all()
    if moment is not None and moment.known_at is not None:
        rows = rows.filter(recorded_at__lte=moment.known_at)
    zone = zone_of_organisation()
    until = None if moment is None else end_of_day(moment.as_of, zone)
    newest = {(row.dataset_id, row.file): row for row in rows.order_by("change")}
    refs = {stored.id: ref for ref, stored in records_of(DATASETS, moment).items()}
    files: dict[str, list[DatasetFile]] = {}
    for row in newest.values():
        is_later = until is not None and row.effective_at is not None and row.effective_at > until
        if row.is_gone or is_later or row.dataset_id not in refs:
            continue
        ref = refs[row.dataset_id]
        effective_at = None if row.effective_at is None else in_zone(row.effective_at, zone)
        receipt = None if row.receipt is None else from_text(row.receipt)
        file = DatasetFile(ref, row.file, effective_at, row.sha256, row.rows, receipt, row.problem)
        files.setdefault(ref, []).append(file)
    oldest = datetime.min.replace(tzinfo=UTC)
    return {ref: sorted(found, key=lambda f: (f.effective_at or oldest, f.file)) for ref, found in files.items()}


def dataset_states_at(moment: Moment, declared: DeclaredTests | None = None) -> tuple[DatasetState, ...]:
    """Every data set as of the moment's day: when its newest file is effective, or why none can be dated."""
    until = end_of_day(moment.as_of, zone_of_organisation())
    limits = age_limits((declared or declared_tests(moment)).automated)
    files = dataset_files(moment)
    datasets = records(DATASETS, DatasetDeclaration, moment)
    return tuple(
        dataset_state(ref, datasets[ref], newest_of(files.get(ref, []), until), limits.get(ref))
        for ref in sorted(datasets)
    )


def decided_exceptions(
    moment: Moment | None = None, tests: Collection[str] | None = None
) -> tuple[DecidedException, ...]:
    """Exceptions with what was decided by the moment's day on the terms that they have."""
    refs = None
    if tests is not None:
        refs = list(EXCEPTIONS.model.objects.filter(test__in=tests).values_list("ref", flat=True))
    stored = records_of(EXCEPTIONS, moment, refs) if refs is None or refs else {}
    decisions = _decisions(moment)
    found = []
    for ref, each in _sorted(stored):
        record = _as(ExceptionRecord, each.to_record(EXCEPTIONS))
        if tests is None or record.test in tests:
            taken = decisions.get((each.id, terms_of(record)), ())
            found.append(DecidedException(ref, record, tuple(taken)))
    return tuple(found)


def _decisions(moment: Moment | None) -> dict[tuple[uuid.UUID, str], list[ExceptionVerdict]]:
    rows = ExceptionDecision.objects.all()
    if moment is not None:
        rows = rows.filter(effective_on__lte=moment.as_of)
        if moment.known_at is not None:
            rows = rows.filter(recorded_at__lte=moment.known_at)
    found: dict[tuple[uuid.UUID, str], list[ExceptionVerdict]] = {}
    columns = ("exception_id", "terms_sha256", "decision", "decider__ref", "effective_on", "reason")
    for key, terms, decision, *said in rows.order_by("change").values_list(*columns, "by_sole_operator", "recorded_at"):
        found.setdefault((key, terms), []).append(ExceptionVerdict(Decision(decision), *said))
    return found
