from pathlib import Path

import pytest

from buttress.evidence.data.datasets import dataset_schemas
from buttress.evidence.declarations import catalogue, read_declaration, shipped_test
from buttress.evidence.examples import check_all_examples, check_examples

TEST = """\
id: fees
version: 1
title: Completed runs leave nothing behind
controls: [DAT-01]
assertion: operating
source: retention_runs
key: [store, run_at]
population: "coalesce(retention_runs.due_rows, 0) > :least"
fail: "coalesce(remaining_rows, 1) > 0"
due: {from: run_at, sla: 1 day}
params: {least: {type: integer, default: 0}}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{store: a, run_at: 2026-06-01T00:00:00Z, due_rows: 5, remaining_rows: 0}]
  fail: [{store: b, run_at: 2026-06-01T00:00:00Z, due_rows: 5, remaining_rows: 2}]
  not_due: [{store: c, run_at: 2026-06-29T12:00:00Z, due_rows: 5}]
  outside: [{store: d, run_at: 2026-06-01T00:00:00Z}]
"""


def problems(folder: Path, old: str = "", new: str = "") -> list[str]:
    path = folder / "fees" / "test.yaml"
    path.parent.mkdir()
    path.write_text(TEST.replace(old, new) if old else TEST)
    declaration = read_declaration(path, shown_as="test.yaml")
    return [str(problem) for problem in check_examples(declaration, dataset_schemas())]


def test_examples_that_come_out_as_declared_pass(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("remaining_rows: 2", "remaining_rows: 0"), "b|2026-06-01T00:00:00.000000Z, which does not fail"),
        (("remaining_rows: 0}", "remaining_rows: 1}"), "a|2026-06-01T00:00:00.000000Z, which fails"),
        (("due_rows: 5}]\n  outside", "due_rows: 0}]\n  outside"), "not_due 0; expected 1"),
        (("{store: d, run_at: 2026-06-01T00:00:00Z}", "{store: d, due_rows: 9}"), "population 4; expected 3"),
        (("store: d", "shop: d"), "found the column 'shop'; expected a column of the data set"),
        (("due_rows: 5, remaining_rows: 0", "due_rows: five"), "found 'five'; expected a whole number"),
        (("> :least", "> :most"), ":most"),
    ],
)
def test_an_example_with_another_answer_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    found = problems(tmp_path, *change)
    assert any(message in text and text.startswith("test.yaml:") for text in found), found


def test_all_shipped_examples_come_out_as_declared_in_one_child() -> None:
    assert check_all_examples([shipped_test(name) for name in catalogue()], dataset_schemas()) == []
