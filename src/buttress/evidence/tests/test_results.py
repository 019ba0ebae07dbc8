import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.locked.failing_rows import write_failing_rows
from buttress.evidence.results import Entry, read_results, read_results_files, result_body, write_results
from buttress.formats.problems import ProblemsError

RESULT = TestResult(
    test="leavers-disabled",
    version=2,
    as_of=date(2026, 6, 30),
    effective_at=datetime.fromisoformat("2026-06-30T23:59:59.999999+02:00"),
    outcome=Outcome.INCOMPLETE,
    population=10,
    passed=6,
    failing=2,
    not_applicable=1,
    not_due=1,
    unknown=1,
    failing_keys=("crm|a\\|1", "crm|é"),
    reasons=("shrunk(312 -> 10)", "unknown(1)"),
    expected_population=12,
    cluster="2026-01-01",
    failing_since=("2026-05-01", None),
    left_keys=("crm|gone",),
    undecided_keys=("crm|unknown",),
)


def record(started: str = "2026-07-01T08:00:00+00:00", sequence: int = 1) -> dict[str, Any]:
    return {"as_of": "2026-06-30", "sequence": sequence, "started": started, "finished": started, "engine": "duckdb"}


def entries(folder: Path, result: TestResult = RESULT) -> list[Entry]:
    rows = [("crm", "a|1"), ("crm", "é")]
    sha256, name = write_failing_rows(folder / "results" / "rows", ("system", "account_id"), rows)
    failing_rows = {"path": f"rows/{name}", "sha256": sha256, "count": 2, "columns": ["system", "account_id"]}
    return [
        Entry("receipt", {"dataset": "app_accounts", "file": "evidence/a.csv", "receipt": {"source_total": 12}}),
        Entry("snapshot", {"dataset": "app_accounts", "file": "evidence/a.csv", "rows": 10, "raw_sha256": "ab"}),
        Entry("definition", {"test": result.test, "version": 2, "definition_hash": "cd"}),
        Entry("result", {**result_body(result), "executed_sql": "select 1", "failing_rows": failing_rows}),
    ]


def stored(folder: Path) -> Path:
    return write_results(folder, record(), entries(folder)).path


def test_a_result_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    path = stored(tmp_path)
    (result,) = read_results(tmp_path)
    for name in TestResult.__slots__:
        if name not in ("run", "digest"):
            assert getattr(result, name) == getattr(RESULT, name), name
    assert result.effective_on == date(2026, 6, 30)
    assert path.name == f"2026-06-30-{result.run}.json"


def test_the_digest_does_not_depend_on_the_clock_but_the_root_does(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    write_results(first, record(), entries(first))
    write_results(second, record("2026-07-02T09:00:00+00:00"), entries(second))
    (one,), (other,) = read_results_files(first), read_results_files(second)
    assert one.digest == other.digest
    assert one.root != other.root


def test_nothing_that_is_stored_is_ever_written_over(tmp_path: Path) -> None:
    before = stored(tmp_path).read_bytes()
    with pytest.raises(FileExistsError):
        write_results(tmp_path, record("2026-07-02T09:00:00+00:00"), entries(tmp_path))
    assert stored_bytes(tmp_path) == before
    assert [path.name for path in (tmp_path / "results").iterdir() if path.name.startswith(".")] == []


def stored_bytes(folder: Path) -> bytes:
    return next((folder / "results").glob("*.json")).read_bytes()


def test_results_come_by_date_and_then_by_order_of_storing(tmp_path: Path) -> None:
    later = TestResult("later", 1, date(2026, 6, 30), datetime(2026, 6, 30, tzinfo=UTC), Outcome.NOT_EVALUATED)
    earlier = TestResult("earlier", 1, date(2026, 5, 1), datetime(2026, 5, 1, tzinfo=UTC), Outcome.NOT_EVALUATED)
    write_results(tmp_path, record(sequence=2), [Entry("result", result_body(later))])
    write_results(tmp_path, record(sequence=1), [Entry("result", result_body(RESULT))])
    write_results(tmp_path, record(sequence=3) | {"as_of": "2026-05-01"}, [Entry("result", result_body(earlier))])
    assert [result.test for result in read_results(tmp_path)] == ["earlier", "leavers-disabled", "later"]


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: c["entries"][0]["body"].update(started="2020-01-01T00:00:00+00:00"), "entries[0]: found run"),
        (lambda c: c["entries"][1]["body"]["receipt"].update(source_total=10), "entries[1]: found receipt"),
        (lambda c: c["entries"][2]["body"].update(rows=9), "entries[2]: found snapshot app_accounts"),
        (lambda c: c["entries"][4]["body"].update(failing=1), "entries[4]: found result leavers-disabled"),
        (lambda c: c["entries"][4]["body"].update(executed_sql="select 2"), "entries[4]: found result"),
        (lambda c: c["entries"][4]["body"]["failing_keys"].pop(), "entries[4]: found result"),
        (lambda c: c["entries"][2].update(sha256="0" * 64), "entries[2]"),
        (lambda c: c["entries"].pop(3), "root"),
        (lambda c: c["entries"].reverse(), "entries in another order"),
        (lambda c: c.update(root="0" * 64), "root"),
        (lambda c: c.update(digest="0" * 64), "root"),
        (lambda c: c.update(format="other"), "format buttress-results-1"),
        (lambda c: c["entries"].append({"kind": "result"}), "entries[5]"),
    ],
)
def test_any_change_is_found_and_the_first_bad_entry_named(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], named: str
) -> None:
    path = stored(tmp_path)
    edit(path, change)
    with pytest.raises(ProblemsError) as error:
        read_results(tmp_path)
    assert named in str(error.value)
    assert path.name in str(error.value)


def test_a_renamed_file_is_found(tmp_path: Path) -> None:
    path = stored(tmp_path)
    path.rename(path.with_name("2026-07-30" + path.name[10:]))
    with pytest.raises(ProblemsError, match="that of its name"):
        read_results(tmp_path)


def test_failing_rows_that_changed_or_went_are_found(tmp_path: Path) -> None:
    stored(tmp_path)
    (rows,) = (tmp_path / "results" / "rows").iterdir()
    rows.write_bytes(rows.read_bytes() + b"x")
    with pytest.raises(ProblemsError, match="other bytes"):
        read_results(tmp_path)
    rows.unlink()
    with pytest.raises(ProblemsError, match="no file rows/"):
        read_results(tmp_path)


def test_a_forged_file_whose_counts_do_not_add_up_is_found(tmp_path: Path) -> None:
    body = {**result_body(RESULT), "passed": 9}
    write_results(tmp_path, record(), [Entry("result", body)])
    with pytest.raises(ProblemsError, match="do not add up"):
        read_results(tmp_path)


@pytest.mark.parametrize("path", ["../../organisation.yaml", "rows/x.parquet", "/etc/passwd"])
def test_a_forged_path_is_not_followed(tmp_path: Path, path: str) -> None:
    body = {**result_body(RESULT), "failing_rows": {"path": path, "sha256": "0" * 64}}
    write_results(tmp_path, record(), [Entry("result", body)])
    with pytest.raises(ProblemsError, match="follows from the digest"):
        read_results(tmp_path)


def test_a_forged_entry_without_its_fields_is_an_error_and_no_crash(tmp_path: Path) -> None:
    write_results(tmp_path, record(), [Entry("result", {"test": "x"})])
    with pytest.raises(ProblemsError, match="cannot be read"):
        read_results(tmp_path)
