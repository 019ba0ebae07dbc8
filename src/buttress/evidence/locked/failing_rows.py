"""The file of a test's failing rows: complete, all text, named by the SHA-256 of its bytes."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from buttress.evidence.data.canonical import canonical_cell
from buttress.evidence.data.tables import Column, ColumnType
from buttress.evidence.locked.run_database import quoted, text_columns

Row = tuple[str | None, ...]
_TEXT = Column("", ColumnType.TEXT)


def canonical_order(rows: Iterable[Row]) -> list[Row]:
    """Rows sorted bytewise by their canonical text, so that an engine's order never shows."""
    return sorted(rows, key=lambda row: "\t".join(canonical_cell(cell, _TEXT) for cell in row).encode())


def write_failing_rows(folder: Path, columns: Sequence[str], rows: Iterable[Row]) -> tuple[str, str]:
    """Write the rows as Parquet into `folder`; the file's SHA-256 and its name relative to the folder.

    The same columns and rows, in whatever order, give the same bytes. The file appears whole or not at all; one that is
    already there has the same content and stays.
    """
    import duckdb  # noqa: PLC0415 - heavy, and needed by runs only

    if not columns:
        raise ValueError("failing rows without columns; give at least the key")
    ordered = canonical_order(rows)
    cells = list(zip(*ordered, strict=True)) or [() for _ in columns]
    if len(cells) != len(columns):
        raise ValueError(f"rows of {len(cells)} cells under {len(columns)} columns")
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".writing-", suffix=".parquet")
    os.close(handle)
    connection = duckdb.connect()
    try:
        connection.execute("SET threads=1")
        names = ", ".join(f"c{n} AS {quoted(name)}" for n, name in enumerate(columns))
        with text_columns(connection, {f"c{n}": values for n, values in enumerate(cells)}) as source:
            path = temporary.replace("'", "''")
            connection.execute(f"COPY (SELECT {names} FROM {source}) TO '{path}' (FORMAT parquet, USE_TMP_FILE false)")  # noqa: S608
        Path(temporary).chmod(0o644)
        digest = hashlib.sha256(Path(temporary).read_bytes()).hexdigest()
        Path(temporary).replace(folder / f"{digest}.parquet")
    except duckdb.IOException as error:
        raise OSError(errno.EIO, f"failing rows cannot be written ({type(error).__name__})", str(folder)) from None
    finally:
        connection.close()
        Path(temporary).unlink(missing_ok=True)
    return digest, f"{digest}.parquet"
