"""Time and memory of 100 control tests over 10 million rows of 30 columns, beside scans of each alone and other engines.

Run with `.venv/bin/python benchmarks/evidence.py` (takes several minutes and 4 GB of disk), or with another number of rows.
The data is generated: a Parquet file is loaded as a run loads it, and the tests run in the locked child with its own
settings. Every step has a process of its own, whose children are measured with it. Wall time on a machine under load is
worth little, processor time somewhat more. Polars is measured where it is installed.
"""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

ROWS = 10_000_000
AIM_TOGETHER_S, AIM_MEMORY_MB, AIM_OVER_FLOOR, AIM_OVER_PYTHON = 15.0, 1024.0, 2.0, 50.0
PYTHON_ROWS = 100_000
FILE = "evidence/accounts-2026-06-30.parquet"
DAYS = 900
NOW = datetime(2026, 6, 30, tzinfo=UTC)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory(prefix="buttress-bench-") as scratch:
        _step("generate", scratch, rows)
        size = (Path(scratch) / FILE).stat().st_size / 1e6
        print(f"{rows:,} rows of {len(COLUMNS)} columns, {size:,.0f} MB of Parquet, {len(queries())} tests\n")
        print(f"{'':58}{'measured':>12}{'aim':>10}{'ratio':>8}")
        _report_load(_step("load", scratch, rows))
        together, alone = (_step(name, scratch, rows) for name in ("together", "alone"))
        decoded, touched = (_step(name, scratch, rows) for name in ("decode", "touch"))
        _report("tests counted together", together, AIM_TOGETHER_S)
        _report("each test by statements of its own", alone)
        _line("  over together, processor", alone["cpu"] / together["cpu"])
        _report("touching every column of the Parquet file", decoded)
        _line("  together over that, processor", together["cpu"] / decoded["cpu"], AIM_OVER_FLOOR)
        _report("touching every column of the loaded table", touched)
        python = _step("python", scratch, rows)
        _line("Python row by row, of some rows for all, processor, s", python["cpu"])
        _line("  over together, processor", python["cpu"] / together["cpu"], AIM_OVER_PYTHON, more=True)
        if find_spec("polars") is not None:
            _report("the same counts by polars, from Parquet", _step("polars", scratch, rows))
        if together["answers"] != alone["answers"]:
            sys.exit("The answers differ.")


def _report_load(found: Mapping[str, Any]) -> None:
    _report("loading, with the canonical digest", found)
    _line("  rows a second", found["answers"] / found["wall"])


def _report(what: str, found: Mapping[str, Any], aim: float | None = None) -> None:
    _line(f"{what}, s", found["wall"], aim)
    _line("  processor, s", found["cpu"])
    _line("  peak memory of one process, MB", found["peak_mb"], AIM_MEMORY_MB)


def _line(what: str, value: float, aim: float | None = None, *, more: bool = False) -> None:
    ratio = "" if aim is None else f"{value / aim:8.2f}" + (" (more is better)" if more else "")
    print(f"{what:58}{value:12,.2f}{'' if aim is None else f'{aim:10,.0f}'}{ratio}", flush=True)


# ---- steps, each in a process of its own -----------------------------------------------------------------------------


def _step(name: str, scratch: str, rows: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "step", name, scratch, str(rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this very file
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _measured(work: Callable[[Path, int], object], scratch: Path, rows: int) -> None:
    """What the step's own process and its children took. Modules are loaded before the clock starts."""
    start = perf_counter()
    before = _processor_seconds()
    answers = work(scratch, rows)
    wall, cpu = perf_counter() - start, _processor_seconds() - before
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": peak / 1024, "answers": answers}), flush=True)


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _columns() -> dict[str, tuple[str, str]]:
    """By name: the declared type, and the expression over the row's number `i`."""
    columns = {
        "account_id": ("{type: text, nullable: false}", "printf('acct-%09d', (i * 7919) % {rows})"),
        "kind": ("{type: text, nullable: false}", "(['human', 'human', 'service', 'shared'])[{hash} % 4 + 1]"),
        "status": ("{type: text, nullable: false}", "(['active', 'active', 'active', 'disabled'])[{hash} % 4 + 1]"),
    }
    for n in range(6):
        columns[f"text_{n}"] = ("{type: text, nullable: false}", f"'team-' || ({{hash}} % {200 * (n + 1)})")
    for n in range(6):
        columns[f"number_{n}"] = ("{type: integer, nullable: false}", "{hash} % 100000")
    for n in range(3):
        columns[f"amount_{n}"] = (
            "{type: decimal, scale: 2, nullable: false}",
            "(({hash} % 1000000)::decimal(12, 2) / 100)::decimal(12, 2)",
        )
    for n in range(5):
        columns[f"flag_{n}"] = ("{type: boolean, nullable: false}", "{hash} % 10 < 7")
    for n in range(4):
        columns[f"at_{n}"] = (
            "{type: timestamp, zone: UTC, nullable: false}",
            f"timestamp '2024-01-01' + to_seconds({{hash}} % {DAYS * 86400})",
        )
    for n in range(3):
        columns[f"day_{n}"] = (
            "{type: date, nullable: false}",
            f"date '2024-01-01' + ({{hash}} % {DAYS})::integer",
        )
    return columns


COLUMNS = _columns()


def _generate(scratch: Path, rows: int) -> None:
    import duckdb  # noqa: PLC0415 - only where it is needed

    (scratch / FILE).parent.mkdir()
    hashes = (f"(hash(i * 64 + {n}) // 2)::bigint" for n in range(len(COLUMNS)))
    cells = ", ".join(
        f"{cell.replace('{rows}', str(rows)).replace('{hash}', number)} AS {name}"
        for (name, (_, cell)), number in zip(COLUMNS.items(), hashes, strict=True)
    )
    with duckdb.connect() as connection:
        for setting in ("threads=2", "memory_limit='1GB'", "preserve_insertion_order=false"):
            connection.execute(f"SET {setting}")
        copy = f"COPY (SELECT {cells} FROM range({rows}) r(i)) TO '{scratch / FILE}' (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608
        connection.execute(copy)


def _dataset() -> Any:
    from buttress.evidence.data.datasets import declare_dataset  # noqa: PLC0415
    from buttress.formats.strict_yaml import read_yaml  # noqa: PLC0415

    columns = "".join(f"    {name}: {declared}\n" for name, (declared, _) in COLUMNS.items())
    text = (
        "accounts:\n  path: evidence/accounts-*.parquet\n  format: parquet\n  key: [account_id]\n"
        f"  columns:\n{columns}"
        '  effective_at: {from: file_name, pattern: "-(?P<date>[0-9-]+)"}\n'
    )
    return declare_dataset("accounts", read_yaml(text, file="datasets.yaml"), ("accounts",))


def _load(scratch: Path, rows: int) -> int:
    from buttress.evidence.data.snapshots import read_snapshot, snapshots_of  # noqa: PLC0415

    dataset, zone = _dataset(), ZoneInfo("UTC")
    (file,) = snapshots_of(scratch, dataset, zone)
    snapshot = read_snapshot(scratch, dataset, file, zone, scratch=lambda: scratch)
    if snapshot.problems or snapshot.rows != rows:
        sys.exit("\n".join(map(str, snapshot.problems)))
    loaded: Any = snapshot.table
    loaded.path.rename(scratch / "loaded.duckdb")
    return rows


def queries() -> list[Any]:
    """Tests over three populations, one of them with items that are excused; a third of the tests finds nothing."""
    from buttress.evidence.sql.statements import TestQuery  # noqa: PLC0415

    asked = TestQuery("", "accounts", ("account_id",), NOW, NOW, NOW, display=("text_0", "status"))
    groups = (
        ("kind = 'human' and status = 'active'", None),
        ("kind = 'service'", None),
        ("status = 'active'", "text_1 in ('team-1', 'team-2')"),
    )
    found = []
    for n in range(100):
        population, excused = groups[_group(n)]
        values: Mapping[str, object] = {
            "test_id": f"test-{n}",
            "population": population,
            "not_applicable": excused,
            "fail": _fail(n),
        }
        found.append(_with(asked, values))
    return found


def _group(n: int) -> int:
    return 0 if n < 60 else 1 if n < 85 else 2


def _with(query: Any, values: Mapping[str, object]) -> Any:
    from dataclasses import replace  # noqa: PLC0415

    return replace(query, **values)


def _fail(n: int) -> str:
    """Predicates of the kinds that control tests use: each fails for none or for a few hundred of 10 million rows."""
    kind, variant = n % 6, n // 6
    fails = (
        f"not flag_{variant % 5} and number_{variant % 6} > 99990",
        f"at_{variant % 4} > timestamp '2026-06-18 23:59:00' - interval '{variant} second'",
        f"text_{variant % 6} = 'team-{variant}' and amount_{variant % 3} > 9999.5",
        f"day_{variant % 3} > date '2026-06-17' and number_{variant % 6} < 10",
        f"lower(text_{variant % 6}) like '%x{variant}%'",
        f"amount_{variant % 3} < 0 or (flag_{variant % 5} and number_{variant % 6} = {variant})",
    )
    return fails[kind]


def _ask(scratch: Path, *, together: bool) -> list[Any]:
    from buttress.evidence.data.datasets import resolve  # noqa: PLC0415
    from buttress.evidence.locked.runner import QueryCounts, run_queries, write_database  # noqa: PLC0415

    database = scratch / f"run-{together}.duckdb"
    write_database(database, [])
    found = run_queries(
        database,
        queries(),
        {"accounts": resolve(_dataset()).schema},
        whole={"accounts": tuple(COLUMNS)},
        loaded={"accounts": scratch / "loaded.duckdb"},
        together=together,
        allow_without_landlock=True,
    )
    wrong = [each for each in found if not isinstance(each, QueryCounts)]
    if wrong:
        sys.exit(f"{wrong[0]}")
    counted = [each for each in found if isinstance(each, QueryCounts)]
    if together and not all(each.shared_sql for each in counted):
        sys.exit("A test was counted alone.")
    return [[each.population, each.passed, each.failing, each.not_applicable] for each in counted]


def _touch(scratch: Path, rows: int) -> int:
    del rows
    return _touched(scratch / "loaded.duckdb", "accounts")


def _decode(scratch: Path, rows: int) -> int:
    del rows
    return _touched(None, f"read_parquet('{scratch / FILE}')")


def _touched(database: Path | None, source: str) -> int:
    """Every column once, on one thread as the locked child has it."""
    import duckdb  # noqa: PLC0415

    with duckdb.connect(str(database or ":memory:"), read_only=database is not None) as connection:
        for setting in ("threads=1", "memory_limit='384MB'"):
            connection.execute(f"SET {setting}")
        touched = ", ".join(f"bit_xor(hash({name}))" for name in COLUMNS)
        found = connection.execute(f"SELECT {touched} FROM {source}").fetchone()  # noqa: S608 - names of ours
    return len(found or ())


def _python(scratch: Path, rows: int) -> None:
    """Row by row in Python, of some rows: what all of them would take, in seconds of processor.

    Ends the process where its counts are not the engine's.
    """
    import duckdb  # noqa: PLC0415

    few = min(rows, PYTHON_ROWS)
    with duckdb.connect(str(scratch / "loaded.duckdb"), read_only=True) as connection:
        connection.execute(f"CREATE TEMP TABLE few AS FROM accounts LIMIT {few}")
        cursor = connection.execute("FROM few")
        names = [name for name, *_ in cursor.description]
        cells = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        wheres = (f"({q.population}) AND NOT ({q.not_applicable or 'false'}) AND ({q.fail})" for q in queries())
        expected = [connection.execute(f"SELECT count(*) FROM few WHERE {where}").fetchone() for where in wheres]  # noqa: S608
    start = _processor_seconds()
    found = [_failing_in(cells, n) for n in range(100)]
    spent = (_processor_seconds() - start) * rows / few
    if [(count,) for count in found] != expected:
        sys.exit("Python counts otherwise.")
    print(json.dumps({"wall": spent, "cpu": spent, "peak_mb": 0.0, "answers": found}), flush=True)
    sys.exit()


def _failing_in(rows: list[dict[str, Any]], n: int) -> int:
    fails, judged = _python_fail(n), _JUDGED[_group(n)]
    return sum(judged(row) and fails(row) for row in rows)


_JUDGED: tuple[Callable[[dict[str, Any]], bool], ...] = (
    lambda row: row["kind"] == "human" and row["status"] == "active",
    lambda row: row["kind"] == "service",
    lambda row: row["status"] == "active" and row["text_1"] not in ("team-1", "team-2"),
)


def _python_fail(n: int) -> Callable[[dict[str, Any]], bool]:
    """As `_fail`."""
    variant = n // 6
    text, number, amount = f"text_{variant % 6}", f"number_{variant % 6}", f"amount_{variant % 3}"
    flag, at, day = f"flag_{variant % 5}", f"at_{variant % 4}", f"day_{variant % 3}"
    limit, last = datetime(2026, 6, 18, 23, 59) - timedelta(seconds=variant), date(2026, 6, 17)
    fails: tuple[Callable[[dict[str, Any]], bool], ...] = (
        lambda row: not row[flag] and row[number] > 99990,
        lambda row: row[at] > limit,
        lambda row: row[text] == f"team-{variant}" and row[amount] > Decimal("9999.5"),
        lambda row: row[day] > last and row[number] < 10,
        lambda row: f"x{variant}" in row[text].lower(),
        lambda row: row[amount] < 0 or (row[flag] and row[number] == variant),
    )
    return fails[n % 6]


def _polars(scratch: Path, rows: int) -> int:
    """The failing rows of each test, counted in one pass."""
    import polars as pl  # type: ignore[import-not-found]  # noqa: PLC0415 - measured where it is installed

    del rows
    counts = []
    for query in queries():
        judged = pl.sql_expr(f"({query.population}) AND ({query.fail})")
        if query.not_applicable:
            judged = judged & ~pl.sql_expr(query.not_applicable)
        counts.append(judged.sum().alias(query.test_id))
    return len(pl.scan_parquet(scratch / FILE).select(counts).collect(engine="streaming").columns)


_STEPS: Mapping[str, Callable[[Path, int], object]] = {
    "generate": _generate,
    "load": _load,
    "together": lambda scratch, _rows: _ask(scratch, together=True),
    "alone": lambda scratch, _rows: _ask(scratch, together=False),
    "touch": _touch,
    "decode": _decode,
    "python": _python,
    "polars": _polars,
}

if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        _measured(_STEPS[sys.argv[2]], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
