import json
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.findings.trivy import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.trivy.json"


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SMALL.read_text())
    return found


def imported(found: dict[str, Any]) -> Imported:
    return read(json.dumps(found).encode(), file="trivy.json")


def test_vulnerabilities_and_secrets_fail_and_checks_have_their_status() -> None:
    found = read(SMALL.read_bytes(), file="trivy.json")
    assert [(f.check_id, f.status.value, f.raw_status, f.is_suppressed, f.severity_id) for f in found.findings] == [
        ("CVE-2026-20001", "fail", "fixed", False, 4),
        ("CVE-2026-20002", "fail", "affected", False, 0),
        ("CVE-2026-20003", "fail", "ignored", True, 5),
        ("CVE-2026-20004", "not_applicable", "not_affected", True, 2),
        ("KSV001", "fail", "FAIL", False, 3),
        ("KSV012", "pass", "PASS", False, 3),
        ("KSV013", "fail", "EXCEPTION", True, 2),
        ("generic-token", "fail", "secret", False, 5),
    ]
    assert (found.doubts, found.bars) == ((), ())


def test_a_secret_is_named_by_its_place_and_never_quoted() -> None:
    secret = read(SMALL.read_bytes(), file="trivy.json").findings[-1]
    assert (secret.resource_uid, secret.status_detail) == ("config/settings.env#line 4", "")
    assert "TOKEN" not in repr(secret)


@pytest.mark.parametrize("results", [None, []])
def test_a_report_without_targets_recognised_nothing(results: list[Any] | None) -> None:
    assert imported({**report(), "Results": results}) == Imported(bars=("nothing_recognised",))


def test_a_target_without_findings_passes_nothing() -> None:
    clean = {**report(), "Results": [{"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg"}]}
    assert imported(clean) == Imported()


def test_passes_that_are_counted_and_not_listed_are_no_items() -> None:
    changed = report()
    changed["Results"][2]["MisconfSummary"] = {"Successes": 70, "Failures": 1}
    assert imported(changed).doubts == ("passes_not_itemised(69)",)
    changed["Results"][2]["MisconfSummary"] = {"Successes": 1, "Failures": 3}
    assert imported(changed).doubts == ("difference(-2)",)


def test_identity_stays_when_a_check_passes_at_last() -> None:
    changed = report()
    changed["Results"][2]["Misconfigurations"][0]["Status"] = "PASS"
    before, after = (imported(found).findings[4] for found in (report(), changed))
    assert (before.status.value, after.status.value) == ("fail", "pass")
    assert before.finding_uid == after.finding_uid


def test_package_fix_and_time_are_kept() -> None:
    first = read(SMALL.read_bytes(), file="trivy.json").findings[0]
    assert first.resource_name == "libxyz1@1.2-3"
    assert first.remediation == "Upgrade to 1.2-4."
    assert first.time is not None and first.time.isoformat() == "2026-06-30T04:00:00.123456+00:00"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"SchemaVersion": 1}, "SchemaVersion"),
        ({"SchemaVersion": "2"}, "SchemaVersion"),
        ({"Results": [{}]}, "Results[0].Target"),
        (
            {"Results": [{"Target": "a", "Vulnerabilities": [{"PkgName": "b"}]}]},
            "Results[0].Vulnerabilities[0].VulnerabilityID",
        ),
        ({"Results": [{"Target": "a", "Misconfigurations": [{"ID": "b"}]}]}, "Results[0].Misconfigurations[0].Status"),
        (
            {"Results": [{"Target": "a", "Secrets": [{"RuleID": "b", "Severity": "SEVERE"}]}]},
            "Results[0].Secrets[0].Severity",
        ),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(report() | change)
    assert [problem.field for problem in error.value.problems] == [field]
