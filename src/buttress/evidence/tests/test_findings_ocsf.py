import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.finding import Finding
from buttress.evidence.importers.findings import prowler_ocsf
from buttress.evidence.importers.findings.ocsf import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

FIXTURES = Path(__file__).parent / "fixtures"
SMALL = FIXTURES / "small.ocsf.json"


def records() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(SMALL.read_text())
    return found


def imported(*found: dict[str, Any]) -> Imported:
    return read(json.dumps(found).encode(), file="ocsf.json")


def test_each_class_is_judged_by_what_it_says() -> None:
    found = read(SMALL.read_bytes(), file="ocsf.json")
    assert [(f.check_id, f.status.value, f.raw_status, f.is_suppressed, f.resource_uid) for f in found.findings] == [
        ("disk-encryption", "fail", "Fail", False, "vol-1"),
        ("disk-encryption", "pass", "1", False, "vol-2"),
        ("disk-encryption", "pass", "1", False, "vol-3"),
        ("KMS.4", "fail", "Warning", True, "key-1"),
        ("CVE-2026-40001", "fail", "", False, "i-01"),
        ("CVE-2026-40002", "fail", "", False, "i-01"),
        ("console_mfa", "pass", "PASS", False, "user/ada"),
        ("A key was used from two continents", "fail", "In Progress", False, ""),
    ]
    assert (found.doubts, found.bars) == ((), ())
    assert [f.severity_id for f in found.findings] == [4, 1, 1, 0, 5, 5, 3, 99]


def test_json_lines_are_read_like_an_array() -> None:
    lines = "\n".join(json.dumps(record) for record in records()).encode()
    uids = [f.finding_uid for f in read(SMALL.read_bytes(), file="ocsf.json").findings]
    assert [f.finding_uid for f in read(lines, file="ocsf.jsonl").findings] == uids
    with pytest.raises(ProblemsError) as error:
        read(lines + b'\n{"class_uid": 2004}', file="ocsf.jsonl")
    assert [(p.line, p.field) for p in error.value.problems] == [(7, "metadata.version")]


@pytest.mark.parametrize(
    ("compliance", "status"),
    [
        ({"status_id": 1}, "pass"),
        ({"status_id": 2}, "fail"),
        ({"status_id": 3, "status": "Pass"}, "fail"),
        ({"status_id": 0, "status": "Pass"}, "unknown"),
        ({"status_id": 99}, "unknown"),
        ({"status": "PASSED"}, "pass"),
        ({"status": "Warning"}, "fail"),
        ({"status": "fine"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_a_compliance_finding_passes_by_its_own_result_only(compliance: dict[str, Any], status: str) -> None:
    found = imported({**records()[0], "status_id": 4, "status": "Resolved", "compliance": compliance})
    assert found.findings[0].status.value == status


@pytest.mark.parametrize(
    ("status_id", "status", "is_suppressed", "is_archived"),
    [
        (1, "fail", False, False),
        (3, "fail", True, False),
        (4, "pass", False, False),
        (5, "fail", False, True),
        (6, "fail", False, True),
    ],
)
def test_the_life_of_a_vulnerability_is_kept_beside(
    status_id: int, status: str, is_suppressed: bool, is_archived: bool
) -> None:
    first, second = imported({**records()[3], "status_id": status_id}).findings
    expected = (status, is_suppressed, is_archived)
    assert (first.status.value, first.is_suppressed, first.is_archived) == expected
    assert first.finding_uid != second.finding_uid


def test_requirements_stand_under_their_standard() -> None:
    one, of_two, *_ = read(SMALL.read_bytes(), file="ocsf.json").findings
    assert one.requirements == (("SOC 2", "CC6.1"), ("SOC 2", "CC6.7"))
    assert of_two.requirements == (("", "CC6.1"),)


def test_times_are_milliseconds_and_below_a_bound_seconds() -> None:
    found = read(SMALL.read_bytes(), file="ocsf.json").findings
    assert {f.time.date().isoformat() for f in found if f.time} == {"2026-06-30"}
    assert found[0].first_seen is not None and found[0].first_seen.year == 2026


def test_an_empty_file_says_nothing() -> None:
    assert imported() == Imported(bars=("nothing_recognised",))


def alike(findings: tuple[Finding, ...]) -> list[Finding]:
    """Without what only the reader of Prowler's own files knows, and when each says that a finding was first seen."""
    return [replace(f, scan_uid="", requirements=(), first_seen=None) for f in findings]


def test_prowlers_files_say_the_same_to_both_readers() -> None:
    content = (FIXTURES / "prowler-small.ocsf.json").read_bytes()
    assert alike(read(content, file="small.json").findings) == alike(
        prowler_ocsf.read(content, file="small.json").findings
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"class_uid": 2005}, "class_uid"),
        ({"metadata": {"version": "1.0.0"}}, "metadata.version"),
        ({"metadata": {"version": "1.10.0"}}, "metadata.version"),
        ({"finding_info": {"analytic": {"uid": "a"}}}, "finding_info.uid"),
        ({"severity_id": 7}, "severity_id"),
        ({"time": "today"}, "time"),
        ({"time": 2**62}, "time"),
        ({"time_dt": "2026-07-30T00:00:00Z"}, "time_dt"),
        ({"class_uid": 2002, "vulnerabilities": []}, "vulnerabilities"),
        ({"class_uid": 2002, "vulnerabilities": [{}]}, "vulnerabilities[0].cve"),
        ({"resources": [{"type": "volume"}]}, "resources[0].uid"),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported({**records()[0], **change})
    assert [problem.field for problem in error.value.problems] == [f"[0].{field}"]


@pytest.mark.samples
def test_genuine_prowler_file_says_the_same_to_both_readers(samples: Path) -> None:
    content = (samples / "prowler-moto.ocsf.json").read_bytes()
    general = read(content, file="prowler-moto.ocsf.json")
    assert (len(general.findings), sum(f.is_suppressed for f in general.findings)) == (74, 3)
    assert alike(general.findings) == alike(prowler_ocsf.read(content, file="prowler-moto.ocsf.json").findings)
