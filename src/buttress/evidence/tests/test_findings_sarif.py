import json
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.finding import Finding
from buttress.evidence.importers.findings.sarif import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.sarif.json"


def log() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SMALL.read_text())
    return found


def imported(document: dict[str, Any]) -> Imported:
    return read(json.dumps(document).encode(), file="log.sarif")


def with_result(**changes: Any) -> Finding:
    """The first result, changed."""
    document = log()
    document["runs"][0]["results"] = [{**document["runs"][0]["results"][0], **changes}]
    return imported(document).findings[0]


def test_a_result_is_a_failure_unless_its_kind_says_otherwise() -> None:
    found = read(SMALL.read_bytes(), file="log.sarif")
    assert [(f.check_id, f.status.value, f.resource_uid) for f in found.findings] == [
        ("LN001", "fail", "src/report.py:42"),
        ("LN002", "fail", "src/cache.py:7"),
        ("LN002", "fail", "src/login.py:9"),
        ("LNY01", "pass", "deploy/api.yaml:3"),
        ("LN003", "manual", "report.legacy"),
        ("LN003", "not_applicable", ""),
    ]
    assert (found.doubts, found.bars, found.executed) == ((), (), None)


def test_a_rule_that_is_listed_and_has_no_result_passes_nothing() -> None:
    document = log()
    document["runs"][0]["results"] = []
    assert imported(document) == Imported()


def test_a_run_without_a_list_of_results_did_not_look() -> None:
    document = log()
    del document["runs"][0]["results"]
    assert imported(document).bars == ("nothing_recognised",)
    document["runs"].append(log()["runs"][0])
    assert (imported(document).bars, imported(document).doubts) == ((), ("scan_not_complete",))


@pytest.mark.parametrize(
    ("invocation", "doubts"),
    [
        ({"executionSuccessful": True}, ()),
        ({"executionSuccessful": False}, ("tool_errors(1)",)),
        ({"executionSuccessful": True, "toolExecutionNotifications": [{"level": "error"}] * 2}, ("tool_errors(2)",)),
        ({"executionSuccessful": False, "toolConfigurationNotifications": [{"level": "error"}]}, ("tool_errors(1)",)),
        ({"executionSuccessful": True, "toolExecutionNotifications": [{"level": "note"}]}, ()),
    ],
)
def test_a_run_that_failed_or_noted_errors_is_doubtful(invocation: dict[str, Any], doubts: tuple[str, ...]) -> None:
    document = log()
    document["runs"][0]["invocations"] = [invocation]
    assert imported(document).doubts == doubts


@pytest.mark.parametrize(
    ("suppressions", "is_suppressed"),
    [
        ([], False),
        ([{"kind": "inSource"}], True),
        ([{"kind": "external", "status": "accepted"}], True),
        ([{"kind": "external", "status": "underReview"}], False),
        ([{"kind": "inSource"}, {"kind": "external", "status": "rejected"}], False),
    ],
)
def test_a_suppression_stands_beside_the_failure(suppressions: list[dict[str, str]], is_suppressed: bool) -> None:
    finding = with_result(suppressions=suppressions)
    assert (finding.status.value, finding.is_suppressed) == ("fail", is_suppressed)


@pytest.mark.parametrize(
    ("rule", "result", "severity_id"),
    [
        ({"properties": {"security-severity": "9.0"}}, {}, 5),
        ({"properties": {"security-severity": "8.9"}}, {"level": "note"}, 4),
        ({"properties": {"security-severity": "4.0"}}, {}, 3),
        ({"properties": {"security-severity": "0.1"}}, {}, 2),
        ({"properties": {"security-severity": "0.0"}}, {}, 1),
        ({}, {"level": "error"}, 4),
        ({"defaultConfiguration": {"level": "note"}}, {}, 2),
        ({"defaultConfiguration": {"level": "note"}}, {"level": "error"}, 4),
        ({}, {}, 3),
        ({}, {"kind": "pass"}, 1),
    ],
)
def test_severity_is_the_rules_score_else_the_level(
    rule: dict[str, Any], result: dict[str, Any], severity_id: int
) -> None:
    document = log()
    run = document["runs"][0]
    run["tool"]["driver"]["rules"] = [{"id": "LN001", **rule}]
    run["results"] = [{"ruleId": "LN001", "message": {"text": "x"}, **result}]
    assert imported(document).findings[0].severity_id == severity_id


def test_identity_is_the_tools_fingerprint_and_else_the_place_and_message() -> None:
    moved = {"physicalLocation": {"artifactLocation": {"uri": "src/report.py"}, "region": {"startLine": 50}}}
    assert with_result(locations=[moved]).finding_uid == with_result().finding_uid
    elsewhere = {"physicalLocation": {"artifactLocation": {"uri": "src/other.py"}, "region": {"startLine": 42}}}
    assert with_result(locations=[elsewhere]).finding_uid != with_result().finding_uid
    without = with_result(partialFingerprints=None)
    assert without.finding_uid != with_result(partialFingerprints=None, locations=[moved]).finding_uid


def test_what_is_gone_since_the_baseline_is_archived() -> None:
    document = log()
    document["runs"][0]["results"][0]["baselineState"] = "absent"
    found = imported(document)
    assert [f.is_archived for f in found.findings] == [True, *[False] * 5]
    assert found.doubts == ("archived(1)",)
    document["runs"][0]["results"] = document["runs"][0]["results"][:1]
    assert imported(document).bars == ("all_archived",)


def test_times_and_product_come_from_the_run() -> None:
    first, *_ = read(SMALL.read_bytes(), file="log.sarif").findings
    assert first.time is not None and first.time.isoformat() == "2026-06-30T02:04:10.500000+00:00"
    assert first.first_seen is not None and first.first_seen.date().isoformat() == "2026-05-02"
    assert (first.product, first.product_version) == ("Lantern", "4.2.0")
    assert first.remediation == "Pass the arguments as a list."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": "2.0.0"}, "version"),
        ({"runs": None}, "runs"),
        ({"runs": [{"tool": {"driver": {}}, "results": []}]}, "runs[0].tool.driver.name"),
        ({"runs": [{"tool": {"driver": {"name": "x"}}, "results": [{}]}]}, "runs[0].results[0].ruleId"),
        (
            {"runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "a", "ruleIndex": 3}]}]},
            "runs[0].results[0].ruleIndex",
        ),
        (
            {"runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "a", "kind": "ok"}]}]},
            "runs[0].results[0].kind",
        ),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(log() | change)
    assert [problem.field for problem in error.value.problems] == [field]
