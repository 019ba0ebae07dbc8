"""The parts of an XLSX workbook, looked through before a library opens it: what is refused, and how large each sheet is.

Every XML part is parsed once without building anything: a DOCTYPE is found by the parser and not by its text, because
parts may be in UTF-16. The library pads rows and columns up to the last cell, so the places of cells are checked first.
"""

import re
import zipfile
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from buttress.formats.problems import ProblemsError, refuse, shown
from buttress.formats.strict_zip import ZipLimits, blocks_of, opened_zip

LIMITS = ZipLimits(max_bytes=10_000_000, max_unpacked=100_000_000)
MAX_ROWS, MAX_COLUMNS, MAX_CELL = 200_000, 200, 32_767
"""Rows of data and columns of a sheet, and characters of a cell: the last is what spreadsheets themselves allow."""
_MAX_DEPTH = 64
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})\Z")
_RANGE = re.compile(r"[A-Z]{1,3}([1-9][0-9]{0,6})(?::[A-Z]{1,3}([1-9][0-9]{0,6}))?\Z")
_REFUSED_PARTS = (
    (re.compile(r"vbaproject|/vba|macrosheets", re.IGNORECASE), "macros", "a workbook without macros"),
    (re.compile(r"externallinks?/", re.IGNORECASE), "links to other workbooks", "values instead of links"),
    (re.compile(r"embeddings/|activex/|oleobject", re.IGNORECASE), "embedded objects", "a workbook of cells only"),
    (re.compile(r"encrypt", re.IGNORECASE), "an encrypted part", "a workbook without a password"),
)
_REFUSED_RELATIONS = ("/vbaProject", "/externalLink", "/externalLinkPath", "/oleObject", "/control")
_SAVE_AS = "Save the sheet as a new .xlsx file with values only."


@dataclass(slots=True)
class Sheet:
    """How far the cells of one part reach, and the rows (from 1) that merged cells cover."""

    last_row: int = 0
    last_column: int = 0
    merged_rows: set[int] = field(default_factory=set)


def checked_parts(stream: BinaryIO, file: str) -> dict[str, Sheet]:
    """The XML parts of the workbook by name; raises `ProblemsError` for what is refused."""
    stream.seek(0)
    if stream.read(4) == _OLD_OR_ENCRYPTED:
        raise refuse(file, None, "an encrypted or an old workbook (.xls)", "an .xlsx file without a password", _SAVE_AS)
    sheets: dict[str, Sheet] = {}
    with opened_zip(stream, file=file, limits=LIMITS) as archive:
        for entry in archive.infolist():
            _check_name(entry.filename, file)
            first = next(blocks_of(archive, entry, file=file), b"")
            if first.startswith((b"PK\x03\x04", _OLD_OR_ENCRYPTED)):
                found = f"an archive in the archive ({shown(entry.filename)})"
                raise refuse(file, None, found, "cells only", _SAVE_AS)
            # By content: the library follows the workbook's own table of contents, whatever a part is called.
            rest = first.lstrip(_BEFORE_XML)
            if rest.startswith(b"<") or (first and not rest):
                sheets[entry.filename] = _Part(file, entry.filename).parsed(archive, entry)
    return sheets


def _check_name(name: str, file: str) -> None:
    for pattern, found, expected in _REFUSED_PARTS:
        if pattern.search(name):
            raise refuse(file, None, f"{found} ({shown(name)})", expected, _SAVE_AS)


class _Part:
    """One XML part while it is parsed."""

    def __init__(self, file: str, name: str) -> None:
        self.file, self.name = file, name
        self.sheet = Sheet()
        self._depth = self._characters = self._row = self._column = 0
        self._in_rows = False

    def parsed(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Sheet:
        reader = expat.ParserCreate(namespace_separator=" ")
        reader.StartDoctypeDeclHandler = self._doctype
        reader.StartElementHandler = self._start
        reader.EndElementHandler = self._end
        reader.CharacterDataHandler = self._text
        try:
            for block in blocks_of(archive, entry, file=self.file):
                reader.Parse(block, False)
            reader.Parse(b"", True)
        except expat.ExpatError:
            raise self._refused("XML that is not well-formed", "well-formed XML") from None
        return self.sheet

    def _refused(self, found: str, expected: str) -> ProblemsError:
        return refuse(self.file, None, found, expected, _SAVE_AS, field=self.name)

    def _doctype(self, *_arguments: object) -> None:
        raise self._refused("a DOCTYPE", "XML without one")

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._refused(f"more than {_MAX_DEPTH} levels of elements", "fewer")
        match element.rpartition(" ")[2]:
            case "sheetData":
                self._in_rows, self._row = True, 0
            case "row" if self._in_rows:
                self._start_row(attributes.get("r"))
            case "c" if self._in_rows:
                self._start_cell(attributes.get("r"))
            case "si":
                self._characters = 0
            case "mergeCell":
                self._merge(attributes.get("ref", ""))
            case "Relationship" if attributes.get("Type", "").endswith(_REFUSED_RELATIONS):
                raise self._refused("a link to macros, objects or other workbooks", "cells only")

    def _start_row(self, number: str | None) -> None:
        row = self._row + 1 if number is None else int(number) if number.isdigit() and len(number) < 9 else 0
        if row <= self._row:
            raise self._refused(f"row {shown(number)} after row {self._row}", "rows in order, each once")
        if row > MAX_ROWS + 1:
            raise self._refused(f"a cell in row {row:,}", f"at most {MAX_ROWS:,} rows below the header")
        self._row, self._column = row, 0
        self.sheet.last_row = row

    def _start_cell(self, place: str | None) -> None:
        self._characters = 0
        column, row = (self._column + 1, self._row) if place is None else _place_of(place)
        if row != self._row or column <= self._column:
            raise self._refused(f"cell {shown(place)} after column {self._column} of row {self._row}", "cells in order")
        if column > MAX_COLUMNS:
            raise self._refused(f"cell {place} in column {column:,}", f"at most {MAX_COLUMNS} columns")
        self._column = column
        self.sheet.last_column = max(self.sheet.last_column, column)

    def _merge(self, text: str) -> None:
        found = _RANGE.match(text)
        if found is None:
            raise self._refused(f"merged cells {shown(text)}", "a range such as A1:B1")
        first, last = int(found[1]), int(found[2] or found[1])
        self.sheet.merged_rows.update(range(first, min(last, first + MAX_ROWS) + 1))

    def _end(self, element: str) -> None:
        self._depth -= 1
        if element.endswith(" sheetData"):
            self._in_rows = False

    def _text(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > MAX_CELL and (self._in_rows or self.name.endswith("haredStrings.xml")):
            raise self._refused(f"a cell of more than {MAX_CELL:,} characters", "what spreadsheets allow")


def _place_of(text: str) -> tuple[int, int]:
    """Column and row (from 1) of a cell such as B7; zeros where it is none."""
    found = _CELL.match(text)
    if found is None:
        return 0, 0
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column, int(found[2])
