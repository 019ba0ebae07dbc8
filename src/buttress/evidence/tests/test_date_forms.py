from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data.cells import CellError, CellRule, cell_reader
from buttress.evidence.data.date_forms import DateForm, iso_text
from buttress.evidence.data.tables import Column, ColumnType

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (DateForm.DAY_MONTH_YEAR, "31/12/2026", "2026-12-31"),
        (DateForm.DAY_MONTH_YEAR, "1.2.2026 7:05", "2026-02-01T07:05:00"),
        (DateForm.DAY_MONTH_YEAR, "01-02-26", "2026-02-01"),
        (DateForm.MONTH_DAY_YEAR, "12/31/2026 5:30 PM", "2026-12-31T17:30:00"),
        (DateForm.MONTH_DAY_YEAR, "12/31/2026 12:30 am", "2026-12-31T00:30:00"),
        (DateForm.YEAR_MONTH_DAY, "2026/2/1 17:30:10+01:00", "2026-02-01T17:30:10+01:00"),
        (DateForm.MONTH_BY_NAME, "31 Dec 2026", "2026-12-31"),
        (DateForm.MONTH_BY_NAME, "31/Dec/26"[:2] + "-Dec-2026", "2026-12-31"),
        (DateForm.MONTH_BY_NAME, "December 31, 2026 at 5:30 PM", "2026-12-31T17:30:00"),
        (DateForm.MONTH_BY_NAME, "Thu, 31 Dec 2026 17:30:00 GMT", "2026-12-31T17:30:00Z"),
        (DateForm.EPOCH_SECONDS, "1798675200", "2026-12-31T00:00:00Z"),
        (DateForm.EPOCH_MILLISECONDS, "1798675200500", "2026-12-31T00:00:00.500000Z"),
    ],
)
def test_a_date_is_read_in_its_declared_form(form: DateForm, text: str, expected: str) -> None:
    assert iso_text(text, form) == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (DateForm.DAY_MONTH_YEAR, "12/31/2026"),
        (DateForm.DAY_MONTH_YEAR, "2026-12-31"),
        (DateForm.DAY_MONTH_YEAR, "31/12.2026"),
        (DateForm.MONTH_DAY_YEAR, "31/12/2026"),
        (DateForm.MONTH_DAY_YEAR, "12/31/2026 13:30 PM"),
        (DateForm.YEAR_MONTH_DAY, "12/31/2026"),
        (DateForm.YEAR_MONTH_DAY, "2026/2/30"),
        (DateForm.MONTH_BY_NAME, "31 Foo 2026"),
        (DateForm.MONTH_BY_NAME, "31 12 2026"),
        (DateForm.EPOCH_SECONDS, "yesterday"),
        (DateForm.EPOCH_MILLISECONDS, "9999999999999999"),
        (DateForm.EPOCH_SECONDS, "9999999999999999"),
    ],
)
def test_a_date_in_another_form_is_refused_and_never_turned_round(form: DateForm, text: str) -> None:
    with pytest.raises(ValueError):
        iso_text(text, form)


def test_a_cell_in_another_form_names_the_declared_one() -> None:
    rule = CellRule("Hired", date_as="start_of_day", date_form=DateForm.DAY_MONTH_YEAR)
    read = cell_reader(Column("started_at", ColumnType.TIMESTAMP), rule, AMSTERDAM)
    assert read("31/12/2026") == datetime(2026, 12, 30, 23, tzinfo=UTC)
    with pytest.raises(CellError) as caught:
        read("12/31/2026")
    assert "31/12/2026" in caught.value.expected


def test_a_day_column_takes_a_form_too() -> None:
    rule = CellRule("Next", date_form=DateForm.MONTH_BY_NAME)
    assert cell_reader(Column("next_review", ColumnType.DATE), rule, AMSTERDAM)("1 Feb 2026") == date(2026, 2, 1)


def test_words_that_stand_for_nothing_are_null_before_anything_else_is_asked() -> None:
    rule = CellRule("Rotated", {"yes": "true"}, empty=frozenset({"N/A"}))
    read = cell_reader(Column("mfa", ColumnType.BOOLEAN), rule, AMSTERDAM)
    assert (read("N/A"), read("yes")) == (None, True)
    with pytest.raises(CellError):
        cell_reader(Column("mfa", ColumnType.BOOLEAN, nullable=False), rule, AMSTERDAM)("N/A")
