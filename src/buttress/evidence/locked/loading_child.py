"""The child process that loads one large Parquet file into a DuckDB file: see `buttress.evidence.data.large_tables`.

The cells become what the ordinary reader makes of them: a column that the file stores in its own type is taken over in
the engine; of any other every distinct text is read by that very reader. Nothing is ever held as a whole.
"""

import hashlib
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from buttress.evidence.data.cells import CellError, CellRule, Reader, cell_reader
from buttress.evidence.data.datasets import DatasetDeclaration, DatasetSchema, dataset_schemas, resolve
from buttress.evidence.data.tables import Column, ColumnType, Value
from buttress.evidence.locked.column_kinds import canonical_text, direct_cell, range_fault
from buttress.evidence.locked.landlock import ENGINE_PATHS, die_with_parent, restrict_to
from buttress.evidence.locked.parquet_child import FILE
from buttress.evidence.locked.run_database import engine_type, quoted

DATABASE, SPILL = "table.duckdb", "spill"
_FILE_BYTES = 32 << 30
_DISTINCT_TEXTS = 100_000
_MOST_FAULTS = 200
_ROWS_A_FETCH = 20_000
_NESTED = ("STRUCT", "MAP", "UNION", "BLOB")

Fault = dict[str, str]


class FaultsError(Exception):
    """What is wrong with the file, as fields of problems."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(len(faults))
        self.faults = list(faults)


def main() -> None:
    """The file is standard input; the argument is a JSON object, see `load_table` on the other side."""
    request = json.loads(sys.argv[1])
    import duckdb  # noqa: PLC0415 - before the fence, behind which nothing more of the disk can be read

    dataset_schemas()  # kept from now on: it is read from disk
    loader = Loader(request)
    _limit(request["memory_bytes"], request["cpu_seconds"])
    die_with_parent()
    restrict_to([FILE, *ENGINE_PATHS], writable=[request["folder"]])
    try:
        connection = duckdb.connect(str(Path(request["folder"]) / DATABASE))
        for setting in _settings(request["folder"]):
            connection.execute(f"SET {setting}")
        answer = loader.load(connection)
        connection.close()
    except FaultsError as error:
        answer = {"problems": error.faults[:_MOST_FAULTS]}
    except duckdb.Error as error:
        answer = {"stopped": type(error).__name__}
    except MemoryError:
        answer = {"stopped": "MemoryError"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    for what, most in (
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
    ):
        resource.setrlimit(what, (most, most))


def _settings(folder: str) -> tuple[str, ...]:
    spill = str(Path(folder) / SPILL).replace("'", "''")
    return (
        "autoinstall_known_extensions=false",
        "autoload_known_extensions=false",
        "allow_community_extensions=false",
        "allow_persistent_secrets=false",
        "python_enable_replacements=false",
        f"temp_directory='{spill}'",
        "memory_limit='512MB'",
        "threads=2",
        "enable_progress_bar=false",
        "preserve_insertion_order=false",
        "TimeZone='UTC'",
        "lock_configuration=true",
    )


class Loader:
    """One load. `request` has the data set's declaration, its zone, the table's name, the header line of its canonical
    text, the columns that tell of the past with the latest time they may have, and the most rows."""

    def __init__(self, request: dict[str, Any]) -> None:
        dataset = DatasetDeclaration.model_validate(request["dataset"])
        self._described: DatasetSchema = resolve(dataset)
        self._columns = self._described.schema.columns
        self._request = request
        zone = ZoneInfo(request["zone"])
        self._readers = {c.name: cell_reader(c, self._rule(c), zone) for c in self._columns}

    def _rule(self, column: Column) -> CellRule:
        return self._described.rules[column.name]

    def load(self, connection: Any) -> dict[str, Any]:
        kinds = dict(connection.execute("SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))", [FILE])
                     .fetchall())  # fmt: skip
        absent = self._absent(kinds)
        self._check_size(connection)
        cells, joins = [], []
        for number, column in enumerate(self._columns):
            cell, join = self._cell(connection, number, column, kinds, column.name in absent)
            cells.append(f"{cell} AS {quoted(column.name)}")
            joins += [join] if join else []
        columns = ", ".join(f"{quoted(c.name)} {engine_type(c)}" for c in self._columns)
        connection.execute(f"CREATE TABLE {self._table} ({columns})")
        select = f"SELECT {', '.join(cells)} FROM read_parquet(?) AS p {' '.join(joins)}"  # noqa: S608 - quoted names
        connection.execute(f"INSERT INTO {self._table} {select}", [FILE])
        counts = self._counted(connection)
        connection.execute("CHECKPOINT")
        return {**counts, **self._digested(connection), "absent": sorted(absent)}

    @property
    def _table(self) -> str:
        return quoted(self._request["table"])

    def _absent(self, kinds: dict[str, str]) -> frozenset[str]:
        """Optional columns that the file lacks; raises FaultsError for others that it lacks, and for nested ones."""
        wanted = {c.name: self._rule(c).source for c in self._columns if self._rule(c).constant is None}
        missing = {name for name, source in wanted.items() if source not in kinds}
        found = ", ".join(sorted(kinds)[:12]) or "no column"
        faults = [
            _fault(name, f"no column {wanted[name]!r}", "it in the file", f"Found: {found}. Use `from`.")
            for name in missing - set(self._described.optional)
        ]
        faults += [
            _fault(name, f"a column of type {kinds[source][:40]}", "plain columns", "Flatten it at export.")
            for name, source in wanted.items()
            if kinds.get(source, "").startswith(_NESTED)
        ]
        if faults:
            raise FaultsError(faults)
        return frozenset(missing)

    def _check_size(self, connection: Any) -> None:
        (rows,) = connection.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [FILE]).fetchone()
        most = self._request["most_rows"]
        if (rows or 0) > most:
            advice = "Export only the rows of which its tests speak; a test is of a whole population, not of a part."
            raise FaultsError([_fault("", f"{rows:,} rows", f"at most {most:,}", advice)])

    # ---- cells ---------------------------------------------------------------------------------------------------

    def _cell(
        self, connection: Any, number: int, column: Column, kinds: dict[str, str], is_absent: bool
    ) -> tuple[str, str]:
        """The expression that gives the column's value, and a join that it needs or nothing."""
        rule, read = self._rule(column), self._readers[column.name]
        if is_absent:
            return f"CAST(NULL AS {engine_type(column)})", ""
        if rule.constant is not None:
            self._store(connection, number, column, [(None, _read(read, rule.constant, column))])
            return f"(SELECT v FROM map_{number})", ""  # noqa: S608 - a name of ours
        source = f"p.{quoted(rule.source)}"
        direct = direct_cell(column, rule, kinds[rule.source], source)
        if direct is not None:
            return direct, ""
        text = f"CAST({f'len({source})' if kinds[rule.source].endswith('[]') else source} AS VARCHAR)"
        self._store(connection, number, column, self._read_distinct(connection, column, text, kinds[rule.source]))
        return f"m{number}.v", f"LEFT JOIN map_{number} AS m{number} ON {text} IS NOT DISTINCT FROM m{number}.t"

    def _read_distinct(
        self, connection: Any, column: Column, text: str, kind: str
    ) -> Iterator[tuple[str | None, Value]]:
        """Every distinct text with its value; raises FaultsError where there are too many or one does not fit."""
        self._check_variety(connection, column, text, kind)
        found = connection.execute(
            f"SELECT DISTINCT {text} FROM read_parquet(?) AS p",  # noqa: S608 - quoted name
            [FILE],
        ).fetchall()
        yield from self._values_of(column, [cell for (cell,) in found])

    def _values_of(self, column: Column, texts: Sequence[str | None]) -> Iterator[tuple[str | None, Value]]:
        read, faults = self._readers[column.name], []
        for text in sorted(texts, key=lambda text: text or ""):
            try:
                yield text, read(text)
            except CellError as error:
                faults.append(_fault(f"column {column.name}", error.found, error.expected, error.advice))
        if faults:
            raise FaultsError(faults)

    def _check_variety(self, connection: Any, column: Column, text: str, kind: str) -> None:
        """Raises FaultsError for texts that do not fit, of the first ones, and where there are too many different."""
        first = connection.execute(
            f"SELECT {text} FROM read_parquet(?) AS p LIMIT 1000",  # noqa: S608 - quoted name
            [FILE],
        ).fetchall()
        list(self._values_of(column, sorted({cell for (cell,) in first}, key=lambda cell: cell or "")))
        (about,) = connection.execute(
            f"SELECT approx_count_distinct({text}) FROM read_parquet(?) AS p",  # noqa: S608 - quoted name
            [FILE],
        ).fetchone()
        if about > _DISTINCT_TEXTS:
            expected = f"one stored as {column.type.value}, or at most {_DISTINCT_TEXTS:,} different texts"
            advice = "In a file of this size a column with many values is stored in the type that is declared."
            found = f"a column stored as {kind[:40]} with about {about:,} different texts"
            raise FaultsError([_fault(f"column {column.name}", found, expected, advice)])

    def _store(self, connection: Any, number: int, column: Column, cells: Any) -> None:
        name = f"map_{number}"
        connection.execute(f"CREATE TEMP TABLE {name} (t VARCHAR, v {engine_type(column)})")
        rows = [(text, _engine_value(value)) for text, value in cells]
        for start in range(0, len(rows), _ROWS_A_FETCH):
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", rows[start : start + _ROWS_A_FETCH])  # noqa: S608

    # ---- what was loaded -----------------------------------------------------------------------------------------

    def _counted(self, connection: Any) -> dict[str, Any]:
        """Rows, columns without a null, rows without a whole key, rows that tell of a time to come."""
        key = self._described.schema.key
        lacks = " OR ".join(f"{quoted(name)} IS NULL" for name in key) or "FALSE"
        latest = datetime.fromisoformat(self._request["latest"])
        later = [_is_later(c, latest) for c in self._columns if c.name in self._request["past"]]
        faults = [fault for c in self._columns if (fault := range_fault(c))]
        counts = [
            "count(*)",
            f"count(*) FILTER ({lacks})",
            f"count(*) FILTER ({' OR '.join(filter(None, later)) or 'FALSE'})",
            *(f"count({quoted(c.name)})" for c in self._columns),
            *(f"count(*) FILTER ({condition})" for condition, _, _ in faults),
        ]
        row = connection.execute(f"SELECT {', '.join(counts)} FROM {self._table}").fetchone()  # noqa: S608 - quoted names
        rows, null_keys, future_rows, *others = row
        filled, wrong = others[: len(self._columns)], others[len(self._columns) :]
        self._refuse_unfit(rows, filled, zip(faults, wrong, strict=True))
        whole = [c.name for c, count in zip(self._columns, filled, strict=True) if count == rows]
        return {"rows": rows, "null_keys": null_keys, "future_rows": future_rows, "whole": whole}

    def _refuse_unfit(self, rows: int, filled: Sequence[int], wrong: Any) -> None:
        faults = [
            _fault(
                f"column {c.name}", f"nothing in {rows - count:,} rows", f"a value (it is not nullable), {c.type.value}"
            )
            for c, count in zip(self._columns, filled, strict=True)
            if count < rows and not c.nullable
        ]
        faults += [
            _fault(f"column {name}", f"{count:,} rows with another value", expected)
            for (_, name, expected), count in wrong
            if count
        ]
        if faults:
            raise FaultsError(faults)

    def _digested(self, connection: Any) -> dict[str, Any]:
        """SHA-256 of the canonical text, and rows whose whole key stood in the row before: the engine sorts by bytes."""
        key = [canonical_text(self._columns[position]) for position in self._described.schema.key_positions]
        key_cells, line = ", ".join(key) or "''", ", ".join(canonical_text(c) for c in self._columns)
        lacks = " OR ".join(f"{quoted(name)} IS NULL" for name in self._described.schema.key) or "FALSE"
        cursor = connection.execute(
            f"SELECT k, l, w FROM (SELECT concat_ws(chr(9), {key_cells}) AS k, "  # noqa: S608 - quoted names
            f"concat(concat_ws(chr(9), {line}), chr(10)) AS l, NOT ({lacks}) AS w FROM {self._table}) ORDER BY k, l"
        )
        digest, repeated, before = hashlib.sha256(self._request["header"].encode()), 0, None
        while batch := cursor.fetchmany(_ROWS_A_FETCH):
            digest.update("".join([row[1] for row in batch]).encode())
            for found, _, is_whole in batch:
                repeated += is_whole and found == before
                before = found
        return {"canonical_sha256": digest.hexdigest(), "repeated_keys": repeated}


def _fault(field: str, found: str, expected: str, advice: str = "") -> Fault:
    return {"field": field, "found": found, "expected": expected, "advice": advice}


def _read(read: Reader, text: str | None, column: Column) -> Value:
    try:
        return read(text)
    except CellError as error:
        raise FaultsError([_fault(f"column {column.name}", error.found, error.expected, error.advice)]) from None


def _engine_value(value: Value) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None)
    return f"{value:f}" if isinstance(value, Decimal) else value


def _is_later(column: Column, latest: datetime) -> str:
    """True where the column tells of a time after `latest`."""
    if column.type is ColumnType.TIMESTAMP:
        return f"{quoted(column.name)} > TIMESTAMP '{latest.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"
    if column.type is ColumnType.DATE:
        return f"{quoted(column.name)} > DATE '{latest.date().isoformat()}'"
    return ""
