from collections import Counter
from pathlib import Path

import pytest

from buttress.evidence.importers.findings.lynis import read, read_report
from buttress.formats.problems import ProblemsError

SMALL = Path(__file__).parent / "fixtures" / "small.lynis.dat"


def test_what_was_executed_and_not_remarked_on_passed() -> None:
    found = read(SMALL.read_bytes(), file="report.dat")
    assert [(f.check_id, f.status.value, f.raw_status, f.severity_id) for f in found.findings] == [
        ("AUTH-9286", "fail", "suggestion", 2),
        ("BOOT-5122", "pass", "executed", 0),
        ("KRNL-6000", "fail", "suggestion", 2),
        ("PKGS-7392", "fail", "warning", 0),
        ("SSH-7408", "pass", "executed", 0),
    ]
    assert found.executed == {"AUTH-9286", "BOOT-5122", "KRNL-6000", "PKGS-7392", "SSH-7408"}
    assert {f.resource_uid for f in found.findings} == {"ledger-01"}
    assert (found.doubts, found.bars) == ((), ())


def test_several_lines_of_a_test_are_one_finding_with_all_that_they_say() -> None:
    found = {f.check_id: f.status_detail for f in read(SMALL.read_bytes(), file="report.dat").findings}
    assert found["AUTH-9286"] == "Configure minimum password age; Configure maximum password age"
    assert "fs.protected_symlinks" in found["KRNL-6000"]


def test_what_lynis_says_of_itself_is_no_finding() -> None:
    assert "LYNIS" not in {f.check_id for f in read(SMALL.read_bytes(), file="report.dat").findings}


def changed(before: str, after: str) -> bytes:
    text = SMALL.read_text()
    assert before in text
    return text.replace(before, after).encode()


def test_a_skipped_test_passes_nothing() -> None:
    found = read(changed("SSH-7408|BOOT-5122|", "BOOT-5122|"), file="report.dat")
    assert "SSH-7408" not in {f.check_id for f in found.findings}
    twice = read(changed("tests_skipped=", "tests_skipped=SSH-7408|"), file="report.dat")
    assert "SSH-7408" not in {f.check_id for f in twice.findings}


@pytest.mark.parametrize(
    ("before", "after", "doubts"),
    [
        ("report_datetime_end=2026-06-30 05:03:00\n", "", ("scan_not_complete",)),
        ("lynis_tests_done=5", "lynis_tests_done=9", ("difference(-4)",)),
        ("os=Linux", "exception_event[]=KRNL-6000|no sysctl|", ("tool_errors(1)",)),
        ("tests_executed=AUTH-9286|PKGS-7392|KRNL-6000|SSH-7408|BOOT-5122|\n", "", ("matches_only",)),
    ],
)
def test_a_report_that_is_not_whole_is_doubtful(before: str, after: str, doubts: tuple[str, ...]) -> None:
    assert read(changed(before, after), file="report.dat").doubts == doubts


def test_a_report_without_tests_says_nothing() -> None:
    assert read(b"report_version_major=1\n", file="report.dat").bars == ("nothing_recognised",)


def test_identity_stays_when_a_test_passes_at_last() -> None:
    fixed = changed("warning[]=PKGS-7392|Found vulnerable packages.|-|-|\n", "")
    fixed = fixed.replace(b"suggestion[]=PKGS-7392|Update the packages|-|text:Use apt|\n", b"")
    uids = [
        {f.check_id: f.finding_uid for f in read(content, file="report.dat").findings}
        for content in (SMALL.read_bytes(), fixed)
    ]
    assert uids[0] == uids[1]


@pytest.mark.parametrize(
    ("before", "after", "line", "field"),
    [
        ("os=Linux", "a line of something else", 7, ""),
        ("suggestion[]=LYNIS|", "suggestion[]=|", 8, "suggestion[]"),
        ("tests_skipped=MALW", "tests_skipped=malw", None, "tests_skipped"),
        ("tests_skipped=", "tests_executed=A-1|\ntests_skipped=", 20, "tests_executed"),
        ("start=2026-06-30", "start=yesterday", None, "report_datetime_start"),
        ("report_version_major=1", "x=1", 1, ""),
    ],
)
def test_a_bad_line_is_named(before: str, after: str, line: int | None, field: str) -> None:
    with pytest.raises(ProblemsError) as error:
        read(changed(before, after), file="report.dat")
    assert [(problem.line, problem.field) for problem in error.value.problems] == [(line, field)]


@pytest.mark.samples
def test_genuine_report_has_the_known_lines(samples: Path) -> None:
    report = read_report((samples / "lynis-report.dat").read_bytes(), file="lynis-report.dat")
    assert (len(report.tests("tests_executed")), len(report.tests("tests_skipped"))) == (230, 215)
    assert sorted(remark.test for remark in report.warnings) == ["LOGG-2138", "PKGS-7392"]
    assert (len(report.suggestions), report.values["hardening_index"]) == (40, "58")
    assert Counter(remark.test for remark in report.details) == {"KRNL-6000": 19}


@pytest.mark.samples
def test_genuine_report_gives_196_passes_of_230_tests(samples: Path) -> None:
    found = read((samples / "lynis-report.dat").read_bytes(), file="lynis-report.dat")
    assert Counter(f.status.value for f in found.findings) == {"pass": 196, "fail": 34}
    assert found.executed == {f.check_id for f in found.findings}
    assert (found.doubts, found.bars) == ((), ())
    assert Counter(f.raw_status for f in found.findings) == {"executed": 196, "suggestion": 32, "warning": 2}
