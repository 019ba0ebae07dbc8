import hashlib
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, Value
from buttress.evidence.locked.failing_rows import write_failing_rows
from buttress.evidence.locked.run_database import write_database

T = ColumnType
SCHEMA = Schema(
    (
        Column("id", T.TEXT, nullable=False),
        Column("n", T.INTEGER),
        Column("price", T.DECIMAL, scale=2),
        Column("ok", T.BOOLEAN),
        Column("on", T.DATE),
        Column("at", T.TIMESTAMP),
    ),
    ("id",),
)


def read(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_values_come_back_as_they_were_and_timestamps_in_utc(tmp_path: Path) -> None:
    east = timezone(timedelta(hours=2))
    rows: tuple[tuple[Value, ...], ...] = (
        (
            "é\\N\t'\"\0",
            -(1 << 63),
            Decimal("-0.10"),
            False,
            date(1, 1, 1),
            datetime(2026, 6, 30, 1, 2, 3, 4, tzinfo=UTC),
        ),
        ("", (1 << 63) - 1, Decimal("9" * 36), True, date(9999, 12, 31), datetime(2026, 1, 1, 1, tzinfo=east)),
        ("\\N", None, None, None, None, None),
    )
    write_database(tmp_path / "run.duckdb", [Table("t", SCHEMA, rows)])
    found = read(tmp_path / "run.duckdb", "from t")
    assert found[0] == (*rows[0][:5], datetime(2026, 6, 30, 1, 2, 3, 4))
    assert found[1] == (*rows[1][:5], datetime(2025, 12, 31, 23))
    assert found[2] == rows[2]
    types = read(tmp_path / "run.duckdb", "select data_type from information_schema.columns order by ordinal_position")
    assert [kind for (kind,) in types] == ["VARCHAR", "BIGINT", "DECIMAL(38,2)", "BOOLEAN", "DATE", "TIMESTAMP"]


def test_database_holds_the_runs_tables_and_nothing_else(tmp_path: Path) -> None:
    odd = Table('select "x"', Schema((Column("group by", T.TEXT),), ("group by",)), (("a",),))
    write_database(tmp_path / "run.duckdb", [Table("t", SCHEMA, ()), odd])
    names = read(tmp_path / "run.duckdb", "select table_name from information_schema.tables order by 1")
    assert names == [('select "x"',), ("t",)]
    assert [path.name for path in tmp_path.iterdir()] == ["run.duckdb"]
    with pytest.raises(FileExistsError):
        write_database(tmp_path / "run.duckdb", [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("n", 1 << 63),
        ("n", "3"),
        ("n", True),
        ("price", Decimal("0.001")),
        ("price", Decimal(10) ** 36),
        ("price", Decimal("NaN")),
        ("price", 1.5),
        ("ok", 1),
        ("on", datetime(2026, 1, 1, tzinfo=UTC)),
        ("at", datetime(2026, 1, 1)),
        ("at", date(2026, 1, 1)),
        ("id", 3),
    ],
)
def test_cell_that_does_not_fit_its_column_is_refused_by_name(tmp_path: Path, column: str, value: Value) -> None:
    row: tuple[Value, ...] = tuple(value if name == column else None for name in SCHEMA.names)
    with pytest.raises(ValueError, match=rf"t\.{column}"):
        write_database(tmp_path / "run.duckdb", [Table("t", SCHEMA, (row,))])


def test_column_of_nulls_and_late_texts_keeps_its_type(tmp_path: Path) -> None:
    schema = Schema((Column("id", T.TEXT), Column("note", T.TEXT)), ("id",))
    rows = tuple((str(n), "late" if n == 4999 else None) for n in range(5000))
    write_database(tmp_path / "run.duckdb", [Table("t", schema, rows)])
    assert read(tmp_path / "run.duckdb", "select count(note), max(note) from t") == [(1, "late")]


def test_hundred_thousand_rows_load_within_seconds(tmp_path: Path) -> None:
    at = datetime(2026, 6, 30, tzinfo=UTC)
    rows = tuple((f"id{n}", n, Decimal("1.25"), n % 2 == 0, at.date(), at) for n in range(100_000))
    started = time.process_time()
    write_database(tmp_path / "run.duckdb", [Table("t", SCHEMA, rows)])
    assert time.process_time() - started < 5
    assert read(tmp_path / "run.duckdb", "select count(*) from t") == [(100_000,)]


def read_parquet(path: Path) -> tuple[list[tuple[str, str]], list[tuple[object, ...]]]:
    with duckdb.connect() as connection:
        rows = connection.execute(f"from '{path}'").fetchall()
        return [(name, str(kind)) for name, kind, *_ in connection.description], rows


def test_failing_rows_have_one_file_a_content_whatever_their_order(tmp_path: Path) -> None:
    rows = [("b", None), ("a", "x'\t\\N"), ("c", "")]
    digest, name = write_failing_rows(tmp_path / "rows", ("account_id", "e mail"), rows)
    assert write_failing_rows(tmp_path / "rows", ("account_id", "e mail"), reversed(rows)) == (digest, name)
    assert [path.name for path in (tmp_path / "rows").iterdir()] == [name] == [f"{digest}.parquet"]
    assert hashlib.sha256((tmp_path / "rows" / name).read_bytes()).hexdigest() == digest
    columns, cells = read_parquet(tmp_path / "rows" / name)
    assert columns == [("account_id", "VARCHAR"), ("e mail", "VARCHAR")]
    assert cells == sorted(rows)
    assert write_failing_rows(tmp_path / "rows", ("account_id", "e mail"), rows[:2])[0] != digest


def test_no_failing_rows_still_have_their_columns(tmp_path: Path) -> None:
    _, name = write_failing_rows(tmp_path, ("account_id",), [])
    assert read_parquet(tmp_path / name) == ([("account_id", "VARCHAR")], [])
    with pytest.raises(ValueError, match="columns"):
        write_failing_rows(tmp_path, (), [])


def test_no_part_of_a_file_is_left_where_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        write_failing_rows(tmp_path, ("a", "b"), [("a", "b"), ("c",)])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_of_the_system_with_its_file(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full."""
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from pathlib import Path; import sys\n"
        "from buttress.evidence.data.tables import Column, ColumnType, Schema, Table\n"
        "from buttress.evidence.locked.failing_rows import write_failing_rows\n"
        "from buttress.evidence.locked.run_database import write_database\n"
        "folder, rows = Path(sys.argv[1]), [(str(n),) for n in range(100_000)]\n"
        "table = Table('t', Schema((Column('id', ColumnType.TEXT),), ('id',)), tuple(rows))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "for work in (lambda: write_failing_rows(folder, ['id'], rows), lambda: write_database(folder / 'd', [table])):\n"
        "    try: work()\n"
        "    except OSError as error: print('OSError', error.filename)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [f"OSError {tmp_path}", f"OSError {tmp_path / 'd'}"], done.stderr[-500:]
    assert list(tmp_path.glob("*.parquet")) == []
    assert list(tmp_path.glob(".writing*")) == []
