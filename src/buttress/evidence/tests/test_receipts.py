from datetime import date
from pathlib import Path

import pytest

from buttress.evidence.data.receipts import Receipt, read_receipt
from buttress.formats.problems import ProblemsError


def receipt(folder: Path, text: str) -> Receipt:
    (folder / "evidence").mkdir()
    (folder / "evidence" / "users.csv.receipt.yaml").write_text(text)
    found = read_receipt(folder, "evidence/users.csv")
    assert found is not None
    return found.receipt


def test_a_file_without_receipt_has_none(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    assert read_receipt(tmp_path, "evidence/users.csv") is None


def test_a_receipt_tells_source_totals_and_faults(tmp_path: Path) -> None:
    found = receipt(
        tmp_path,
        "receipt:\n  source: okta\n  query: GET /users\n  parameters: {limit: '200'}\n  effective_at: 2026-06-30\n"
        "  source_total: 412\n  total_from: payroll headcount\n  cursor_exhausted: false\n  errors: 3\n",
    )
    assert (found.source_total, found.effective_at) == (412, date(2026, 6, 30))
    assert found.faults == ("cursor_not_exhausted", "collection_errors(3)")


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("receipt:\n  rows: 4\n", 2, "unknown field 'rows'"),
        ("receipt:\n  source: a\n  source: b\n", 3, "the key 'source' again"),
        ("receipt:\n  effective_at: 2026-06-31\n", 2, "'2026-06-31'"),
        ("receipt:\n  source_total: -1\n  total_from: x\n", 2, "-1"),
        ("receipt:\n  source_total: 10\n", 1, "nothing"),
        ("receipt:\n  cursor_exhausted: yes\n", 2, "'yes'"),
        ("receipt:\n  started_at: 2026-06-30T08:00:00Z\n  finished_at: 2026-06-30T07:00:00Z\n", 3, "07:00"),
        ("source: okta\n", 1, "something else"),
        ("receipt: &a {source: x}\n", 1, "anchor"),
    ],
)
def test_what_is_wrong_with_a_receipt_has_a_line(tmp_path: Path, text: str, line: int, found: str) -> None:
    with pytest.raises(ProblemsError) as error:
        receipt(tmp_path, text)
    problem = error.value.problems[0]
    assert (problem.file, problem.line) == ("evidence/users.csv.receipt.yaml", line)
    assert found in problem.found
