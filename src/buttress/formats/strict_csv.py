"""CSV read strictly: a declared delimiter, unique header names, every row as long as the header.

Refused: unclosed quotes, text after a closing quote, NUL, ragged rows, more than `CsvLimits` allows. A UTF-8 byte order
mark, which spreadsheets write, is dropped. Values stay text; an empty field is the empty text.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from buttress.formats.problems import Problem, ProblemsError, refuse, shown
from buttress.formats.strict_text import decode

if TYPE_CHECKING:
    import _csv

_GUESSES = (",", ";", "\t", "|")
_SHOWN_ROWS = 20
_NAMES = {"\t": "tab"}


@dataclass(frozen=True, slots=True)
class CsvLimits:
    """Largest size in bytes, number of rows, of columns, and of fields: empty ones take room in memory, not on disk."""

    max_bytes: int = 500_000_000
    max_rows: int = 5_000_000
    max_columns: int = 2_000
    max_fields: int = 30_000_000


def read_csv(
    text: str | bytes, *, file: str, delimiter: str = ",", limits: CsvLimits | None = None
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header names (trimmed) and the rows of texts; raises `ProblemsError` naming up to 20 bad rows at once."""
    limits = limits or CsvLimits()
    content = decode(text, file=file, max_bytes=limits.max_bytes).removeprefix("\ufeff")
    # csv counts physical lines itself; newline="" leaves line ends inside of quotes as they are.
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        first = next(reader, None)
        if not first:
            raise refuse(file, 1, "an empty file" if first is None else "an empty line", "a header line")
        header = _header(first, content, file, delimiter, limits)
        return header, _rows(reader, len(header), file, limits)
    except csv.Error as error:
        advice = "Check the quotes of this row: a quote inside a quoted field is doubled."
        raise refuse(file, reader.line_num, f"bad CSV ({error})", "well-formed CSV", advice) from None


def line_of_record(header: Sequence[str], rows: Sequence[Sequence[str]], number: int) -> int:
    """The line on which record `number` (from 1) of a file starts: see `lines_of_records`."""
    return lines_of_records(header, rows[:number])[-1]


def lines_of_records(header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[int]:
    """The lines (from 1) on which the records of a file start: fields may hold line breaks (LF, CR or CRLF)."""

    def breaks(fields: Sequence[str | None]) -> int:
        return sum(field.count("\n") + field.count("\r") - field.count("\r\n") for field in fields if field)

    return list(accumulate((1 + breaks(fields) for fields in (header, *rows)), initial=1))[1:-1]


def _header(first: list[str], content: str, file: str, delimiter: str, limits: CsvLimits) -> tuple[str, ...]:
    names = tuple(name.strip() for name in first)
    if len(names) > limits.max_columns:
        raise refuse(file, 1, f"{len(names):,} columns", f"at most {limits.max_columns:,}")
    if len(names) == 1 and (other := _other_delimiter(content, delimiter)):
        name = _NAMES.get(other, other)
        raise refuse(file, 1, f"one column, {shown(names[0])}", "several", f"Is the delimiter {name!r}? Declare it.")
    if problems := list(_bad_names(names, file)):
        raise ProblemsError(problems)
    return names


def _bad_names(names: Sequence[str], file: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        column = f"column {number}"
        if not name:
            yield Problem(file, 1, column, "an empty name", "a name for every column")
        elif name.casefold() in seen:
            yield Problem(file, 1, column, f"the name {shown(name)} again", "names that differ, whatever their case")
        seen.add(name.casefold())


def _other_delimiter(content: str, delimiter: str) -> str | None:
    line = content.split("\n", 1)[0]
    found = [guess for guess in _GUESSES if guess != delimiter and guess in line]
    return max(found, key=line.count) if found else None


def _rows(reader: "_csv.Reader", width: int, file: str, limits: CsvLimits) -> list[list[str]]:
    rows: list[list[str]] = []
    problems: list[Problem] = []
    blank: list[int] = []
    for row in reader:
        if not row:
            blank.append(reader.line_num)
            continue
        problems += [_blank_line(file, line) for line in blank]
        blank = []
        if len(row) != width:
            found = f"{len(row)} {'field' if len(row) == 1 else 'fields'}"
            advice = "Check quotes and delimiters of this row."
            problems.append(
                Problem(file, reader.line_num, f"row {len(rows) + 1}", found, f"{width} as in the header", advice)
            )
        if len(problems) >= _SHOWN_ROWS:
            break
        if len(rows) >= limits.max_rows:
            raise refuse(file, reader.line_num, f"more than {limits.max_rows:,} rows", "fewer")
        if (len(rows) + 1) * width > limits.max_fields:
            raise refuse(file, reader.line_num, f"more than {limits.max_fields:,} fields", "fewer", "Split the file.")
        rows.append(row)
    if problems:
        raise ProblemsError(problems)
    return rows


def _blank_line(file: str, line: int) -> Problem:
    return Problem(file, line, "", "an empty line between rows", "a row", 'Write "" for one empty field.')
