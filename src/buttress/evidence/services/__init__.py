"""Every write about data sets, control tests, their results, and exceptions."""

from buttress.evidence.services.control_tests import (
    adopt_test,
    change_adoption,
    change_own_test,
    declare_own_test,
    drop_test,
    remove_own_test,
)
from buttress.evidence.services.datasets import change_dataset, declare_dataset, remove_dataset
from buttress.evidence.services.exceptions import (
    approve_exception,
    refuse_exception,
    request_exception,
    revoke_exception,
)
from buttress.evidence.services.files import record_evidence_file
from buttress.evidence.services.manual import (
    change_manual_test,
    declare_manual_test,
    record_manual_result,
    remove_manual_test,
)
from buttress.evidence.services.results import record_results

__all__ = [
    "adopt_test",
    "approve_exception",
    "change_adoption",
    "change_dataset",
    "change_manual_test",
    "change_own_test",
    "declare_dataset",
    "declare_manual_test",
    "declare_own_test",
    "drop_test",
    "record_evidence_file",
    "record_manual_result",
    "record_results",
    "refuse_exception",
    "remove_dataset",
    "remove_manual_test",
    "remove_own_test",
    "request_exception",
    "revoke_exception",
]
