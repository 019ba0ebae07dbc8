"""A format is a file: what lies in the folders of importers can be read, and nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.evidence.importers import findings, rows
from buttress.evidence.importers.registry import findings_formats, findings_reader, row_formats, rows_reader
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

ZONE = ZoneInfo("UTC")
NAMED = 'effective_at: {from: file_name, pattern: "(?P<date>[0-9-]+)"}'
WORDS = """
from buttress.evidence.data.raw_rows import RawRows


def read(source, dataset, wanted):
    words = source.content().decode().split()
    return RawRows(("word",), frozenset(("word",)), [[word] for word in words], lambda index: 1, doubts=("doubtful(1)",))
"""
REPORT = """
from datetime import UTC, datetime

from buttress.evidence.importers.finding import Finding, FindingStatus
from buttress.evidence.importers.imported import Imported


def read(content, *, file):
    checks = content.decode().split()
    seen = tuple(
        Finding(check, check, "", FindingStatus.PASS, "ok", "", False, 0, datetime(2026, 6, 30, tzinfo=UTC), "host")
        for check in checks
    )
    return Imported(seen, frozenset(("mfa", "logs")), bars=("no_advisory_data",))
"""


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two files as they would be added, one in each folder of importers."""
    for package, name, text in ((rows, "words", WORDS), (findings, "wordy_report", REPORT)):
        folder = tmp_path_factory.mktemp(name)
        (folder / f"{name}.py").write_text(text)
        (folder / "_part_of_words.py").write_text("")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    yield
    for name in (f"{rows.__name__}.words", f"{findings.__name__}.wordy_report"):
        sys.modules.pop(name, None)


def snapshot(register: "Register", declaration: str, content: str) -> Snapshot:
    register.put("evidence/2026-06-30.txt", content)
    register.declare(f"things:\n  path: evidence/*.txt\n  {NAMED}\n  {declaration}\n")
    dataset = register.datasets["things"]
    (file,) = snapshots_of(register.folder, dataset, ZONE)
    return read_snapshot(register.folder, dataset, file, ZONE)


@pytest.mark.usefixtures("added")
def test_a_table_format_is_added_by_one_file(register: "Register") -> None:
    declared = "format: words\n  key: [word]\n  columns: {word: {type: text}}"
    read = snapshot(register, declared, "to be or not to be")
    assert read.table is not None
    assert (read.rows, read.repeated_keys, read.doubts) == (6, 2, ("doubtful(1)",))


@pytest.mark.usefixtures("added")
def test_a_scanners_format_is_added_by_one_file_and_what_it_says_it_ran_is_expected_of_it(register: "Register") -> None:
    read = snapshot(register, "kind: findings\n  format: wordy_report\n  universe: [backup]", "mfa keys")
    assert (read.rows, read.bars) == (2, ("no_advisory_data",))
    assert read.silent_checks == ("backup", "logs")


@pytest.mark.usefixtures("added")
def test_a_test_of_a_report_that_bars_every_conclusion_is_not_evaluated(register: "Register") -> None:
    snapshot(register, "kind: findings\n  format: wordy_report", "mfa keys")
    test = """
id: second-factor
version: 1
title: Every user has a second factor
controls: [IAM-02]
assertion: configuration
source: things
checks: [mfa]
key: [finding_uid]
population: "check_id = 'mfa'"
fail: "status = 'fail'"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{finding_uid: a, check_id: mfa, status: pass, suppressed: false, severity_id: 1, archived: false}]
  fail: [{finding_uid: b, check_id: mfa, status: fail, suppressed: false, severity_id: 1, archived: false}]
"""
    register.add_test("second-factor", test)
    (result,) = register.run("2026-06-30", period=("2026-06-30", "2026-12-31")).results
    assert (result.outcome.value, result.reasons) == ("not_evaluated", ("no_advisory_data",))


@pytest.mark.usefixtures("added")
def test_a_bar_of_a_data_set_beside_the_source_is_told_with_its_name(register: "Register") -> None:
    snapshot(register, "kind: findings\n  format: wordy_report", "mfa keys")
    things = dict(register.datasets)
    register.declare(
        f"hosts:\n  path: evidence/*.csv\n  format: csv\n  key: [id]\n  columns: {{id: {{type: text}}}}\n  {NAMED}\n"
    )
    register.datasets = {**things, **register.datasets}
    register.put("evidence/2026-06-30.csv", "id\nhost\n")
    test = """
id: scanned
version: 1
title: Every host is scanned
controls: [IAM-02]
assertion: configuration
source: hosts
also: [things]
key: [id]
population_rows: select h.id from hosts h
failing_rows: select h.id from hosts h where not exists (select 1 from things t where t.resource_uid = h.id)
examples:
  as_of: 2026-06-30T00:00:00Z
  also:
    things:
      - {finding_uid: a, check_id: mfa, status: pass, suppressed: false, severity_id: 1, resource_uid: a, archived: false}
  pass: [{id: a}]
  fail: [{id: b}]
"""
    register.add_test("scanned", test)
    (result,) = register.run("2026-06-30", period=("2026-06-30", "2026-12-31")).results
    assert (result.outcome.value, result.reasons) == ("not_evaluated", ("things: no_advisory_data",))


@pytest.mark.usefixtures("added")
def test_parts_shared_by_formats_are_no_formats() -> None:
    assert "words" in row_formats()
    assert "wordy_report" in findings_formats()
    assert not [name for name in (*row_formats(), *findings_formats()) if name.startswith("_")]


def test_every_format_there_is_can_be_read_and_no_name_means_two_things() -> None:
    assert not set(row_formats()) & set(findings_formats())
    for name in row_formats():
        assert rows_reader(name).__doc__, name
    for name in findings_formats():
        assert findings_reader(name).__doc__, name


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("format: words", "There are csv, custodian_resources"),
        ("format: jsonlines", "Did you mean 'jsonl'?"),
        ("format: prowler_csv", "Is it of `kind: findings`?"),
        ("format: csv\n  kind: findings", "Is it of `kind: file`?"),
        ("format: ../finding", "a format of kind file"),
        ("format: _json_records", "a format of kind file"),
    ],
)
def test_a_format_that_there_is_not_is_refused_by_those_that_there_are(
    register: "Register", declared: str, found: str
) -> None:
    text = f"things:\n  path: evidence/*.txt\n  {NAMED}\n  {declared}\n  key: [word]\n"
    with pytest.raises(ProblemsError) as error:
        register.declare(text if "kind" in declared else text + "  columns: {word: {type: text}}\n")
    assert found in str(error.value)


def test_naming_the_formats_imports_none_of_them() -> None:
    code = (
        "import sys; from buttress.evidence.data import datasets; from buttress.evidence.importers import registry\n"
        "assert 'csv' in registry.row_formats() and 'prowler_csv' in registry.findings_formats()\n"
        "print([n for n in sys.modules if n.startswith(('buttress.evidence.importers.rows.', 'openpyxl'))\n"
        "       or n.startswith('buttress.evidence.importers.findings.')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
