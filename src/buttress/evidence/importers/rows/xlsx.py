"""XLSX: one sheet with a header row, its cells as the texts that their types say, read in the parser child always.

Formulas, errors, times of day without a date, numbers that the spreadsheet has rounded, and numbers where a date is
declared are refused with their cell: nothing is guessed. Hidden rows are read like all others.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from buttress.evidence.data.datasets import DatasetDeclaration, resolve
from buttress.evidence.data.evidence_file import Evidence
from buttress.evidence.data.raw_rows import RawRows
from buttress.evidence.data.tables import ColumnType
from buttress.evidence.importers.registry import Confinement
from buttress.evidence.importers.rows._workbook_parts import Sheet, checked_parts
from buttress.formats.problems import Problem, ProblemsError, refuse, shown

CONFINEMENT = Confinement.ALWAYS
PRELOAD = ("openpyxl", "openpyxl.utils.escape")

_MOST_PROBLEMS = 200
_SURE_DIGITS = 15
_VALUES = "Paste the values in place of the formulas."


class _BadCellError(Exception):
    def __init__(self, found: str, expected: str, advice: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.advice = found, expected, advice


def read(source: Evidence, dataset: DatasetDeclaration, wanted: Sequence[str]) -> RawRows:
    """The declared sheet, or the only one that is visible; an empty cell is null."""
    import openpyxl  # noqa: PLC0415 - only where a workbook is read

    with os.fdopen(os.dup(source.descriptor), "rb") as stream:
        parts = checked_parts(stream, source.name)
        stream.seek(0)
        workbook = openpyxl.load_workbook(stream, read_only=True, keep_links=False)
        sheet = _sheet_of(workbook, dataset.sheet, source.name)
        extent = parts.get(sheet._worksheet_path.lstrip("/"))
        if extent is None:
            raise refuse(source.name, None, "a sheet that is no XML", "a whole workbook", "Save it again.")
        rows = sheet.iter_rows(max_row=max(extent.last_row, 1), max_col=max(extent.last_column, 1))
        return _rows(rows, extent, _Wanted(source.name, tuple(dict.fromkeys(wanted)), _dated(dataset)))


def _sheet_of(workbook: Any, declared: str | None, file: str) -> Any:
    visible = [sheet.title for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    names = [sheet.title for sheet in workbook.worksheets]
    if declared is None and len(visible) == 1:
        return workbook[visible[0]]
    if declared in names:
        return workbook[declared]
    listed = ", ".join(shown(name) for name in names[:12]) or "none"
    found = f"the sheets {listed}" if declared is None else f"no sheet {shown(declared)} among {listed}"
    raise refuse(file, None, found, "one sheet to read", "Name it with `sheet` in the data set.")


def _dated(dataset: DatasetDeclaration) -> frozenset[str]:
    """The headings whose columns are declared as dates or timestamps."""
    described = resolve(dataset)
    kinds = (ColumnType.DATE, ColumnType.TIMESTAMP)
    return frozenset(described.rules[c.name].source for c in described.schema.columns if c.type in kinds)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The headings to read from a file, and which of them are declared as dates."""

    file: str
    headings: tuple[str, ...]
    dated: frozenset[str]


def _rows(rows: Iterator[Sequence[Any]], extent: Sheet, wanted: _Wanted) -> RawRows:
    file = wanted.file
    header = _header(next(rows, ()), file)
    positions = [(heading, header.index(heading)) for heading in wanted.headings if heading in header]
    texts: list[list[str | None]] = []
    lines: list[int] = []
    problems = [
        Problem(file, row, f"row {row}", "merged cells", "a value in each cell", "Unmerge the cells below the header.")
        for row in sorted(extent.merged_rows - {1})[:_MOST_PROBLEMS]
    ]
    blank: list[int] = []
    for number, cells in enumerate(rows, 2):
        if all(cell.value is None for cell in cells):
            blank.append(number)
            continue
        problems += [Problem(file, row, f"row {row}", "an empty row between rows", "a row") for row in blank]
        blank = []
        problems += _beyond(cells, len(header), number, file)
        row, faults = _texts(cells, positions, number, wanted)
        texts.append(row)
        lines.append(number)
        problems += faults
        if len(problems) >= _MOST_PROBLEMS:
            break
    if problems:
        raise ProblemsError(problems[:_MOST_PROBLEMS])
    return RawRows(tuple(heading for heading, _ in positions), frozenset(header), texts, lines.__getitem__)


def _header(cells: Sequence[Any], file: str) -> tuple[str, ...]:
    names: list[str] = []
    problems: list[Problem] = []
    for cell in cells:
        try:
            names.append((_text(cell, False) or "").strip())
        except _BadCellError as error:
            names.append("")
            problems.append(Problem(file, 1, _place(len(names), 1), error.found, error.expected, error.advice))
    while names and not names[-1] and not problems:
        names.pop()
    if not names:
        raise refuse(file, 1, "an empty first row", "a header row")
    seen: set[str] = set()
    for position, name in enumerate(names, 1):
        place = _place(position, 1)
        if not name and not problems:
            problems.append(Problem(file, 1, place, "an empty name", "a name for every column"))
        elif name and name.casefold() in seen:
            found = f"the name {shown(name)} again"
            problems.append(Problem(file, 1, place, found, "names that differ, whatever their case"))
        seen.add(name.casefold())
    if problems:
        raise ProblemsError(problems)
    return tuple(names)


def _beyond(cells: Sequence[Any], width: int, number: int, file: str) -> Iterator[Problem]:
    for position, cell in enumerate(cells[width:], width + 1):
        if cell.value is not None:
            yield Problem(file, number, _place(position, number), "a cell beyond the header", "nothing")


def _texts(
    cells: Sequence[Any], positions: Sequence[tuple[str, int]], number: int, wanted: _Wanted
) -> tuple[list[str | None], list[Problem]]:
    row: list[str | None] = []
    problems = []
    for heading, position in positions:
        cell = cells[position] if position < len(cells) else None
        try:
            row.append(None if cell is None else _text(cell, heading in wanted.dated))
        except _BadCellError as error:
            place = _place(position + 1, number)
            problems.append(Problem(wanted.file, number, place, error.found, error.expected, error.advice))
    return row, problems


def _text(cell: Any, is_dated: bool) -> str | None:
    """The text of a cell; raises `_BadCellError`."""
    value, kind = cell.value, cell.data_type
    if value is None:
        return None
    if kind == "f":
        raise _BadCellError("a formula", "a value", _VALUES)
    if kind == "e":
        raise _BadCellError(f"the error {shown(str(value))}", "a value")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _plain(value) or None
    if isinstance(value, date):
        return _moment(value, cell.number_format)
    if isinstance(value, int | float):
        return _number(value, is_dated)
    raise _BadCellError("a time of day without a date", "a date and time, or a text")


def _plain(text: str) -> str:
    from openpyxl.utils.escape import unescape  # noqa: PLC0415 - see `read`

    text = unescape(text)
    unsafe = next((sign for sign in text if sign == "\0" or "\ud800" <= sign <= "\udfff"), None)
    if unsafe is not None:
        raise _BadCellError(f"the character U+{ord(unsafe):04X}", "text that every reader can hold")
    return str(text)


def _moment(value: date, number_format: str) -> str:
    """A day where neither the value nor its format has a time of day."""
    if not isinstance(value, datetime):
        return value.isoformat()
    shows_time = any(sign in _bare(number_format) for sign in "hs")
    has_time = (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0)
    return value.isoformat(sep=" ") if shows_time or has_time else value.date().isoformat()


def _bare(number_format: str) -> str:
    """A number format in lower case without what it quotes or brackets."""
    parts = number_format.lower().split('"')[::2]
    return "".join(piece.rpartition("]")[2] for part in parts for piece in part.split("["))


def _number(value: int | float, is_dated: bool) -> str:
    number = Decimal(repr(value))
    if not number.is_finite() or abs(number) >= 10**_SURE_DIGITS:
        advice = "Spreadsheets keep 15 digits of a number; longer identifiers must be text."
        raise _BadCellError(f"the number {shown(value)}", f"at most {_SURE_DIGITS} digits", advice)
    if is_dated:
        advice = "It may be the serial number of a day: format the column as date."
        raise _BadCellError(f"the number {shown(value)}", "a date", advice)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _place(column: int, row: int) -> str:
    return f"cell {_letters(column)}{row}"


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
