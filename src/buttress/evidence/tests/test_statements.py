from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, Value
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.sql.statements import COUNT_COLUMNS, TestQuery, plan_of
from buttress.evidence.sql.text import RefusedSqlError, bind

NOW = datetime(2026, 6, 30, tzinfo=UTC)
SCHEMA = Schema(
    (
        Column("account_id", ColumnType.TEXT, nullable=False),
        Column("kind", ColumnType.TEXT, nullable=False),
        Column("exempt", ColumnType.BOOLEAN, nullable=False),
        Column("mfa", ColumnType.BOOLEAN, nullable=False),
        Column("created_at", ColumnType.TIMESTAMP),
        Column("is_failing", ColumnType.BOOLEAN, nullable=False),
    ),
    ("account_id",),
)
BY_PREDICATES = TestQuery(
    test_id="mfa",
    source="accounts",
    key=("account_id",),
    as_of=NOW,
    period_start=NOW - timedelta(days=90),
    period_end=NOW,
    display=("kind", "account_id"),
    population="kind = 'human'",
    not_applicable="exempt",
    fail="not mfa",
    due_from="created_at",
    due_sla=timedelta(hours=24),
)
BY_ROWS = replace(
    BY_PREDICATES,
    display=("kind",),
    population=None,
    not_applicable=None,
    fail=None,
    population_rows="select account_id from accounts where kind = 'human'",
    failing_rows="select account_id, kind, created_at from accounts where kind = 'human' and not mfa",
    not_applicable_rows="select account_id from accounts where kind = 'human' and exempt",
)


def run(tables: Sequence[Table], query: TestQuery) -> tuple[dict[str, int], list[tuple[object, ...]]]:
    """Counts and failing rows of a test, in this process: the statements are what is tested here, not the child."""
    plan = plan_of(query, {table.name: table.schema for table in tables})
    with duckdb.connect() as connection:
        for table in tables:
            _load(connection, table)
        counts = connection.execute(plan.counts.sql).fetchone()
        assert counts is not None
        failing = connection.execute(plan.failing.sql).fetchall()
        assert tuple(column[0] for column in connection.description) == plan.failing.columns
    return dict(zip(plan.counts.columns, counts, strict=True)), failing


def _load(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    names = {ColumnType.TEXT: "VARCHAR", ColumnType.BOOLEAN: "BOOLEAN", ColumnType.TIMESTAMP: "TIMESTAMP"}
    columns = ", ".join(f"{column.name} {names[column.type]}" for column in table.schema.columns)
    connection.execute(f"create or replace table {table.name} ({columns})")
    if table.rows:
        places = ", ".join(f"({', '.join('?' for _ in row)})" for row in table.rows)
        cells = [
            cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for row in table.rows for cell in row
        ]
        connection.execute(f"insert into {table.name} values {places}", cells)


def accounts(*rows: tuple[Value, ...]) -> Table:
    return Table("accounts", SCHEMA, rows)


BOOLEANS = st.sampled_from([True, False, None])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["human", "service", None]),
        BOOLEANS,
        BOOLEANS,
        st.sampled_from([None, NOW - timedelta(days=9), NOW - timedelta(hours=24), NOW - timedelta(hours=23)]),
        st.booleans(),
    ),
    max_size=25,
)


def judged(row: tuple[Value, ...]) -> str:
    """The rules of a row in plain words, for comparison with the SQL."""
    key, kind, exempt, mfa, created, _ = row
    if kind is not None and kind != "human":
        return "outside"
    if None in (key, kind, exempt, mfa):
        return "unknown"
    if exempt:
        return "not_applicable"
    if mfa:
        return "passed"
    is_due = created is None or (isinstance(created, datetime) and created + timedelta(hours=24) <= NOW)
    return "failing" if is_due else "not_due"


@settings(max_examples=30, deadline=None)
@given(ROWS, st.booleans())
def test_each_row_of_the_population_is_counted_once_and_as_its_values_say(
    values: list[tuple[Value, ...]], has_null_key: bool
) -> None:
    rows = [(None if has_null_key and n == 0 else f"a{n}", *cells) for n, cells in enumerate(values)]
    counts, failing = run([accounts(*rows)], BY_PREDICATES)
    words = [judged(row) for row in rows]
    expected = {name: words.count(name) for name in ("passed", "failing", "not_due", "unknown")}
    expected["not_applicable"] = words.count("not_applicable") + words.count("not_due")
    expected["population"] = len(words) - words.count("outside")
    assert counts == expected
    assert sorted(row[:2] for row in failing) == sorted((row[0], "human") for row in rows if judged(row) == "failing")


@settings(max_examples=12, deadline=None)
@given(ROWS)
def test_both_forms_count_alike_where_nothing_is_null(values: list[tuple[Value, ...]]) -> None:
    rows = [(f"a{n}", *cells) for n, cells in enumerate(values) if None not in cells[:3]]
    by_predicates, _ = run([accounts(*rows)], BY_PREDICATES)
    by_rows, failing = run([accounts(*rows)], BY_ROWS)
    assert {name: by_rows[name] for name in COUNT_COLUMNS} == by_predicates
    assert len(failing) == by_rows["failing"]
    assert by_rows["repeated_keys"] == by_rows["failing_outside"] == by_rows["not_applicable_outside"] == 0


OLD = NOW - timedelta(days=9)
HUMAN = ("a1", "human", False, False, OLD, True)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"failing_rows": "select account_id, kind, created_at from accounts"}, "failing_outside"),
        ({"not_applicable_rows": "select account_id from accounts"}, "not_applicable_outside"),
        (
            {"population_rows": "select a.account_id from accounts a join accounts b on a.is_failing = b.is_failing"},
            "repeated_keys",
        ),
    ],
)
def test_row_form_tells_rows_outside_the_population_and_repeated_keys(changes: dict[str, str], name: str) -> None:
    service = ("s1", "service", False, False, OLD, True)
    counts, _ = run([accounts(HUMAN, service)], replace(BY_ROWS, **changes))  # type: ignore[arg-type]
    assert counts[name] > 0


def test_row_without_key_is_unknown_in_the_row_form() -> None:
    counts, failing = run([accounts(HUMAN, (None, "human", False, False, OLD, True))], BY_ROWS)
    assert (counts["population"], counts["failing"], counts["unknown"], counts["failing_outside"]) == (2, 1, 1, 0)
    assert [row[0] for row in failing] == ["a1"]


def test_column_named_like_one_of_our_aliases_keeps_its_meaning() -> None:
    query = replace(BY_PREDICATES, fail="is_failing", not_applicable="not is_failing", due_from=None, due_sla=None)
    counts, failing = run([accounts(HUMAN, ("a2", "human", True, False, OLD, False))], query)
    assert (counts["failing"], counts["not_applicable"]) == (1, 1)
    assert failing == [("a1", "human")]


def test_whole_source_is_the_population_where_none_is_declared() -> None:
    counts, _ = run(
        [accounts(HUMAN, ("s1", "service", False, True, OLD, True))], replace(BY_PREDICATES, population=None)
    )
    assert (counts["population"], counts["passed"], counts["failing"]) == (2, 1, 1)


def test_counts_never_use_filter_and_text_differs_from_declared_only_by_its_literals() -> None:
    plan = plan_of(BY_PREDICATES, {"accounts": SCHEMA})
    assert "FILTER" not in plan.counts.sql
    assert "COUNT_IF" in plan.counts.sql
    assert plan.counts.canonical.replace("$as_of", "CAST('2026-06-30 00:00:00.000000' AS TIMESTAMP)") == plan.counts.sql
    assert "$" not in plan.counts.sql + plan.failing.sql


REFUSED = [
    ({"fail": "not coalesce(mfa_enrolled, false)"}, "unknown column"),
    ({"fail": None}, "no failing condition"),
    ({"fail": "exists (select 1 from accounts)"}, "subquery"),
    ({"source": "people"}, "data set people"),
    ({"also": ("people",)}, "data set people"),
    ({"display": ("e_mail",)}, "column e_mail"),
    ({"key": ()}, "no key"),
    ({"due_sla": None}, "half of a deadline"),
    ({"params": {"as_of": 3}}, "parameter as_of"),
    ({"params": {"limit_days": None}, "fail": "mfa"}, "parameter"),
    ({"population_rows": "select account_id from accounts"}, "incomplete row form"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_faulty_declaration_is_refused_before_anything_runs(changes: dict[str, object], words: str) -> None:
    with pytest.raises(RefusedSqlError, match=words):
        plan_of(replace(BY_PREDICATES, **changes), {"accounts": SCHEMA})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"display": ("mfa",)}, "display column mfa"),
        ({"due_from": "mfa"}, "due column mfa"),
        ({"failing_rows": "select kind, account_id from accounts"}, "the key first"),
        ({"population_rows": None}, "incomplete row form"),
    ],
)
def test_faulty_row_form_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(RefusedSqlError, match=words):
        plan_of(replace(BY_ROWS, **changes), {"accounts": SCHEMA})  # type: ignore[arg-type]


HOSTILE_DECLARATIONS: list[dict[str, object]] = [
    {"fail": "true) or (true"},
    {"fail": "true -- \n) union all select 1"},
    {"fail": "account_id in (select content from read_text('/etc/passwd'))"},
    {"fail": "read_text('/etc/passwd') is null"},
    {"fail": "getenv('HOME') = 'x'"},
    {"population": "exists (select 1 from duckdb_settings())"},
    {"population": "sleep_ms(60000) = 1"},
    {"population": "random() < 0.5"},
    {"population": "created_at < now()"},
    {"not_applicable": "error(account_id) = 1"},
    {"not_applicable": "repeat('a', 1000000000) = account_id"},
    {"not_applicable": "cast(account_id as integer) = 1 / 0"},
    {"key": ("account_id; drop table accounts",)},
    {"key": ('account_id" from accounts; --',)},
    {"display": ("* from accounts; --",)},
    {"source": "accounts; drop table accounts"},
    {"source": "duckdb_settings"},
    {"due_from": "now()"},
    {"fail": ":unknown = account_id"},
    {"fail": "{{ account_id }} = 1"},
]
HOSTILE_ROWS: list[dict[str, object]] = [
    {"failing_rows": "select account_id from population_keys"},
    {"failing_rows": "with accounts as (select account_id from accounts) select account_id from accounts"},
    {"failing_rows": "with population_keys as (select 1 as account_id) select account_id from population_key"},
    {"failing_rows": "select account_id from accounts; drop table accounts"},
    {"failing_rows": "select account_id from information_schema.tables"},
    {"failing_rows": "select account_id from accounts limit 1"},
    {"failing_rows": "select account_id from accounts using sample 1"},
    {"failing_rows": "copy accounts to '/tmp/x'"},
    {"failing_rows": "from accounts"},
    {"population_rows": "select account_id from accounts a, accounts b"},
    {"population_rows": "with recursive r as (select account_id from accounts) select account_id from r"},
]


@pytest.mark.parametrize("changes", HOSTILE_DECLARATIONS)
def test_hostile_predicate_declaration_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RefusedSqlError):
        plan_of(replace(BY_PREDICATES, **changes), {"accounts": SCHEMA})  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", HOSTILE_ROWS)
def test_hostile_row_declaration_is_refused(changes: dict[str, object]) -> None:
    query = replace(BY_ROWS, display=(), due_from=None, due_sla=None, **changes)  # type: ignore[arg-type]
    with pytest.raises(RefusedSqlError):
        plan_of(query, {"accounts": SCHEMA})


def test_parameter_that_carries_sql_stays_a_text() -> None:
    query = replace(BY_PREDICATES, fail="kind = :kind", params={"kind": "x' or '1'='1"})
    assert "'x'' or ''1''=''1'" in plan_of(query, {"accounts": SCHEMA}).counts.sql
    counts, _ = run([accounts(HUMAN)], query)
    assert counts["failing"] == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (-3, "-3"),
        (True, "TRUE"),
        ("a\\'b", "'a\\''b'"),
        (NOW, "CAST('2026-06-30 00:00:00.000000' AS TIMESTAMP)"),
        (NOW.date(), "CAST('2026-06-30' AS DATE)"),
    ],
)
def test_parameter_becomes_a_typed_literal(value: Value, text: str) -> None:
    assert bind("kind = :p", {"p": value}) == f"kind = {text}"


@pytest.mark.parametrize("value", [None, NOW.replace(tzinfo=None), "x" * 1001, "a\0b"])
def test_parameter_without_a_sound_value_is_refused(value: Value) -> None:
    with pytest.raises(RefusedSqlError):
        bind("kind = :p", {"p": value})


def test_interval_counts_by_a_whole_parameter_only() -> None:
    assert bind("created_at < :as_of - interval (:days) day", {"as_of": NOW, "days": 90}).endswith("INTERVAL '90' DAY")
    with pytest.raises(RefusedSqlError, match="whole units"):
        bind("created_at < :as_of - interval (:days) day", {"as_of": NOW, "days": "90"})


def test_database_holds_the_rows_that_the_statements_read(tmp_path: Path) -> None:
    write_database(tmp_path / "run.duckdb", [accounts(HUMAN)])
    with duckdb.connect(str(tmp_path / "run.duckdb"), read_only=True) as connection:
        assert connection.execute(plan_of(BY_PREDICATES, {"accounts": SCHEMA}).failing.sql).fetchall() == [
            ("a1", "human", HUMAN[4].replace(tzinfo=None))
        ]
