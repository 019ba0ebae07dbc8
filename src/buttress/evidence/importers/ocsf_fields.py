"""What every OCSF finding says alike: its result, its time, its severity, and whether it is muted."""

from datetime import UTC, datetime, timedelta

from buttress.evidence.importers.finding import FindingStatus
from buttress.evidence.importers.json_fields import Fields, utc_time

RESULT_CODES = {"PASS": FindingStatus.PASS, "FAIL": FindingStatus.FAIL, "MANUAL": FindingStatus.MANUAL}
"""By the `status_code` that some products write into a detection finding."""
COMPLIANCE_IDS = {1: FindingStatus.PASS, 2: FindingStatus.FAIL, 3: FindingStatus.FAIL}
"""By `compliance.status_id`: 2 is a warning."""

_SEVERITIES = frozenset({0, 1, 2, 3, 4, 5, 6, 99})
_SECONDS_BELOW = 10**11
"""OCSF times are milliseconds, some tools write seconds: 10**11 milliseconds are a day of 1973."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUPPRESSED = 3


def is_suppressed(finding: Fields) -> bool:
    """True where somebody muted the finding; its result stays what it is."""
    return finding.text("status") == "Suppressed" or finding.whole("status_id") == _SUPPRESSED


def severity_of(finding: Fields) -> int:
    """`severity_id`, 0 (unknown) where it is missing."""
    value = finding.whole("severity_id")
    if value is not None and value not in _SEVERITIES:
        finding.refuse(value, "0 to 6 or 99", "severity_id")
    return value or 0


def time_of(finding: Fields) -> datetime:
    """`time`, with the digits of `time_dt`, which must be the same second (without a zone it is UTC)."""
    time = moment(finding, "time")
    if time is None:
        finding.refuse(None, "seconds or milliseconds since 1970", "time")
    text = finding.text("time_dt")
    if not text:
        return time
    stated = utc_time(text)
    if stated is None:
        finding.refuse(text, "a timestamp", "time_dt")
    if abs(stated - time) >= timedelta(seconds=1):
        finding.refuse(text, f"the same second as time, {time.isoformat()}", "time_dt")
    return stated


def moment(fields: Fields, *path: str) -> datetime | None:
    """A time in milliseconds or seconds since 1970, None where there is none."""
    value = fields.value(*path)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        fields.refuse(value, "seconds or milliseconds since 1970", *path)
    try:
        return _EPOCH + timedelta(milliseconds=value * 1000 if value < _SECONDS_BELOW else value)
    except OverflowError:
        fields.refuse(value, "a time before the year 10000", *path)
