"""pip-audit's JSON output into normalised findings: one a package, and one more for each of its known vulnerabilities.

A package that was skipped is unknown. Without advisories to look in, pip-audit skips every package and still reports
that none is vulnerable: such a file says nothing. It has no times and no severities.
"""

from collections.abc import Iterator

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import UidGiver
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, read_whole
from buttress.evidence.importers.report import NO_ADVISORY_DATA, NOTHING_RECOGNISED, whole_report

KNOWN_VULNERABILITIES = "known-vulnerabilities"
"""The check of a package as a whole, by which packages are a population: failed where one is known, passed where none
is, unknown where it was skipped."""


def read(content: bytes, *, file: str) -> Imported:
    """Every package of the file; raises `ProblemsError` with all bad records."""
    return read_whole(content, _report, file=file, what="pip-audit's report (--format json)")


def _report(document: Fields, gathered: Gathered) -> Imported:
    document.needed_items("dependencies")
    packages = gathered.objects(document, "dependencies")
    uids = UidGiver("pip-audit")
    findings = [f for some in gathered.each(packages, lambda p: list(_findings(p, uids))) for f in some]
    bars = []
    if not packages:
        bars.append(NOTHING_RECOGNISED)
    elif all(package.value("skip_reason") is not None for package in packages):
        bars.append(NO_ADVISORY_DATA)
    return whole_report(findings, bars=bars)


def _findings(package: Fields, uids: UidGiver) -> Iterator[Finding]:
    name, version = package.needed_text("name"), package.text("version")
    skipped = package.text("skip_reason")
    if skipped or package.value("skip_reason") is not None:
        yield _finding(package, uids.uid(name), KNOWN_VULNERABILITIES, FindingStatus.UNKNOWN, "skipped", skipped)
        return
    package.needed_items("vulns")
    vulnerabilities = package.objects("vulns")
    if not version:
        package.refuse(None, "the version of a package that was audited", "version")
    status = FindingStatus.FAIL if vulnerabilities else FindingStatus.PASS
    named = ", ".join(vulnerability.needed_text("id") for vulnerability in vulnerabilities)
    yield _finding(package, uids.uid(name), KNOWN_VULNERABILITIES, status, "vulnerable" if named else "no vulns", named)
    for vulnerability in vulnerabilities:
        advisory = vulnerability.needed_text("id")
        uid, detail = uids.uid(name, advisory), vulnerability.text("description")
        fixed = ", ".join(vulnerability.texts("fix_versions"))
        yield _finding(package, uid, advisory, FindingStatus.FAIL, "vulnerable", detail, fixed)


def _finding(
    package: Fields, uid: str, check: str, status: FindingStatus, raw: str, detail: str, fixed: str = ""
) -> Finding:
    name, version = package.text("name"), package.text("version")
    return Finding(
        finding_uid=uid,
        check_id=check,
        check_title="",
        status=status,
        raw_status=raw,
        status_detail=detail,
        is_suppressed=False,
        severity_id=0,
        time=None,
        resource_uid=f"{name}@{version}" if version else name,
        resource_name=name,
        resource_type="python package",
        product="pip-audit",
        remediation=f"Upgrade to {fixed}." if fixed else "",
        place=package.place,
    )
