"""What an outside scanner reported, in one shape for all formats, and what may be concluded from it.

A findings file is no population: an empty service and a failed API call leave the same silence. Passes count only for
checks that were expected to report, in a scan whose receipt says that it was complete.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from buttress.core.verdicts import Outcome
from buttress.evidence.data.tables import Value


class FindingStatus(StrEnum):
    PASS = "pass"  # noqa: S105 - a status, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    MANUAL = "manual"
    UNKNOWN = "unknown"

    @property
    def is_undecided(self) -> bool:
        """True where the scanner left the judgement to a person, or could not tell."""
        return self in (FindingStatus.MANUAL, FindingStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding on one resource. Times are UTC.

    `severity_id` is OCSF's: 0 unknown, 1 informational, 2 low, 3 medium, 4 high, 5 critical, 6 fatal, 99 other; a
    missing severity stays unknown. `is_suppressed` is the scanner's mute: it has no owner, approval or expiry, so it
    never changes the status. `is_archived` marks what the tool keeps though it is no longer so: closed, or superseded.
    `time` is when it was last seen, None where the file does not say. `requirements` are the tool's opinion:
    (framework, code). `place` is where in the file it stands.
    """

    finding_uid: str
    check_id: str
    check_title: str
    status: FindingStatus
    raw_status: str
    status_detail: str
    is_suppressed: bool
    severity_id: int
    time: datetime | None
    resource_uid: str
    resource_name: str = ""
    resource_type: str = ""
    region: str = ""
    account_uid: str = ""
    provider: str = ""
    first_seen: datetime | None = None
    scan_uid: str = ""
    product: str = ""
    product_version: str = ""
    requirements: tuple[tuple[str, str], ...] = ()
    remediation: str = ""
    is_archived: bool = False
    place: str = ""

    def row(self) -> dict[str, Value]:
        """The finding by column name; a data set of findings takes the columns that its schema names."""
        return {
            "finding_uid": self.finding_uid,
            "check_id": self.check_id,
            "check_title": self.check_title or None,
            "status": self.status.value,
            "raw_status": self.raw_status or None,
            "status_detail": self.status_detail or None,
            "suppressed": self.is_suppressed,
            "archived": self.is_archived,
            "severity_id": self.severity_id,
            "time": self.time,
            "first_seen": self.first_seen,
            "last_seen": self.time,
            "resource_uid": self.resource_uid or None,
            "resource_name": self.resource_name or None,
            "resource_type": self.resource_type or None,
            "region": self.region or None,
            "account_uid": self.account_uid or None,
            "provider": self.provider or None,
            "scan_uid": self.scan_uid or None,
            "product": self.product or None,
            "product_version": self.product_version or None,
        }


def mark_not_applicable(findings: Iterable[Finding], patterns: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
    """The findings with vacuous passes marked: a pass whose detail matches a whole-sentence pattern of its check.

    `patterns` maps a check to shell-style patterns (`*`, `?`) that must match the whole `status_detail`. The detail
    is kept.
    """

    def is_vacuous(finding: Finding) -> bool:
        if finding.status is not FindingStatus.PASS:
            return False
        return any(fnmatchcase(finding.status_detail, pattern) for pattern in patterns.get(finding.check_id, ()))

    return tuple(replace(f, status=FindingStatus.NOT_APPLICABLE) if is_vacuous(f) else f for f in findings)


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once by its uid, the first one seen: two formats of one scan say the same things."""
    seen: dict[str, Finding] = {}
    for finding in findings:
        seen.setdefault(finding.finding_uid, finding)
    return tuple(seen.values())


def silent_checks(findings: Iterable[Finding], expected: Iterable[str]) -> tuple[str, ...]:
    """The expected checks that reported nothing, in order of name. The findings themselves can never tell this."""
    reported = {finding.check_id for finding in findings}
    return tuple(sorted(set(expected) - reported))


@dataclass(frozen=True, slots=True)
class CheckSummary:
    """What one expected check told: population = passed + failing + not_applicable + undecided."""

    check_id: str
    outcome: Outcome
    passed: int = 0
    failing: int = 0
    suppressed: int = 0
    not_applicable: int = 0
    undecided: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def population(self) -> int:
        return self.passed + self.failing + self.not_applicable + self.undecided


def summarise_checks(
    findings: Iterable[Finding], expected: Iterable[str], *, is_complete: bool
) -> tuple[CheckSummary, ...]:
    """Every check that was expected or reported, in order of name, with its outcome.

    A silent check is not evaluated; without a complete scan nothing is evaluated; suppressed failures count as
    failing.
    """
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_check[finding.check_id].append(finding)
    expected = set(expected)
    return tuple(
        _summary(check, by_check.get(check, []), is_expected=check in expected, is_complete=is_complete)
        for check in sorted(expected | set(by_check))
    )


def _summary(check: str, findings: Sequence[Finding], *, is_expected: bool, is_complete: bool) -> CheckSummary:
    if not findings:
        return CheckSummary(check, Outcome.NOT_EVALUATED, reasons=(f"silent_check({check})",))
    count = {status: sum(f.status is status for f in findings) for status in FindingStatus}
    undecided = count[FindingStatus.MANUAL] + count[FindingStatus.UNKNOWN]
    outcome, reasons = Outcome.EVALUATED, []
    if not is_expected:
        reasons.append("check_not_expected")
    if not is_complete:
        reasons.append("scan_not_complete")
    if undecided:
        reasons.append(f"undecided({undecided})")
    if reasons:
        outcome = Outcome.INCOMPLETE
    if count[FindingStatus.NOT_APPLICABLE] == len(findings):
        outcome, reasons = Outcome.NOT_EVALUATED, [*reasons, "all_not_applicable"]
    return CheckSummary(
        check,
        outcome,
        count[FindingStatus.PASS],
        count[FindingStatus.FAIL],
        sum(f.is_suppressed for f in findings),
        count[FindingStatus.NOT_APPLICABLE],
        undecided,
        tuple(reasons),
    )
