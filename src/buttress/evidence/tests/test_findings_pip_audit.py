import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.importers.findings.pip_audit import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

SMALL = Path(__file__).parent / "fixtures" / "small.pip-audit.json"
SKIPPED = {"name": "own-library", "skip_reason": "Dependency not found on PyPI"}

DATASET = """
packages:
  kind: findings
  path: evidence/audit-*.json
  format: pip_audit
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
TEST = """
id: packages-sound
version: 1
title: No package has a known vulnerability
controls: [IAM-02]
assertion: operating
source: packages
checks: [known-vulnerabilities]
key: [finding_uid]
population: "check_id = 'known-vulnerabilities'"
fail: "status <> 'pass'"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{finding_uid: a, check_id: known-vulnerabilities, status: pass, suppressed: false, severity_id: 0, archived: false}]
  fail: [{finding_uid: b, check_id: known-vulnerabilities, status: fail, suppressed: false, severity_id: 0, archived: false}]
"""


def imported(*packages: Any) -> Imported:
    return read(json.dumps({"dependencies": packages, "fixes": []}).encode(), file="audit.json")


def test_a_package_passes_where_it_was_audited_and_nothing_is_known() -> None:
    found = read(SMALL.read_bytes(), file="audit.json")
    assert [(f.check_id, f.status.value, f.resource_uid, f.remediation) for f in found.findings] == [
        ("known-vulnerabilities", "fail", "requests-like@2.0.0", ""),
        ("PYSEC-2026-1", "fail", "requests-like@2.0.0", "Upgrade to 2.0.1, 2.1.0."),
        ("PYSEC-2026-2", "fail", "requests-like@2.0.0", ""),
        ("known-vulnerabilities", "pass", "quiet@7.0", ""),
        ("known-vulnerabilities", "unknown", "own-library", ""),
    ]
    assert {f.severity_id for f in found.findings} == {0}
    assert {f.time for f in found.findings} == {None}
    assert found.bars == ()


def test_a_package_keeps_its_identity_when_it_is_mended() -> None:
    vulnerable = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
    before, after = imported(vulnerable), imported({"name": "a", "version": "2", "vulns": []})
    assert [f.status.value for f in (before.findings[0], after.findings[0])] == ["fail", "pass"]
    assert before.findings[0].finding_uid == after.findings[0].finding_uid


def test_a_run_that_skipped_everything_had_no_advisories() -> None:
    found = imported(SKIPPED, {**SKIPPED, "name": "other"})
    assert {f.status.value for f in found.findings} == {"unknown"}
    assert found.bars == ("no_advisory_data",)
    assert imported(SKIPPED, {"name": "a", "version": "1", "vulns": []}).bars == ()


def test_a_run_over_nothing_says_nothing() -> None:
    assert imported() == Imported(bars=("nothing_recognised",))


def test_a_skipped_package_passes_nothing_whatever_else_is_written() -> None:
    found = imported({**SKIPPED, "version": "1", "vulns": []}, {**SKIPPED, "name": "b", "skip_reason": ""})
    assert {f.status.value for f in found.findings} == {"unknown"}


@pytest.mark.parametrize(
    ("package", "field"),
    [
        ({"name": "a", "version": "1"}, "vulns"),
        ({"name": "a", "vulns": []}, "version"),
        ({"version": "1", "vulns": []}, "name"),
        ({"name": "a", "version": "1", "vulns": [{"fix_versions": []}]}, "vulns[0].id"),
        ({"name": "a", "version": "1", "vulns": "none"}, "vulns"),
        ({"name": "a", "version": "1", "skip_reason": True}, "skip_reason"),
    ],
)
def test_a_fault_is_named_by_its_place(package: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(package)
    assert [problem.field for problem in error.value.problems] == [f"dependencies[0].{field}"]


def run(register: "Register", content: bytes) -> TestResult:
    register.declare(DATASET)
    register.put("evidence/audit-2026-06-30.json", content)
    register.put(
        "evidence/audit-2026-06-30.json.receipt.yaml", "receipt:\n  source: pip-audit\n  scan_complete: true\n"
    )
    register.add_test("packages-sound", TEST)
    (result,) = register.run("2026-06-30").results
    return result


def test_packages_are_a_population(register: "Register") -> None:
    result = run(register, SMALL.read_bytes())
    assert (result.population, result.passed) == (3, 1)
    audited = json.loads(SMALL.read_text())["dependencies"][:2]
    whole = run(register, json.dumps({"dependencies": audited, "fixes": []}).encode())
    assert (whole.outcome, whole.population, whole.failing) == (Outcome.EVALUATED, 2, 1)


def test_a_run_without_advisories_is_not_evaluated(register: "Register") -> None:
    result = run(register, json.dumps({"dependencies": [SKIPPED], "fixes": []}).encode())
    assert (result.outcome, result.reasons) == (Outcome.NOT_EVALUATED, ("no_advisory_data",))


@pytest.mark.samples
def test_genuine_claim_is_not_evaluated(register: "Register", samples: Path) -> None:
    result = run(register, (samples / "pip-audit-vacuous-pass.json").read_bytes())
    assert (result.outcome, result.reasons) == (Outcome.NOT_EVALUATED, ("no_advisory_data",))


@pytest.mark.samples
def test_genuine_claim_of_no_vulnerabilities_is_no_proof(samples: Path) -> None:
    assert "No known vulnerabilities found" in (samples / "pip-audit-vacuous-pass.stderr.txt").read_text()
    found = read((samples / "pip-audit-vacuous-pass.json").read_bytes(), file="pip-audit-vacuous-pass.json")
    assert [(f.status.value, f.raw_status) for f in found.findings] == [("unknown", "skipped")] * 3
    assert found.bars == ("no_advisory_data",)
