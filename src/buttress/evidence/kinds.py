"""The kinds that evidence brings: data sets, control tests of three sorts, manual results, and exceptions."""

from buttress.evidence.data.datasets import DatasetDeclaration
from buttress.evidence.declared_terms import Adoption
from buttress.evidence.exceptions import ExceptionRecord
from buttress.evidence.manual import ManualResult, ManualTest
from buttress.evidence.models.control_tests import AdoptedTest, OwnTest
from buttress.evidence.models.datasets import Dataset
from buttress.evidence.models.exceptions import ExceptionRequest
from buttress.evidence.models.manual import ManualResult as ManualResultRow
from buttress.evidence.models.manual import ManualTest as ManualTestRow
from buttress.evidence.records import OwnTestRecord
from buttress.orgs.kinds import Content, FactKind, RecordKind, register_fact_kind, register_record_kind
from buttress.orgs.roles import Operation


def _dataset(ref: str, content: Content) -> DatasetDeclaration:
    """A data set knows its reference, by which SQL calls it."""
    return DatasetDeclaration.model_validate({**content, "id": ref})


DATASETS = register_record_kind(
    RecordKind("datasets", "data set", DatasetDeclaration, Dataset, Operation.TEST_CHANGE, _dataset)
)
CONTROL_TESTS = register_record_kind(
    RecordKind("control_tests", "adopted control test", Adoption, AdoptedTest, Operation.TEST_CHANGE)
)
OWN_TESTS = register_record_kind(
    RecordKind("own_tests", "own control test", OwnTestRecord, OwnTest, Operation.TEST_CHANGE)
)
MANUAL_TESTS = register_record_kind(
    RecordKind("manual_tests", "manual test", ManualTest, ManualTestRow, Operation.TEST_CHANGE)
)
MANUAL_RESULTS = register_fact_kind(
    FactKind("manual_tests", "results", "manual result", ManualResult, ManualResultRow, Operation.EVIDENCE_RECORD)
)
EXCEPTIONS = register_record_kind(
    RecordKind("exceptions", "exception", ExceptionRecord, ExceptionRequest, Operation.EXCEPTION_REQUEST)
)

TEST_KINDS = (CONTROL_TESTS, OWN_TESTS, MANUAL_TESTS)
"""Kinds whose references name a control test; a reference is in use in one of them only."""
