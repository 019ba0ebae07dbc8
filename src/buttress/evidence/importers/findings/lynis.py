"""Lynis's report file (`report.dat`) into normalised findings: one a test that was executed on the host.

The file itself names its universe: `tests_executed`. A test that was executed and neither warned nor suggested
anything passed; a skipped one says nothing. Several lines of one test are one finding, so that its life goes on when
one of them is mended. Times have no zone and are read as UTC.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from buttress.evidence.data.raw_rows import MATCHES_ONLY
from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.finding_uids import derived_uid
from buttress.evidence.importers.imported import Imported
from buttress.evidence.importers.json_fields import utc_time
from buttress.evidence.importers.report import NOTHING_RECOGNISED, count_doubt, whole_report
from buttress.formats.problems import Problem, ProblemsError, refuse, shown
from buttress.formats.strict_text import decode

_ITSELF = "LYNIS"
"""The test of suggestions about the tool, such as that a newer release exists."""
_TEST = re.compile(r"[A-Z][A-Z0-9-]{1,31}\Z")
_LOW = 2
_TIME = "a time such as 2026-06-30 08:00:00"
_MAX_BYTES = 50_000_000
_MOST_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Remark:
    """A line `id|text|details|solution|` of a warning, suggestion or detail, with its line in the file."""

    test: str
    text: str
    line: int


@dataclass(slots=True)
class LynisReport:
    """The lines of the file: single values by name, lists of tests, and remarks by kind."""

    values: dict[str, str] = field(default_factory=dict)
    warnings: list[Remark] = field(default_factory=list)
    suggestions: list[Remark] = field(default_factory=list)
    details: list[Remark] = field(default_factory=list)
    exceptions: int = 0

    def tests(self, name: str) -> tuple[str, ...]:
        """Tests of a list such as `tests_executed`, each once, in the file's order."""
        return tuple(dict.fromkeys(test for test in self.values.get(name, "").split("|") if test))

    @property
    def time(self) -> datetime | None:
        return utc_time(self.values.get("report_datetime_end", "") or self.values.get("report_datetime_start", ""))


def read(content: bytes, *, file: str) -> Imported:
    """Every test that was executed or remarked on; raises `ProblemsError` with all bad lines."""
    report = read_report(content, file=file)
    executed, skipped = report.tests("tests_executed"), set(report.tests("tests_skipped"))
    remarked = {remark.test for remark in (*report.warnings, *report.suggestions)} - {_ITSELF}
    judged = [*remarked.difference(executed), *(test for test in executed if test in remarked or test not in skipped)]
    if not judged:
        return whole_report((), executed=executed, bars=[NOTHING_RECOGNISED])
    by_kind = {kind: _by_test(remarks) for kind, remarks in _kinds(report).items()}
    findings = [_finding(test, report, by_kind) for test in sorted(judged)]
    return whole_report(findings, executed=executed or None, doubts=_doubts(report, executed))


def read_report(content: bytes, *, file: str) -> LynisReport:
    """The lines of the file by what they say; raises `ProblemsError` with all bad lines."""
    text = decode(content, file=file, max_bytes=_MAX_BYTES)
    report, problems = LynisReport(), []
    for line, entry in enumerate(text.split("\n"), 1):
        if not entry.strip() or entry.startswith("#"):
            continue
        name, equals, value = entry.rstrip("\r").partition("=")
        if not equals:
            problems.append(Problem(file, line, "", shown(entry), "name=value"))
        else:
            problems += _take(report, name.strip(), value, line, file)
        if len(problems) >= _MOST_PROBLEMS:
            break
    if "report_version_major" not in report.values:
        raise refuse(file, 1, "no report_version_major", "a report of Lynis", "Is this its report.dat?")
    problems += _faults(report, file)
    if problems:
        raise ProblemsError(problems[:_MOST_PROBLEMS])
    return report


def _take(report: LynisReport, name: str, value: str, line: int, file: str) -> list[Problem]:
    remarks = {"warning[]": report.warnings, "suggestion[]": report.suggestions, "details[]": report.details}
    if name in remarks:
        test, _, rest = value.partition("|")
        if not _TEST.match(test):
            return [
                Problem(file, line, name, shown(value), "a test and a text, such as AUTH-9262|Install a module|-|-|")
            ]
        parts = [part for part in rest.split("|") if part.strip() not in ("", "-")]
        remarks[name].append(Remark(test, " ".join(parts), line))
    elif name == "exception_event[]":
        report.exceptions += 1
    elif not name.endswith("[]"):
        if name in ("tests_executed", "tests_skipped") and name in report.values:
            return [Problem(file, line, name, f"{name} twice", "one report", "Two reports stand in one file.")]
        report.values[name] = value
    return []


def _faults(report: LynisReport, file: str) -> list[Problem]:
    problems = []
    for name in ("tests_executed", "tests_skipped"):
        bad = next((test for test in report.tests(name) if not _TEST.match(test)), None)
        if bad is not None:
            problems.append(Problem(file, None, name, shown(bad), "tests such as AUTH-9262, separated by |"))
    for name in ("report_datetime_start", "report_datetime_end"):
        text = report.values.get(name)
        if text and utc_time(text) is None:
            problems.append(Problem(file, None, name, shown(text), _TIME))
    done = report.values.get("lynis_tests_done", "0")
    if not re.fullmatch(r"[0-9]{1,9}", done):
        problems.append(Problem(file, None, "lynis_tests_done", shown(done), "a number"))
    return problems


def _doubts(report: LynisReport, executed: tuple[str, ...]) -> list[str]:
    doubts = [] if executed else [MATCHES_ONLY]
    if not report.values.get("report_datetime_end"):
        doubts.append("scan_not_complete")
    if executed and "lynis_tests_done" in report.values:
        doubts += count_doubt(len(executed), int(report.values["lynis_tests_done"]))
    if report.exceptions:
        doubts.append(f"tool_errors({report.exceptions})")
    return doubts


def _kinds(report: LynisReport) -> dict[str, list[Remark]]:
    return {"warning": report.warnings, "suggestion": report.suggestions, "detail": report.details}


def _by_test(remarks: Iterable[Remark]) -> Mapping[str, list[Remark]]:
    found: dict[str, list[Remark]] = defaultdict(list)
    for remark in remarks:
        found[remark.test].append(remark)
    return found


def _finding(test: str, report: LynisReport, by_kind: Mapping[str, Mapping[str, list[Remark]]]) -> Finding:
    """One test on the host: a warning has no severity in the file, a suggestion is low."""
    remarks = [remark for kind in by_kind.values() for remark in kind.get(test, ())]
    is_warned, is_suggested = test in by_kind["warning"], test in by_kind["suggestion"]
    host = report.values.get("hostname", "")
    return Finding(
        finding_uid=derived_uid("lynis", host, test),
        check_id=test,
        check_title="",
        status=FindingStatus.FAIL if is_warned or is_suggested else FindingStatus.PASS,
        raw_status="warning" if is_warned else "suggestion" if is_suggested else "executed",
        status_detail="; ".join(remark.text for remark in remarks),
        is_suppressed=False,
        severity_id=_LOW if is_suggested and not is_warned else 0,
        time=report.time,
        resource_uid=host,
        resource_name=host,
        resource_type="host",
        product="Lynis",
        product_version=report.values.get("lynis_version", ""),
        place=f"line {remarks[0].line}" if remarks else "tests_executed",
    )
