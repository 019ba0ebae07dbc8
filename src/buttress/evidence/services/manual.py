"""Writes about manual tests and their results."""

from dataclasses import replace

from buttress.evidence.control_owners import NamedTest, owners_of
from buttress.evidence.declarations import catalogue
from buttress.evidence.kinds import MANUAL_RESULTS, MANUAL_TESTS
from buttress.evidence.manual import ManualResult, ManualTest, document_digest
from buttress.evidence.manual_documents import note_document
from buttress.evidence.services.control_tests import refuse_named, refuse_second
from buttress.evidence.store import folder_of
from buttress.orgs import recording
from buttress.orgs.errors import InvalidError
from buttress.orgs.reads import permits
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Actor, Write, Written, writes


@writes(Operation.TEST_CHANGE)
def declare_manual_test(write: Write, *, ref: str, test: ManualTest) -> Written:
    """A test that people carry out; results come by `record_manual_result`."""
    if ref in catalogue():
        raise InvalidError(f"{ref} is the id of a shipped test; give the manual test another reference")
    refuse_second(write, ref)
    return recording.add(write, MANUAL_TESTS, ref, test)


@writes(Operation.TEST_CHANGE)
def change_manual_test(write: Write, *, ref: str, test: ManualTest, version: int) -> Written:
    return recording.change(write, MANUAL_TESTS, ref, test, version)


@writes(Operation.TEST_CHANGE)
def remove_manual_test(write: Write, *, ref: str, version: int) -> Written:
    """The test goes with what it found; raises `InvalidError` while an exception names it."""
    refuse_named(write, ref)
    return recording.remove(write, MANUAL_TESTS, ref, version)


@permits(Operation.EVIDENCE_RECORD)
def record_manual_result(
    actor: Actor, /, *, test: str, result: ManualResult, document_sha256: str | None = None, standing: Standing = LAST
) -> Written:
    """One occasion of a manual test, or with `standing.is_correction` what is to stand in its place.

    `document_sha256` (hex) is of the document as the caller found it; without it the document is read from the
    organisation's stored files. Raises `InvalidError` where it is not there or not the one that the result states.
    """
    if document_sha256 is None and result.retracted is None:
        document_sha256 = _stored_digest(actor, result)
    return _record_manual_result(actor, test=test, result=result, document_sha256=document_sha256, standing=standing)


def _stored_digest(actor: Actor, result: ManualResult) -> str:
    """Before the write begins: a document may be large."""
    digest = document_digest(folder_of(actor.organisation_id), result)
    if isinstance(digest, tuple):
        _, found, expected, advice = digest
        raise InvalidError(f"{result.document}: found {found}; expected {expected}. {advice}")
    return digest


@writes(Operation.EVIDENCE_RECORD)
def _record_manual_result(
    write: Write, *, test: str, result: ManualResult, document_sha256: str | None, standing: Standing
) -> Written:
    record_id = write.resolve(MANUAL_TESTS.name, test)
    write.permit_owner(*owners_of(write, test, NamedTest(MANUAL_TESTS, record_id)))
    if result.retracted is not None:
        return recording.state(write, MANUAL_RESULTS, test, result, replace(standing, is_correction=True))
    assert document_sha256 is not None
    written = recording.state(write, MANUAL_RESULTS, test, result, standing)
    note_document(write, test, result, document_sha256)
    return written
