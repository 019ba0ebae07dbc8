"""Manual results in the database count for the bytes of their document as it was when they were recorded."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from buttress.core.verdicts import TestResult
from buttress.evidence.kinds import MANUAL_RESULTS
from buttress.evidence.manual import ManualResult
from buttress.evidence.models import ManualDocument
from buttress.evidence.models import ManualResult as ManualResultRow
from buttress.evidence.selectors import results
from buttress.evidence.services import declare_manual_test, record_manual_result
from buttress.evidence.store import folder_of, take_files
from buttress.evidence.tests.registers import BOARD, ZONE, declared, put
from buttress.formats.strict_yaml import read_yaml
from buttress.orgs import recording
from buttress.orgs.errors import ForbiddenError, InvalidError
from buttress.orgs.models import Profile
from buttress.orgs.moments import Moment
from buttress.orgs.recording import Standing
from buttress.orgs.records import ProfileRecord
from buttress.orgs.roles import Operation
from buttress.orgs.services import change_profile
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, write

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
MINUTES = "The board met on 12 June.\n"
SHA256 = hashlib.sha256(MINUTES.encode()).hexdigest()
MET = ManualResult.model_validate(
    {
        "effective_on": "2026-06-30",
        "performed_by": "ruth",
        "items": 2,
        "deviations": 1,
        "deviating": ["h2"],
        "document": "evidence/minutes.md",
    }
)


@pytest.fixture
def actors() -> Mapping[str, Actor]:
    return declared()


def from_folder(folder: Path, *given: ManualResult) -> tuple[TestResult, ...]:
    """What a register folder makes of these results."""
    node = read_yaml("MT-GOV-02: {}", file="manual.yaml")
    test = BOARD.model_copy(update={"results": given})
    return test.to_results(
        "MT-GOV-02", folder=folder, zone=ZONE, owners={}, sole_operator=False, node=node, at=("MT-GOV-02",)
    )


def test_a_manual_result_is_the_one_of_the_folder_with_the_same_digest(
    actors: Mapping[str, Actor], tmp_path: Path
) -> None:
    put(tmp_path, "evidence/minutes.md", MINUTES)
    later = MET.model_copy(update={"effective_on": date(2026, 9, 30), "key": "autumn", "sha256": SHA256})
    record_manual_result(actors["ruth"], test="MT-GOV-02", result=MET, document_sha256=SHA256)
    record_manual_result(actors["ruth"], test="MT-GOV-02", result=later, document_sha256=SHA256)
    assert results(actors["vera"]) == from_folder(tmp_path, MET, later)
    assert results(actors["vera"], moment=Moment(date(2026, 7, 1))) == from_folder(tmp_path, MET)


def test_without_a_digest_the_stored_document_is_read(actors: Mapping[str, Actor], tmp_path: Path) -> None:
    ruth = actors["ruth"]
    with pytest.raises(InvalidError, match="no file evidence/minutes"):
        record_manual_result(ruth, test="MT-GOV-02", result=MET)
    put(tmp_path, "evidence/minutes.md", MINUTES)
    take_files(tmp_path, ruth.organisation_id, ["evidence/minutes.md"])
    record_manual_result(ruth, test="MT-GOV-02", result=MET)
    assert results(ruth) == from_folder(folder_of(ruth.organisation_id), MET)


def test_a_correction_and_a_retraction_stand_in_its_place(actors: Mapping[str, Actor]) -> None:
    ruth = actors["ruth"]
    record_manual_result(ruth, test="MT-GOV-02", result=MET, document_sha256=SHA256)
    with pytest.raises(InvalidError, match="already"):
        record_manual_result(ruth, test="MT-GOV-02", result=MET, document_sha256=SHA256)
    early = datetime.now(UTC)
    better = MET.model_copy(update={"items": 4})
    correction = Standing(is_correction=True)
    record_manual_result(ruth, test="MT-GOV-02", result=better, document_sha256="0" * 64, standing=correction)
    (now,), (then,) = results(ruth), results(ruth, moment=Moment(date(2026, 12, 31), early))
    assert ((now.population, then.population), now.digest != then.digest) == ((4, 2), True)
    record_manual_result(ruth, test="MT-GOV-02", result=MET.model_copy(update={"retracted": "Another board"}))
    assert results(ruth) == ()


def test_a_stated_digest_must_be_the_one_found(actors: Mapping[str, Actor]) -> None:
    stated = MET.model_copy(update={"sha256": "1" * 64})
    with pytest.raises(InvalidError, match="restore the document"):
        record_manual_result(actors["ruth"], test="MT-GOV-02", result=stated, document_sha256=SHA256)


def test_no_result_is_stated_without_the_digest_of_its_document(actors: Mapping[str, Actor]) -> None:
    with (
        pytest.raises(InvalidError, match="MT-GOV-02 came without the digest"),
        write(actors["ruth"], Operation.EVIDENCE_RECORD) as opened,
    ):
        recording.state(opened, MANUAL_RESULTS, "MT-GOV-02", MET)
    assert results(actors["ruth"]) == ()


def test_nobody_tests_a_control_of_their_own_but_a_sole_operator_who_then_says_so(
    actors: Mapping[str, Actor],
) -> None:
    test = BOARD.model_copy(update={"controls": ("IAM-02",)})
    declare_manual_test(actors["ruth"], ref="MT-IAM-02", test=test)
    own = MET.model_copy(update={"performed_by": "omar"})
    with pytest.raises(InvalidError, match="omar owns a control"):
        record_manual_result(actors["ruth"], test="MT-IAM-02", result=own, document_sha256=SHA256)
    profile = ProfileRecord(name="Harbourline", time_zone=ZONE.key, currency="EUR")
    change_profile(actors["ada"], profile=profile.model_copy(update={"sole_operator": True}), version=1)
    record_manual_result(actors["ruth"], test="MT-IAM-02", result=own, document_sha256=SHA256)
    change_profile(actors["ada"], profile=profile, version=2)
    assert results(actors["ruth"])[0].reasons == ("performed_by_sole_operator",)


def test_a_control_owner_records_results_of_tests_of_own_controls_only(actors: Mapping[str, Actor]) -> None:
    declare_manual_test(actors["ruth"], ref="MT-IAM-02", test=BOARD.model_copy(update={"controls": ("IAM-02",)}))
    record_manual_result(actors["omar"], test="MT-IAM-02", result=MET, document_sha256=SHA256)
    with pytest.raises(ForbiddenError, match="what you own only"):
        record_manual_result(actors["omar"], test="MT-GOV-02", result=MET, document_sha256=SHA256)
    for member in ("erin", "paul", "vera"):
        with pytest.raises(ForbiddenError):
            record_manual_result(actors[member], test="MT-GOV-02", result=MET, document_sha256=SHA256)
    assert [result.test for result in results(actors["vera"])] == ["MT-IAM-02"]


def test_the_database_refuses_more_deviations_than_items(actors: Mapping[str, Actor]) -> None:
    record_manual_result(actors["ruth"], test="MT-GOV-02", result=MET, document_sha256=SHA256)
    with tenant(actors["ruth"].organisation_id):
        row = ManualResultRow.objects.get()
        row.pk, row.change, row.deviations = Profile().pk, row.change + 1, row.items + 1
        row._state.adding = True
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)
        assert ManualDocument.objects.get().sha256 == SHA256
