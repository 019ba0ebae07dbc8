from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from buttress.evidence.data.cells import CellError, CellRule, cell_reader, end_of_day, in_zone, start_of_day
from buttress.evidence.data.tables import Column, ColumnType, Value
from buttress.evidence.durations import Tolerance

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def read(kind: str, text: str | None, *, nullable: bool = True, values: tuple[str, ...] = (), **rule: object) -> Value:
    column = Column("c", ColumnType(kind), nullable, 2 if kind == "decimal" else None, values)
    return cell_reader(column, CellRule("c", **rule), AMSTERDAM)(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "  kept as typed ", "  kept as typed "),
        ("text", "", ""),
        ("integer", "-12", -12),
        ("integer", "", None),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("integer", "-9223372036854775808", -(2**63)),
        ("decimal", "1.5", Decimal("1.50")),
        ("decimal", "1.500", Decimal("1.50")),
        ("boolean", "TRUE", True),
        ("boolean", "false", False),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("timestamp", "2026-06-30T08:00:00+02:00", datetime(2026, 6, 30, 6, tzinfo=UTC)),
        ("timestamp", "2026-06-30 08:00:00.25Z", datetime(2026, 6, 30, 8, 0, 0, 250000, tzinfo=UTC)),
        ("timestamp", "2026-06-30 08:00:00+00", datetime(2026, 6, 30, 8, tzinfo=UTC)),
        ("timestamp", "2026-06-30T08:00:00.123456000Z", datetime(2026, 6, 30, 8, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_texts_become_values_of_their_type(kind: str, text: str, value: Value) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("integer", "1.0", "whole number"),
        ("integer", "012", "whole number"),
        ("integer", "1_000", "whole number"),
        ("integer", "9223372036854775808", "64 bits"),
        ("integer", "\u0661", "whole number"),
        ("decimal", "1,5", "plain decimal"),
        ("decimal", "1e3", "plain decimal"),
        ("decimal", "1.005", "at most 2 decimals"),
        ("decimal", "9" * 40, "digits"),
        ("boolean", "yes", "true or false"),
        ("boolean", "1", "true or false"),
        ("date", "2026-02-30", "exists"),
        ("date", "30.06.2026", "a date such as"),
        ("date", "20260630", "a date such as"),
        ("timestamp", "2026-06-30", "a timestamp such as"),
        ("timestamp", "2026-06-30T08:00:00", "with its zone"),
        ("timestamp", "2026-06-30T25:00:00Z", "exists"),
        ("timestamp", "2026-06-30T08:00:00.1234567Z", "six digits"),
        ("timestamp", "2026-W27-2T08:00Z", "a timestamp such as"),
        ("timestamp", "1782799200", "a timestamp such as"),
    ],
)
def test_what_does_not_fit_says_what_was_expected(kind: str, text: str, expected: str) -> None:
    with pytest.raises(CellError) as error:
        read(kind, text)
    assert expected in error.value.expected


def test_values_outside_a_closed_list_are_refused() -> None:
    assert read("text", "human", values=("human", "service")) == "human"
    with pytest.raises(CellError):
        read("text", "Human", values=("human", "service"))


def test_a_column_that_is_not_nullable_takes_no_null() -> None:
    for text in (None, ""):
        with pytest.raises(CellError, match="nothing"):
            read("integer", text, nullable=False)


def test_a_map_translates_before_typing_and_knows_null_and_all_others() -> None:
    mapping = {"0": "false", "*": "true", "": "false"}
    assert [read("boolean", text, mapping=mapping) for text in ("0", "3", None)] == [False, True, False]
    with pytest.raises(CellError, match="maybe"):
        read("boolean", "maybe", mapping={"yes": "true"})


def test_a_zone_is_only_used_where_the_text_has_none() -> None:
    assert read("timestamp", "2026-06-30 08:00", zone=AMSTERDAM) == datetime(2026, 6, 30, 6, tzinfo=UTC)
    assert read("timestamp", "2026-06-30 08:00Z", zone=AMSTERDAM) == datetime(2026, 6, 30, 8, tzinfo=UTC)


def test_a_plain_date_becomes_the_declared_edge_of_its_local_day() -> None:
    assert read("timestamp", "2026-06-30", date_as="start_of_day") == datetime(2026, 6, 29, 22, tzinfo=UTC)
    end = datetime(2026, 6, 30, 21, 59, 59, 999999, tzinfo=UTC)
    assert read("timestamp", "2026-06-30", date_as="end_of_day") == end


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"])
def test_a_day_ends_where_the_next_begins_also_when_clocks_change(zone: str) -> None:
    there = ZoneInfo(zone)
    day = date(2026, 3, 1)
    while day < date(2026, 11, 10):
        end = end_of_day(day, there)
        assert end.date() == in_zone(end, there).date() == day
        assert end + timedelta(microseconds=1) == start_of_day(day + timedelta(days=1), there)
        day += timedelta(days=1)


def test_a_tolerance_is_in_rows_or_a_share_of_the_total() -> None:
    assert Tolerance(rows=3).allows(-3, 10)
    assert not Tolerance(rows=3).allows(4, 1_000_000)
    assert Tolerance(share=Decimal("0.005")).allows(5, 1000)
    assert not Tolerance(share=Decimal("0.005")).allows(-6, 1000)
