"""checkov's JSON output into normalised findings: one an item of `failed_checks`, `passed_checks`, `skipped_checks`.

Passes may be counted in `summary` and not listed (`--quiet` leaves them out): then the items are no
population. A skip is a comment in the source that keeps the check from running: unknown, and suppressed. The file has
no time; its severities are null unless the paid platform filled them.
"""

from collections.abc import Iterator

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import UidGiver
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, object_at, read_records
from buttress.evidence.importers.report import (
    NOTHING_RECOGNISED,
    count_doubt,
    unlisted_passes_doubt,
    whole_report,
)

_STATUSES = {
    "PASSED": FindingStatus.PASS,
    "FAILED": FindingStatus.FAIL,
    "SKIPPED": FindingStatus.UNKNOWN,
    "UNKNOWN": FindingStatus.UNKNOWN,
}
_SEVERITIES = {"": 0, "NONE": 0, "INFO": 1, "LOW": 2, "MEDIUM": 3, "MODERATE": 3, "HIGH": 4, "CRITICAL": 5}
_LISTS = ("failed_checks", "passed_checks", "skipped_checks")


def read(content: bytes, *, file: str) -> Imported:
    """Every listed item of the file; raises `ProblemsError` with all bad records."""
    gathered, uids = Gathered(file), UidGiver("checkov")
    reports = gathered.each(read_records(content, file=file), lambda record: object_at(record[2], record[0], record[1]))
    read_reports = gathered.each(reports, lambda report: _report(report, gathered, uids))
    gathered.finish()
    findings = [finding for found, _ in read_reports for finding in found]
    doubts = [doubt for _, some in read_reports for doubt in some]
    is_empty = not any(report.value("results") is not None for report in reports)
    return whole_report(findings, doubts=doubts, bars=[NOTHING_RECOGNISED] if is_empty else [])


def _report(report: Fields, gathered: Gathered, uids: UidGiver) -> tuple[list[Finding], list[str]]:
    if report.value("results") is None:
        _check_is_empty(report)
        return [], []
    kind = report.needed_text("check_type")
    results, summary = report.object("results"), report.needed_object("summary")
    version = summary.text("checkov_version")
    items = [item for name in _LISTS for item in gathered.objects(results, name)]
    findings = gathered.each(items, lambda item: _finding(item, kind, version, uids))
    return findings, list(_doubts(results, summary))


def _check_is_empty(report: Fields) -> None:
    """What checkov writes where it found no file to check: counts of nothing."""
    if any(report.count(name) is None for name in ("passed", "failed", "resource_count")):
        report.refuse(None, "the results of a checkov report (-o json)", "results")
    if report.count("passed") or report.count("failed"):
        report.refuse(None, "results beside counts above 0", "results")


def _doubts(results: Fields, summary: Fields) -> Iterator[str]:
    stated = {name: summary.count(name) for name in ("passed", "failed", "skipped")}
    listed = {name: len(results.items(f"{name}_checks")) for name in stated}
    yield from unlisted_passes_doubt(listed["passed"], stated["passed"])
    for name in ("failed", "skipped"):
        yield from count_doubt(listed[name], stated[name])
    if faults := max(summary.count("parsing_errors") or 0, len(results.items("parsing_errors"))):
        yield f"tool_errors({faults})"


def _finding(item: Fields, kind: str, version: str, uids: UidGiver) -> Finding:
    check, resource, path = item.needed_text("check_id"), item.needed_text("resource"), item.text("file_path")
    outcome = item.object("check_result")
    raw = outcome.needed_text("result")
    status = outcome.known(_STATUSES, "result")
    assert status is not None
    severity = item.text("severity").upper()
    if severity not in _SEVERITIES:
        item.refuse(item.value("severity"), "null, LOW, MEDIUM, HIGH or CRITICAL", "severity")
    return Finding(
        finding_uid=uids.uid(kind, check, path, resource),
        check_id=check,
        check_title=item.text("check_name"),
        status=status,
        raw_status=raw,
        status_detail=outcome.text("suppress_comment") or _lines(item, path),
        is_suppressed=raw == "SKIPPED",
        severity_id=_SEVERITIES[severity],
        time=None,
        resource_uid=f"{path}:{resource}" if path else resource,
        resource_name=resource,
        resource_type=kind,
        product="checkov",
        product_version=version,
        remediation=item.text("guideline"),
        place=item.place,
    )


def _lines(item: Fields, path: str) -> str:
    """The place in the source, which moves with every edit and hence is no part of the identity."""
    lines = item.value("file_line_range")
    if lines is None:
        return path
    if not isinstance(lines, list) or not all(isinstance(line, int) for line in lines):
        item.refuse(lines, "the first and the last line", "file_line_range")
    return f"{path}, lines {'-'.join(str(line) for line in lines)}"
