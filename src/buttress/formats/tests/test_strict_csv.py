"""CSV that a spreadsheet would read in silence is refused where its rows do not fit."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.formats.problems import ProblemsError
from buttress.formats.strict_csv import CsvLimits, line_of_record, lines_of_records, read_csv


def refused(text: str | bytes, delimiter: str = ",", limits: CsvLimits | None = None) -> list[str]:
    with pytest.raises(ProblemsError) as error:
        read_csv(text, file="f.csv", delimiter=delimiter, limits=limits)
    return [str(problem) for problem in error.value.problems]


def test_header_is_trimmed_and_values_stay_text() -> None:
    assert read_csv('id, name \r\n01,"a ""b""\nc"\r\n2,\r\n', file="f.csv") == (
        ("id", "name"),
        [["01", 'a "b"\nc'], ["2", ""]],
    )


def test_a_byte_order_mark_does_not_stay_in_the_header() -> None:
    assert read_csv(b"\xef\xbb\xbfid\n1\n", file="f.csv") == (("id",), [["1"]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('id,name\n1,"open\n2,x\n', "f.csv:3: found bad CSV"),
        ('id,name\n1,"a"b\n', "f.csv:2: found bad CSV"),
        ("id,name\n1\n", "f.csv:2: row 1: found 1 field; expected 2 as in the header."),
        ("id,name\n1,2,3\n", "f.csv:2: row 1: found 3 fields"),
        ("id,name\n1,\0\n", "f.csv:2: found the character U+0000"),
        ("id,ID \n1,2\n", "f.csv:1: column 2: found the name 'ID' again"),
        ("id,\n1,2\n", "f.csv:1: column 2: found an empty name"),
        ("id;name\n1;2\n", "Is the delimiter ';'? Declare it."),
        ("id\tname\n1\t2\n", "Is the delimiter 'tab'? Declare it."),
        ("", "found an empty file"),
        ("\nid\n", "found an empty line"),
        ("id,name\n1,2\n\n3,4\n", "f.csv:3: found an empty line between rows"),
        ("id\n" + "x" * 200_000, "f.csv:2: found bad CSV (field larger"),
        (b"id\n1\n\xe9\n", "f.csv:3: found the byte 0xE9"),
    ],
)
def test_rows_that_do_not_fit_are_refused(text: str | bytes, words: str) -> None:
    assert words in refused(text)[0]


def test_all_bad_rows_come_at_once_up_to_twenty() -> None:
    assert len(refused("a,b\n1\n1,2\n1,2,3\n")) == 2
    assert len(refused("a,b\n" + "1\n" * 100)) == 20


def test_empty_lines_at_the_end_are_no_rows() -> None:
    assert read_csv("a,b\n1,2\n\n\n", file="f.csv")[1] == [["1", "2"]]


def test_rows_columns_and_bytes_are_bounded() -> None:
    assert "more than 2 rows" in refused("a\n1\n2\n3\n", limits=CsvLimits(max_rows=2))[0]
    assert "3 columns" in refused("a,b,c\n", limits=CsvLimits(max_columns=2))[0]
    assert "9 bytes" in refused("a\n1\n2\n3\n4", limits=CsvLimits(max_bytes=8))[0]


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_csv_writer_wrote_reads_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([("a", "b"), *rows])
    assert read_csv(text.getvalue(), file="f.csv", delimiter=delimiter) == (("a", "b"), [list(row) for row in rows])


def test_empty_fields_are_limited_though_they_take_no_room_on_disk() -> None:
    text = "a,b,c\n" + ",,\n" * 10
    assert len(read_csv(text, file="x.csv", limits=CsvLimits(max_fields=30))[1]) == 10
    with pytest.raises(ProblemsError, match="more than 29 fields"):
        read_csv(text, file="x.csv", limits=CsvLimits(max_fields=29))


def test_each_record_has_the_line_on_which_it_starts() -> None:
    header, rows = read_csv('"i\nd",name\r\n1,"a\r\nb\rc"\r\n2,x\r\n3,"\n"\r\n', file="f.csv")
    assert lines_of_records(header, rows) == [3, 6, 7]
    assert [line_of_record(header, rows, number) for number in (1, 2, 3)] == [3, 6, 7]
    assert lines_of_records(header, []) == []
