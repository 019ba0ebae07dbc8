"""Reads a sample of a file: its format by its name, encoding and delimiter by looking, both told as the guesses they are."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from buttress.evidence.data.datasets import ColumnDeclaration, DatasetDeclaration, EffectiveAt
from buttress.evidence.data.evidence_file import evidence_file
from buttress.evidence.data.parser import read_rows
from buttress.evidence.data.tables import ColumnType
from buttress.evidence.importers.registry import findings_formats, row_formats
from buttress.evidence.mapping.known import known_exports
from buttress.evidence.mapping.sample import MOST_ROWS, UTF_8, Sample
from buttress.formats.problems import nearest, refuse, shown
from buttress.formats.strict_csv import read_csv
from buttress.formats.strict_json import JsonLimits, read_json_lines

_LIMITS = JsonLimits(max_bytes=256 * 1024 * 1024)
_BY_SUFFIX = {"tsv": "csv", "txt": "csv", "ndjson": "jsonl"}
_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 65_536
_MARKS = ((b"\xef\xbb\xbf", UTF_8, "utf-8-sig"), (b"\xff\xfe", "UTF-16", "utf-16"), (b"\xfe\xff", "UTF-16", "utf-16"))
_MOST_HEADINGS = 1_000


def sample_of(folder: Path, name: str, kind: str | None = None) -> Sample:
    """The first rows of the file `name` in `folder`, of the table format `kind` where it is given, else as its name ends.

    Raises `ProblemsError` where it cannot be read at all.
    """
    kind = _format_of(name) if kind is None else _known_format(kind)
    with evidence_file(folder, name) as source:
        if kind == "csv":
            return _of_csv(source.content(), name)
        if kind == "jsonl":
            return _of_json_lines(source.content(), name)
        return _of_other(source, name, kind)


def _known_format(kind: str) -> str:
    if kind not in row_formats():
        raise refuse("--format", None, shown(kind), f"one of {', '.join(row_formats())}", nearest(kind, row_formats()))
    return kind


def _format_of(name: str) -> str:
    suffix = Path(name).suffix.lower().removeprefix(".")
    kind = _BY_SUFFIX.get(suffix, suffix)
    if kind in row_formats():
        return kind
    known = ", ".join(row_formats())
    if suffix == "json":
        advice = "Of a JSON array make a line for each object, e.g. jq -c '.[]' export.json > export.jsonl."
        raise refuse(name, None, "a JSON document", f"a table: {known}", advice)
    advice = f"Scanners' reports need no mapping: `kind: findings`, formats {', '.join(findings_formats())}."
    raise refuse(name, None, f"the ending {shown(suffix)}" if suffix else "no ending", f"a table: {known}", advice)


def _of_csv(content: bytes, name: str) -> Sample:
    text, encoding = _decoded(content, name)
    delimiter = _delimiter_of(text[:_LOOKED_AT])
    headings, rows = read_csv(text, file=name, delimiter=delimiter)
    texts = [[field or None for field in row] for row in rows[:MOST_ROWS]]
    _refuse_empty(texts, name)
    return Sample(
        name, "csv", headings, texts, len(rows) <= MOST_ROWS, None if delimiter == "," else delimiter, encoding
    )


def _decoded(content: bytes, name: str) -> tuple[str, str]:
    """The text and the guess at its encoding."""
    for mark, encoding, codec in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(codec), encoding
            except UnicodeDecodeError:
                raise refuse(name, None, f"bytes that are not the {encoding} they say", "a text file") from None
    if b"\0" in content[:_LOOKED_AT]:
        raise refuse(name, None, "zero bytes", "a text file", "Is it a workbook or an archive under another name?")
    try:
        return content.decode("utf-8"), UTF_8
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "Windows-1252"


def _delimiter_of(text: str) -> str:
    """The sign that cuts the first lines into most fields, as many in each."""
    return max(_DELIMITERS, key=lambda sign: _fields_by(text, sign))


def _fields_by(text: str, sign: str) -> tuple[float, int]:
    rows: list[int] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign):
            rows.append(len(row))
            if len(rows) == 20:
                break
    except csv.Error:
        return 0.0, 0
    width = rows[0] if rows else 0
    even = sum(each == width for each in rows[:-1] or rows) / max(len(rows) - 1, 1)
    return (even if width > 1 else 0.0), width


def _of_json_lines(content: bytes, name: str) -> Sample:
    """Nested objects become dotted headings, lists the number of their items."""
    records: list[dict[str, str | None]] = []
    is_whole = True
    for line, record in read_json_lines(content, file=name, limits=_LIMITS):
        if not isinstance(record, dict):
            advice = "Of a JSON array make a line for each object, e.g. jq -c '.[]'."
            raise refuse(name, line, shown(record), "a JSON object on every line", advice)
        if len(records) == MOST_ROWS:
            is_whole = False
            break
        records.append(dict(_flat(record, "")))
    _refuse_empty(records, name)
    headings = tuple(dict.fromkeys(heading for record in records for heading in record))[:_MOST_HEADINGS]
    return Sample(name, "jsonl", headings, [[record.get(h) for h in headings] for record in records], is_whole)


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, str | None]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _text(value)


def _text(value: Any) -> str | None:
    """As the importer of JSON lines has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(len(value)) if isinstance(value, list) else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _of_other(source: Any, name: str, kind: str) -> Sample:
    """By the importer of the format: first only the headings are asked for, then the rows under them."""
    known = known_exports().data_sets.values()
    asked = dict.fromkeys(
        h for each in known for column in each.also_called for h in (column, *each.headings_of(column))
    )
    headings = tuple(sorted(read_rows(source, _anything(kind, ()), tuple(asked), in_child=True).present))
    if not headings:
        raise refuse(name, None, "no heading that is known", "a table with known headings", "Declare it by hand.")
    raw = read_rows(source, _anything(kind, headings), headings, in_child=True)
    positions = [raw.position(heading) for heading in headings]
    rows = [[row[position] for position in positions] for row in raw.rows[:MOST_ROWS]]
    _refuse_empty(rows, name)
    return Sample(name, kind, headings, rows, len(raw.rows) <= MOST_ROWS)


def _anything(kind: str, headings: Sequence[str]) -> DatasetDeclaration:
    """A declaration that takes every heading as text, because nothing is known of the file yet."""
    columns = {
        f"c{number}": ColumnDeclaration.model_validate({"type": ColumnType.TEXT, "from": heading})
        for number, heading in enumerate(headings or ("nothing",))
    }
    effective_at = EffectiveAt.model_validate({"from": "receipt"})
    declared = {
        "path": "evidence/any",
        "format": kind,
        "key": ("c0",),
        "columns": columns,
        "effective_at": effective_at,
    }
    return DatasetDeclaration.model_validate(declared)


def _refuse_empty(rows: Sequence[object], name: str) -> None:
    if not rows:
        raise refuse(name, None, "no row", "an export with rows", "Its values are what a mapping is made from.")
