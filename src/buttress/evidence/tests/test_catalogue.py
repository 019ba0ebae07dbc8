"""The shipped control tests as a whole: how many, in which form, and what they leave untested."""

import csv
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import buttress
from buttress.controls.library import starter_controls
from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.declarations import ControlTestDeclaration, catalogue, shipped_test

PACKAGE = Path(buttress.__file__).parent


def declarations() -> dict[str, ControlTestDeclaration]:
    return {name: shipped_test(name) for name in catalogue()}


def criteria_tested() -> set[str]:
    controls = starter_controls()
    return {c for test in declarations().values() for ref in test.controls for c in controls[ref].criteria}


def criteria_of(*series: str) -> set[str]:
    """Ids of the criteria of the framework whose series begin so."""
    text = (files("buttress") / "content" / "frameworks" / "tsc2017.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["id"] for row in rows if row["kind"] == "criterion" and row["parent"].startswith(series)}


def test_the_catalogue_holds_at_least_75_tests() -> None:
    assert len(catalogue()) >= 75


def test_every_common_criterion_availability_and_confidentiality_has_a_test_through_its_controls() -> None:
    wanted = criteria_of("CC", "A1", "C1")
    assert {"CC1.1", "CC9.2", "A1.3", "C1.2"} <= wanted
    assert wanted - criteria_tested() == set()


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_shipped_test_shows_a_pass_a_fail_and_whatever_else_it_declares(name: str) -> None:
    declared = shipped_test(name)
    examples = declared.examples
    assert examples is not None
    assert examples.passing and examples.fail
    assert bool(examples.not_applicable) == bool(declared.not_applicable or declared.not_applicable_rows)
    assert bool(examples.not_due) == bool(declared.due)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_shipped_test_tells_the_auditor_how_and_the_owner_what_to_do(name: str) -> None:
    declared = shipped_test(name)
    assert declared.procedure and declared.remediation and declared.owner and declared.area
    assert declared.display, "failing rows say nothing but their key"
    assert declared.effect.control in declared.controls
    assert declared.completeness.max_age is not None
    assert set(declared.controls) <= set(starter_controls())


def test_every_shipped_data_set_is_read_by_a_test() -> None:
    read = {source for test in declarations().values() for source in (test.source, *test.also)}
    assert set(dataset_schemas()) == read


NEW_TEST = """\
id: cabinets-locked
version: 1
title: Cabinets are locked
controls: [PHY-01]
assertion: operating
source: cabinets
key: [cabinet_id]
population: "in_use"
fail: "not coalesce(locked, false)"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{cabinet_id: c1, in_use: true, locked: true}]
  fail: [{cabinet_id: c2, in_use: true}]
"""
NEW_DATASET = """
cabinets:
  title: Cabinets
  key: [cabinet_id]
  columns:
    cabinet_id: {type: text, nullable: false}
    in_use: {type: boolean, nullable: false}
    locked: {type: boolean}
"""
SHOWN = """\
from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.declarations import catalogue, shipped_test
from buttress.evidence.examples import check_all_examples
declared = shipped_test("cabinets-locked")
print(len(catalogue()), "cabinets" in dataset_schemas(), check_all_examples([declared], dataset_schemas()))
"""


def test_a_new_control_test_is_one_folder_and_a_new_data_set_one_entry(tmp_path: Path) -> None:
    """Tried on a copy of the package, in which nothing else is touched."""
    copy = tmp_path / "buttress"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "tests", "demo", "migrations"))
    folder = copy / "content" / "control_tests" / "cabinets-locked"
    folder.mkdir()
    (folder / "test.yaml").write_text(NEW_TEST)
    with (copy / "content" / "dataset_schemas.yaml").open("a") as schemas:
        schemas.write(NEW_DATASET)
    done = subprocess.run(
        [sys.executable, "-c", SHOWN],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == f"{len(catalogue()) + 1} True []", done.stderr


def test_no_code_knows_a_shipped_control_test_by_its_id() -> None:
    modules = [p for p in PACKAGE.rglob("*.py") if "tests" not in p.parts]
    text = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    assert [name for name in catalogue() if f'"{name}"' in text] == []
