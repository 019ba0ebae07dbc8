import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.findings.checkov import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.checkov.json"


def reports() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(SMALL.read_text())
    return found


def imported(found: Any) -> Imported:
    return read(json.dumps(found).encode(), file="checkov.json")


def test_items_have_their_result_and_a_skip_is_unknown_and_suppressed() -> None:
    found = read(SMALL.read_bytes(), file="checkov.json")
    assert [(f.check_id, f.status.value, f.is_suppressed, f.severity_id) for f in found.findings] == [
        ("CKV_AWS_18", "fail", False, 4),
        ("CKV_AWS_19", "pass", False, 0),
        ("CKV_AWS_21", "unknown", True, 0),
        ("CKV_K8S_20", "fail", False, 0),
    ]
    assert found.findings[2].status_detail == "exports are made anew every night"


def test_passes_that_are_counted_and_not_listed_are_no_items() -> None:
    first, second = reports()
    assert imported(first).doubts == ()
    assert imported(second).doubts == ("passes_not_itemised(5)", "tool_errors(2)")
    assert read(SMALL.read_bytes(), file="checkov.json").doubts == ("passes_not_itemised(5)", "tool_errors(2)")


def test_failures_that_are_counted_and_not_listed_are_missing() -> None:
    first = reports()[0]
    first["summary"]["failed"] = 3
    assert imported(first).doubts == ("difference(-2)",)


def test_a_run_over_nothing_says_nothing() -> None:
    empty = {
        "passed": 0,
        "failed": 0,
        "skipped": 0,
        "parsing_errors": 0,
        "resource_count": 0,
        "checkov_version": "3.3.0",
    }
    assert imported(empty) == Imported(bars=("nothing_recognised",))
    assert imported([]) == Imported(bars=("nothing_recognised",))


def test_identity_stays_when_lines_move_and_when_the_check_passes_at_last() -> None:
    before, after = reports()[0], reports()[0]
    item = after["results"]["failed_checks"].pop()
    item |= {"file_line_range": [40, 60], "check_result": {"result": "PASSED"}}
    after["results"]["passed_checks"].append(item)
    uids = [
        [f.finding_uid for f in imported(found).findings if f.check_id == "CKV_AWS_18"] for found in (before, after)
    ]
    assert uids[0] == uids[1] and len(uids[0]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"results": None}, "results"),
        ({"summary": None}, "summary"),
        ({"check_type": 1}, "check_type"),
        ({"results": {"failed_checks": [{}]}}, "results.failed_checks[0].check_id"),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(reports()[0] | change)
    assert [problem.field for problem in error.value.problems] == [field]


@pytest.mark.samples
def test_genuine_report_lists_19_failures_and_no_pass(samples: Path) -> None:
    found = read((samples / "checkov-k8s.json").read_bytes(), file="checkov-k8s.json")
    assert Counter(f.resource_name for f in found.findings) == {"Deployment.prod.web": 18, "Pod.prod.web.app-web": 1}
    assert (len({f.check_id for f in found.findings}), len({f.finding_uid for f in found.findings})) == (19, 19)
    assert {(f.status.value, f.severity_id, f.product_version) for f in found.findings} == {("fail", 0, "3.3.30")}
    assert (found.doubts, found.bars) == (("passes_not_itemised(70)",), ())
