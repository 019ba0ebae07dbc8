"""Dates as exports write them, put into the one form that cells are read in: year-month-day, with a time where there is
one."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

_CLOCK = r"(?:,? +(?:at )?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)? ?([AaPp]\.?[Mm]\.?)?)?"
_ZONE = r"( ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}))?\Z"
_NUMBERS = re.compile(r"([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})" + _CLOCK + _ZONE)
_WORDS = re.compile(r"(?:[A-Za-z]{3,9},? )?([0-9]{1,2}|[A-Za-z]{3,9})\.?[ /-]([0-9]{1,2}|[A-Za-z]{3,9})\.?,?[ /-]")
_YEAR_ON = re.compile(r"([0-9]{4}|[0-9]{2})" + _CLOCK + _ZONE)
_EPOCH = re.compile(r"[0-9]{1,16}(?:\.[0-9]{1,6})?\Z")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIRST_TWO_DIGIT_CENTURY = 2000
_START = datetime(1970, 1, 1, tzinfo=UTC)


class DateForm(StrEnum):
    """How a column's dates are written; a time of day may follow, with or without a zone."""

    DAY_MONTH_YEAR = "day_month_year"
    MONTH_DAY_YEAR = "month_day_year"
    YEAR_MONTH_DAY = "year_month_day"
    MONTH_BY_NAME = "month_by_name"
    EPOCH_SECONDS = "epoch_seconds"
    EPOCH_MILLISECONDS = "epoch_milliseconds"

    @property
    def example(self) -> str:
        return _EXAMPLES[self]


_EXAMPLES = {
    DateForm.DAY_MONTH_YEAR: "31/12/2026 or 31.12.2026 17:30",
    DateForm.MONTH_DAY_YEAR: "12/31/2026 or 12/31/2026 5:30 PM",
    DateForm.YEAR_MONTH_DAY: "2026/12/31",
    DateForm.MONTH_BY_NAME: "31 Dec 2026 or December 31, 2026",
    DateForm.EPOCH_SECONDS: "1798675200",
    DateForm.EPOCH_MILLISECONDS: "1798675200000",
}


def iso_text(text: str, form: DateForm) -> str:
    """The date or time as `2026-12-31`, `2026-12-31T17:30:00` or that with its zone; raises ValueError.

    >>> iso_text("12/31/2026 5:30 PM", DateForm.MONTH_DAY_YEAR), iso_text("31. Dec 2026", DateForm.MONTH_BY_NAME)
    ('2026-12-31T17:30:00', '2026-12-31')
    """
    return _READERS[form](text.strip())


def _by_numbers(order: tuple[int, int, int]) -> Callable[[str], str]:
    """`order` holds the positions of year, month and day among the three numbers."""

    def read(text: str) -> str:
        found = _NUMBERS.match(text)
        if found is None:
            raise ValueError(text)
        numbers = (found[1], found[3], found[4])
        if len(numbers[order[0]]) not in (2, 4) or any(len(numbers[place]) > 2 for place in order[1:]):
            raise ValueError(text)
        year, month, day = (numbers[place] for place in order)
        return _joined(date(_whole_year(year), int(month), int(day)), found.groups()[4:])

    return read


def _whole_year(text: str) -> int:
    return int(text) + (_FIRST_TWO_DIGIT_CENTURY if len(text) == 2 else 0)


def _by_name(text: str) -> str:
    found = _WORDS.match(text)
    rest = _YEAR_ON.match(text, found.end()) if found else None
    if found is None or rest is None:
        raise ValueError(text)
    first, second = found[1], found[2]
    word, number = (second, first) if first.isdigit() else (first, second)
    if not number.isdigit() or word[:3].lower() not in _MONTHS:
        raise ValueError(text)
    return _joined(date(_whole_year(rest[1]), _MONTHS.index(word[:3].lower()) + 1, int(number)), rest.groups()[1:])


def _joined(day: date, clock: tuple[str | None, ...]) -> str:
    """Day, then the hour, minute, second, half of the day and zone that were found."""
    hour, minute, second, half, zone = clock
    if hour is None or minute is None:
        if zone is not None:
            raise ValueError(zone)
        return day.isoformat()
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            raise ValueError(hour)
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    mark = (zone or "").strip().replace("GMT", "Z").replace("UTC", "Z")
    return f"{day.isoformat()}T{hours:02d}:{minute}:{second or '00'}{mark}"


def _epoch(unit: timedelta) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not _EPOCH.match(text):
            raise ValueError(text)
        whole, _, part = text.partition(".")
        try:
            moment = _START + int(whole) * unit + int(part.ljust(6, "0") or 0) * unit / 10**6
        except OverflowError:
            raise ValueError(text) from None
        return moment.replace(tzinfo=None).isoformat() + "Z"

    return read


_READERS: Mapping[DateForm, Callable[[str], str]] = {
    DateForm.DAY_MONTH_YEAR: _by_numbers((2, 1, 0)),
    DateForm.MONTH_DAY_YEAR: _by_numbers((2, 0, 1)),
    DateForm.YEAR_MONTH_DAY: _by_numbers((0, 1, 2)),
    DateForm.MONTH_BY_NAME: _by_name,
    DateForm.EPOCH_SECONDS: _epoch(timedelta(seconds=1)),
    DateForm.EPOCH_MILLISECONDS: _epoch(timedelta(milliseconds=1)),
}
