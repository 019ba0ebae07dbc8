import json
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.findings.asff import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.asff.json"


def records() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(SMALL.read_text())["Findings"]
    return found


def imported(*found: dict[str, Any]) -> Imported:
    return read(json.dumps({"Findings": found}).encode(), file="findings.json")


def test_statuses_are_those_of_the_compliance_check() -> None:
    found = read(SMALL.read_bytes(), file="findings.json")
    assert [(f.check_id, f.raw_status, f.status.value, f.severity_id) for f in found.findings[:4]] == [
        ("S3.8", "FAILED", "fail", 4),
        ("S3.8", "PASSED", "pass", 1),
        ("IAM.5", "WARNING", "fail", 3),
        ("IAM.5", "NOT_AVAILABLE", "unknown", 0),
    ]
    assert (found.doubts, found.bars) == ((), ())


def test_what_was_detected_fails_once_a_resource() -> None:
    *_, key, instance = read(SMALL.read_bytes(), file="findings.json").findings
    assert [(f.status.value, f.resource_type) for f in (key, instance)] == [
        ("fail", "AwsIamAccessKey"),
        ("fail", "AwsEc2Instance"),
    ]
    assert key.finding_uid != instance.finding_uid


def test_a_list_json_lines_and_the_answer_of_get_findings_are_read_alike() -> None:
    lines = "\n".join(json.dumps(record) for record in records()).encode()
    array = json.dumps(records(), indent=1).encode()
    whole = read(SMALL.read_bytes(), file="findings.json")
    uids = [f.finding_uid for f in whole.findings]
    for content in (lines, array, json.dumps({"Findings": records()}).encode()):
        assert [f.finding_uid for f in read(content, file="findings.json").findings] == uids


def test_a_suppressed_finding_stays_a_failure() -> None:
    muted = [f for f in read(SMALL.read_bytes(), file="findings.json").findings if f.is_suppressed]
    assert [(f.resource_uid, f.status.value) for f in muted] == [("arn:aws:iam::111122223333:user/robot", "fail")]


def test_an_archived_record_is_kept_beside_and_makes_the_export_doubtful() -> None:
    failed, passed = records()[:2]
    passed["RecordState"] = "ARCHIVED"
    found = imported(failed, passed)
    assert [(f.status.value, f.is_archived) for f in found.findings] == [("fail", False), ("pass", True)]
    assert (found.doubts, found.bars) == (("archived(1)",), ())
    assert imported(passed).bars == ("all_archived",)


def test_a_check_without_an_answer_is_no_pass() -> None:
    record = records()[1]
    del record["Compliance"]["Status"]
    assert imported(record).findings[0].status.value == "unknown"


def test_an_empty_export_says_nothing() -> None:
    assert imported().bars == ("nothing_recognised",)
    assert read(b"[]", file="findings.json").bars == ("nothing_recognised",)


@pytest.mark.parametrize(
    ("severity", "severity_id"),
    [
        (None, 0),
        ({}, 0),
        ({"Label": "LOW", "Normalized": 90}, 2),
        ({"Normalized": 0}, 1),
        ({"Normalized": 39}, 2),
        ({"Normalized": 69}, 3),
        ({"Normalized": 89}, 4),
        ({"Normalized": 100}, 5),
    ],
)
def test_a_severity_that_is_missing_stays_unknown(severity: Any, severity_id: int) -> None:
    assert imported({**records()[0], "Severity": severity}).findings[0].severity_id == severity_id


def test_requirements_and_times_are_kept() -> None:
    first, *_ = read(SMALL.read_bytes(), file="findings.json").findings
    assert first.requirements == (("NIST.800-53.r5", "AC-3(7)"), ("PCI DSS v3.2.1", "1.2.1"))
    assert first.first_seen is not None and first.first_seen.isoformat() == "2026-05-01T06:00:00+00:00"
    assert first.time is not None and first.time.isoformat() == "2026-06-30T06:00:00+00:00"


def test_a_record_that_stands_there_twice_is_one() -> None:
    first = records()[0]
    assert len(imported(first, first).findings) == 1
    found = imported(first, {**first, "Compliance": {**first["Compliance"], "Status": "PASSED"}})
    assert (len(found.findings), found.doubts) == (2, ("repeated_keys(1)",))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"SchemaVersion": "2019-01-01"}, "SchemaVersion"),
        ({"Id": None}, "Id"),
        ({"Resources": []}, "Resources"),
        ({"Compliance": {"Status": "OK", "SecurityControlId": "S3.8"}}, "Compliance.Status"),
        ({"RecordState": "GONE"}, "RecordState"),
        ({"UpdatedAt": "yesterday"}, "UpdatedAt"),
        ({"Severity": {"Normalized": 101}}, "Severity.Normalized"),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported({**records()[0], **change})
    assert [problem.field for problem in error.value.problems] == [f"Findings[0].{field}"]
