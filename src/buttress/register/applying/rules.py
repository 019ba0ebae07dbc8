"""What services refuse and a folder cannot show by itself: how a record may change, and what may stand beside it."""

from collections.abc import Callable, Mapping

from buttress.evidence.declarations import catalogue
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.kinds import CONTROL_TESTS, EXCEPTIONS, OWN_TESTS, TEST_KINDS
from buttress.evidence.records import OwnTestRecord
from buttress.evidence.services.control_tests import refuse_same_version
from buttress.evidence.services.exceptions import refuse_undone_revocation
from buttress.formats.models import StrictModel
from buttress.orgs.content import from_text
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds import RecordKind
from buttress.orgs.writing import Write


def _own_test(ref: str, before: StrictModel, after: StrictModel) -> None:
    assert isinstance(before, OwnTestRecord) and isinstance(after, OwnTestRecord)
    refuse_same_version(ref, before, after)


def _exception(ref: str, before: StrictModel, after: StrictModel) -> None:
    assert isinstance(before, ExceptionRecord) and isinstance(after, ExceptionRecord)
    refuse_undone_revocation(ref, before, after)


_CHANGES: Mapping[str, Callable[[str, StrictModel, StrictModel], None]] = {
    OWN_TESTS.name: _own_test,
    EXCEPTIONS.name: _exception,
}
"""By kind, what refuses a record after the one before it."""


def refuse_change(kind: RecordKind, ref: str, before: str, after: StrictModel) -> None:
    """Raises `InvalidError` where the record of canonical content `before` may not become `after`."""
    if kind.name in _CHANGES:
        _CHANGES[kind.name](ref, kind.to_record(ref, from_text(before)), after)


def refuse_second_test(write: Write, kind: str, ref: str) -> None:
    """Raises `InvalidError` where a control test came under a reference that names one of another sort, or a shipped one."""
    if kind not in {each.name for each in TEST_KINDS}:
        return
    if kind != CONTROL_TESTS.name and ref in catalogue():
        raise InvalidError(f"{ref} is the id of a shipped test; give the test another reference")
    named = [each for each in TEST_KINDS if write.find(each.name, ref) is not None]
    if len(named) > 1:
        sorts = " and ".join(each.noun for each in named)
        raise InvalidError(f"{ref} would be {sorts} at once; give one of them another reference, or remove it")
