"""Documents of manual results: their digests stand beside the results, recorded in the same write.

What a manual result counts for depends on the bytes of its document as they were when it was recorded.
"""

import uuid

from buttress.evidence.control_owners import NamedTest, owners_of
from buttress.evidence.kinds import MANUAL_RESULTS, MANUAL_TESTS
from buttress.evidence.manual import ManualResult
from buttress.evidence.models.manual import ManualDocument
from buttress.evidence.models.manual import ManualResult as ManualResultRow
from buttress.orgs.errors import InvalidError
from buttress.orgs.models import Profile
from buttress.orgs.recording import identity_of
from buttress.orgs.writing import Write, before_commit


def note_document(write: Write, ref: str, result: ManualResult, sha256: str) -> None:
    """Records the digest (hex) of the document of a result that this write states under the manual test `ref`.

    Raises `InvalidError` where the result states another digest, or where its performer owns a control that is tested
    and the organisation is no sole operator.
    """
    if result.sha256 is not None and result.sha256 != sha256:
        raise InvalidError(
            f"{result.document} has {sha256[:12]}…, the result of {ref} states {result.sha256[:12]}…; restore the"
            " document, or record a new result"
        )
    record_id = write.resolve(MANUAL_TESTS.name, ref)
    row = ManualDocument(
        record_id=record_id,
        identity=identity_of(MANUAL_RESULTS, result),
        sha256=sha256,
        by_sole_operator=_is_own_work(write, ref, record_id, result),
        change=write.change,
        recorded_at=write.recorded_at,
    )
    write.insert(row, write.draft(MANUAL_TESTS.name, record_id, ref))


def _is_own_work(write: Write, ref: str, record_id: uuid.UUID, result: ManualResult) -> bool:
    performer = write.resolve("persons", result.performed_by)
    if performer not in owners_of(write, ref, NamedTest(MANUAL_TESTS, record_id)):
        return False
    if not Profile.objects.values_list("sole_operator", flat=True)[0]:
        raise InvalidError(
            f"{result.performed_by} owns a control that {ref} tests; have somebody else test it, or declare the"
            " organisation a sole operator"
        )
    return True


@before_commit
def refuse_undocumented(write: Write) -> None:
    """Raises `InvalidError` where a manual result was stated without the digest of its document."""
    refs = {record_id: ref for (kind, record_id), ref in write.touched.items() if kind == MANUAL_TESTS.name}
    if not refs:
        return
    stated = ManualResultRow.objects.filter(change=write.change, retracted=None).values_list("record_id", "identity")
    noted = ManualDocument.objects.filter(change=write.change).values_list("record_id", "identity")
    missing = set(stated) - set(noted)
    if missing:
        names = ", ".join(sorted({refs[record_id] for record_id, _ in missing}))
        raise InvalidError(
            f"A result of {names} came without the digest of its document; record it with record_manual_result"
        )
