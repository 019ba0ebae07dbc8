"""Tables of data sets, control tests, their results, and exceptions."""

from buttress.evidence.models.control_tests import AdoptedTest, AdoptedTestControl, OwnTest, OwnTestControl
from buttress.evidence.models.datasets import Dataset, DatasetSnapshotRow
from buttress.evidence.models.exceptions import ExceptionDecision, ExceptionRequest
from buttress.evidence.models.manual import ManualDocument, ManualResult, ManualTest, ManualTestControl
from buttress.evidence.models.results import EvidenceRun, TestResultRow

__all__ = [
    "AdoptedTest",
    "AdoptedTestControl",
    "Dataset",
    "DatasetSnapshotRow",
    "EvidenceRun",
    "ExceptionDecision",
    "ExceptionRequest",
    "ManualDocument",
    "ManualResult",
    "ManualTest",
    "ManualTestControl",
    "OwnTest",
    "OwnTestControl",
    "TestResultRow",
]
