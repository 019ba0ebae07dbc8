import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table
from buttress.evidence.locked import asking, runner
from buttress.evidence.locked.answers import Heard
from buttress.evidence.locked.asking import RunFiles, ask_child
from buttress.evidence.locked.child import SETTINGS
from buttress.evidence.locked.landlock import landlock_abi
from buttress.evidence.locked.run_database import write_database
from buttress.evidence.locked.runner import QueryCounts, QueryError, TestQuery, run_queries

NOW = datetime(2026, 6, 30, tzinfo=UTC)
SCHEMA = Schema(
    (
        Column("account_id", ColumnType.TEXT, nullable=False),
        Column("kind", ColumnType.TEXT, nullable=False),
        Column("mfa", ColumnType.BOOLEAN),
        Column("created_at", ColumnType.TIMESTAMP),
        Column("born", ColumnType.DATE),
        Column("score", ColumnType.DECIMAL, scale=2),
        Column("logins", ColumnType.INTEGER),
    ),
    ("account_id",),
)
ROWS = (
    ("a2", "human", False, NOW, NOW.date(), Decimal("2.5"), 7),
    ("a1", "human", None, None, None, None, None),
    ("a\t3|", "human", True, NOW, NOW.date(), Decimal("-0.01"), -1),
    ("s1", "service", False, NOW, NOW.date(), Decimal(0), 0),
)
QUERY = TestQuery(
    test_id="mfa",
    source="accounts",
    key=("account_id",),
    as_of=NOW,
    period_start=NOW - timedelta(days=90),
    period_end=NOW,
    display=("mfa", "created_at", "born", "score", "logins"),
    population="kind = 'human'",
    fail="not coalesce(mfa, false)",
)
needs_landlock = pytest.mark.skipif(landlock_abi() == 0, reason="the kernel has no Landlock")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.duckdb"
    write_database(path, [Table("accounts", SCHEMA, ROWS), Table("empty_accounts", SCHEMA, ())])
    return path


def run(database: Path, *queries: TestQuery) -> list[QueryCounts | QueryError]:
    schemas = {"accounts": SCHEMA, "empty_accounts": SCHEMA}
    return run_queries(database, queries, schemas, allow_without_landlock=True)


def test_honest_tests_are_counted_in_one_child_and_faulty_ones_are_told_apart(database: Path) -> None:
    faulty = replace(QUERY, test_id="faulty", fail="mfa_enrolled")
    empty = replace(QUERY, test_id="empty", source="empty_accounts")
    outside = replace(
        QUERY,
        test_id="outside",
        display=(),
        population=None,
        fail=None,
        population_rows="select account_id from accounts where kind = 'human'",
        failing_rows="select account_id from accounts",
    )
    divided = replace(QUERY, test_id="cast", fail="cast(account_id as integer) > 1")
    found, refused, none, beyond, failed = run(database, QUERY, faulty, empty, outside, divided)
    assert isinstance(found, QueryCounts)
    assert (found.population, found.passed, found.failing, found.not_applicable, found.unknown) == (3, 1, 2, 0, 0)
    assert found.failing_columns == ("account_id", "mfa", "created_at", "born", "score", "logins")
    assert found.failing_rows == (
        ("a1", None, None, None, None, None),
        ("a2", "false", "2026-06-30T00:00:00.000000Z", "2026-06-30", "2.50", "7"),
    )
    assert found.executed_sql.count("FROM accounts") == 2
    assert isinstance(refused, QueryError)
    assert refused.reason_code == "refused"
    assert isinstance(none, QueryCounts)
    assert (none.population, none.passed, none.failing) == (0, 0, 0)
    assert none.executed_sql.count("FROM empty_accounts") == 1
    assert isinstance(beyond, QueryError)
    assert (beyond.reason_code, beyond.detail) == ("failing_outside", "1 rows")
    assert isinstance(failed, QueryError)
    assert (failed.reason_code, failed.detail) == ("sql", "ConversionException")  # no cell in the text


def attack(database: Path, *texts: str, deadline: float | None = None) -> tuple[list[Heard], tuple[str, str] | None]:
    """Run texts in the child as they stand, past linter and guard."""
    entries = [{"counts": text, "failing": "select 1", "failing_position": 0} for text in texts]
    return ask_child(RunFiles(database), entries, deadline)


ATTACKS = [
    "select count(*) from read_text('/etc/passwd')",
    "select count(*) from '/etc/passwd'",
    "select count(*) from read_blob('/proc/self/environ')",
    "select count(*) from glob('/etc/*')",
    "copy accounts to '/tmp/buttress-was-here.csv'",
    "copy accounts to '/dev/stdout'",
    "export database '/tmp/buttress-was-here'",
    "attach '/tmp/buttress-was-here.duckdb' as other",
    "install httpfs",
    "load httpfs",
    "select count(*) from read_csv('http://127.0.0.1:9/x.csv')",
    "set enable_external_access=true",
    "set memory_limit='64GB'",
    "insert into accounts select * from accounts",
    "create table other as select 1",
    "drop table accounts",
]


def test_locked_settings_stop_files_network_settings_and_changes_past_the_guard(database: Path) -> None:
    before = database.read_bytes()
    honest = "select count(*) - 4 from accounts"
    heard, ending = attack(database, *ATTACKS, honest)
    assert ending is None
    assert [text for text, answer in zip(ATTACKS, heard, strict=False) if answer.error is None] == []
    assert heard[-1].counts == [0]
    assert database.read_bytes() == before
    assert not list(Path("/tmp").glob("buttress-was-here*"))


def test_error_of_a_running_statement_tells_its_class_and_no_data(database: Path) -> None:
    heard, _ = attack(
        database,
        "select error('secret of ' || account_id) from accounts",
        "select cast('secret' as integer)",
        "select no_such_column from accounts",
    )
    assert [answer.error and answer.error[0] for answer in heard] == [
        "InvalidInputException",
        "ConversionException",
        "BinderException",
    ]
    assert [answer.error and answer.error[1] for answer in heard][:2] == ["", ""]
    assert "no_such_column" in str(heard[2].error)


def test_memory_bomb_ends_as_an_error_and_the_child_goes_on(database: Path) -> None:
    bomb = "select count(distinct repeat(cast(range as varchar), 400)) from range(3000000)"
    heard, _ = attack(database, bomb, "select 0")
    assert heard[0].error is not None
    assert heard[0].error[0] in ("OutOfMemoryException", "MemoryError")
    assert heard[1].counts == [0]


def test_statement_past_the_deadline_is_killed_with_its_child(database: Path) -> None:
    started = time.monotonic()
    heard, ending = attack(database, "select 0", "select sleep_ms(60000)", "select 0", deadline=1.5)
    assert time.monotonic() - started < 1.5 + asking.GRACE_SECONDS + 1
    assert ending is not None
    assert ending[0] == "time"
    assert [answer.has_ended for answer in heard] == [True, False, False]


def test_answer_of_a_killed_child_is_an_error_for_each_test_it_left(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_START_CHILD", "import os; os._exit(7)")
    (found,) = run(database, QUERY)
    assert isinstance(found, QueryError)
    assert (found.reason_code, found.detail) == ("crashed", "the child ended without an answer (status 7)")


HOSTILE_CHILDREN = {
    "noise": "import os, sys; os.write(int(sys.argv[1]), b'x' * 100000)",
    "more than is taken": "import os, sys; os.write(int(sys.argv[1]), (1 << 30).to_bytes(4, 'big'))",
    "claims to be fenced": (
        "import os, sys, json; m = json.dumps({'kind': 'ready', 'landlock': 99}).encode();"
        "os.write(int(sys.argv[1]), len(m).to_bytes(4, 'big') + m)"
    ),
}


@pytest.mark.parametrize("script", HOSTILE_CHILDREN.values(), ids=HOSTILE_CHILDREN.keys())
def test_hostile_answer_is_an_error(database: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(asking, "_START_CHILD", script)
    (found,) = run(database, QUERY)
    assert isinstance(found, QueryError)
    assert found.reason_code == "limit"


def test_child_starts_with_an_empty_environment_and_no_arguments_of_the_run(
    database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("BUTTRESS_SECRET", "s3cret")
    read = "open('/proc/self/environ', 'rb').read() + open('/proc/self/cmdline', 'rb').read()"
    script = f"open({str(seen)!r}, 'wb').write({read})"
    monkeypatch.setattr(asking, "_START_CHILD", script)
    run(database, QUERY)
    assert b"s3cret" not in seen.read_bytes()
    assert b"accounts" not in seen.read_bytes()


def test_settings_end_by_locking_themselves() -> None:
    assert SETTINGS[-2:] == ("enable_external_access=false", "lock_configuration=true")
    assert len(SETTINGS) == 13


def test_foreign_sql_does_not_run_where_the_kernel_has_no_landlock(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "landlock_abi", lambda: 0)
    (found,) = run_queries(database, [QUERY], {"accounts": SCHEMA})
    assert isinstance(found, QueryError)
    assert found.reason_code == "no_landlock"


def landlocked(script: str, readable: Sequence[str | Path]) -> str:
    """Exit text of a process that has fenced itself and then tries `script`, without any setting of the engine."""
    text = (
        "import sys; sys.path[:0] = sys.argv[1:3]; import duckdb, socket, os\n"
        "from buttress.evidence.locked.landlock import ENGINE_PATHS, restrict_to\n"
        "restrict_to([*sys.argv[3:], *ENGINE_PATHS])\n"
        f"try:\n    {script}\n    print('done')\nexcept Exception as error:\n    print(type(error).__name__)\n"
    )
    command = [sys.executable, "-c", text, *asking._import_paths(), *map(str, readable)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return found.stdout.strip() or f"status {found.returncode}"


@needs_landlock
def test_a_folder_may_be_written_and_no_other(tmp_path: Path) -> None:
    inside, beside = tmp_path / "inside", tmp_path / "beside"
    inside.mkdir()
    beside.mkdir()
    text = (
        "import sys, os; sys.path[:0] = sys.argv[3:]\n"
        "from buttress.evidence.locked.landlock import restrict_to\n"
        "restrict_to([], writable=[sys.argv[1]])\n"
        "open(sys.argv[1] + '/a', 'w').write('x'); os.rename(sys.argv[1] + '/a', sys.argv[1] + '/b')\n"
        "os.truncate(sys.argv[1] + '/b', 0); os.mkdir(sys.argv[1] + '/c'); os.rmdir(sys.argv[1] + '/c')\n"
        "for attempt in (lambda: open(sys.argv[2] + '/a', 'w'), lambda: open('/etc/passwd'), lambda: os.listdir('/'),\n"
        "                lambda: os.symlink('/etc/passwd', sys.argv[1] + '/link'), lambda: os.mkfifo(sys.argv[1] + '/p')):\n"
        "    try: attempt(); print('BREACH')\n"
        "    except PermissionError: print('stopped')\n"
    )
    command = [sys.executable, "-c", text, str(inside), str(beside), *asking._import_paths()]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert found.stdout.split() == ["stopped"] * 5, found.stderr
    assert [path.name for path in inside.iterdir()] == ["b"]


@needs_landlock
def test_landlock_alone_stops_reading_writing_and_connecting(database: Path, tmp_path: Path) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    target = tmp_path / "was-here.csv"
    script = f"""
    con = duckdb.connect({str(database)!r}, read_only=True)
    print(con.execute("select count(*) from accounts").fetchone())
    for text in ("select * from read_text('/etc/passwd')", "copy (select 1) to '{target}'", "install httpfs"):
        try:
            con.execute(text).fetchall(); print("BREACH", text)
        except duckdb.Error as error:
            print(type(error).__name__)
    for attempt in (
        lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2),
        lambda: open("/etc/passwd"),
        lambda: open({str(target)!r}, "w"),
        lambda: os.listdir("/"),
    ):
        try:
            attempt(); print("BREACH")
        except PermissionError:
            print("stopped")
    """
    found = landlocked(script.strip(), [database])
    listener.close()
    assert found.splitlines()[0] == "(4,)"
    assert found.splitlines()[-1] == "done"
    assert "BREACH" not in found
    if landlock_abi() >= 4:
        assert found.count("stopped") == 4
    assert not target.exists()
    assert os.access("/etc/passwd", os.R_OK)
