"""Large Parquet files: loaded by a child, with the values, counts and digests that the ordinary reader gives."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from buttress.core.verdicts import Outcome
from buttress.evidence.data import large_tables
from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.evidence.data.tables import LoadedTable, Table
from buttress.evidence.results import read_results
from buttress.evidence.tests.conftest import ZONE, Register, declared

if TYPE_CHECKING:
    from buttress.evidence.data.datasets import DatasetDeclaration

FILE = "evidence/things-2026-06-30.parquet"
DATASET = """
things:
  path: evidence/things-*.parquet
  format: parquet
  key: [{key}]
  columns:
{columns}
  effective_at: {{from: file_name, pattern: "-(?P<date>[0-9-]+)"}}
"""
COLUMNS = {
    "name": "{type: text}",
    "kind": "{type: text, values: [human, service]}",
    "label": "{type: text, map: {'0': none, '1': one, '*': many}}",
    "code": "{type: text, from: number, nullable: false}",
    "number": "{type: integer, nullable: false}",
    "big": "{type: integer, from: unsigned}",
    "price": "{type: decimal, scale: 3}",
    "exact": "{type: decimal, scale: 2, from: real}",
    "flag": "{type: boolean}",
    "yes": "{type: boolean, from: word, map: {'yes': true, '*': false}}",
    "day": "{type: date}",
    "at": "{type: timestamp}",
    "local": "{type: timestamp, zone: UTC}",
    "fine": "{type: timestamp, zone: UTC}",
    "written": "{type: timestamp}",
    "ends": "{type: timestamp, from: day, date_as: end_of_day}",
    "source": "{type: text, value: crm}",
}
SELECT = r"""
    select
      case n % 5 when 0 then null when 1 then e'a\tb\n' || n when 2 then '\N\' || n when 3 then 'é' || n else '' end as name,
      case when n % 3 > 0 then ['human', 'service'][n % 3] end as kind,
      cast(n % 4 as tinyint) as label,
      cast(n as integer) - 7 as number,
      case when n % 2 = 0 then cast(n as ubigint) end as unsigned,
      case when n % 6 > 0 then cast(n - 10 as decimal(9,2)) / 4 end::decimal(9,2) as price,
      case when n % 6 > 0 then cast(n as double) / 4 end as real,
      n % 2 = 0 as flag,
      case n % 3 when 0 then 'yes' when 1 then 'no' end as word,
      date '2026-01-01' + cast(n as integer) as day,
      timestamptz '2026-03-29 00:30:00+01' + to_minutes(n) as at,
      timestamp '0001-01-01' + to_microseconds(n) as local,
      cast(timestamp '2026-01-01 10:00:00.5' + to_days(cast(n as integer)) as timestamp_ns) as fine,
      '2026-06-30T08:00:0' || (n % 10) || '+02:00' as written
    from range(60) r(n)
"""


@pytest.fixture(autouse=True)
def small_files_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_tables, "LARGE_BYTES", 0)


@pytest.fixture
def snapshots(tmp_path: Path) -> Callable[..., tuple[Snapshot, Snapshot]]:
    """The snapshot as loaded by the child, and as read the ordinary way."""

    def both(select: str, columns: dict[str, str], key: str) -> tuple[Snapshot, Snapshot]:
        write(tmp_path / FILE, select)
        dataset = dataset_of(columns, key)
        (file,) = snapshots_of(tmp_path, dataset, ZONE)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        loaded = read_snapshot(tmp_path, dataset, file, ZONE, scratch=lambda: scratch)
        return loaded, read_snapshot(tmp_path, dataset, file, ZONE)

    return both


def dataset_of(columns: dict[str, str], key: str) -> "DatasetDeclaration":
    return declared(DATASET.format(key=key, columns="".join(f"    {n}: {c}\n" for n, c in columns.items())))["things"]


def write(path: Path, select: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone='UTC'")
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")


def rows_of(table: Table | LoadedTable | None) -> list[tuple[Any, ...]]:
    assert isinstance(table, LoadedTable)
    with duckdb.connect(str(table.path), read_only=True) as connection:
        return connection.execute(f"from {table.name}").fetchall()


@pytest.mark.parametrize("key", ["number", "name, kind", "label"])
def test_a_loaded_file_has_the_digests_and_counts_of_one_that_is_read(
    snapshots: Callable[..., tuple[Snapshot, Snapshot]], key: str
) -> None:
    loaded, read = snapshots(SELECT, COLUMNS, key)
    assert loaded.problems == read.problems == ()
    assert isinstance(loaded.table, LoadedTable)
    assert isinstance(read.table, Table)
    assert loaded.table.whole == read.table.whole
    for name in ("canonical_sha256", "input_sha256", "rows", "null_keys", "repeated_keys", "distinct_keys", "absent"):
        assert getattr(loaded, name) == getattr(read, name), name
    assert sorted(map(repr, rows_of(loaded.table))) == sorted(map(repr, map(as_engine, read.table.rows)))
    assert sorted(path.name for path in loaded.table.path.parent.iterdir()) == ["table.duckdb"]


def as_engine(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(cell.replace(tzinfo=None) if hasattr(cell, "tzinfo") else cell for cell in row)


def test_columns_that_tell_of_a_time_to_come_are_counted(
    snapshots: Callable[..., tuple[Snapshot, Snapshot]],
) -> None:
    columns = {"day": "{type: date, past: true}", "at": "{type: timestamp, past: true}"}
    select = (
        "select date '2026-06-25' + cast(n as integer) as day, timestamptz '2026-06-30 20:00+00' + to_hours(n) as at "
        "from range(48) r(n) union all select null, null"
    )
    loaded, read = snapshots(select, columns, "day")
    assert (loaded.future_rows, loaded.null_keys) == (read.future_rows, read.null_keys)
    assert loaded.future_rows > 20


FAULTS = {
    "a missing column": ("select 1 as n", {"n": "{type: integer}", "m": "{type: text}"}),
    "a text of none of the values": ("select 'x' as n", {"n": "{type: text, values: [a, b]}"}),
    "a null where none may be": ("select 1 as n union all select null", {"n": "{type: integer, nullable: false}"}),
    "a text that is no number": ("select 'one' as n", {"n": "{type: integer}"}),
    "too many decimals": ("select 1.005::decimal(9,3) as n", {"n": "{type: decimal, scale: 2}"}),
    "too many digits": ("select 1e20::decimal(38,0) as n", {"n": "{type: decimal, scale: 10}"}),
    "a real beyond measure": ("select 1e300 as n", {"n": "{type: decimal, scale: 2}"}),
    "a time without a zone": ("select timestamp '2026-01-01' as n", {"n": "{type: timestamp}"}),
    "a nanosecond": ("select '2026-01-01 00:00:00.0000001'::timestamp_ns as n", {"n": "{type: timestamp, zone: UTC}"}),
    "a day for a time": ("select date '2026-01-01' as n", {"n": "{type: timestamp}"}),
    "a day before the calendar": ("select date '0001-01-01' - 400 as n", {"n": "{type: date}"}),
    "a time without end": ("select 'infinity'::timestamptz as n", {"n": "{type: timestamp}"}),
    "a word without a meaning": ("select 'perhaps' as n", {"n": "{type: boolean, map: {'yes': true}}"}),
    "nested": ("select {'a': 1} as n", {"n": "{type: text}"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.faults
def test_what_the_reader_refuses_is_not_loaded(
    snapshots: Callable[..., tuple[Snapshot, Snapshot]], tmp_path: Path, name: str
) -> None:
    select, columns = FAULTS[name]
    loaded, read = snapshots(select, columns, "n")
    assert read.problems
    assert loaded.problems, name
    assert (loaded.table, loaded.canonical_sha256) == (None, None)
    assert {problem.file for problem in loaded.problems} == {FILE}
    assert loaded.input_sha256 == read.input_sha256
    assert list((tmp_path / "scratch").iterdir()) == []


def test_an_absent_column_that_may_be_absent_is_null(tmp_path: Path) -> None:
    write(tmp_path / FILE, "select 'a' as account_id, 'active' as status, 'human' as kind")
    dataset = declared(
        "idp_accounts:\n  path: evidence/things-*.parquet\n  format: parquet\n"
        '  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}\n'
    )["idp_accounts"]
    (file,) = snapshots_of(tmp_path, dataset, ZONE)
    loaded, read = (read_snapshot(tmp_path, dataset, file, ZONE, scratch=s) for s in ((lambda: tmp_path), None))
    assert (loaded.problems, loaded.absent) == ((), read.absent)
    assert loaded.canonical_sha256 == read.canonical_sha256
    assert "mfa_enrolled" in loaded.absent


@pytest.mark.faults
def test_a_column_of_many_texts_must_have_its_own_type(snapshots: Callable[..., tuple[Snapshot, Snapshot]]) -> None:
    at = "cast(timestamp '2026-01-01' + to_seconds(n) as varchar) || 'Z'"
    select = f"select 't' || n as id, {at} as at from range(150000) r(n)"
    loaded, _ = snapshots(select, {"id": "{type: text}", "at": "{type: timestamp}"}, "id")
    assert "a column stored as VARCHAR with about" in str(loaded.problems[0])
    assert "one stored as timestamp" in str(loaded.problems[0])


def test_more_rows_than_may_be_are_told_before_they_are_loaded(
    snapshots: Callable[..., tuple[Snapshot, Snapshot]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_tables, "MOST_ROWS", 99)
    loaded, _ = snapshots("select n from range(100) r(n)", {"n": "{type: integer}"}, "n")
    assert "found 100 rows; expected at most 99" in str(loaded.problems[0])


HOSTILE_CHILDREN = {
    "no answer": "pass",
    "noise": "print('x' * 100)",
    "two answers": "print('{}\\n{}')",
    "counts that are texts": 'print(\'{"rows": "5"}\')',
    "more rows than may be": "print('{\"rows\": 99999999999}')",
    "an answer without end": "print('\"' + 'x' * 5000000 + '\"')",
    "a crash": "import os; os._exit(9)",
    "a link for a table": (
        "import sys, json, os; q = json.loads(sys.argv[1]); os.symlink('/etc/passwd', q['folder'] + '/table.duckdb');"
        "print(json.dumps({'rows': 1, 'null_keys': 0, 'repeated_keys': 0, 'future_rows': 0, 'whole': [], 'absent': [],"
        "'canonical_sha256': '0' * 64}))"
    ),
}


@pytest.mark.parametrize("name", HOSTILE_CHILDREN)
def test_a_hostile_answer_is_a_problem_of_the_file(
    snapshots: Callable[..., tuple[Snapshot, Snapshot]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(large_tables, "_CHILD", HOSTILE_CHILDREN[name])
    loaded, _ = snapshots("select 1 as n", {"n": "{type: integer}"}, "n")
    assert loaded.problems
    assert loaded.table is None


def test_a_damaged_file_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    write(tmp_path / FILE, "select n from range(1000) r(n)")
    content = bytearray((tmp_path / FILE).read_bytes())
    content[40:200] = bytes(160)
    (tmp_path / FILE).write_bytes(content)
    dataset = dataset_of({"n": "{type: integer}"}, "n")
    (file,) = snapshots_of(tmp_path, dataset, ZONE)
    assert read_snapshot(tmp_path, dataset, file, ZONE, scratch=lambda: tmp_path).problems


@pytest.mark.faults
def test_a_file_that_takes_its_reader_seconds_gives_the_same_either_way(
    snapshots: Callable[..., tuple[Snapshot, Snapshot]],
) -> None:
    """After two seconds an engine would show on its standard output how far it has come."""
    columns = {f"c{n}": "{type: text}" for n in range(20)}
    cells = ", ".join(f"'text-' || hash(i + {n}) as c{n}" for n in range(20))
    select = f"select {cells} from range(300000) r(i)"
    loaded, read = snapshots(select, columns, "c0")
    assert loaded.problems == read.problems == ()
    assert loaded.canonical_sha256 == read.canonical_sha256


# ---- runs ------------------------------------------------------------------------------------------------------------

TEST = """\
id: {id}
version: 1
title: Numbers are small
controls: [IAM-02]
assertion: operating
source: things
key: [id]
population: "coalesce(active, false)"
fail: "coalesce(number, 0) >= {most}"
display: [team]
examples:
  as_of: 2026-06-30T00:00:00Z
  pass: [{{id: a, active: true, number: '0', team: x}}]
  fail: [{{id: b, active: true, number: '99999', team: x}}]
"""
JOINED = """\
id: known-teams
version: 1
title: Every team is known
controls: [IAM-02]
assertion: operating
source: things
also: [teams]
key: [id]
population_rows: select t.id from things t
failing_rows: >
  select t.id from things t where not exists (select 1 from teams x where x.team = t.team)
examples:
  as_of: 2026-06-30T00:00:00Z
  also: {teams: [{team: a}]}
  pass: [{id: a, active: true, number: '0', team: a}]
  fail: [{id: b, active: true, number: '0', team: b}]
"""
THINGS = {
    "id": "{type: text, nullable: false}",
    "active": "{type: boolean}",
    "number": "{type: integer}",
    "team": "{type: text}",
}
TEAMS = """
teams:
  path: evidence/teams-*.csv
  format: csv
  key: [team]
  columns: {team: {type: text, nullable: false}}
  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}
"""


@pytest.fixture
def things(register: Register) -> Register:
    """Three tests of a large data set, and one that joins a small one to it."""
    columns = "".join(f"    {n}: {c}\n" for n, c in THINGS.items())
    register.declare(DATASET.format(key="id", columns=columns) + TEAMS)
    for most in (97, 98, 99):
        register.add_test(f"below-{most}", TEST.format(id=f"below-{most}", most=most))
    register.add_test("known-teams", JOINED)
    select = "select 'k' || n as id, n % 2 = 1 as active, n as number, 'team-' || n % 4 as team from range({}) r(n)"
    write(register.folder / "evidence/things-2026-06-29.parquet", select.format(100))
    write(register.folder / FILE, select.format(99))
    register.put("evidence/teams-2026-06-29.csv", "team\nteam-0\nteam-1\nteam-2\n")
    return register


@pytest.mark.faults
def test_a_run_over_loaded_data_sets_stores_what_one_over_read_ones_does(
    things: Register, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    things.run("2026-06-30")
    loaded = read_results(things.folder)
    assert [(each.test, each.failing_keys, each.left_keys) for each in loaded if each.test.startswith("below")] == [
        ("below-97", ("k97", "k99"), ()),
        ("below-98", ("k99",), ()),
        ("below-99", ("k99",), ()),
        ("below-97", ("k97",), ("k99",)),
        ("below-98", (), ("k99",)),
        ("below-99", (), ("k99",)),
    ]
    assert all(each.outcome is Outcome.EVALUATED for each in loaded)
    assert list(temporary.iterdir()) == []
    for path in (things.folder / "results").glob("*.json"):
        path.unlink()
    monkeypatch.setattr(large_tables, "LARGE_BYTES", 1 << 40)
    things.run("2026-06-30")
    assert read_results(things.folder) == loaded
