"""Each command answers on a small folder, ends with a code that a pipeline understands, and fails in plain lines."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import Result

from buttress import __version__
from buttress.cli import clock
from buttress.cli.failures import RefusalError

Run = Callable[..., Result]

DAY = ("--as-of", "2026-09-30")


def test_assess_answers_first(register: Path, run: Run) -> None:
    result = run("assess", register, *DAY)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Harbourline as of 30 Sep 2026"
    assert lines[3].startswith("Over appetite for losses between $250k and")
    assert "R-014" in result.stdout
    assert max(map(len, lines)) <= 100


def test_assess_names_what_moved_since_the_day_given(register: Path, run: Run) -> None:
    result = run("assess", register, *DAY, "--since", "2026-05-01")
    assert "Mean on 1 May 2026" in result.stdout
    assert "MT-IAM-04: 6 of 20 failing on 25 Sep 2026" in result.stdout


def test_assess_prints_json_alone(register: Path, run: Run) -> None:
    result = run("assess", register, *DAY, "--json")
    found = json.loads(result.stdout)
    assert (found["format"], found["version"], found["as_of"]) == ("buttress.posture", 1, "2026-09-30")
    assert found["summary"]["verdict"]["answer"] == "over"
    assert sum(c["cents"] for c in found["explanation"]["causes"]) == found["explanation"]["mean_cents"]


@pytest.mark.parametrize("chart", ["curve", "matrix"])
def test_assess_draws_a_chart(register: Path, run: Run, tmp_path: Path, chart: str) -> None:
    svg, png = tmp_path / "c.svg", tmp_path / "c.png"
    result = run("assess", register, *DAY, "--svg", svg, "--png", png, "--chart", chart)
    assert result.exit_code == 0, result.output
    assert svg.read_text().startswith("<svg")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_chart_that_cannot_be_written_is_one_line(register: Path, run: Run, tmp_path: Path) -> None:
    result = run("assess", register, *DAY, "--svg", tmp_path / "no" / "c.svg")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "cannot be written" in result.stderr


def test_explain_adds_up(register: Path, run: Run) -> None:
    result = run("explain", register, "--since", "2026-05-01", *DAY, "--json")
    found = json.loads(result.stdout)
    assert sum(c["cents"] for c in found["causes"]) == found["mean_cents"]
    assert "Causes" in run("explain", register, "--since", "2026-05-01", *DAY).stdout


def test_trace_prints_the_steps(register: Path, run: Run) -> None:
    result = run("trace", register, "R-014", *DAY)
    assert result.exit_code == 0, result.output
    assert "1. Estimate" in result.stdout
    assert json.loads(run("trace", register, "R-014", *DAY, "--json").stdout)["format"] == "buttress.trace"


def test_check_counts_what_it_read(register: Path, run: Run) -> None:
    result = run("check", register)
    assert result.exit_code == 0, result.output
    assert "no problem in 3 persons, 2 risks, 1 control, 1 manual test" in result.stdout


@pytest.mark.parametrize(
    ("deviations", "as_of", "fail_on", "code"),
    [
        (6, "2026-09-30", "unknown", 1),
        (6, "2026-09-30", "never", 0),
        (0, "2026-09-30", "unknown", 0),
        (0, "2026-02-01", "unknown", 3),
        (0, "2026-02-01", "fail", 0),
    ],
)
def test_the_exit_code_tells_a_pipeline(
    register: Path, run: Run, deviations: int, as_of: str, fail_on: str, code: int
) -> None:
    records = register / "records.yaml"
    records.write_text(records.read_text().replace("deviations: 6", f"deviations: {deviations}"))
    result = run("test", register, "--as-of", as_of, "--fail-on", fail_on)
    assert result.exit_code == code, result.output


def test_without_a_control_test_nothing_is_shown_to_pass(register: Path, run: Run) -> None:
    records = register / "records.yaml"
    records.write_text(records.read_text().split("manual_tests:")[0])
    result = run("test", register, *DAY)
    assert result.exit_code == 3
    assert "No control test yet" in result.stdout


def test_every_problem_is_named_at_once(register: Path, run: Run) -> None:
    records = register / "records.yaml"
    records.write_text(records.read_text().replace("owner: ruth", "owner: rut").replace("kind: preventive", "kind: p"))
    for command in (("check",), ("assess",), ("test",), ("explain", "--since", "2026-05-01")):
        result = run(command[0], register, *command[1:])
        output = result.stdout + result.stderr
        assert result.exit_code == 2
        assert "records.yaml:10: risks.R-014.owner: found 'rut'" in output
        assert "controls.IAM-04.kind" in output
        assert "problems in 1 file" in output
        assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("assess", "/no/such/folder"), "/no/such/folder does not exist; name a register folder"),
        (("assess", "{register}/records.yaml"), "is a file; name the register folder"),
        (("assess", "{register}/evidence"), "has no organisation.yaml"),
        (("assess", "{register}", "--as-of", "30.9.2026"), "--as-of '30.9.2026' is no date; give YYYY-MM-DD"),
        (("assess", "{register}", *DAY, "--since", "2026-10-01"), "--since 2026-10-01 does not lie before 2026-09-30"),
        (("explain", "{register}", *DAY, "--since", "soon"), "--since 'soon' is no date"),
        (("trace", "{register}", "R-14", *DAY), "There is no risk 'R-14' as of 2026-09-30. Did you mean 'R-014'?"),
        (("assess", "{register}", "--known-at", "2026-01-01"), "--known-at needs a database"),
        (("assess", "{register}", "--as-of", "0001-01-01"), "is out of range; give a day from 1900-01-01"),
        (("trace", "{register}", "r-999", *DAY), "There is no risk 'r-999' as of 2026-09-30."),
        (("demo", "{register}"), "holds files that are no demo"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    register: Path, run: Run, arguments: tuple[str, ...], words: str
) -> None:
    result = run(*(a.replace("{register}", str(register)) for a in arguments))
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_an_unknown_engagement_is_named(register: Path, run: Run) -> None:
    result = run("assess", register, *DAY, "--engagement", "SOC2-2025")
    assert result.exit_code == 2
    assert "SOC2-2025" in result.stderr


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout == f"buttress {__version__}\n"


def test_since_is_90_days_before_by_default() -> None:
    assert clock.since_day(None, date(2026, 9, 30)) == date(2026, 7, 2)
    with pytest.raises(RefusalError):
        clock.since_day("2026-09-30", date(2026, 9, 30))


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['buttress', '--help']\n"
        "from buttress.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'duckdb', 'sqlglot', 'vl_convert', 'pydantic', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "assess" in done.stdout


def test_output_through_a_pipe_is_plain_text_of_full_width(register: Path) -> None:
    command = [sys.executable, "-c", "from buttress.cli.main import main; main()", "assess", str(register), *DAY]
    environment = {**os.environ, "COLUMNS": "40", "PYTHONUTF8": "1"}
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) == 100
    assert time.monotonic() - started < 30


def test_assess_writes_nothing_into_the_folder(register: Path, run: Run) -> None:
    before = sorted(Path(register).rglob("*"))
    run("assess", register, *DAY)
    run("trace", register, "R-014", *DAY)
    assert sorted(Path(register).rglob("*")) == before


def test_without_anything_to_compare_with_it_says_so(register: Path, run: Run) -> None:
    result = run("assess", register, "--as-of", "2026-02-01", "--since", "2025-11-03")
    assert result.exit_code == 0, result.output
    assert "Nothing to compare with: no risk was assessed by 2025-11-03" in result.stderr
    assert "What moved" not in result.stdout


def test_a_young_register_is_compared_with_its_first_assessment(register: Path, run: Run) -> None:
    later = run("assess", register, "--as-of", "2026-02-01")
    assert "Mean on 20 Jan 2026" in later.stdout
    first = run("assess", register, "--as-of", "2026-01-20")
    assert "What moved" not in first.stdout
    assert later.stderr == first.stderr == ""


def test_a_folder_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("demo", tmp_path / "file" / "harbourline")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "File exists" in result.stderr


def test_a_narrow_encoding_degrades_and_does_not_fail(register: Path) -> None:
    command = [sys.executable, "-c", "from buttress.cli.main import main; main()", "assess", str(register), *DAY]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "Over appetite" in done.stdout


OWN_TEST = """\
id: users-mfa
version: 1
title: Every user has a second factor
controls: [IAM-04]
assertion: configuration
source: users
key: [id]
population: "true"
fail: "not coalesce(mfa, false)"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{id: a, mfa: "true"}]
  fail: [{id: b, mfa: "false"}]
"""

USERS = """\
datasets:
  users:
    path: evidence/users-*.csv
    format: csv
    key: [id]
    columns: {id: {type: text, nullable: false}, mfa: {type: boolean}}
    effective_at: {from: file_name, pattern: "users-(?P<date>[0-9-]+)"}
"""


def test_evidence_replaced_after_its_test_is_never_silently_green(register: Path, run: Run) -> None:
    records = register / "records.yaml"
    records.write_text(records.read_text().replace("deviations: 6", "deviations: 0"))
    (register / "datasets.yaml").write_text(USERS)
    (register / "control_tests" / "users-mfa").mkdir(parents=True)
    (register / "control_tests" / "users-mfa" / "test.yaml").write_text(OWN_TEST)
    export = register / "evidence" / "users-2026-09-30.csv"
    export.write_text("id,mfa\na,true\nb,false\n")
    before = run("test", register, *DAY)
    assert before.exit_code == 1, before.output
    export.write_text("id,mfa\na,true\nb,true\n")
    told = run("test", register, *DAY)
    assert told.exit_code == 3, told.output
    assert "! pass, evidence replaced" in told.stdout
    found = json.loads(run("test", register, *DAY, "--json").stdout)
    (row,) = [row for row in found["rows"] if row["id"] == "users-mfa"]
    assert "was exchanged after a test of it" in row["why"]
    assert (row["is_replaced"], found["replaced"]) == (True, 1)
    assert "! pass, evidence replaced" in run("assess", register, *DAY).stdout
    assert run("test", register, *DAY, "--fail-on", "fail").exit_code == 0


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        ("IAM-04", "IAM-04 is a control; trace takes a risk"),
        ("MT-IAM-04", "MT-IAM-04 is a control test; trace takes a risk"),
        ("r-20", "Did you mean 'R-020'?"),
    ],
)
def test_trace_says_what_a_reference_is_that_names_no_risk(register: Path, run: Run, ref: str, words: str) -> None:
    result = run("trace", register, ref, *DAY)
    assert result.exit_code == 2
    assert words in result.stderr
