"""The commands on monitoring answer on a folder, in three forms, and refuse what they do not know in one line."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]

DAY = ("--as-of", "2026-09-30")
COMMANDS = [("deviations",), ("calendar",), ("due",), ("runs", "--control", "IAM-04")]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_each_command_answers_in_three_forms(register: Path, run: Run, words: tuple[str, ...]) -> None:
    command, *options = words
    text = run(command, register, *options, *DAY)
    assert text.exit_code == 0, text.output
    assert max(map(len, text.stdout.splitlines())) <= 100
    document = json.loads(run(command, register, *options, *DAY, "--json").stdout)
    assert (document["format"], document["as_of"]) == (f"buttress.{command}", "2026-09-30")
    rows = list(csv.reader(io.StringIO(run(command, register, *options, *DAY, "--csv").stdout), strict=True))
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_one_form_at_a_time(register: Path, run: Run, words: tuple[str, ...]) -> None:
    result = run(words[0], register, *words[1:], *DAY, "--json", "--csv")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "exclude one another" in result.stderr


def test_runs_name_population_rate_and_limit(register: Path, run: Run) -> None:
    found = json.loads(run("runs", register, "--control", "IAM-04", *DAY, "--json").stdout)
    (test,) = found["tests"]
    assert [(r["as_of"], r["population"], r["failed"]) for r in test["runs"]] == [
        ("2026-03-31", 20, 0),
        ("2026-09-25", 20, 6),
    ]
    assert (test["pooled"]["items"], test["pooled"]["failing"], test["tolerable_rate"]) == (40, 6, 0.05)
    assert test["pooled"]["upper_limit"] > 0.15


def test_a_period_narrows_the_runs(register: Path, run: Run) -> None:
    narrowed = run("runs", register, "--control", "IAM-04", "--period", "2026-04-01..2026-12-31", *DAY, "--json")
    (test,) = json.loads(narrowed.stdout)["tests"]
    assert len(test["runs"]) == 1


def test_deviations_without_names_are_counted(register: Path, run: Run) -> None:
    found = json.loads(run("deviations", register, *DAY, "--json").stdout)
    assert found["unnamed"] == {"MT-IAM-04": 6}


def test_the_calendar_has_a_hole_in_the_second_quarter(register: Path, run: Run) -> None:
    found = json.loads(run("calendar", register, "--control", "IAM-04", *DAY, "--json").stdout)
    row = next(each for each in found["rows"] if each["subject"] == "MT-IAM-04")
    assert [(hole["start"], hole["end"]) for hole in row["holes"]] == [("2026-04-01", "2026-06-30")]


REFUSALS = [
    (("runs", "--control", "IAM-4"), "There is no control 'IAM-4'"),
    (("calendar", "--control", "IAM-05"), "Did you mean"),
    (("deviations", "--control", "none"), "There is no control 'none'"),
    (("deviations", "--test", "MT-IAM-4"), "There is no control test 'MT-IAM-4'"),
    (("due", "--owner", "omer"), "There is no person 'omer'. Did you mean 'omar'?"),
    (("runs", "--control", "IAM-04", "--period", "2026"), "is no date"),
    (("runs", "--control", "IAM-04", "--period", "2026-01-01"), "is no date"),
    (("runs", "--control", "IAM-04", "--period", "2026-02-01..2026-01-01"), "ends before it begins"),
    (("due", "--known-at", "2026-01-01"), "--known-at needs a database"),
    (("due", "--org", "x"), "--org is for the database"),
]


@pytest.mark.parametrize(("words", "said"), REFUSALS)
def test_what_is_unknown_is_refused_in_one_line(register: Path, run: Run, words: tuple[str, ...], said: str) -> None:
    result = run(words[0], register, *words[1:], *([] if "--known-at" in words else DAY))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr


def test_a_key_that_commands_a_terminal_only_shows(register: Path, run: Run) -> None:
    records = register / "records.yaml"
    bad = 'performed_by: ruth, items: 1, deviations: 1, deviating: ["=x\\e[31m"], document: evidence/q3.md'
    records.write_text(records.read_text() + f"      - {{effective_on: 2026-09-26, {bad}}}\n")
    for form in ((), ("--csv",), ("--json",)):
        result = run("deviations", register, *DAY, *form)
        assert "\x1b" not in result.output
