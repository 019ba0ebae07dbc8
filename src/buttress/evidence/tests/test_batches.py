"""Tests of one population are counted together: with the outcome that each has alone, and only where that is certain."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, Value
from buttress.evidence.locked import runner
from buttress.evidence.locked.asking import RunFiles, ask_child
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.locked.runner import QueryCounts, QueryError, run_queries
from buttress.evidence.results import read_results_files
from buttress.evidence.sql.batches import TESTS_A_BATCH, Batches, batched
from buttress.evidence.sql.certainty import is_certain
from buttress.evidence.sql.statements import TestQuery
from buttress.evidence.sql.text import bind_tree, parse_predicate
from buttress.evidence.sql.watched import watched_table

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

NOW = datetime(2026, 6, 30, tzinfo=UTC)
SCHEMA = Schema(
    (
        Column("id", ColumnType.TEXT),
        Column("kind", ColumnType.TEXT, nullable=False),
        Column("score", ColumnType.INTEGER, nullable=False),
        Column("rate", ColumnType.DECIMAL, scale=2),
        Column("mfa", ColumnType.BOOLEAN),
        Column("born", ColumnType.DATE),
        Column("seen", ColumnType.TIMESTAMP, nullable=False),
        Column("note", ColumnType.TEXT),
    ),
    ("id",),
)
QUERY = TestQuery("t", "items", ("id",), NOW, NOW - timedelta(days=90), NOW, fail="score > 3")
POPULATIONS = [None, "kind = 'a'", "kind in ('a', 'b') and coalesce(mfa, true)", "score >= :least"]
EXCUSES = [None, "kind = 'b'", "coalesce(rate, 0) > 1"]
FAILS = [
    "score > 3",
    "not coalesce(mfa, false)",
    "seen < :as_of - interval '30 day'",
    "note is not null and note like '%x%'",
    "rate is null or rate < 0.5",
    "lower(kind) = 'a' and length(kind) between 0 and 5",
    "case when coalesce(mfa, false) then score > 1 else score > 2 end",
    "kind <> 'a' or score = :least",
    "cast(score as text) = '1'",
    "score * 2 > 3",
    "coalesce(nullif(note, 'x'), 'y') = 'y'",
    "cast(coalesce(note, '0') as integer) > 0",
    "born is not null and cast(born as timestamp) < :period_start",
    "kind ~ '^[ab]+$'",
]
CELLS = st.tuples(
    st.sampled_from(["a", "b", "c", "", "A"]),
    st.integers(-2, 6),
    st.sampled_from([None, Decimal("0.25"), Decimal("1.50"), Decimal("-3.00")]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, date(2026, 1, 1), date(1, 1, 1), date(9999, 12, 31)]),
    st.sampled_from([NOW, NOW - timedelta(days=40), datetime(1, 1, 1, tzinfo=UTC)]),
    st.sampled_from([None, "x", "7", "xy"]),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Rows of which some lack the key, repeat one, or are null where the schema says that none is."""
    cells = draw(st.lists(CELLS, max_size=12))
    keys = draw(st.sampled_from([lambda n: f"k{n}", lambda n: f"k{n}" if n % 5 else None, lambda n: f"k{n % 6}"]))
    rows: list[tuple[Value, ...]] = [(keys(n), *row) for n, row in enumerate(cells)]
    is_odd: bool = draw(st.booleans())
    if rows and is_odd:
        rows[0] = (rows[0][0], None, *rows[0][2:])
    return Table("items", SCHEMA, tuple(rows))


@st.composite
def questions(draw: st.DrawFn) -> list[TestQuery]:
    """Tests over two populations at most, so that many can be counted together."""
    groups = [(draw(st.sampled_from(POPULATIONS)), draw(st.sampled_from(EXCUSES))) for _ in range(2)]
    found = []
    for n in range(draw(st.integers(2, 26))):
        population, excuse = draw(st.sampled_from(groups))
        due = draw(st.sampled_from([None, None, "seen", "born"]))
        query = replace(
            QUERY,
            test_id=f"t{n}",
            population=population,
            not_applicable=excuse,
            fail=draw(st.sampled_from(FAILS)),
            due_from=due,
            due_sla=timedelta(days=30) if due else None,
            display=draw(st.sampled_from([(), ("kind",), ("note", "seen")])),
            params={"least": draw(st.integers(0, 1))},
            watched=draw(st.sampled_from([(), ("k0", "k2", "gone")])),
        )
        found.append(query)
    return found


def run(
    folder: Path, table: Table, queries: Sequence[TestQuery], *, together: bool = True
) -> list[QueryCounts | QueryError]:
    database = folder / "run.duckdb"
    database.unlink(missing_ok=True)
    watched = watched_table(queries, {"items": SCHEMA})
    write_database(database, [table, *([watched] if watched else [])])
    whole = {"items": table.whole}
    return run_queries(
        database, queries, {"items": SCHEMA}, whole=whole, allow_without_landlock=True, together=together
    )


def plain(found: QueryCounts | QueryError) -> QueryCounts | QueryError:
    """Without the time that it took."""
    return replace(found, elapsed=0.0) if isinstance(found, QueryCounts) else found


def check_alike(folder: Path, table: Table, queries: Sequence[TestQuery]) -> None:
    together, alone = (run(folder, table, queries, together=how) for how in (True, False))
    assert [plain(each) for each in together] == [plain(each) for each in alone]
    assert all(isinstance(each, QueryError) or not each.shared_sql for each in alone)


@settings(max_examples=5, deadline=None)
@given(table=tables(), queries=questions())
def test_counted_together_each_test_has_the_outcome_that_it_has_alone(
    tmp_path_factory: pytest.TempPathFactory, table: Table, queries: list[TestQuery]
) -> None:
    check_alike(tmp_path_factory.mktemp("run"), table, queries)


@pytest.mark.faults
@settings(max_examples=120, deadline=None)
@given(table=tables(), queries=questions())
def test_of_many_tables_and_tests_each_has_the_outcome_that_it_has_alone(
    tmp_path_factory: pytest.TempPathFactory, table: Table, queries: list[TestQuery]
) -> None:
    check_alike(tmp_path_factory.mktemp("run"), table, queries)


ROWS = tuple((f"k{n}", "ab"[n % 2], n, None, n % 3 == 0, None, NOW, None) for n in range(20))


def test_tests_of_one_population_share_few_statements_clustered_by_the_columns_they_read(tmp_path: Path) -> None:
    fails = ["score > {}", "kind <> 'x{}'", "coalesce(note, '') = 'x{}'"]
    queries = [
        replace(
            QUERY, test_id=f"t{n}", fail=fails[n % 3].format(n), population="kind = 'a'", not_applicable="score = 4"
        )
        for n in range(24)
    ]
    found = run(tmp_path, Table("items", SCHEMA, ROWS), queries)
    counted = [each for each in found if isinstance(each, QueryCounts)]
    assert [len(each.shared_sql) - bool(each.failing) for each in counted] == [2] * 24
    shared = {sql for each in counted for sql in each.shared_sql}
    about_all = {sql for sql in shared if "AS population" in sql}
    about_rows = {sql for sql in shared if "_fails_0" in sql}
    batches = shared - about_all - about_rows
    assert (len(about_all), len(about_rows), len(batches)) == (1, 3, -(-24 // TESTS_A_BATCH))
    assert not any("FILTER" in sql for sql in shared)
    assert {sum(name in sql for name in ("score >", "<> 'x", "note")) for sql in batches} <= {1, 2}


def test_what_cannot_occur_is_not_counted() -> None:
    queries = {n: replace(QUERY, test_id=f"t{n}", fail=f"score > {n}") for n in range(2)}
    (sql,) = batched(queries, {"items": SCHEMA}, {"items": {"id", "score"}}).statements
    assert sql.count("COUNT_IF") == 4
    assert "WHERE" not in sql
    about_all, batch = batched(queries, {"items": SCHEMA}, {"items": {"score"}}).statements
    assert about_all.count("COUNT_IF") == 1
    assert batch.endswith("WHERE NOT (id IS NULL)")


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("score > 3", True),
        ("kind in ('a', :text) and not (score between 1 and 2)", True),
        ("coalesce(note, '') like 'x%' or note is null", True),
        ("note is not null and note > 'a'", True),
        ("seen < :as_of - interval '30 day'", True),
        ("seen + interval '24 hour' < :as_of", True),
        ("cast(born as timestamp) < :as_of", False),  # may be null
        ("born is not null and cast(born as timestamp) < :as_of", True),
        ("date '2026-01-01' < coalesce(born, date '2026-01-02')", True),
        ("note > 'a'", False),
        ("not (note = 'a')", False),
        ("cast(kind as integer) > 3", False),
        ("score + 1 > 3", False),
        ("-score > 3", False),
        ("cast(score as decimal(18,6)) / score > 3", False),
        ("nullif(kind, 'a') is null", False),
        ("case when score > 1 then mfa else true end", False),
        ("case when score > 1 then true end", False),
        ("seen < :as_of - interval '99999999999 day'", False),
        ("seen - interval (score) day < :as_of", False),
    ],
)
def test_only_a_predicate_that_is_true_or_false_for_every_row_is_certain(predicate: str, expected: bool) -> None:
    bound = bind_tree(parse_predicate(predicate), {"as_of": NOW, "text": "b"})
    assert is_certain(bound, "items", SCHEMA, {"id", "kind", "score", "seen"}) is expected
    assert not (is_certain(bound, "items", SCHEMA, ()) and predicate == "score > 3")


def test_a_shared_statement_that_fails_leaves_each_test_its_own(tmp_path: Path) -> None:
    write_database(tmp_path / "run.duckdb", [Table("items", SCHEMA, ROWS)])
    entry = {
        "counts": "select 20, 0",
        "failing": "",
        "failing_position": 1,
        "taken": [(0, 0), (1, 0)],
        "taken_failing": 1,
    }
    shared = ["select count(*) from items", "select error('no')"]
    heard, ending = ask_child(RunFiles(tmp_path / "run.duckdb"), [entry, entry], shared=shared)
    assert ending is None
    assert [(each.counts, each.shared, each.error) for each in heard] == [([20, 0], None, None)] * 2


def test_a_shared_statement_that_kills_the_child_costs_no_test_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(*arguments: object) -> Batches:
        found = batched(*arguments)  # type: ignore[arg-type]
        return replace(found, statements=("select sleep_ms(60000)", *found.statements[1:]))

    queries = [replace(QUERY, test_id=f"t{n}", fail=f"score > {n}") for n in range(3)]
    expected = run(tmp_path, Table("items", SCHEMA, ROWS), queries)
    monkeypatch.setattr(runner, "batched", hanging)
    whole = {"items": Table("items", SCHEMA, ROWS).whole}
    found = run_queries(
        tmp_path / "run.duckdb",
        queries,
        {"items": SCHEMA},
        whole=whole,
        deadline_seconds=1.5,
        allow_without_landlock=True,
    )
    assert [plain(each) for each in found] == [plain(each) for each in expected]
    assert all(isinstance(each, QueryCounts) and not each.shared_sql for each in found)


TEST = """\
id: {id}
version: 1
title: Scores are low
controls: [IAM-02]
assertion: operating
source: items
key: [id]
population: "coalesce(active, false)"
fail: "coalesce(score, 0) > {most}"
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{{id: a, active: true, score: '0'}}]
  fail: [{{id: b, active: true, score: '9'}}]
"""


def test_the_run_record_holds_the_statements_that_counted_several_tests(register: "Register") -> None:
    register.declare(
        "items:\n  path: evidence/items-*.csv\n  format: csv\n  key: [id]\n"
        "  columns: {id: {type: text}, active: {type: boolean}, score: {type: integer}}\n"
        '  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}\n'
    )
    for n in range(3):
        register.add_test(f"low-{n}", TEST.format(id=f"low-{n}", most=n))
    register.put("evidence/items-2026-06-30.csv", "id,active,score\na,true,1\nb,true,3\n")
    results = register.run("2026-06-30").results
    assert [each.failing for each in results] == [2, 1, 1]
    (file,) = read_results_files(register.folder)
    counting, finding = file.record["shared_statements"]
    assert counting["tests"] == finding["tests"] == ["low-0", "low-1", "low-2"]
    assert counting["sql"].count("COUNT_IF") == 6
    assert all(counting["sql"] != body["executed_sql"] for body in file.of_kind("result"))
