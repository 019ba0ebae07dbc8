"""OCSF 1.1 to 1.9 findings (JSON array, JSON lines) of any product: classes 2002, 2003 and 2004.

A vulnerability finding (2002) is one finding a vulnerability and resource, a compliance finding (2003) has a result,
and a detection (2004) fails unless the product writes a result as `status_code`. Prowler's files have a format of their
own, which knows its requirements and its scan.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import derived_uid
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, object_at, read_records
from buttress.evidence.importers.ocsf_fields import (
    COMPLIANCE_IDS,
    RESULT_CODES,
    is_suppressed,
    moment,
    severity_of,
    time_of,
)
from buttress.evidence.importers.report import NOTHING_RECOGNISED, whole_report

_VULNERABILITY, _COMPLIANCE, _DETECTION = 2002, 2003, 2004
_VERSIONS = tuple(f"1.{minor}." for minor in range(1, 10))
_RESOLVED, _ARCHIVED, _DELETED = 4, 5, 6
_COMPLIANCE_WORDS = {
    "pass": FindingStatus.PASS,
    "passed": FindingStatus.PASS,
    "warning": FindingStatus.FAIL,
    "fail": FindingStatus.FAIL,
    "failed": FindingStatus.FAIL,
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the record says of one check: `identity` is added to the uid where one record holds several."""

    check: str
    status: FindingStatus
    raw_status: str
    identity: str = ""
    title: str = ""
    detail: str = ""
    remediation: str = ""


def read(content: bytes, *, file: str) -> Imported:
    """Every finding of the file; raises `ProblemsError` with all bad records."""
    gathered = Gathered(file)
    records = gathered.each(read_records(content, file=file), lambda r: list(_findings(object_at(r[2], r[0], r[1]))))
    gathered.finish()
    return whole_report([f for some in records for f in some], bars=[] if records else [NOTHING_RECOGNISED])


def _findings(record: Fields) -> Iterator[Finding]:
    version = record.needed_text("metadata", "version")
    if not f"{version}.".startswith(_VERSIONS):
        record.refuse(version, "OCSF 1.1 to 1.9", "metadata", "version")
    resources = _resources(record)
    for judged in _judged(record):
        for resource in resources:
            yield _finding(record, judged, resource, is_one_of_many=len(resources) > 1)


def _judged(record: Fields) -> Iterator[_Judged]:
    class_uid = record.whole("class_uid")
    if class_uid == _VULNERABILITY:
        yield from _vulnerabilities(record)
    elif class_uid == _COMPLIANCE:
        yield _compliance(record)
    elif class_uid == _DETECTION:
        yield _detection(record)
    else:
        expected = "2002 (vulnerability), 2003 (compliance) or 2004 (detection finding)"
        record.refuse(record.value("class_uid"), expected, "class_uid")


def _vulnerabilities(record: Fields) -> Iterator[_Judged]:
    vulnerabilities = record.objects("vulnerabilities")
    if not vulnerabilities:
        record.refuse(record.value("vulnerabilities"), "a list of at least one vulnerability", "vulnerabilities")
    status = FindingStatus.PASS if _state(record) == _RESOLVED else FindingStatus.FAIL
    for each in vulnerabilities:
        check = each.first_text(("cve", "uid"), ("advisory", "uid"), ("cwe", "uid"), ("title",))
        if not check:
            each.refuse(each.value("cve"), "a vulnerability with cve.uid, advisory.uid, cwe.uid or a title", "cve")
        packages = sorted(
            f"{package.text('name')}@{package.text('version')}"
            for name in ("affected_packages", "packages")
            for package in each.objects(name)
        )
        yield _Judged(
            check,
            status,
            record.text("status"),
            "|".join([check, *packages]),
            each.text("title"),
            each.text("desc") or ", ".join(packages),
            each.text("remediation", "desc"),
        )


def _compliance(record: Fields) -> _Judged:
    number = record.whole("compliance", "status_id")
    word = record.text("compliance", "status")
    status = COMPLIANCE_IDS.get(number) if number is not None else _COMPLIANCE_WORDS.get(word.casefold())
    check = _check_id(record) or record.text("compliance", "control")
    if not check:
        record.refuse(
            None, "the check: metadata.event_code, an analytic or compliance.control", "compliance", "control"
        )
    raw = word or ("" if number is None else str(number))
    detail = record.text("compliance", "status_detail")
    return _Judged(check, status or FindingStatus.UNKNOWN, raw, detail=detail)


def _detection(record: Fields) -> _Judged:
    """A product's own result, else what the word detection says; one that was resolved is mended."""
    check = _check_id(record) or record.needed_text("finding_info", "title")
    code = record.text("status_code")
    if code in RESULT_CODES:
        return _Judged(check, RESULT_CODES[code], code)
    status = FindingStatus.PASS if _state(record) == _RESOLVED else FindingStatus.FAIL
    return _Judged(check, status, code or record.text("status"))


def _check_id(record: Fields) -> str:
    return record.first_text(("metadata", "event_code"), ("finding_info", "analytic", "uid"))


def _state(record: Fields) -> int | None:
    """1 new, 2 in progress, 3 suppressed, 4 resolved, 5 archived, 6 deleted."""
    return record.whole("status_id")


def _resources(record: Fields) -> tuple[Fields, ...]:
    """The resources, of early versions the one; an empty one where the record names none."""
    found = record.objects("resources")
    if not found and record.value("resource") is not None:
        found = (record.object("resource"),)
    return found or (Fields({}, record.place_of("resources"), record.line),)


def _finding(record: Fields, judged: _Judged, resource: Fields, *, is_one_of_many: bool) -> Finding:
    uid = record.needed_text("finding_info", "uid")
    name = resource.text("name")
    identity = resource.text("uid") or name
    if resource.members and not identity:
        resource.refuse(None, "text", "uid")
    parts = [part for part in (judged.identity, identity if is_one_of_many else "") if part]
    return Finding(
        finding_uid=derived_uid("ocsf", uid, *parts) if parts else uid,
        check_id=judged.check,
        check_title=judged.title or record.text("finding_info", "title"),
        status=judged.status,
        raw_status=judged.raw_status,
        status_detail=judged.detail or record.text("status_detail"),
        is_suppressed=is_suppressed(record),
        severity_id=severity_of(record),
        time=time_of(record),
        resource_uid=identity,
        resource_name=name,
        resource_type=resource.text("type"),
        region=resource.text("region") or record.text("cloud", "region"),
        account_uid=record.text("cloud", "account", "uid"),
        provider=record.text("cloud", "provider"),
        first_seen=moment(record, "finding_info", "first_seen_time") or moment(record, "finding_info", "created_time"),
        product=record.text("metadata", "product", "name"),
        product_version=record.text("metadata", "product", "version"),
        requirements=_requirements(record),
        remediation=judged.remediation or record.text("remediation", "desc"),
        is_archived=_state(record) in (_ARCHIVED, _DELETED),
        place=record.place,
    )


def _requirements(record: Fields) -> tuple[tuple[str, str], ...]:
    """Requirements under their standard, or under none where the record names several."""
    standards = record.texts("compliance", "standards")
    standard = standards[0] if len(standards) == 1 else ""
    return tuple(sorted({(standard, code) for code in record.texts("compliance", "requirements")}))
