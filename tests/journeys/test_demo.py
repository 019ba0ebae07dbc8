"""The demo company through the door: its planted problems are found by name, sums add up, a second run is idle."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from buttress.cli.main import app
from buttress.register.demo import DEMO, anchor_of, load_demo

Run = Callable[..., Result]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def anchor() -> date:
    found = anchor_of(DEMO)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def document(demo: tuple[Path, Result]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("assess", demo[0], "--as-of", anchor(), "--json").stdout)
    return found


def part(text: str, title: str) -> str:
    """A section of the summary, from its heading to the next one."""
    found = re.search(rf"^{title}.*?\n─+\n(.*?)(?=\n[^\n]+\n─{{20}}|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title}"
    return found[1]


def amounts(text: str) -> list[int]:
    """The last whole number of each line that ends with one."""
    ends = [line.split()[-1] for line in text.splitlines() if re.search(r"  [+−]?[\d,]+ *$", line)]
    return [int(end.replace(",", "").replace("−", "-")) for end in ends]


def test_the_demo_answers_first(demo: tuple[Path, Result]) -> None:
    result = demo[1]
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[3].startswith("Over appetite for losses between $")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("Deviations", "leavers-disabled"),
        ("Deviations", "emergency-change-reviewed"),
        ("Deviations", "cloud-mfa-console-users"),
        ("Evidence", "backup-succeeded"),
        ("Evidence", "? stale"),
        ("Evidence", "alerts has no rows"),
        ("Evidence", "kms_cmk_rotation_enabled reported nothing"),
        ("Criteria", "CC6.2"),
        ("Due", "acceptance lapsed"),
        ("Due", "awaits approval"),
        ("Due", "acceptance proposed"),
        ("Due", "treatment overdue"),
        ("Due", "CC3.4"),
        ("Controls to mend first", "IAM-04"),
        ("What moved and why", "leavers-disabled"),
        ("Why R-024, the largest risk, moved", "leavers-disabled"),
    ],
)
def test_a_planted_problem_is_named(demo: tuple[Path, Result], section: str, words: str) -> None:
    assert words in part(demo[1].stdout, section)


def test_the_control_to_mend_first_acts_on_the_largest_risk(document: dict[str, Any]) -> None:
    summary = document["summary"]
    assert summary["mend"][0]["ref"] == "IAM-04"
    assert summary["largest"][0]["ref"] in summary["mend"][0]["risks"]


def test_what_moved_adds_up_as_printed(demo: tuple[Path, Result]) -> None:
    values = amounts(part(demo[1].stdout, "What moved and why"))
    assert len(values) >= 4
    assert sum(values[:-1]) == values[-1]


def test_the_explanation_adds_up_as_printed(demo: tuple[Path, Result]) -> None:
    since = anchor() - timedelta(days=90)
    result = run("explain", demo[0], "--since", since, "--as-of", anchor())
    values = amounts(part(result.stdout, "Causes"))
    assert sum(values[:-1]) == values[-1]


def test_means_of_risks_add_up_to_the_portfolio(document: dict[str, Any]) -> None:
    risks, portfolio = document["risks"], document["portfolio"]
    means = [r["stages"]["residual"]["mean"] for r in risks if r["stages"]["residual"]]
    assert sum(means) == pytest.approx(portfolio["stages"]["residual"]["mean"])


def test_counts_of_every_result_add_up(document: dict[str, Any]) -> None:
    tests = document["tests"]
    for test in tests:
        counts = test["counts"]
        if counts:
            parts = counts["passed"] + counts["failing"] + counts["not_applicable"] + counts["unknown"]
            assert counts["population"] == parts
            assert counts["failing"] == test["failed"] + test["excepted"]


def test_nothing_unknown_lowers_a_risk_or_a_criterion(document: dict[str, Any]) -> None:
    tests, criteria, controls = document["tests"], document["criteria"], document["controls"]
    unknown = {t["id"] for t in tests if t["verdict"] not in ("pass", "pass_with_deviations", "fail")}
    silent = {c["ref"] for c in controls if unknown.intersection(c["tests"])}
    assert silent
    for criterion in criteria:
        if silent.intersection(criterion["key_controls"]):
            assert criterion["state"] not in ("operating", "design_tested")


def test_every_risk_has_a_trace_that_ends_at_its_residual(demo: tuple[Path, Result], document: dict[str, Any]) -> None:
    summary = document["summary"]
    for row in summary["largest"][:3]:
        traced = json.loads(run("trace", demo[0], row["ref"], "--as-of", anchor(), "--json").stdout)
        (residual,) = (step for step in traced["steps"] if step["title"] == "Residual")
        results = {value["name"]: value["value"] for value in residual["results"]}
        assert results["mean a year"] == pytest.approx(row["mean"])


def test_a_second_run_finds_everything_there(demo: tuple[Path, Result]) -> None:
    folder, first = demo
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    second = run("demo", folder)
    assert second.exit_code == 0, second.output
    assert "0 new results" in second.stderr
    assert "load it afresh with: buttress demo" in second.stderr
    assert second.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before


def test_a_pipeline_is_told_of_the_failures(demo: tuple[Path, Result]) -> None:
    result = run("test", demo[0], "--as-of", anchor())
    assert result.exit_code == 1
    assert "Nothing new" in result.stdout
    assert run("test", demo[0], "--as-of", anchor(), "--fail-on", "never").exit_code == 0


def test_the_demo_is_a_register_without_problems(demo: tuple[Path, Result]) -> None:
    result = run("check", demo[0])
    assert result.exit_code == 0, result.output


@pytest.mark.faults
def test_figures_do_not_depend_on_the_day_of_loading(document: dict[str, Any], tmp_path: Path) -> None:
    later = anchor() + timedelta(days=55)
    load_demo(tmp_path / "later", later)
    assert run("test", tmp_path / "later", "--as-of", later, "--fail-on", "never").exit_code == 0
    found = json.loads(run("assess", tmp_path / "later", "--as-of", later, "--json").stdout)
    assert found["portfolio"] == document["portfolio"]
    verdicts = [{t["id"]: t["verdict"] for t in d["tests"]} for d in (found, document)]
    assert verdicts[0] == verdicts[1]
