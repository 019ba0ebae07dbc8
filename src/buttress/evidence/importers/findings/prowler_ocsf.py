"""Prowler's OCSF output (JSON array or JSON lines) into normalised findings.

Prowler writes class 2004 (detection finding) with its own `status_code`; class 2003 (compliance finding) is read by
its `compliance.status_id`. Its requirements and the scan stand under `unmapped`. Its times are seconds, and a finding
has exactly one resource.
"""

from collections.abc import Mapping

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import Fields, Gathered, object_at, read_records
from buttress.evidence.importers.ocsf_fields import COMPLIANCE_IDS, RESULT_CODES, is_suppressed, severity_of, time_of

_DETECTION, _COMPLIANCE = 2004, 2003


def read(content: bytes, *, file: str) -> Imported:
    """Every finding of the file; raises `ProblemsError` with all bad records, so that none is dropped silently.

    Prowler names no check that reported nothing, so it is not known which ran.
    """
    gathered = Gathered(file)
    records = read_records(content, file=file)
    findings = gathered.each(records, lambda record: _finding(object_at(record[2], record[0], record[1])))
    gathered.finish()
    return Imported(tuple(findings))


def _finding(record: Fields) -> Finding:
    raw_status, status = _status(record)
    resource = _only_resource(record)
    time = time_of(record)
    return Finding(
        finding_uid=record.needed_text("finding_info", "uid"),
        check_id=record.text("metadata", "event_code") or record.needed_text("finding_info", "analytic", "uid"),
        check_title=record.text("finding_info", "title"),
        status=status,
        raw_status=raw_status,
        status_detail=record.text("status_detail"),
        is_suppressed=is_suppressed(record),
        severity_id=severity_of(record),
        time=time,
        resource_uid=resource.needed_text("uid"),
        resource_name=resource.text("name"),
        resource_type=resource.text("type"),
        region=resource.text("region") or record.text("cloud", "region"),
        account_uid=record.text("cloud", "account", "uid"),
        provider=record.text("cloud", "provider"),
        first_seen=time,
        scan_uid=record.text("unmapped", "scan_id"),
        product=record.text("metadata", "product", "name"),
        product_version=record.text("metadata", "product", "version"),
        requirements=_requirements(record),
        remediation=record.text("remediation", "desc"),
        place=record.place,
    )


def _status(record: Fields) -> tuple[str, FindingStatus]:
    class_uid = record.whole("class_uid")
    if class_uid == _DETECTION:
        code = record.needed_text("status_code")
        if code not in RESULT_CODES:
            record.refuse(code, "PASS, FAIL or MANUAL", "status_code")
        return code, RESULT_CODES[code]
    if class_uid == _COMPLIANCE:
        number = record.whole("compliance", "status_id")
        raw = record.text("compliance", "status") or str(number)
        return raw, FindingStatus.UNKNOWN if number is None else COMPLIANCE_IDS.get(number, FindingStatus.UNKNOWN)
    return record.refuse(class_uid, "2004 (detection finding) or 2003 (compliance finding)", "class_uid")


def _only_resource(record: Fields) -> Fields:
    resources = record.objects("resources")
    if len(resources) != 1:
        record.refuse(record.value("resources"), "a list of exactly one resource", "resources")
    return resources[0]


def _requirements(record: Fields) -> tuple[tuple[str, str], ...]:
    compliance = record.value("unmapped", "compliance")
    if not isinstance(compliance, Mapping):
        return ()
    return tuple(
        sorted(
            (framework, code)
            for framework, codes in compliance.items()
            for code in (codes if isinstance(codes, list) else [])
            if isinstance(code, str)
        )
    )
