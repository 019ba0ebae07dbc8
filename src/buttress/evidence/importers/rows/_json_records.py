"""Records of JSON as rows: values by name or dotted path, each as one text."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from buttress.evidence.data.raw_rows import RawRows
from buttress.formats.problems import Problem, ProblemsError, shown

_MOST_PROBLEMS = 200

Record = tuple[int | None, str, Any]
"""A record's line (None where the format has none), its place in the document (empty for JSON lines), and its value."""


def rows_of(records: Iterable[Record], wanted: Sequence[str], file: str) -> RawRows:
    """The `wanted` paths of every record; a path is present where one record at least has it, or where there is no
    record at all. Raises `ProblemsError`."""
    sources = tuple(dict.fromkeys(wanted))
    paths = [(path, tuple(path.split("."))) for path in sources]
    rows: list[list[str | None]] = []
    lines: list[int | None] = []
    present: set[str] = set()
    problems: list[Problem] = []
    for line, place, record in records:
        row: list[str | None] = []
        if not isinstance(record, dict):
            expected = "a JSON object" if place else "a JSON object on every line"
            problems.append(Problem(file, line, place, shown(record), expected))
        for path, parts in paths if isinstance(record, dict) else ():
            found, value = _at(record, path, parts)
            if found:
                present.add(path)
            try:
                row.append(_text(value))
            except ValueError as error:
                field = f"{place}.{path}" if place else path
                problems.append(Problem(file, line, field, str(error), "text, a number, true, false or null"))
        if len(problems) >= _MOST_PROBLEMS:
            break
        rows.append(row)
        lines.append(line)
    if problems:
        raise ProblemsError(problems)
    return RawRows(sources, frozenset(present) if rows else frozenset(sources), rows, lines.__getitem__)


def _at(record: dict[str, Any], path: str, parts: tuple[str, ...]) -> tuple[bool, Any]:
    """Whether the record has the path, and its value; a key that itself holds dots is found first."""
    if path in record:
        return True, record[path]
    value: Any = record
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return False, None
        value = value[part]
    return True, value


def _text(value: Any) -> str | None:
    """A list stands as the number of its items, so that `map` can tell none from some; raises ValueError for objects."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > 40:
            raise ValueError(f"the number {value}")
        return f"{value:f}"
    if isinstance(value, list):
        return str(len(value))
    raise ValueError(shown(value))
