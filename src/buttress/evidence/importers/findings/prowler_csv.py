"""Prowler's CSV output (`;` between 44 columns) into normalised findings.

Quoted fields hold line breaks, so records are never split by line. `TIMESTAMP` has no zone and is read as UTC. The file
names neither scan nor finding class; its findings have the same uids as those of the OCSF file of the same scan.
"""

from collections.abc import Mapping

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import utc_time
from buttress.formats.problems import Problem, ProblemsError, refuse, shown
from buttress.formats.strict_csv import line_of_record, read_csv

_STATUSES = {"PASS": FindingStatus.PASS, "FAIL": FindingStatus.FAIL, "MANUAL": FindingStatus.MANUAL}
_SEVERITIES = {"": 0, "unknown": 0, "informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_NEEDED = (
    "FINDING_UID",
    "CHECK_ID",
    "STATUS",
    "STATUS_EXTENDED",
    "MUTED",
    "SEVERITY",
    "TIMESTAMP",
    "RESOURCE_UID",
    "ACCOUNT_UID",
    "REGION",
)
_MOST_PROBLEMS = 200


def read(content: bytes, *, file: str) -> Imported:
    """Every finding of the file; raises `ProblemsError` with all bad records, so that none is dropped silently.

    Prowler names no check that reported nothing, so it is not known which ran.
    """
    header, rows = read_csv(content, file=file, delimiter=";")
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        advice = "Is this Prowler's own CSV output (-M csv)?"
        raise refuse(file, 1, f"no column {', '.join(missing)}", "Prowler's columns", advice)
    findings: list[Finding] = []
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        record = dict(zip(header, row, strict=True))
        faults = _faults(record)
        if faults:
            line = line_of_record(header, rows, number)
            problems += [Problem(file, line, name, shown(record[name]), expected) for name, expected in faults]
            if len(problems) >= _MOST_PROBLEMS:
                break
            continue
        findings.append(_finding(record, number))
    if problems:
        raise ProblemsError(problems)
    return Imported(tuple(findings))


def _faults(record: Mapping[str, str]) -> list[tuple[str, str]]:
    """Columns whose value cannot be read, with what was expected."""
    faults = [(name, "text") for name in ("FINDING_UID", "CHECK_ID", "RESOURCE_UID") if not record[name]]
    if record["STATUS"] not in _STATUSES:
        faults.append(("STATUS", "PASS, FAIL or MANUAL"))
    if record["MUTED"] not in ("True", "False"):
        faults.append(("MUTED", "True or False"))
    if record["SEVERITY"].lower() not in _SEVERITIES:
        faults.append(("SEVERITY", "informational, low, medium, high or critical"))
    if utc_time(record["TIMESTAMP"]) is None:
        faults.append(("TIMESTAMP", "a timestamp such as 2026-06-30 08:00:00"))
    return faults


def _finding(record: Mapping[str, str], number: int) -> Finding:
    time = utc_time(record["TIMESTAMP"])
    assert time is not None
    return Finding(
        finding_uid=record["FINDING_UID"],
        check_id=record["CHECK_ID"],
        check_title=record.get("CHECK_TITLE", ""),
        status=_STATUSES[record["STATUS"]],
        raw_status=record["STATUS"],
        status_detail=record["STATUS_EXTENDED"],
        is_suppressed=record["MUTED"] == "True",
        severity_id=_SEVERITIES[record["SEVERITY"].lower()],
        time=time,
        resource_uid=record["RESOURCE_UID"],
        resource_name=record.get("RESOURCE_NAME", ""),
        resource_type=record.get("RESOURCE_TYPE", ""),
        region=record["REGION"],
        account_uid=record["ACCOUNT_UID"],
        provider=record.get("PROVIDER", ""),
        first_seen=time,
        product="Prowler",
        product_version=record.get("PROWLER_VERSION", ""),
        requirements=_requirements(record.get("COMPLIANCE", "")),
        remediation=record.get("REMEDIATION_RECOMMENDATION_TEXT", ""),
        place=f"record {number}",
    )


def _requirements(text: str) -> tuple[tuple[str, str], ...]:
    """`NAME: id, id | NAME: id` as pairs."""
    pairs = []
    for part in text.split(" | "):
        framework, colon, codes = part.partition(": ")
        if colon:
            pairs += [(framework.strip(), code.strip()) for code in codes.split(", ") if code.strip()]
    return tuple(sorted(pairs))
