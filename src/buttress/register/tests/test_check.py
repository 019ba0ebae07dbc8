"""The check names everything that must be mended, and asks about what is allowed but odd."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from buttress.register.checking.check import CheckReport, check
from buttress.register.evaluation import evaluate_tests
from buttress.register.tests.folders import SAMPLE, changed

OWN_TEST = """\
id: terminals-seen
version: 1
title: Every terminal was seen this quarter
controls: [OPS-01]
assertion: configuration
source: terminals
key: [terminal]
population: "true"
fail: "coalesce(seen_at, :period_start) < :period_start"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{terminal: t1, seen_at: 2026-06-01T00:00:00Z}]
  fail: [{terminal: t2, seen_at: 2020-06-01T00:00:00Z}]
"""


def warned(report: CheckReport) -> list[str]:
    assert report.is_clean, [str(problem) for problem in report.problems]
    return [f"{each.file}: {each.field}: {each.found}" for each in report.warnings]


def test_the_sample_has_no_problem_and_seven_warnings() -> None:
    report = check(SAMPLE)
    assert warned(report) == [
        "controls.yaml: controls.OPS-01: a control tied to no risk",
        "controls.yaml: controls.NET-09: a control tied to no risk",
        "evidence.yaml: control_tests.idp-mfa-active-users.thresholds.tolerable_rate: 0.05",
        "evidence.yaml: control_tests.leavers-disabled: a test of app_accounts, hr_workers, which no data set declares",
        "evidence.yaml: exceptions.EX-001.attested_document: 'Ticket SEC-118', which is not filed",
        "risks/other.yaml: risks.R-003.owner: no owner",
        "risks/security.yaml: risks.R-001.acceptances[0].attested_document: 'Minutes RC-2026-03', which is not filed",
    ]
    assert (report.counts["risks"], report.counts["controls"], report.counts["exceptions"]) == (4, 6, 2)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("risks/other.yaml", "owner: omar", "owner: yusuf", "R-002.owner: 'yusuf', who left on 2026-05-31"),
        ("inventory.yaml", "kind: data, owner: omar", "kind: data, owner: yusuf", "assets.ledger.owner: 'yusuf'"),
        (
            "risks/other.yaml",
            "    effects:\n      - {control: AVL-02, factor: primary_loss, efficacy: {low: 0.2, likely: 0.4, high: 0.6}}\n",
            "",
            "risks.R-002.effects: no control that acts on it",
        ),
        (
            "risks/other.yaml",
            "    kind: condition\n    modifies: [R-002]\n    assessments:\n      - {effective_on: 2026-03-01, "
            "method: levels, basis: inherent, frequency: {level: 3}, loss: {level: 1}}\n",
            "",
            "risks.R-003.assessments: no assessment",
        ),
        (
            "organisation.yaml",
            "      approved_by: erin\n      approved_on: 2026-05-28\n",
            "",
            "organisation.scales[1]: no approval",
        ),
        ("people.yaml", "fraud_considered: true", "fraud_considered: false", "that considered fraud"),
        ("people.yaml", "change_considered: true", "change_considered: false", "that considered change"),
        (
            "people.yaml",
            "effective_on: 2026-01-20\n    scope",
            "effective_on: 2025-01-20\n    scope",
            "engagements[0]: no assessment round from 2026-01-01 to 2026-12-31",
        ),
        ("organisation.yaml", "confidentiality]\n", "privacy]\n", "categories: privacy, on which no risk bears"),
        ("risks/security.yaml", "annual_loss: 250000", "annual_loss: 750000", "ceiling: a ceiling of 750,000"),
        ("risks/security.yaml", "rating: high,", "rating: critical,", "ceiling: a ceiling of critical"),
        ("organisation.yaml", "held_by: [erin]", "held_by: [ada]", "R-001.acceptances[0].accepted_by: 'erin'"),
        (
            "organisation.yaml",
            ", held_by: [erin]",
            "",
            "organisation.appetite[0].authorities[0]: nobody who holds the authority of executive",
        ),
        ("evidence/export.csv", "", "a,b\n", "evidence/export.csv: : a file that no data set and no test names"),
        ("evidence.yaml", "max_age: 26 hours", "max_age: 30 days", "idp-mfa-active-users.max_age: 30 days"),
        (
            "evidence.yaml",
            "  leavers-disabled:\n",
            "  leavers-disabled:\n  log-retention: {controls: [IAM-02], params: {min_days: 31}}\n",
            "control_tests.log-retention.params.min_days: 31",
        ),
        (
            "people.yaml",
            "name: Erin Walsh",
            "name: omar  HADDAD",
            "persons.omar.name: 'Omar Haddad', the name of 'erin'",
        ),
        ("evidence.yaml", '"crm|a-118"', "crm", "exceptions.EX-001.keys[0]: 'crm', a key of 1 part"),
        ("evidence.yaml", "crm|a-118", r"crm|\\|a|118", r"a key of 3 parts"),
    ],
)
def test_what_an_auditor_would_ask_about_is_a_warning(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    assert words in "\n".join(warned(check(changed(tmp_path, (file, old, new)))))


DATED = """\
    effective_on: {day}
        method: money
        basis: with_controls
        frequency: {{low: 0.2, high: 2, law: gamma}}
        loss: {{low: 5000, high: 200000}}
    effects:
"""


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-03-01", ["2026-03-01, below the newer figures of 2026-06-20. It counts for nothing today."]),
        ("2026-07-01", []),
        ("2026-08-15", []),
        ("2026-08-16", ["2026-08-16, after 2026-08-15. It counts from 2026-08-16."]),
    ],
)
def test_an_assessment_that_does_not_count_on_the_day_is_a_warning(tmp_path: Path, day: str, words: list[str]) -> None:
    last = "        loss: {low: 5000, high: 200000}\n    effects:\n"
    added = last.replace("    effects:\n", f"      -{DATED.format(day=day)[3:]}")
    folder = changed(tmp_path, ("risks/other.yaml", last, added))
    found = [each for each in check(folder, date(2026, 8, 15)).warnings if ".assessments[" in each.field]
    assert [f"{each.found}. {each.advice}".split(" Mend")[0] for each in found] == words
    assert {each.field for each in found} <= {"risks.R-002.assessments[2].effective_on"}


def test_a_tested_control_that_no_criterion_relies_on_is_asked_to_be_key(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("controls.yaml", "{library: GOV-02, owner", "{library: GOV-02, criteria: [CC8.1], owner"),
        ("controls.yaml", "    criteria: [CC8.1]\n", "    criteria: [CC8.1]\n    is_key: true\n"),
    )
    (found,) = [each for each in check(folder).warnings if each.field.endswith("is_key")]
    assert found.field == "controls.GOV-02.is_key"
    assert found.advice == "No criterion relies on it; set is_key: true, or false to leave it so."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    is_key: true\n    criteria: [CC8.1]", "    criteria: [CC8.1]"),  # nothing is key beside it
        ("criteria: [CC8.1], owner", "criteria: [CC8.1, CC1.2], owner"),  # CC1.2 has no key control
        ("criteria: [CC8.1], owner", "criteria: [CC8.1], is_key: false, owner"),  # said on purpose
        ("in_place_on: 2025-01-01", "planned_on: 2027-01-01"),
    ],
)
def test_a_tested_control_that_is_relied_on_or_said_not_to_be_key_needs_no_warning(
    tmp_path: Path, old: str, new: str
) -> None:
    folder = changed(
        tmp_path,
        ("controls.yaml", "{library: GOV-02, owner", "{library: GOV-02, criteria: [CC8.1], owner"),
        ("controls.yaml", "    criteria: [CC8.1]\n", "    is_key: true\n    criteria: [CC8.1]\n"),
        ("controls.yaml", old, new),
    )
    assert not [each for each in check(folder).warnings if each.field.endswith("is_key")]


def test_an_adoption_that_is_as_strict_or_stricter_is_no_warning(tmp_path: Path) -> None:
    stricter = "controls: [IAM-02], params: {min_days: 800}, thresholds: {tolerable_rate: 0}, max_age: 1 hour"
    folder = changed(
        tmp_path,
        ("evidence.yaml", "  leavers-disabled:\n", f"  leavers-disabled:\n  log-retention: {{{stricter}}}\n"),
    )
    assert not [each for each in warned(check(folder)) if "log-retention." in each]


def test_stored_results_of_a_test_that_went_are_named(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    evaluate_tests(folder, date(2026, 8, 15))
    declared = (folder / "evidence.yaml").read_text()
    assert not [each for each in warned(check(folder)) if each.startswith("results")]
    (folder / "evidence.yaml").write_text(re.sub(r"  idp-mfa-active-users:.*\n", "", declared))
    (found,) = [each for each in check(folder).warnings if each.file == "results"]
    assert "stored results of 'idp-mfa-active-users', which is not declared" in found.found


def test_a_document_that_is_filed_has_its_use_and_needs_no_warning(tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        ("evidence.yaml", "Ticket SEC-118", "evidence/manual/sec-118.pdf"),
        ("evidence/manual/sec-118.pdf", "", "approved"),
    )
    assert len(warned(check(folder))) == 6


def test_a_condition_needs_no_assessment(tmp_path: Path) -> None:
    assessed = (
        "    assessments:\n      - {effective_on: 2026-03-01, method: levels, basis: inherent, "
        "frequency: {level: 3}, loss: {level: 1}}\n"
    )
    assert len(warned(check(changed(tmp_path, ("risks/other.yaml", assessed, ""))))) == 7


def test_receipts_belong_to_the_file_beside_them(tmp_path: Path) -> None:
    folder = changed(tmp_path, ("evidence/idp-accounts-2026-06-30.csv.receipt.yaml", "", "receipt: {source: idp}\n"))
    assert len(warned(check(folder))) == 7


def test_own_tests_are_read_linked_and_linted(tmp_path: Path) -> None:
    file = "control_tests/terminals-seen/test.yaml"
    assert check(changed(tmp_path / "good", (file, "", OWN_TEST))).is_clean
    for name, old, new, words in (
        ("control", "[OPS-01]", "[OPS-11]", "controls[0]: found 'OPS-11'; expected a control that is defined"),
        ("column", "seen_at, :", "sene_at, :", "sene_at"),
        ("field", "version: 1", "version: one", "test.yaml:2: version: found 'one'; expected a whole number"),
        ("source", "source: terminals", "source: terminal", "a declared data set. Did you mean 'terminals'?"),
    ):
        report = check(changed(tmp_path / name, (file, "", OWN_TEST.replace(old, new))))
        assert words in "\n".join(str(problem) for problem in report.problems)
        assert {problem.file for problem in report.problems} == {file}


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "words"),
    [
        (
            "evidence.yaml",
            "owner: omar, max_age",
            "params: {days: 3}, max_age",
            "control_tests.idp-mfa-active-users",
            "'days'",
        ),
        (
            "evidence.yaml",
            "board-h1-2026.md}",
            "board-h2-2026.md}",
            "manual_tests.MT-GOV-02.results[0].document",
            "no file",
        ),
        ("results/2026-06-30-0123456789ab.json", "", "{}", "", "results file"),
        ("results/2026-06-30-0123456789ab.json", "", '{"a": 1, "a": 2}', "", "the key 'a' twice"),
    ],
)
def test_declarations_documents_and_stored_results_are_checked_too(
    tmp_path: Path, file: str, old: str, new: str, place: str, words: str
) -> None:
    report = check(changed(tmp_path, (file, old, new)))
    fitting = [problem for problem in report.problems if words in str(problem) and problem.field.startswith(place)]
    assert fitting, [str(problem) for problem in report.problems]
    assert fitting[0].file == file
    assert report.warnings == ()


def test_a_folder_that_is_none_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    report = check(tmp_path / "nowhere")
    assert [problem.expected for problem in report.problems] == ["a register folder"]
    assert report.counts == {}


def test_examples_of_own_tests_that_come_out_otherwise_are_problems_with_their_line(tmp_path: Path) -> None:
    file = "control_tests/terminals-seen/test.yaml"
    wrong = OWN_TEST.replace("t1, seen_at: 2026-06-01", "t1, seen_at: 2020-06-01")
    report = check(changed(tmp_path, (file, "", wrong)))
    assert {(problem.file, problem.line) for problem in report.problems} <= {(file, 10), (file, 13)}
    assert "t1, which fails" in "\n".join(str(problem) for problem in report.problems)
    assert report.warnings == ()


def test_a_check_without_tests_of_ones_own_starts_no_database() -> None:
    code = f"""
import sys
from pathlib import Path
from buttress.register.checking.check import check
assert check(Path({str(SAMPLE)!r})).is_clean
assert "duckdb" not in sys.modules
assert "buttress.evidence.examples" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
