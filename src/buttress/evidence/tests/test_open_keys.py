"""What became of items that failed: fixed, gone, or not decided; and since when the failing ones are due."""

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.core.verdicts import Outcome, TestResult
from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, Value, key_parts, key_text
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.locked.runner import QueryCounts, TestQuery, run_queries
from buttress.evidence.result_content import result_from_text, result_to_text
from buttress.evidence.results import read_results, read_results_files
from buttress.evidence.sql.watched import watched_table

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

DATASET = """
users:
  path: evidence/users-*.csv
  format: csv
  key: [id]
  columns:
    id: {type: text}
    active: {type: boolean}
    vaulted: {type: boolean}
    mfa: {type: boolean}
    joined: {type: timestamp}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""
TEST = """\
id: second-factor
version: 1
title: Every account has a second factor
controls: [IAM-02]
assertion: operating
source: users
key: [id]
population: "coalesce(active, false)"
not_applicable: "coalesce(vaulted, false)"
fail: "not coalesce(mfa, false)"
due: {from: joined, sla: 24 hours}
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{id: a, active: true, mfa: true}]
  fail: [{id: b, active: true}]
  not_due: [{id: d, active: true, joined: 2026-06-29T23:00:00Z}]
  not_applicable: [{id: c, active: true, vaulted: true}]
"""
HEADER = "id,active,vaulted,mfa,joined\n"
FAILING = "true,,,"


@pytest.fixture
def users(register: "Register") -> "Register":
    """Five accounts fail on 1 June; the last two joined on a day that is known."""
    register.declare(DATASET)
    register.add_test("second-factor", TEST)
    put(register, 1, *(f"{key},{FAILING}" for key in "abc"), f"d,{FAILING}2026-05-09T22:30:00Z", f"e,{FAILING}")
    return register


def put(register: "Register", day: int, *rows: str) -> None:
    register.put(f"evidence/users-2026-06-{day:02}.csv", HEADER + "".join(f"{row}\n" for row in rows))


def results(register: "Register", as_of: str = "2026-06-30") -> list[TestResult]:
    register.run(as_of)
    return list(read_results(register.folder))


def test_a_failing_item_is_dated_by_its_own_event_in_the_organisations_zone(users: "Register") -> None:
    (first,) = results(users, "2026-06-01")
    assert first.failing_keys == ("a", "b", "c", "d", "e")
    assert first.failing_since == (None, None, None, "2026-05-10", None)


def test_a_test_without_a_deadline_has_no_dates(users: "Register") -> None:
    users.add_test("second-factor", TEST.replace("  not_due:", "  # not_due:").replace("\ndue:", "\n# due:"))
    (first,) = results(users, "2026-06-01")
    assert first.failing_since == (None,) * 5
    (file,) = read_results_files(users.folder)
    assert file.of_kind("result")[0]["failing_since"] == []


def test_an_item_that_failed_is_told_as_gone_undecided_or_by_silence_as_fixed(users: "Register") -> None:
    put(users, 2, f"a,{FAILING}", "b,true,,true,", "c,true,true,,", "d,true,,,2026-06-02T20:00:00Z", "e,false,,,")
    second = results(users)[1]
    assert second.failing_keys == ("a",)
    assert (second.left_keys, second.undecided_keys) == (("e",), ("c", "d"))


def test_only_what_was_open_before_is_told(users: "Register") -> None:
    put(users, 2, "c,true,true,,", "n,true,true,,", "z,true,,true,")
    put(users, 3, "c,true,true,,", "n,true,true,,", "z,true,,true,")
    put(users, 4, "z,true,,true,")
    told = [(each.left_keys, each.undecided_keys) for each in results(users, "2026-06-04")]
    assert told == [((), ()), (("a", "b", "d", "e"), ("c",)), ((), ("c",)), (("c",), ())]


def test_what_an_incomplete_run_did_not_find_is_asked_for_again(users: "Register") -> None:
    put(users, 2, "z,true,,true,")
    users.put("evidence/users-2026-06-02.csv.receipt.yaml", "receipt: {cursor_exhausted: false}\n")
    put(users, 3, "a,true,,true,", "z,true,,true,")
    _, cut, whole = results(users, "2026-06-03")
    assert (cut.outcome, cut.left_keys) == (Outcome.INCOMPLETE, ("a", "b", "c", "d", "e"))
    assert (whole.outcome, whole.left_keys) == (Outcome.EVALUATED, ("b", "c", "d", "e"))


def test_a_run_that_counted_nothing_leaves_open_what_was_open(users: "Register") -> None:
    users.put("evidence/users-2026-06-02.csv", "damaged")
    put(users, 3, "z,true,,true,")
    first, error, last = results(users, "2026-06-03")
    assert (error.outcome, error.left_keys, error.is_counted) == (Outcome.ERROR, (), False)
    assert last.left_keys == first.failing_keys


def test_a_run_of_an_earlier_date_compares_with_what_came_before_it(users: "Register") -> None:
    put(users, 9, "z,true,,true,")
    results(users, "2026-06-09")
    put(users, 4, f"a,{FAILING}", "z,true,,true,")
    assert [each.left_keys for each in results(users, "2026-06-09") if each.as_of == date(2026, 6, 4)] == [
        ("b", "c", "d", "e")
    ]


def test_items_keep_their_life_across_a_test_that_supersedes_another(users: "Register") -> None:
    results(users, "2026-06-01")
    users.tests.clear()
    users.add_test("factor", TEST.replace("id: second-factor", "id: factor\nsupersedes: second-factor"))
    put(users, 2, f"a,{FAILING}")
    users.run("2026-06-02", period=("2026-06-02", "2026-12-31"))
    assert read_results(users.folder)[-1].left_keys == ("b", "c", "d", "e")


def test_an_item_that_fails_again_is_told_as_failing_alone(users: "Register") -> None:
    put(users, 2, "a,true,,true,", "z,true,,true,")
    put(users, 3, f"a,{FAILING}", f"b,{FAILING}")
    last = results(users, "2026-06-03")[-1]
    assert (last.failing_keys, last.left_keys, last.undecided_keys) == (("a", "b"), (), ())


def test_the_same_evidence_gives_results_of_the_same_digest(users: "Register") -> None:
    put(users, 2, f"a,{FAILING}", "c,true,true,,")
    results(users)
    first = [file.digest for file in read_results_files(users.folder)]
    for path in (users.folder / "results").glob("*.json"):
        path.unlink()
    results(users)
    assert [file.digest for file in read_results_files(users.folder)] == first


def test_a_result_goes_through_the_database_as_it_was(users: "Register") -> None:
    put(users, 2, f"d,{FAILING}2026-05-09T22:30:00Z", "c,true,true,,")
    for result in results(users, "2026-06-02"):
        assert result_from_text(result_to_text(result)) == result


# ---- keys of every type ----------------------------------------------------------------------------------------------

NOW = datetime(2026, 6, 30, tzinfo=UTC)
KEYS = Schema(
    (
        Column("a", ColumnType.TEXT),
        Column("b", ColumnType.INTEGER),
        Column("c", ColumnType.DECIMAL, scale=3),
        Column("d", ColumnType.BOOLEAN),
        Column("e", ColumnType.DATE),
        Column("f", ColumnType.TIMESTAMP),
        Column("fails", ColumnType.BOOLEAN, nullable=False),
    ),
    ("a", "b", "c", "d", "e", "f"),
)
VALUES: Sequence[Sequence[Value]] = (
    ("x", "", "p|q\\", "2026-06-30T00:00:00.000000Z", "2026-06-30 00:00:00", "'; drop table keys; --"),
    (0, -(2**63), 2**63 - 1),
    (Decimal("-0.001"), Decimal("0.000"), Decimal("1234567890123456789012345.500")),
    (True, False),
    (date(1, 1, 1), date(9999, 12, 31)),
    (NOW, datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 120000, tzinfo=UTC)),
)


@pytest.mark.parametrize("form", ["predicate", "rows"])
def test_keys_of_every_type_are_found_by_their_text(tmp_path: Path, form: str) -> None:
    rows = [(*key, False) for key in itertools.islice(itertools.product(*VALUES), 0, None, 7)]
    keys = tuple(key_text(row[:6]) for row in rows)
    strange = ("", "a|b", "x|0|0.000|true|0001-01-01|yesterday", "y" + keys[0][1:])
    query = TestQuery("t", "keys", KEYS.key, NOW, NOW, NOW, fail="fails", watched=(*keys, *strange))
    if form == "rows":
        select = "select a, b, c, d, e, f from keys"
        query = TestQuery(
            "t", "keys", KEYS.key, NOW, NOW, NOW, population_rows=select, failing_rows=f"{select} where fails",
            watched=query.watched,
        )  # fmt: skip
    watched = watched_table([query], {"keys": KEYS})
    assert watched is not None
    write_database(tmp_path / "run.duckdb", [Table("keys", KEYS, tuple(rows)), watched])
    (found,) = run_queries(tmp_path / "run.duckdb", [query], {"keys": KEYS}, allow_without_landlock=True)
    assert isinstance(found, QueryCounts), found
    assert (found.left_keys, found.undecided_keys) == (strange, ())


@given(st.lists(st.text("ab|\\"), min_size=1))
def test_parts_of_a_key_are_found_in_its_text(parts: list[str]) -> None:
    assert list(key_parts(key_text(parts))) == parts
