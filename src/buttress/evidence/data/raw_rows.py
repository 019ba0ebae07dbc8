"""Evidence files as rows of texts, before any type: CSV, JSON lines and Parquet in one shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from buttress.evidence.data.datasets import DatasetDeclaration, DatasetFormat
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.parquet import read_parquet
from buttress.evidence.importers.prowler_csv import line_of_record
from buttress.formats.problems import Problem, ProblemsError, shown
from buttress.formats.strict_csv import read_csv
from buttress.formats.strict_json import JsonLimits, read_json_lines

_MOST_PROBLEMS = 200
_LIMITS = JsonLimits(max_bytes=256 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows of texts (None is null); `sources` names their positions, `present` those that the file really has."""

    sources: tuple[str, ...]
    present: frozenset[str]
    rows: Sequence[Sequence[str | None]]
    line_of: Callable[[int], int | None]

    def position(self, source: str) -> int:
        return self.sources.index(source)


def read_raw_rows(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """The rows of a file with the `wanted` sources (column names or dotted paths); raises `ProblemsError`."""
    name = source.name
    if dataset.format is DatasetFormat.PARQUET:
        return _parquet(source, tuple(dict.fromkeys(wanted)))
    content = source.content()
    if dataset.format is DatasetFormat.CSV:
        return _csv(content, name, dataset.delimiter or ",")
    return _json_lines(content, name, tuple(dict.fromkeys(wanted)))


def _csv(content: bytes, name: str, delimiter: str) -> RawRows:
    """An empty field is null: CSV cannot tell it from an empty text."""
    header, rows = read_csv(content, file=name, delimiter=delimiter)
    texts = [[field or None for field in row] for row in rows]
    return RawRows(header, frozenset(header), texts, lambda index: line_of_record(header, rows, index + 1))


def _json_lines(content: bytes, name: str, wanted: tuple[str, ...]) -> RawRows:
    """A source is present where one record at least has it, or where there is no record at all."""
    paths = [(source, tuple(source.split("."))) for source in wanted]
    rows: list[list[str | None]] = []
    lines: list[int] = []
    present: set[str] = set()
    problems: list[Problem] = []
    for line, record in read_json_lines(content, file=name, limits=_LIMITS):
        row: list[str | None] = []
        if not isinstance(record, dict):
            problems.append(Problem(name, line, "", shown(record), "a JSON object on every line"))
        for source, parts in paths if isinstance(record, dict) else ():
            found, value = _at(record, source, parts)
            if found:
                present.add(source)
            try:
                row.append(_text(value))
            except ValueError as error:
                problems.append(Problem(name, line, source, str(error), "text, a number, true, false or null"))
        if len(problems) >= _MOST_PROBLEMS:
            break
        rows.append(row)
        lines.append(line)
    if problems:
        raise ProblemsError(problems)
    return RawRows(wanted, frozenset(present) if rows else frozenset(wanted), rows, lines.__getitem__)


def _at(record: dict[str, Any], source: str, parts: tuple[str, ...]) -> tuple[bool, Any]:
    """Whether the record has the source, and its value; a key that itself holds dots is found first."""
    if source in record:
        return True, record[source]
    value: Any = record
    for part in parts:
        if not isinstance(value, dict) or part not in value:
            return False, None
        value = value[part]
    return True, value


def _text(value: Any) -> str | None:
    """A list stands as the number of its items, so that `map` can tell none from some."""
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


def _parquet(source: Evidence, wanted: tuple[str, ...]) -> RawRows:
    present, rows = read_parquet(source.descriptor, source.name, wanted)
    return RawRows(wanted, present, rows, lambda index: None)
