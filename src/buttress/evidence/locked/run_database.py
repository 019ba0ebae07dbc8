"""The database of one run: a DuckDB file that holds that run's tables and nothing else."""

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buttress.evidence.data.tables import Column, ColumnType, Table, Value

if TYPE_CHECKING:
    import duckdb

_BIGINT = 1 << 63
_DECIMAL_DIGITS = 38

_PYTHON_TYPES: dict[ColumnType, tuple[type, ...]] = {
    ColumnType.TEXT: (str,),
    ColumnType.INTEGER: (int,),
    ColumnType.DECIMAL: (Decimal, int),
    ColumnType.BOOLEAN: (bool,),
    ColumnType.DATE: (date,),
    ColumnType.TIMESTAMP: (datetime,),
}


def write_database(path: Path, tables: Iterable[Table]) -> None:
    """Write a new database file with these tables, loaded by column.

    Timestamps become UTC TIMESTAMP, decimals DECIMAL(38, scale), integers BIGINT. Raises FileExistsError where the file
    exists, ValueError where a cell does not fit its column's type. No column is NOT NULL: a null where none should be
    is counted as unknown, not refused.
    """
    import duckdb  # noqa: PLC0415 - heavy, and needed by runs only

    if path.exists():
        raise FileExistsError(f"{path} exists; a run writes a new database file")
    try:
        connection = duckdb.connect(str(path))
        try:
            connection.execute("SET threads=1")
            for table in tables:
                _write_table(connection, table)
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
    except (duckdb.IOException, duckdb.TransactionException) as error:
        raise OSError(errno.EIO, f"cannot be written ({type(error).__name__})", str(path)) from None
    except RuntimeError as error:
        if "interrupted" in str(error):  # what the engine makes of Ctrl-C
            raise KeyboardInterrupt from None
        raise


def _write_table(connection: "duckdb.DuckDBPyConnection", table: Table) -> None:
    columns = table.schema.columns
    definition = ", ".join(f"{quoted(column.name)} {engine_type(column)}" for column in columns)
    connection.execute(f"CREATE TABLE {quoted(table.name)} ({definition})")
    if not table.rows:
        return
    cells = list(zip(*table.rows, strict=True))
    if len(cells) != len(columns):
        raise ValueError(f"table {table.name}: rows of {len(cells)} cells under {len(columns)} columns")
    texts = {f"c{n}": _texts(table.name, column, cells[n]) for n, column in enumerate(columns)}
    casts = ", ".join(f"CAST(c{n} AS {engine_type(column)})" for n, column in enumerate(columns))
    with text_columns(connection, texts) as source:
        connection.execute(f"INSERT INTO {quoted(table.name)} SELECT {casts} FROM {source}")  # noqa: S608 - own names


@contextmanager
def text_columns(connection: "duckdb.DuckDBPyConnection", columns: Mapping[str, Sequence[str | None]]) -> Iterator[str]:
    """Columns of texts and nulls as a relation of VARCHAR columns; its name, for the time of a WITH block.

    numpy object arrays, with type analysis off, are read as text: a hundred thousand rows take a fraction of a second,
    against minutes for `executemany`.
    """
    import numpy as np  # noqa: PLC0415 - beside duckdb, needed by runs only

    arrays: dict[str, Any] = {}
    for name, texts in columns.items():
        arrays[name] = np.empty(len(texts), dtype=object)
        arrays[name][:] = texts
    connection.execute("SET pandas_analyze_sample=0")
    connection.register("text_columns_source", arrays)
    try:
        yield "text_columns_source"
    finally:
        connection.unregister("text_columns_source")


def quoted(name: str) -> str:
    """An SQL identifier, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def engine_type(column: Column) -> str:
    """DuckDB's type of a column."""
    if column.type is ColumnType.DECIMAL:
        return f"DECIMAL({_DECIMAL_DIGITS}, {column.scale or 0})"
    return {
        ColumnType.TEXT: "VARCHAR",
        ColumnType.INTEGER: "BIGINT",
        ColumnType.BOOLEAN: "BOOLEAN",
        ColumnType.DATE: "DATE",
        ColumnType.TIMESTAMP: "TIMESTAMP",
    }[column.type]


def _texts(table: str, column: Column, cells: Sequence[Value]) -> list[str | None]:
    """A column's cells as texts that cast to its type without loss."""
    wanted = _PYTHON_TYPES[column.type]
    strange = {kind for kind in set(map(type, cells)) if kind is not type(None) and kind not in wanted}
    if strange:
        names = ", ".join(sorted(kind.__name__ for kind in strange))
        raise ValueError(f"{table}.{column.name}: found {names} in a column of type {column.type.value}")
    write = _WRITERS[column.type]
    try:
        return [None if cell is None else write(cell, column) for cell in cells]
    except ValueError as error:
        raise ValueError(f"{table}.{column.name}: {error}") from None


def _text(value: Any, column: Column) -> str:
    del column
    return str(value)


def _integer(value: Any, column: Column) -> str:
    del column
    if not -_BIGINT <= value < _BIGINT:
        raise ValueError(f"{value} does not fit 64 bits")
    return str(value)


_EXACT = Context(prec=2 * _DECIMAL_DIGITS, traps=[InvalidOperation, Inexact])


def _decimal(value: Any, column: Column) -> str:
    scale = column.scale or 0
    try:
        fitted = Decimal(value).quantize(Decimal(1).scaleb(-scale), context=_EXACT)
    except (InvalidOperation, Inexact):
        fitted = Decimal("NaN")
    if not fitted.is_finite() or (fitted and fitted.adjusted() >= _DECIMAL_DIGITS - scale):
        raise ValueError(f"{value} does not fit a decimal of {_DECIMAL_DIGITS - scale} and {scale} digits")
    return f"{fitted:f}"


def _timestamp(value: Any, column: Column) -> str:
    del column
    if value.tzinfo is None:
        raise ValueError(f"timestamp {value.isoformat()} has no zone; give UTC")
    return str(value.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" "))


_WRITERS: dict[ColumnType, Callable[[Any, Column], str]] = {
    ColumnType.TEXT: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.DECIMAL: _decimal,
    ColumnType.BOOLEAN: _text,
    ColumnType.DATE: _text,
    ColumnType.TIMESTAMP: _timestamp,
}
