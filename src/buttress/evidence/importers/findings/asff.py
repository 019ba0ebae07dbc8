"""AWS Security Finding Format (Security Hub, GuardDuty, Inspector) into normalised findings: one a resource.

Read are a list, JSON lines, and the answer of `get-findings` (`{"Findings": [...]}`). A finding without a compliance
status is something that was detected: it fails. An archived one is closed and kept beside; the record to be judged is
an export of active ones.
"""

from collections.abc import Iterator
from datetime import datetime

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import derived_uid
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, object_at, read_records
from buttress.evidence.importers.report import NOTHING_RECOGNISED, whole_report
from buttress.formats.strict_json import JsonValue

_SCHEMA = "2018-10-08"
_STATUSES = {
    "PASSED": FindingStatus.PASS,
    "FAILED": FindingStatus.FAIL,
    "WARNING": FindingStatus.FAIL,
    "NOT_AVAILABLE": FindingStatus.UNKNOWN,
}
_LABELS = {"INFORMATIONAL": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4, "CRITICAL": 5}
_NORMALIZED = ((90, 5), (70, 4), (40, 3), (1, 2), (0, 1))
_WORKFLOWS = {"": False, "NEW": False, "NOTIFIED": False, "RESOLVED": False, "SUPPRESSED": True}
_RECORDS = {"": False, "ACTIVE": False, "ARCHIVED": True}


def read(content: bytes, *, file: str) -> Imported:
    """Every finding of the file; raises `ProblemsError` with all bad records."""
    gathered = Gathered(file)
    wrapped = gathered.each(read_records(content, file=file), lambda record: _unwrapped(record, gathered))
    records = [record for some in wrapped for record in some]
    findings = [finding for some in gathered.each(records, lambda r: list(_findings(r))) for finding in some]
    gathered.finish()
    return whole_report(findings, bars=[] if findings else [NOTHING_RECOGNISED])


def _unwrapped(record: tuple[str, int | None, JsonValue], gathered: Gathered) -> list[Fields]:
    place, line, value = record
    fields = object_at(value, place, line)
    return gathered.objects(fields, "Findings") if "Findings" in fields.members else [fields]


def _findings(record: Fields) -> Iterator[Finding]:
    if record.needed_text("SchemaVersion") != _SCHEMA:
        record.refuse(record.value("SchemaVersion"), f"the schema {_SCHEMA} of AWS", "SchemaVersion")
    product, uid = record.needed_text("ProductArn"), record.needed_text("Id")
    resources = {resource.needed_text("Id"): resource for resource in record.objects("Resources")}
    if not resources:
        record.refuse(record.value("Resources"), "a list of at least one resource", "Resources")
    for identity, resource in resources.items():
        own = uid if len(resources) == 1 else derived_uid("asff", product, uid, identity)
        yield _finding(record, resource, own)


def _finding(record: Fields, resource: Fields, uid: str) -> Finding:
    check = record.text("Compliance", "SecurityControlId") or record.needed_text("GeneratorId")
    is_suppressed, is_archived = record.known(_WORKFLOWS, "Workflow", "Status"), record.known(_RECORDS, "RecordState")
    assert is_suppressed is not None and is_archived is not None
    return Finding(
        finding_uid=uid,
        check_id=check,
        check_title=record.text("Title"),
        status=_status(record),
        raw_status=record.text("Compliance", "Status"),
        status_detail=record.text("Description"),
        is_suppressed=is_suppressed,
        severity_id=_severity(record.object("Severity")),
        time=record.needed_time("UpdatedAt"),
        resource_uid=resource.needed_text("Id"),
        resource_name=resource.text("Tags", "Name") if isinstance(resource.value("Tags"), dict) else "",
        resource_type=resource.text("Type"),
        region=resource.text("Region") or record.text("Region"),
        account_uid=record.text("AwsAccountId"),
        provider="aws",
        first_seen=_first_seen(record),
        product=record.text("ProductName") or "/".join(record.text("ProductArn").split("/")[1:]),
        requirements=tuple(sorted({_requirement(text) for text in record.texts("Compliance", "RelatedRequirements")})),
        remediation=record.text("Remediation", "Recommendation", "Text"),
        is_archived=is_archived,
        place=record.place,
    )


def _status(record: Fields) -> FindingStatus:
    if record.value("Compliance") is None:
        return FindingStatus.FAIL
    return record.known(_STATUSES, "Compliance", "Status") or FindingStatus.UNKNOWN


def _first_seen(record: Fields) -> datetime | None:
    return record.time("FirstObservedAt") or record.time("CreatedAt")


def _severity(severity: Fields) -> int:
    """The label, else the band of the normalised number, else unknown."""
    label = severity.known(_LABELS, "Label")
    number = severity.count("Normalized")
    if label is not None or number is None:
        return label or 0
    if number > 100:
        severity.refuse(number, "0 to 100", "Normalized")
    return next(band for least, band in _NORMALIZED if number >= least)


def _requirement(text: str) -> tuple[str, str]:
    """`PCI DSS v3.2.1/8.3.1` and `NIST.800-53.r5 AC-2(1)` as framework and code."""
    framework, _, code = text.rpartition("/" if "/" in text else " ")
    return framework, code
