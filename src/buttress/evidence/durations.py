"""Durations, rates and tolerances as declarations write them: `26 hours`, `0.5 %`, `3` rows."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from buttress.formats.models import Amount, unfit

_DURATION = re.compile(r"([1-9][0-9]{0,5}) (minute|hour|day|week)s?\Z")
_SHARE = re.compile(r"((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,9})?) ?%\Z")
_PLAIN_SHARE = re.compile(r"(?:0(?:\.[0-9]{1,11})?|1(?:\.0{1,11})?)\Z")
"""Has two digits more than a percentage, so that each percentage can also be written as a plain share."""
_ROWS = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")
_UNITS = {"minute": "minutes", "hour": "hours", "day": "days", "week": "weeks"}


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and (found := _DURATION.match(value)):
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    raise unfit(value, "a duration such as '26 hours', '30 days' or '45 minutes'", "A whole number, one space, a unit.")


def duration_text(duration: timedelta) -> str:
    """The duration as a declaration writes it, in the largest unit that fits.

    >>> duration_text(timedelta(hours=26)), duration_text(timedelta(days=2))
    ('26 hours', '2 days')
    """
    seconds = int(duration.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600)):
        if seconds % size == 0 and seconds:
            count = seconds // size
            return f"{count} {unit}" + ("s" if count > 1 else "")
    return f"{seconds // 60} minutes"


def age_text(age: timedelta) -> str:
    """An age in short: hours below two days, whole days above.

    >>> age_text(timedelta(hours=26)), age_text(timedelta(days=9, hours=3))
    ('26 h', '9 d')
    """
    hours = int(age.total_seconds() // 3600)
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


def _rate(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        if _PLAIN_SHARE.match(value):
            return Decimal(value)
        if (found := _SHARE.match(value)) and Decimal(found[1]) <= 100:
            return Decimal(found[1]) / 100
    raise unfit(value, "a rate from 0 to 1, or a percentage such as '0.5 %'")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a count may be from its independent total: in rows, or as a share of the total."""

    rows: int | None = None
    share: Decimal | None = None

    def allows(self, difference: int, total: int) -> bool:
        """True where `difference` rows from `total` are within the tolerance.

        >>> Tolerance(rows=2).allows(-3, 300), Tolerance(share=Decimal("0.01")).allows(-3, 300)
        (False, True)
        """
        if self.share is not None:
            return abs(difference) <= self.share * total
        return abs(difference) <= (self.rows or 0)

    def __str__(self) -> str:
        return str(self.rows or 0) if self.share is None else f"{self.share * 100:f} %"


def _tolerance(value: object) -> Tolerance:
    if isinstance(value, Tolerance):
        return value
    if isinstance(value, str):
        if _ROWS.match(value):
            return Tolerance(rows=int(value))
        if _PLAIN_SHARE.match(value) or _SHARE.match(value):
            return Tolerance(share=_rate(value))
    raise unfit(value, "a number of rows, or a share such as '0.5 %'")


def _schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    _schema("^[1-9][0-9]* (minute|hour|day|week)s?$"),
]
Rate = Annotated[Amount, BeforeValidator(_rate), WithJsonSchema({"type": ["number", "string"]})]
"""A share from 0 to 1 as a decimal; files may also write a percentage."""


def _below_one(rate: Decimal) -> Decimal:
    if rate >= 1:
        raise unfit(f"{rate:f}", "a rate below 1", "A test that tolerates every failure proves nothing; leave it out.")
    return rate


TolerableRate = Annotated[Rate, AfterValidator(_below_one)]
"""A `Rate` that some failure can pass."""
Margin = Annotated[Any, PlainValidator(_tolerance), PlainSerializer(str, return_type=str), _schema("^[0-9.]+ ?%?$")]
"""A `Tolerance`."""
