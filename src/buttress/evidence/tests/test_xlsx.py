"""Workbooks as evidence: cells as their types say, and every trick of the format refused with its place."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from buttress.evidence.data.evidence_file import evidence_file
from buttress.evidence.data.snapshots import Snapshot, read_snapshot, snapshots_of
from buttress.evidence.importers.rows import xlsx
from buttress.formats.problems import ProblemsError

if TYPE_CHECKING:
    from buttress.evidence.tests.conftest import Register

ZONE = ZoneInfo("Europe/Amsterdam")
FILE = "evidence/users-2026-06-30.xlsx"
USERS = """
users:
  path: evidence/users-*.xlsx
  format: xlsx
  key: [id]
  columns:
    id: {type: text, from: User ID, nullable: false}
    seats: {type: integer, from: Seats}
    price: {type: decimal, scale: 2, from: Price}
    mfa: {type: boolean, from: MFA}
    hired: {type: date, from: Hired}
    seen_at: {type: timestamp, from: Seen, zone: Europe/Amsterdam}
  effective_at: {from: file_name, pattern: "users-(?P<date>[0-9-]+)"}
"""
HEADER = ["User ID", "Seats", "Price", "MFA", "Hired", "Seen"]
ROW = ["a", 3, 19.99, True, date(2026, 6, 1), datetime(2026, 6, 30, 8, 15)]


def workbook(rows: list[list[Any]], change: Callable[[Any], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def changed(content: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """The workbook with its parts changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def snapshot(register: "Register", content: bytes, text: str = USERS) -> Snapshot:
    register.put(FILE, content)
    register.declare(text)
    (dataset,) = register.datasets.values()
    (file,) = snapshots_of(register.folder, dataset, ZONE)
    return read_snapshot(register.folder, dataset, file, ZONE)


def found_in(register: "Register", content: bytes, text: str = USERS) -> list[str]:
    """The problems that the reader itself finds, asked in this process: a child for each would take a second."""
    register.put(FILE, content)
    register.declare(text)
    (dataset,) = register.datasets.values()
    with pytest.raises(ProblemsError) as error, evidence_file(register.folder, FILE) as source:
        xlsx.read(source, dataset, HEADER)
    assert {problem.file for problem in error.value.problems} == {FILE}
    return [str(problem) for problem in error.value.problems]


# ---- what is read ----------------------------------------------------------------------------------------------------


def test_cells_are_read_as_their_types_say(register: "Register") -> None:
    rows = [HEADER, ROW, ["b", 0, -1.5, False, None, datetime(2026, 6, 30)], ["=1+1", None, 0.1 + 0.2 - 0.3, None]]
    rows[-1][2] = 1e-2

    def as_text(book: Any) -> None:
        book.active["A4"].data_type = "s"

    read = snapshot(register, workbook(rows, as_text))
    assert read.problems == ()
    assert read.table is not None
    assert read.table.rows == (
        ("a", 3, Decimal("19.99"), True, date(2026, 6, 1), datetime(2026, 6, 30, 6, 15, tzinfo=UTC)),
        ("b", 0, Decimal("-1.50"), False, None, datetime(2026, 6, 29, 22, tzinfo=UTC)),
        ("=1+1", None, Decimal("0.01"), None, None, None),
    )


def test_days_count_from_1904_where_the_workbook_says_so(register: "Register") -> None:
    def old_mac(book: Any) -> None:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    read = snapshot(register, workbook([HEADER, ROW], old_mac))
    assert read.table is not None
    assert read.table.rows[0][4] == date(2026, 6, 1)


def test_rows_that_a_filter_hides_are_read_and_formats_below_the_last_row_are_none(register: "Register") -> None:
    def hide(book: Any) -> None:
        book.active.row_dimensions[2].hidden = True
        book.active["A9"].number_format = "0.00"

    assert snapshot(register, workbook([HEADER, ROW, ["b"]], hide)).rows == 2


def test_a_column_that_nothing_is_read_from_may_hold_what_it_likes(register: "Register") -> None:
    assert snapshot(register, workbook([[*HEADER, "Total"], [*ROW, "=B2*C2"]])).rows == 1


def test_of_several_sheets_one_is_named(register: "Register") -> None:
    def second(book: Any) -> None:
        book.create_sheet("Notes").append(["x"])

    content = workbook([HEADER, ROW], second)
    assert "the sheets 'Sheet', 'Notes'" in found_in(register, content)[0]
    assert snapshot(register, content, USERS.replace("xlsx\n  key", "xlsx\n  sheet: Sheet\n  key")).rows == 1
    assert (
        "no sheet 'Sales'"
        in found_in(register, content, USERS.replace("xlsx\n  key", "xlsx\n  sheet: Sales\n  key"))[0]
    )


def test_a_hidden_sheet_is_not_taken_for_a_second_one(register: "Register") -> None:
    def hidden(book: Any) -> None:
        book.create_sheet("Lists").sheet_state = "hidden"

    assert snapshot(register, workbook([HEADER, ROW], hidden)).rows == 1


# ---- cells that are refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        ("B2", "=1+1", "cell B2: found a formula"),
        ("A2", '=HYPERLINK("http://x")', "cell A2: found a formula"),
        ("E2", 46174, "cell E2: found the number 46174; expected a date"),
        ("F2", 46174.5, "cell F2: found the number 46174.5; expected a date"),
        ("F2", time(8, 0), "cell F2: found a time of day"),
        ("A2", 1234567890123456789, "cell A2: found the number 1.234567890123457e+18"),
        ("A2", "x_x0000_y", "cell A2: found the character U+0000"),
        ("A2", "x_xD800_y", "cell A2: found the character U+D800"),
        ("H2", "stray", "cell H2: found a cell beyond the header"),
        ("A4", "b", "row 3: found an empty row"),
        ("C1", "seats", "cell C1: found the name 'seats' again"),
        ("C1", None, "cell C1: found an empty name"),
        ("C1", "=1", "cell C1: found a formula"),
    ],
)
def test_a_cell_that_cannot_be_believed_is_named(register: "Register", place: str, value: Any, found: str) -> None:
    def put(book: Any) -> None:
        book.active[place] = value
        if isinstance(value, int | float):
            book.active[place].number_format = "General"

    assert found in "\n".join(found_in(register, workbook([HEADER, ROW], put)))


def test_an_error_in_a_cell_is_named(register: "Register") -> None:
    def put(book: Any) -> None:
        book.active["B2"] = "#REF!"

    assert "cell B2: found the error '#REF!'" in found_in(register, workbook([HEADER, ROW], put))[0]


def test_cells_may_be_merged_in_the_header_only(register: "Register") -> None:
    below = workbook([HEADER, ROW, ROW], lambda book: book.active.merge_cells("B2:B3"))
    assert "row 2: found merged cells" in found_in(register, below)[0]


def test_an_empty_sheet_has_no_header(register: "Register") -> None:
    assert "an empty first row" in found_in(register, workbook([]))[0]


# ---- hostile workbooks -----------------------------------------------------------------------------------------------

SHEET = "xl/worksheets/sheet1.xml"


def with_cell(place: str, row: int) -> Callable[[dict[str, bytes]], None]:
    cell = f'<row r="{row}"><c r="{place}"><v>1</v></c></row></sheetData>'.encode()
    return lambda parts: parts.update({SHEET: parts[SHEET].replace(b"</sheetData>", cell)})


def part(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.update({name: content})


def doctype(encoding: str) -> Callable[[dict[str, bytes]], None]:
    def change(parts: dict[str, bytes]) -> None:
        text = re.sub(r"^<\?xml[^>]*\?>", "", parts[SHEET].decode())
        bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
        parts[SHEET] = f'<?xml version="1.0" encoding="{encoding}"?>{bomb}{text}'.encode(encoding)

    return change


def disguised(encoding: str) -> Callable[[dict[str, bytes]], None]:
    """A sheet with a DOCTYPE in a part that is called a picture."""

    def change(parts: dict[str, bytes]) -> None:
        doctype(encoding)(parts)
        parts["xl/media/image1.png"] = parts.pop(SHEET)
        for name in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
            parts[name] = parts[name].replace(b"worksheets/sheet1.xml", b"media/image1.png")

    return change


def deep(parts: dict[str, bytes]) -> None:
    parts["docProps/app.xml"] = b"<a>" * 1_000 + b"</a>" * 1_000


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (with_cell("XFD1048576", 1048576), "a cell in row 1,048,576"),
        (with_cell("XFD3", 3), "in column 16,384"),
        (with_cell("A1", 3), "cell 'A1' after"),
        (with_cell("A2", 2), "row '2' after row 2"),
        (with_cell("A0x", 3), "cell 'A0x' after"),
        (doctype("utf-8"), "a DOCTYPE"),
        (doctype("utf-16"), "a DOCTYPE"),
        (part("xl/vbaProject.bin", b"x"), "macros"),
        (part("xl/externalLinks/externalLink1.xml", b"<a/>"), "links to other workbooks"),
        (part("xl/embeddings/oleObject1.bin", b"x"), "embedded objects"),
        (part("xl/media/image1.png", b"PK\x03\x04" + b"x" * 50), "an archive in the archive"),
        (part("EncryptedPackage", b"x"), "an encrypted part"),
        (part("../../evil.xml", b"<a/>"), "a name that leads elsewhere"),
        (part("/etc/evil.xml", b"<a/>"), "a name that leads elsewhere"),
        (part("XL/Worksheets/sheet1.xml", b"<a/>"), "the same name twice"),
        (part("xl/con.xml", b"<a/>"), "the name of a device"),
        (part("xl/a\u202egpj.xml", b"<a/>"), "cannot be printed"),
        (part("docProps/app.xml", b"<a><b></a>"), "not well-formed"),
        (deep, "levels of elements"),
        (part("docProps/core.xml", b"<a>" + b" " * 50_000_000 + b"</a>"), "times larger than the archive"),
        (part("xl/zero.bin", b"\0" * 200_000_000), "bytes unpacked"),
        (lambda parts: parts.update({f"x{n}.bin": b"" for n in range(1_001)}), "entries"),
    ],
)
def test_a_workbook_that_is_a_weapon_is_refused_and_named(
    register: "Register", change: Callable[[dict[str, bytes]], None], found: str
) -> None:
    assert found in found_in(register, changed(workbook([HEADER, ROW]), change))[0]


def test_a_cell_of_a_hundred_megabytes_is_refused_however_it_is_packed(register: "Register") -> None:
    import random

    noise = random.Random(7).randbytes(3_000_000).hex().encode()

    def long(parts: dict[str, bytes]) -> None:
        parts[SHEET] = parts[SHEET].replace(
            b"</sheetData>", b'<row r="3"><c r="A3"><v>' + noise + b"</v></c></row></sheetData>"
        )

    assert "a cell of more than 32,767 characters" in found_in(register, changed(workbook([HEADER, ROW]), long))[0]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an encrypted or an old workbook"),
        (b"User ID;Seats\na;1\n", "no ZIP archive"),
        (b"", "no ZIP archive"),
        (workbook([HEADER, ROW])[:-40], "no ZIP archive"),
    ],
)
def test_what_is_no_workbook_is_named(register: "Register", content: bytes, found: str) -> None:
    assert found in found_in(register, content)[0]


def test_an_entry_whose_directory_lies_is_refused(register: "Register") -> None:
    content = workbook([HEADER, ROW])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo(SHEET)
    start = content.rindex(SHEET.encode(), 0, len(content)) - 46  # its record in the central directory
    lied = bytearray(content)
    lied[start + 24 : start + 28] = (info.file_size - 40).to_bytes(4, "little")
    assert found_in(register, bytes(lied)) != []


def test_overlapping_and_encrypted_entries_and_links_are_refused(register: "Register") -> None:
    content = workbook([HEADER, ROW])
    start = content.rindex(SHEET.encode()) - 46
    overlapping, encrypted, link = bytearray(content), bytearray(content), bytearray(content)
    overlapping[start + 42 : start + 46] = (5).to_bytes(4, "little")
    encrypted[start + 8] |= 1
    link[start + 38 : start + 42] = (0o120777 << 16).to_bytes(4, "little")
    assert "data inside of another" in "\n".join(found_in(register, bytes(overlapping)))
    assert "an encrypted entry" in found_in(register, bytes(encrypted))[0]
    assert "a link or special file" in found_in(register, bytes(link))[0]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (with_cell("XFD1048576", 1048576), "a cell in row 1,048,576"),
        (doctype("utf-16"), "a DOCTYPE"),
        (lambda parts: parts.pop("xl/workbook.xml"), "stumbles over (KeyError)"),
        (part("xl/workbook.xml", b"<a/>"), "the sheets none"),
        (part("xl/media/image1.png", b" " * 70_000 + b"<!DOCTYPE a><a/>"), "a DOCTYPE"),
        (disguised("UTF-16"), "a DOCTYPE"),
        (disguised("latin-1"), "a DOCTYPE"),
    ],
)
@pytest.mark.faults
def test_a_snapshot_names_what_its_workbook_did_to_the_child(
    register: "Register", change: Callable[[dict[str, bytes]], None], found: str
) -> None:
    read = snapshot(register, changed(workbook([HEADER, ROW]), change))
    assert (read.table, [problem.file for problem in read.problems]) == (None, [FILE])
    assert found in read.problems[0].found
    assert snapshot(register, workbook([HEADER, ROW])).rows == 1


def test_a_text_where_a_number_is_declared_is_named_by_row_and_column(register: "Register") -> None:
    problems = snapshot(register, workbook([HEADER, ["a", "three"], ["b", 2.5]])).problems
    assert [(p.line, p.field, p.found) for p in problems] == [
        (2, "column seats", "'three'"),
        (3, "column seats", "'2.5'"),
    ]
