"""Columns of a Parquet file in the engine: which are taken over as they are, and how the canonical text is made of them."""

import re

from buttress.evidence.data.cells import CellRule
from buttress.evidence.data.tables import Column, ColumnType
from buttress.evidence.locked.run_database import quoted

_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_WHOLE_CHARACTERS = 20
_DECIMAL = re.compile(r"DECIMAL\(([0-9]+),([0-9]+)\)\Z")
_NAIVE = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
_ZONED = "TIMESTAMP WITH TIME ZONE"
_MOST_DIGITS = 28
"""As many as the reader of cells takes, sign and decimals included."""


def direct_cell(column: Column, rule: CellRule, kind: str, source: str) -> str | None:
    """The expression for a column that the file stores in its own type, None where its texts have to be read.

    `kind` is the engine's type of the file's column, `source` the expression that names it.
    """
    if rule.mapping is not None or rule.date_form is not None:
        return None
    if column.type is ColumnType.TEXT:
        return _text(column, rule, kind, source)
    is_own = not rule.empty and {
        ColumnType.BOOLEAN: kind == "BOOLEAN",
        ColumnType.INTEGER: kind in _WHOLE,
        ColumnType.DECIMAL: _fits(kind, column.scale or 0),
        ColumnType.DATE: kind == "DATE",
        ColumnType.TIMESTAMP: kind == _ZONED or (kind in _NAIVE and rule.zone is not None and rule.zone.key == "UTC"),
    }.get(column.type, False)
    if not is_own:
        return None
    if kind == "TIMESTAMP_NS":
        # What has more than six digits of a second is marked, and found as a value out of range.
        same = f"CAST(CAST({source} AS TIMESTAMP) AS TIMESTAMP_NS) IS NOT DISTINCT FROM {source}"
        return f"CASE WHEN {same} THEN CAST({source} AS TIMESTAMP) ELSE TIMESTAMP 'infinity' END"
    return f"CAST({source} AS TIMESTAMP)" if column.type is ColumnType.TIMESTAMP else source


def _text(column: Column, rule: CellRule, kind: str, source: str) -> str | None:
    if column.values:
        return None
    text = f"CAST({f'len({source})' if kind.endswith('[]') else source} AS VARCHAR)"
    if not rule.empty:
        return text
    words = ", ".join("'" + word.replace("'", "''") + "'" for word in sorted(rule.empty))
    return f"CASE WHEN {text} IN ({words}) THEN NULL ELSE {text} END"


def _fits(kind: str, scale: int) -> bool:
    """True where every value of the file's column is a decimal of that scale which the reader of cells would take."""
    if kind in _WHOLE:
        return _WHOLE_CHARACTERS + scale <= _MOST_DIGITS
    found = _DECIMAL.match(kind)
    return found is not None and int(found[2]) <= scale and int(found[1]) - int(found[2]) + 1 + scale <= _MOST_DIGITS


def range_fault(column: Column) -> tuple[str, str, str] | None:
    """The condition of values that no reader takes, the column's name, and what was expected."""
    name = quoted(column.name)
    if column.type is ColumnType.DATE:
        condition = f"NOT isfinite({name}) OR {name} NOT BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
        return condition, column.name, "a day of the years 1 to 9999"
    if column.type is ColumnType.TIMESTAMP:
        last = "TIMESTAMP '9999-12-31 23:59:59.999999'"
        condition = f"NOT isfinite({name}) OR {name} NOT BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND {last}"
        return condition, column.name, "a time of the years 1 to 9999 with at most six digits of a second"
    return None


def canonical_text(column: Column) -> str:
    r"""The expression that writes a cell as `canonical_cell` does; null is `\N`."""
    name = quoted(column.name)
    text = f"CAST({name} AS VARCHAR)"
    if column.type is ColumnType.TIMESTAMP:
        text = f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    elif column.type is ColumnType.TEXT:
        text = name
        for sign, written in (("'\\'", "'\\\\'"), ("chr(9)", "'\\t'"), ("chr(10)", "'\\n'"), ("chr(13)", "'\\r'")):
            text = f"replace({text}, {sign}, {written})"
    return f"coalesce({text}, '\\N')"
