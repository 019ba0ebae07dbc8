"""Typed tables in memory: what a data set's file becomes before any test looks at it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

Value = str | int | Decimal | bool | date | datetime | None
"""A cell: timestamps are aware and in UTC, a null is None. No floats: their text form differs by engine."""


class ColumnType(StrEnum):
    """Types of a column. Decimals have a declared scale; timestamps are UTC with microseconds."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `scale` is the number of decimals (decimal only), `values` the closed list of texts (empty: open)."""

    name: str
    type: ColumnType
    nullable: bool = True
    scale: int | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in declared order and the names of those that identify a row."""

    columns: tuple[Column, ...]
    key: tuple[str, ...]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def key_positions(self) -> tuple[int, ...]:
        names = self.names
        return tuple(names.index(name) for name in self.key)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a schema; `name` is the data set's id, by which SQL knows it."""

    name: str
    schema: Schema
    rows: tuple[tuple[Value, ...], ...]

    @property
    def row_count(self) -> int:
        return len(self.rows)

    @property
    def whole(self) -> frozenset[str]:
        """Names of the columns in which there is no null, whatever the schema says."""
        if not self.rows:
            return frozenset(self.schema.names)
        cells = zip(*self.rows, strict=True)
        return frozenset(name for name, values in zip(self.schema.names, cells, strict=True) if None not in values)

    def key_of(self, row: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(row[position] for position in self.schema.key_positions)


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """Rows under a schema that lie in the database file at `path`, in a table called `name`; `whole` as for `Table`."""

    name: str
    schema: Schema
    path: Path
    row_count: int
    whole: frozenset[str]


def instant_text(instant: datetime) -> str:
    """UTC with six digits of a second; a naive time, as engines return it, is UTC."""
    in_utc = instant if instant.tzinfo in (None, UTC) else instant.astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds")[:26] + "Z"


def value_text(value: Value) -> str | None:
    """The one text form of a value: what keys, canonical rows and stored failing rows show. Null has none.

    >>> value_text(True), value_text(Decimal("1.50")), value_text(date(2026, 6, 30))
    ('true', '1.50', '2026-06-30')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def key_text(values: Iterable[Value]) -> str:
    r"""A row's key in one text: values joined by `|` in key order, with `\` and `|` escaped by a backslash.

    >>> key_text(["crm", "a|118"])
    'crm|a\\|118'
    """
    return "|".join((value_text(value) or "").replace("\\", "\\\\").replace("|", "\\|") for value in values)


def key_parts(text: str) -> tuple[str, ...]:
    r"""The texts of a key's values, as `key_text` joined them.

    >>> key_parts("crm|a\\|118")
    ('crm', 'a|118')
    """
    parts, escaped = [""], False
    for character in text:
        if escaped or character not in "\\|":
            parts[-1] += character
            escaped = False
        elif character == "|":
            parts.append("")
        else:
            escaped = True
    return tuple(parts)


def schemas_of(tables: Mapping[str, Table]) -> dict[str, Schema]:
    return {name: table.schema for name, table in tables.items()}
