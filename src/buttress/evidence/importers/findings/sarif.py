"""SARIF 2.1.0 logs into normalised findings: one a result at its first location.

Only what the log states is a pass: a rule that the tool lists and that has no result passed nothing, unless results of
kind `pass` are written. A run without a list of results did not look. Suppressions stand beside the status.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import UidGiver
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, read_whole
from buttress.evidence.importers.report import NOTHING_RECOGNISED, whole_report

_VERSION = "2.1.0"
_STATUSES = {
    "": FindingStatus.FAIL,
    "fail": FindingStatus.FAIL,
    "pass": FindingStatus.PASS,
    "notApplicable": FindingStatus.NOT_APPLICABLE,
    "informational": FindingStatus.NOT_APPLICABLE,
    "review": FindingStatus.MANUAL,
    "open": FindingStatus.MANUAL,
}
"""By `kind`. An informational result puts no question, so there is nothing to pass."""
_LEVELS = {"error": 4, "warning": 3, "note": 2, "none": 1}
_SCORES = ((Decimal(9), 5), (Decimal(7), 4), (Decimal(4), 3), (Decimal(0), 2))
"""CVSS-like `security-severity` from which a severity holds."""
_IN_FORCE = {"": True, "accepted": True, "underReview": False, "rejected": False}
_STATES = {"": False, "new": False, "unchanged": False, "updated": False, "absent": True}
"""By `baselineState`: an absent result is one of an earlier run that is no more."""


@dataclass(slots=True)
class _Run:
    """What results refer to: rules by component, and the files of the run."""

    fields: Fields
    uids: UidGiver
    time: datetime | None = None
    components: list[tuple[Fields, ...]] = field(default_factory=list)
    files: tuple[Fields, ...] = ()

    @property
    def driver(self) -> Fields:
        return self.fields.object("tool", "driver")

    def rule(self, result: Fields) -> Fields:
        """The rule that the result refers to by position or by name, an empty object where it is not described."""
        index = result.count("ruleIndex")
        index = result.count("rule", "index") if index is None else index
        if index is not None:
            extension = result.count("rule", "toolComponent", "index")
            component = 0 if extension is None else extension + 1
            rules = self.components[component] if component < len(self.components) else ()
            if index < len(rules):
                return rules[index]
            result.refuse(index, "the position of a rule of the tool", "ruleIndex")
        name = result.text("ruleId") or result.text("rule", "id")
        named = (rule for some in self.components for rule in some if rule.text("id") == name)
        return next(named, Fields({}))


def read(content: bytes, *, file: str) -> Imported:
    """Every result of every run; raises `ProblemsError` with all bad records."""
    return read_whole(content, _report, file=file, what="a SARIF log")


def _report(log: Fields, gathered: Gathered) -> Imported:
    if log.needed_text("version") != _VERSION:
        log.refuse(log.value("version"), f"SARIF {_VERSION}", "version")
    findings: list[Finding] = []
    doubts: list[str] = []
    log.needed_items("runs")
    runs = gathered.objects(log, "runs")
    for found, some in gathered.each(runs, lambda run: _run(run, gathered)):
        findings += found
        doubts += some
    looked = [run for run in runs if run.value("results") is not None]
    if 0 < len(looked) < len(runs):
        doubts.append("scan_not_complete")
    return whole_report(findings, doubts=doubts, bars=[] if looked else [NOTHING_RECOGNISED])


def _run(fields: Fields, gathered: Gathered) -> tuple[list[Finding], list[str]]:
    tool = fields.needed_text("tool", "driver", "name")
    invocations = fields.objects("invocations")
    times = [each.time("endTimeUtc") or each.time("startTimeUtc") for each in invocations]
    run = _Run(
        fields,
        UidGiver(tool.casefold()),
        max((time for time in times if time), default=None),
        [fields.objects("tool", "driver", "rules")],
        fields.objects("artifacts"),
    )
    run.components += [extension.objects("rules") for extension in fields.objects("tool", "extensions")]
    faults = sum(_tool_errors(each) for each in invocations)
    findings = gathered.each(gathered.objects(fields, "results"), lambda result: _finding(result, run))
    return findings, [f"tool_errors({faults})"] if faults else []


def _tool_errors(invocation: Fields) -> int:
    """A run that failed, and what the tool could not do or was told wrongly."""
    notes = [
        note
        for name in ("toolExecutionNotifications", "toolConfigurationNotifications")
        for note in invocation.objects(name)
    ]
    faults = sum(note.text("level") == "error" for note in notes)
    return max(faults, 1) if invocation.flag("executionSuccessful") is False else faults


def _finding(result: Fields, run: _Run) -> Finding:
    rule = run.rule(result)
    check = result.first_text(("ruleId",), ("rule", "id")) or rule.text("id") or result.needed_text("ruleId")
    uri, line = _location(result, run)
    kind = result.text("kind")
    status = result.known(_STATUSES, "kind")
    is_archived = result.known(_STATES, "baselineState")
    assert status is not None and is_archived is not None
    seen = result.time("provenance", "lastDetectionTimeUtc") or run.time
    message = _message(result, rule)
    return Finding(
        finding_uid=run.uids.uid(check, uri, *(_fingerprints(result) or (line, message))),
        check_id=check,
        check_title=rule.first_text(("shortDescription", "text"), ("name",)),
        status=status,
        raw_status=kind or "fail",
        status_detail=message,
        is_suppressed=_is_suppressed(result),
        severity_id=_severity(result, rule, kind),
        time=seen,
        resource_uid=uri if line is None else f"{uri}:{line}",
        resource_name=uri,
        resource_type="file" if line is not None else "",
        first_seen=result.time("provenance", "firstDetectionTimeUtc"),
        scan_uid=run.fields.first_text(("automationDetails", "guid"), ("automationDetails", "id")),
        product=run.driver.text("name"),
        product_version=run.driver.first_text(("semanticVersion",), ("version",)),
        remediation=rule.text("help", "text"),
        is_archived=is_archived,
        place=result.place,
    )


def _location(result: Fields, run: _Run) -> tuple[str, int | None]:
    """File (or logical name) and first line of the first location; empty where the result has none."""
    location = next(iter(result.objects("locations")), None)
    if location is None:
        return "", None
    physical = location.object("physicalLocation")
    uri, index = physical.text("artifactLocation", "uri"), physical.whole("artifactLocation", "index")
    if not uri and index is not None and index >= 0:
        if index >= len(run.files):
            physical.refuse(index, "the position of an artifact of the run", "artifactLocation", "index")
        uri = run.files[index].text("location", "uri")
    line = physical.count("region", "startLine")
    if uri:
        return uri, line
    names = (each.text("fullyQualifiedName") or each.text("name") for each in location.objects("logicalLocations"))
    return next((name for name in names if name), ""), line


def _fingerprints(result: Fields) -> tuple[str, ...]:
    """The tool's own marks of the result, which stay when lines move."""
    for name in ("fingerprints", "partialFingerprints"):
        marks = result.object(name)
        if marks.members:
            return tuple(part for mark in sorted(marks.members) for part in (mark, marks.needed_text(mark)))
    return ()


def _message(result: Fields, rule: Fields) -> str:
    message = result.object("message")
    if text := message.text("text") or message.text("markdown"):
        return text
    name = message.text("id")
    return rule.text("messageStrings", name, "text") if name else ""


def _is_suppressed(result: Fields) -> bool:
    """By the standard: there is a suppression, and none is rejected or under review."""
    stated = [each.known(_IN_FORCE, "status") for each in result.objects("suppressions")]
    return bool(stated) and all(stated)


def _severity(result: Fields, rule: Fields, kind: str) -> int:
    """By the rule's `security-severity`, else by level; a level that is nowhere stated is by the standard a warning,
    and none for a result that is no failure."""
    score = next(_scores(result, rule), None)
    if score is not None:
        return next((severity for least, severity in _SCORES if score >= least and score > 0), 1)
    level = result.known(_LEVELS, "level")
    if level is None and kind not in ("", "fail"):
        return _LEVELS["none"]
    return level or rule.known(_LEVELS, "defaultConfiguration", "level") or _LEVELS["warning"]


def _scores(result: Fields, rule: Fields) -> Iterator[Decimal]:
    for fields in (result, rule):
        value = fields.value("properties", "security-severity")
        if value is None:
            continue
        try:
            score = Decimal(value) if isinstance(value, str | int) and not isinstance(value, bool) else value
        except InvalidOperation:
            score = None
        if not isinstance(score, Decimal) or not score.is_finite() or not 0 <= score <= 10:
            fields.refuse(value, "a score from 0 to 10", "properties", "security-severity")
        yield score
