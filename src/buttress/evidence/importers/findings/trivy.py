"""Trivy's JSON report (schema 2) into normalised findings: vulnerabilities, misconfigurations and secrets.

A vulnerability and a secret fail. A misconfiguration has a status, and Trivy lists those that passed only with
`--include-non-failures`; else it only counts them. A target without findings passes nothing, because the report does
not say which of the scanners were on. What `.trivyignore` or VEX took out is read from `ExperimentalModifiedFindings`
(`--show-suppressed`) as suppressed. Licences are kept in the file and make no finding; what a secret is like is left
there too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import UidGiver
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, read_whole
from buttress.evidence.importers.report import (
    NOTHING_RECOGNISED,
    count_doubt,
    unlisted_passes_doubt,
    whole_report,
)

_SCHEMA = 2
_SEVERITIES = {"": 0, "UNKNOWN": 0, "LOW": 2, "MEDIUM": 3, "HIGH": 4, "CRITICAL": 5}
_STATUSES = {"PASS": FindingStatus.PASS, "FAIL": FindingStatus.FAIL, "EXCEPTION": FindingStatus.FAIL}
_EXCEPTION = "EXCEPTION"
_MODIFIED = {
    "ignored": FindingStatus.FAIL,
    "affected": FindingStatus.FAIL,
    "unknown": FindingStatus.UNKNOWN,
    "under_investigation": FindingStatus.UNKNOWN,
    "not_affected": FindingStatus.NOT_APPLICABLE,
    "fixed": FindingStatus.PASS,
}
"""What Trivy was told of a finding that it leaves out: `ignored` by a file of its own, the others by VEX."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """The report as a whole, which its findings share."""

    artifact: str
    time: datetime | None
    version: str
    uids: UidGiver


@dataclass(frozen=True, slots=True)
class _Item:
    """One finding of a target: `identity` tells it from others of its check there."""

    fields: Fields
    check: str
    status: FindingStatus
    raw_status: str
    resource: str
    identity: tuple[str, ...]
    title: str = ""
    detail: str = ""
    remediation: str = ""


def read(content: bytes, *, file: str) -> Imported:
    """Every finding of the report; raises `ProblemsError` with all bad records."""
    return read_whole(content, _report, file=file, what="Trivy's report (--format json)")


def _report(report: Fields, gathered: Gathered) -> Imported:
    if report.whole("SchemaVersion") != _SCHEMA:
        report.refuse(report.value("SchemaVersion"), f"the report schema {_SCHEMA} of Trivy", "SchemaVersion")
    uids = UidGiver("trivy")
    scan = _Scan(report.text("ArtifactName"), report.time("CreatedAt"), report.text("Trivy", "Version"), uids)
    targets = gathered.objects(report, "Results")
    findings: list[Finding] = []
    doubts: list[str] = []
    for found, some in gathered.each(targets, lambda target: _target(target, scan, gathered)):
        findings += found
        doubts += some
    return whole_report(findings, doubts=doubts, bars=[] if targets else [NOTHING_RECOGNISED])


def _target(target: Fields, scan: _Scan, gathered: Gathered) -> tuple[list[Finding], list[str]]:
    name = target.needed_text("Target")
    kind = target.text("Type") or target.text("Class")
    findings: list[Finding] = []
    for member, read_item in _READERS.values():
        items = gathered.objects(target, member)
        findings += gathered.each(items, lambda f, r=read_item: _finding(r(f), name, kind, scan))  # type: ignore[misc]
    changed = gathered.objects(target, "ExperimentalModifiedFindings")
    findings += [f for some in gathered.each(changed, lambda f: list(_modified(f, name, kind, scan))) for f in some]
    return findings, list(_doubts(target))


def _doubts(target: Fields) -> Iterator[str]:
    """Trivy counts what it does not list."""
    listed = [check.text("Status") for check in target.objects("Misconfigurations")]
    yield from unlisted_passes_doubt(listed.count("PASS"), target.count("MisconfSummary", "Successes"))
    yield from count_doubt(listed.count("FAIL"), target.count("MisconfSummary", "Failures"))


def _vulnerability(fields: Fields) -> _Item:
    check = fields.needed_text("VulnerabilityID")
    package, version = fields.needed_text("PkgName"), fields.text("InstalledVersion")
    fixed = fields.text("FixedVersion")
    return _Item(
        fields,
        check,
        FindingStatus.FAIL,
        fields.text("Status"),
        f"{package}@{version}" if version else package,
        (package, version, fields.text("PkgPath")),
        fields.text("Title"),
        fields.text("Description"),
        f"Upgrade to {fixed}." if fixed else "",
    )


def _misconfiguration(fields: Fields) -> _Item:
    status = fields.known(_STATUSES, "Status")
    if status is None:
        fields.refuse(None, f"one of {', '.join(_STATUSES)}", "Status")
    resource = fields.text("CauseMetadata", "Resource")
    return _Item(
        fields,
        fields.needed_text("ID"),
        status,
        fields.text("Status"),
        resource,
        (resource,),
        fields.text("Title"),
        fields.text("Message"),
        fields.text("Resolution"),
    )


def _secret(fields: Fields) -> _Item:
    line = fields.count("StartLine")
    resource = "" if line is None else f"line {line}"
    return _Item(fields, fields.needed_text("RuleID"), FindingStatus.FAIL, "secret", resource, (), fields.text("Title"))


_READERS = {
    "vulnerability": ("Vulnerabilities", _vulnerability),
    "misconfiguration": ("Misconfigurations", _misconfiguration),
    "secret": ("Secrets", _secret),
}
"""By the word that a modified finding has for it."""


def _modified(fields: Fields, target: str, kind: str, scan: _Scan) -> Iterator[Finding]:
    word = fields.needed_text("Type")
    if word not in _READERS:  # a licence
        return
    status = fields.known(_MODIFIED, "Status") or FindingStatus.UNKNOWN
    item = _READERS[word][1](fields.needed_object("Finding"))
    detail = fields.text("Statement") or item.detail
    changed = replace(item, status=status, raw_status=fields.text("Status"), detail=detail)
    yield _finding(changed, target, kind, scan, is_suppressed=True)


def _finding(item: _Item, target: str, kind: str, scan: _Scan, *, is_suppressed: bool = False) -> Finding:
    severity = item.fields.known(_SEVERITIES, "Severity")
    assert severity is not None
    return Finding(
        finding_uid=scan.uids.uid(scan.artifact, target, item.check, *item.identity),
        check_id=item.check,
        check_title=item.title,
        status=item.status,
        raw_status=item.raw_status,
        status_detail=item.detail,
        is_suppressed=is_suppressed or item.raw_status == _EXCEPTION,
        severity_id=severity,
        time=scan.time,
        resource_uid=f"{target}#{item.resource}" if item.resource else target,
        resource_name=item.resource or target,
        resource_type=kind,
        product="Trivy",
        product_version=scan.version,
        remediation=item.remediation,
        place=item.fields.place,
    )
