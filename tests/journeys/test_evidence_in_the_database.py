"""The demo company's evidence, recorded in the database, gives what its folder gives."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import Result

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.found import documents_of, evidence_in
from buttress.evidence.reading import RegisterEvidence
from buttress.evidence.selectors import datasets, evidence_of
from buttress.evidence.services import (
    adopt_test,
    declare_dataset,
    declare_manual_test,
    record_manual_result,
    record_results,
)
from buttress.orgs import recording
from buttress.orgs.kinds import record_kind, record_kinds
from buttress.orgs.moments import Moment
from buttress.orgs.records import PersonRecord
from buttress.orgs.roles import Operation
from buttress.orgs.services import found_organisation
from buttress.orgs.writing import Actor, write
from buttress.register.applying.steps import named_first
from buttress.register.demo import anchor_of
from buttress.register.files.reader import read_register
from buttress.register.files.register import Register
from buttress.register.plan.statements import profile_of, records_in
from buttress.register.snapshot import build_snapshot, snapshots_on

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]
BEFORE = ("persons", "objectives", "assets", "vendors", "controls", "threats", "risks")


def recorded(register: Register) -> Actor:
    """Everything that evidence needs, then the evidence itself through its services."""
    keeper = PersonRecord(name="Keeper")
    owner = found_organisation(ref="demo", profile=profile_of(register.organisation), owner_ref="keeper", owner=keeper)
    with write(owner, Operation.REGISTER_APPLY) as opened:
        for kind in map(record_kind, BEFORE):
            opened.know_all(kind.name)
            records = records_in(register, kind)
            for ref in named_first(kind, records):
                recording.add(opened, kind, ref, records[ref])
    found = evidence_in(register.folder, register.datasets, ZoneInfo(register.organisation.time_zone))
    documents = documents_of(register.folder, register.manual_tests)
    with write(owner, Operation.REGISTER_APPLY) as opened:
        for kind in record_kinds():
            opened.know_all(kind.name)
        for ref, dataset in register.datasets.items():
            declare_dataset(owner, ref=ref, dataset=dataset)
        for ref, adoption in register.control_tests.items():
            adopt_test(owner, ref=ref, adoption=adoption)
        for ref, test in register.manual_tests.items():
            declare_manual_test(owner, ref=ref, test=test)
            for result in test.results:
                record_manual_result(owner, test=ref, result=result, document_sha256=documents[result.document])
        for ref, exception in register.exceptions.items():
            recording.add(opened, record_kind("exceptions"), ref, exception)
        record_results(owner, found=found)
    return owner


def test_the_demos_evidence_is_the_same_from_folder_and_database(demo: tuple[Path, Result]) -> None:
    folder, _ = demo
    register = read_register(folder)
    owner = recorded(register)
    anchor = anchor_of(folder)
    assert anchor is not None
    assert _meanings(datasets(owner)) == _meanings(register.datasets)
    for day in (anchor, anchor - timedelta(days=60)):
        (expected,) = snapshots_on(register, [day])
        stored = evidence_of(owner, moment=Moment(day))
        assert (stored.tests, stored.datasets, stored.exceptions) == (
            expected.tests,
            expected.datasets,
            expected.exceptions,
        )
        snapshot = build_snapshot(register, day, tests=stored.tests, results=stored.results, datasets=stored.datasets)
        assert snapshot == expected
        assert [r.effective_at.isoformat() for r in snapshot.results] == [
            r.effective_at.isoformat() for r in expected.results
        ]
        assert len(stored.results) > 20
        _check_parts(owner, stored, day)


def _meanings(declared: Mapping[str, DatasetDeclaration]) -> dict[str, str]:
    return {ref: dataset.meaning for ref, dataset in declared.items()}


def _check_parts(owner: Actor, whole: RegisterEvidence, day: date) -> None:
    """The evidence of some controls is that part of the whole which concerns their tests."""
    for control in ("IAM-04", "NET-01", "GOV-03"):
        assert any(control in test.controls for test in whole.tests)
        part = evidence_of(owner, moment=Moment(day), controls={control})
        names = {test.id for test in part.tests}
        assert part.tests == tuple(test for test in whole.tests if control in test.controls)
        assert part.results == tuple(result for result in whole.results if result.test in names)
        assert part.exceptions == tuple(each for each in whole.exceptions if each.test in names)
