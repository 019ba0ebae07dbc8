import json
from pathlib import Path
from typing import Any

import pytest

from buttress.evidence.importers.findings.cyclonedx_vulnerabilities import read
from buttress.evidence.importers.imported import Imported
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.cyclonedx.json"


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SMALL.read_text())
    return found


def imported(found: dict[str, Any]) -> Imported:
    return read(json.dumps(found).encode(), file="bom.json")


def test_a_vulnerability_is_a_failure_unless_its_analysis_says_otherwise() -> None:
    found = read(SMALL.read_bytes(), file="bom.json")
    assert [(f.check_id[-1], f.status.value, f.raw_status, f.resource_uid) for f in found.findings] == [
        ("1", "fail", "", "pkg:pypi/lxml-like@1.0"),
        ("1", "unknown", "unknown", "c1.1"),
        ("2", "not_applicable", "not_affected", "pkg:pypi/cookie-jar@2.3"),
        ("3", "pass", "resolved", "pkg:pypi/cookie-jar@2.3"),
        ("4", "unknown", "in_triage", "pkg:pypi/cookie-jar@2.3"),
        ("5", "fail", "exploitable", "urn:cdx:1/1#other"),
        ("6", "not_applicable", "false_positive", ""),
    ]
    assert (found.doubts, found.bars) == ((), ())


def test_a_component_without_a_vulnerability_passes_nothing() -> None:
    assert not any("quiet" in f.resource_uid for f in read(SMALL.read_bytes(), file="bom.json").findings)


@pytest.mark.parametrize("vulnerabilities", [None, []])
def test_a_bill_of_materials_alone_is_no_proof_that_anybody_looked(vulnerabilities: list[Any] | None) -> None:
    found = imported({**document(), "vulnerabilities": vulnerabilities})
    assert found == Imported(bars=("no_advisory_data",))


def test_severity_is_the_worst_word_and_unknown_where_there_is_none() -> None:
    found = read(SMALL.read_bytes(), file="bom.json").findings
    assert [f.severity_id for f in found] == [5, 5, 0, 0, 0, 0, 0]


def test_the_analysis_is_kept_as_detail() -> None:
    found = read(SMALL.read_bytes(), file="bom.json").findings
    assert found[2].status_detail == "code_not_reachable; We never read cookies."
    assert (found[0].product, found[0].product_version) == ("Sieve", "2.0.1")


def test_tools_of_the_older_form_are_read() -> None:
    old = document()
    old["specVersion"], old["metadata"]["tools"] = "1.4", [{"vendor": "x", "name": "Sieve", "version": "1.0"}]
    assert imported(old).findings[0].product_version == "1.0"


def test_identity_does_not_depend_on_the_document() -> None:
    other = document()
    other["serialNumber"], other["metadata"]["timestamp"] = "urn:uuid:other", "2026-07-01T00:00:00Z"
    assert [f.finding_uid for f in imported(other).findings] == [f.finding_uid for f in imported(document()).findings]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bomFormat": "SPDX"}, "bomFormat"),
        ({"specVersion": "1.3"}, "specVersion"),
        ({"vulnerabilities": [{"affects": []}]}, "vulnerabilities[0].id"),
        ({"vulnerabilities": [{"id": "a", "affects": [{}]}]}, "vulnerabilities[0].affects[0].ref"),
        ({"vulnerabilities": [{"id": "a", "analysis": {"state": "fine"}}]}, "vulnerabilities[0].analysis.state"),
        ({"vulnerabilities": [{"id": "a", "ratings": [{"severity": 3}]}]}, "vulnerabilities[0].ratings[0].severity"),
    ],
)
def test_a_fault_is_named_by_its_place(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        imported(document() | change)
    assert [problem.field for problem in error.value.problems] == [field]


@pytest.mark.samples
def test_genuine_bill_of_materials_was_never_compared_with_advisories(samples: Path) -> None:
    content = (samples / "sbom-cyclonedx-1.6.json").read_bytes()
    found = read(content, file="sbom.json")
    assert found == Imported(bars=("no_advisory_data",))
    components = json.loads(content)["components"]
    assert (len(components), sum("purl" in c for c in components), sum("hashes" in c for c in components)) == (
        133,
        133,
        0,
    )
    # The same document with a vulnerability of its first component is judged, and by that alone.
    first = components[0]
    with_one = {**json.loads(content), "vulnerabilities": [{"id": "CVE-1", "affects": [{"ref": first["bom-ref"]}]}]}
    assert [(f.status.value, f.resource_uid) for f in imported(with_one).findings] == [("fail", first["purl"])]
