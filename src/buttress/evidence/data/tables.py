"""Typed tables in memory: what a data set's file becomes before any test looks at it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

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

    def key_of(self, row: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(row[position] for position in self.schema.key_positions)


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


def schemas_of(tables: Mapping[str, Table]) -> dict[str, Schema]:
    return {name: table.schema for name, table in tables.items()}
