"""One text form for tables and declarations, so that a digest is the same on every engine, platform and day.

A table's rows stand in declared column order, tab separated, LF ended, UTF-8 without normalisation, sorted bytewise by
their key and then by the whole row. The first line names the data set, the schema's fingerprint and the key.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from buttress.evidence.data.tables import Column, ColumnType, Schema, Table, Value, instant_text, value_text

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def canonical_cell(value: Value, column: Column) -> str:
    r"""A cell's text. Null is `\N`; decimals have exactly the column's scale; raises ValueError where one does not fit.

    >>> canonical_cell(Decimal("1.5"), Column("price", ColumnType.DECIMAL, scale=2))
    '1.50'
    >>> canonical_cell(None, Column("price", ColumnType.DECIMAL, scale=2))
    '\\N'
    """
    return _column_texts((value,), column)[0]


def _column_texts(values: Iterable[Value], column: Column) -> list[str]:
    """A whole column at once: ten million cells make the choice of the writer worth taking out of the loop."""
    write = _writer(column)
    return ["\\N" if value is None else write(value) for value in values]


def _writer(column: Column) -> Callable[[Any], str]:
    if column.type is ColumnType.TEXT:
        return lambda text: text.translate(_ESCAPES)
    if column.type is ColumnType.TIMESTAMP:
        return instant_text
    if column.type is not ColumnType.DECIMAL:
        return lambda value: value_text(value) or ""
    scale = column.scale or 0

    def write(value: Decimal | int) -> str:
        fitted = round(Decimal(value), scale)
        if fitted != value:
            raise ValueError(f"{value} has more than the {scale} decimals of column {column.name}")
        return f"{fitted:.{scale}f}"

    return write


def canonical_rows(table: Table) -> list[bytes]:
    """The table's rows in canonical text without the header line, sorted."""
    if not table.rows:
        return []
    cells = [
        _column_texts(values, c) for values, c in zip(zip(*table.rows, strict=True), table.schema.columns, strict=True)
    ]
    keys = zip(*(cells[position] for position in table.schema.key_positions), strict=True)
    keyed = [
        ("\t".join(key).encode(), ("\t".join(row) + "\n").encode())
        for key, row in zip(keys, zip(*cells, strict=True), strict=True)
    ]
    keyed.sort()
    return [row for _, row in keyed]


def schema_fingerprint(schema: Schema) -> str:
    """SHA-256 of names, types, scales and nullability, in order, and of the key."""
    columns = [[c.name, c.type.value, c.nullable, c.scale] for c in schema.columns]
    return digest_of({"columns": columns, "key": list(schema.key)})


def canonical_header(name: str, schema: Schema) -> str:
    """The first line, with its end."""
    return f"{name}\t{schema_fingerprint(schema)}\t{','.join(schema.key)}\n"


def canonical_digest(table: Table) -> str:
    """SHA-256 (hex) over the header line and all rows."""
    digest = hashlib.sha256(canonical_header(table.name, table.schema).encode())
    for row in canonical_rows(table):
        digest.update(row)
    return digest.hexdigest()


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys, no spaces and no floats; decimals and dates become text.

    >>> canonical_json({"b": Decimal("0.05"), "a": [date(2026, 6, 30), None]})
    b'{"a":["2026-06-30",null],"b":"0.05"}'
    """
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def digest_of(value: object) -> str:
    """SHA-256 (hex) of the value's canonical JSON."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


_PLAIN: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (bool, lambda v: v),
    (int, lambda v: v),
    (str, str),
    (Decimal, lambda v: f"{v:f}"),
    (datetime, lambda v: v.isoformat()),
    (date, lambda v: v.isoformat()),
    (Mapping, lambda v: {str(key): _plain(item) for key, item in v.items()}),
    (Sequence, lambda v: [_plain(item) for item in v]),
)


def _plain(value: object) -> object:
    if value is None:
        return None
    for kind, write in _PLAIN:
        if isinstance(value, kind):
            return write(value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON; give text, an integer, a decimal or a date")
