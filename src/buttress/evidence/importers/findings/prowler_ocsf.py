"""Prowler's OCSF output (JSON array or JSON lines) into normalised findings.

Prowler writes class 2004 (detection finding) with its own `status_code`; class 2003 (compliance finding) is read by
its `compliance.status_id`. OCSF times are milliseconds, Prowler's are seconds: below 10**11 seconds are read. `time_dt`
has no zone and must agree with `time` as UTC.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from buttress.evidence.importers.findings import Finding, FindingStatus
from buttress.formats.problems import Problem, ProblemsError, shown
from buttress.formats.strict_json import read_json, read_json_lines

_DETECTION, _COMPLIANCE = 2004, 2003
_CODES = {"PASS": FindingStatus.PASS, "FAIL": FindingStatus.FAIL, "MANUAL": FindingStatus.MANUAL}
_COMPLIANCE_CODES = {1: FindingStatus.PASS, 2: FindingStatus.FAIL, 3: FindingStatus.FAIL}
_SUPPRESSED = 3
_SEVERITIES = frozenset({0, 1, 2, 3, 4, 5, 6, 99})
_SECONDS_BELOW = 10**11
_MOST_PROBLEMS = 200


class _BadRecordError(Exception):
    def __init__(self, field: str, found: str, expected: str) -> None:
        super().__init__(field)
        self.field, self.found, self.expected = field, found, expected


def read_prowler_ocsf(content: str | bytes, *, file: str) -> tuple[Finding, ...]:
    """Every finding of the file; raises `ProblemsError` with all bad records, so that none is dropped silently."""
    findings: list[Finding] = []
    problems: list[Problem] = []
    for line, place, record in _records(content, file):
        try:
            findings.append(_finding(record, place))
        except _BadRecordError as error:
            field = f"{place}.{error.field}" if error.field else place
            problems.append(Problem(file, line, field, error.found, error.expected))
            if len(problems) >= _MOST_PROBLEMS:
                break
    if problems:
        raise ProblemsError(problems)
    return tuple(findings)


def _records(content: str | bytes, file: str) -> Iterator[tuple[int | None, str, Any]]:
    """Line (JSON lines only), place and value of every record."""
    first = content.lstrip()[:1]
    if first in (b"[", "["):
        for index, record in enumerate(read_json(content, file=file)):
            yield None, f"[{index}]", record
        return
    for line, record in read_json_lines(content, file=file):
        yield line, "", record


def _finding(record: Any, place: str) -> Finding:
    if not isinstance(record, dict):
        raise _BadRecordError("", shown(record), "a finding (a JSON object)")
    raw_status, status = _status(record)
    resource = _first_resource(record)
    time = _time(record)
    return Finding(
        finding_uid=_text(record, "finding_info", "uid"),
        check_id=_check_id(record),
        check_title=_text(record, "finding_info", "title", required=False),
        status=status,
        raw_status=raw_status,
        status_detail=_text(record, "status_detail", required=False),
        is_suppressed=record.get("status") == "Suppressed" or record.get("status_id") == _SUPPRESSED,
        severity_id=_severity(record),
        time=time,
        resource_uid=_text(resource, "uid", within="resources[0]."),
        resource_name=_text(resource, "name", required=False, within="resources[0]."),
        resource_type=_text(resource, "type", required=False, within="resources[0]."),
        region=_text(resource, "region", required=False) or _text(record, "cloud", "region", required=False),
        account_uid=_text(record, "cloud", "account", "uid", required=False),
        provider=_text(record, "cloud", "provider", required=False),
        first_seen=time,
        scan_uid=_text(record, "unmapped", "scan_id", required=False),
        product=_text(record, "metadata", "product", "name", required=False),
        product_version=_text(record, "metadata", "product", "version", required=False),
        requirements=_requirements(record),
        remediation=_text(record, "remediation", "desc", required=False),
        place=place,
    )


def _at(record: Any, *path: str) -> Any:
    for part in path:
        record = record.get(part) if isinstance(record, Mapping) else None
    return record


def _text(record: Any, *path: str, required: bool = True, within: str = "") -> str:
    value = _at(record, *path)
    if isinstance(value, str) and (value or not required):
        return value
    if value is None and not required:
        return ""
    raise _BadRecordError(within + ".".join(path), shown(value), "text")


def _check_id(record: Any) -> str:
    code = _text(record, "metadata", "event_code", required=False)
    return code or _text(record, "finding_info", "analytic", "uid")


def _status(record: Any) -> tuple[str, FindingStatus]:
    class_uid = record.get("class_uid")
    if class_uid == _DETECTION:
        code = _text(record, "status_code")
        if code not in _CODES:
            raise _BadRecordError("status_code", shown(code), "PASS, FAIL or MANUAL")
        return code, _CODES[code]
    if class_uid == _COMPLIANCE:
        status_id = _at(record, "compliance", "status_id")
        raw = _text(record, "compliance", "status", required=False) or str(status_id)
        return raw, _COMPLIANCE_CODES.get(status_id, FindingStatus.UNKNOWN)
    raise _BadRecordError("class_uid", shown(class_uid), "2004 (detection finding) or 2003 (compliance finding)")


def _severity(record: Any) -> int:
    value = record.get("severity_id")
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and value in _SEVERITIES:
        return value
    raise _BadRecordError("severity_id", shown(value), "0 to 6 or 99")


def _first_resource(record: Any) -> Any:
    resources = record.get("resources")
    if not isinstance(resources, list) or len(resources) != 1:
        raise _BadRecordError("resources", shown(resources), "a list of exactly one resource")
    return resources[0]


def _time(record: Any) -> datetime:
    value = record.get("time")
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise _BadRecordError("time", shown(value), "seconds or milliseconds since 1970")
    milliseconds = value * 1000 if value < _SECONDS_BELOW else value
    try:
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise _BadRecordError("time", shown(value), "a time before the year 10000") from None
    text = _text(record, "time_dt", required=False)
    return _precise(time, text) if text else time


def _precise(time: datetime, text: str) -> datetime:
    """`time_dt` has the digits below a second; it must be the same second as `time`."""
    try:
        stated = datetime.fromisoformat(text)
    except ValueError:
        raise _BadRecordError("time_dt", shown(text), "a timestamp") from None
    stated = stated.replace(tzinfo=UTC) if stated.tzinfo is None else stated.astimezone(UTC)
    if abs(stated - time) >= timedelta(seconds=1):
        raise _BadRecordError("time_dt", shown(text), f"the same second as time, {time.isoformat()}")
    return stated


def _requirements(record: Any) -> tuple[tuple[str, str], ...]:
    compliance = _at(record, "unmapped", "compliance")
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
