"""From the text of a cell to its typed value, by the declared column: strictly, or with an error that says what to do.

Empty text is null (in JSON only null is, for text columns). Booleans are `true` and `false`; other spellings need a
`map`. Timestamps carry their zone or the column declares one; a date where a time is wanted needs `date_as`. Dates
written otherwise than 2026-06-30 need a `date_form`, words that stand for nothing an `empty`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from buttress.evidence.data.date_forms import DateForm, iso_text
from buttress.evidence.data.tables import Column, ColumnType, Value
from buttress.formats.problems import shown

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.([0-9]+))?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r" ?(Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?\Z"
)
_MOST_DIGITS = 28
END_OF_DAY = "end_of_day"
START_OF_DAY = "start_of_day"

Reader = Callable[[str | None], Value]


class CellError(Exception):
    """A cell's text does not fit its column."""

    def __init__(self, found: str, expected: str, advice: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.advice = found, expected, advice


@dataclass(frozen=True, slots=True)
class CellRule:
    """How a column's text is read: `mapping` from text to text (`*` for any other, the empty text for null); `constant` is
    the text of every row, where the file does not have the column; texts of `empty` stand for null."""

    source: str
    mapping: Mapping[str, str | None] | None = None
    zone: ZoneInfo | None = None
    date_as: str | None = None
    constant: str | None = None
    empty: frozenset[str] = frozenset()
    date_form: DateForm | None = None


def cell_reader(column: Column, rule: CellRule, organisation_zone: ZoneInfo) -> Reader:
    """The function that turns the column's text into its value; it raises `CellError`."""
    convert = _converter(column, rule, organisation_zone)
    is_text, nullable, mapping, empty = column.type is ColumnType.TEXT, column.nullable, rule.mapping, rule.empty

    def read(text: str | None) -> Value:
        if text in empty:
            text = None
        if mapping is not None:
            text = _mapped(text, mapping)
        if text is None or (not text and not is_text):
            if nullable:
                return None
            raise CellError("nothing", f"{_article(column)} (the column is not nullable)")
        return convert(text)

    return read


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last microsecond of `day` in `zone`, with that day's offset.

    >>> end_of_day(date(2026, 6, 30), ZoneInfo("Europe/Amsterdam")).isoformat()
    '2026-06-30T23:59:59.999999+02:00'
    """
    return start_of_day(day + timedelta(days=1), zone) - timedelta(microseconds=1)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Midnight at the start of `day` in `zone`, with a fixed offset, so that arithmetic on it is exact."""
    local = datetime.combine(day, time.min, zone)
    offset = local.utcoffset() or timedelta(0)
    return (local.replace(tzinfo=UTC) - offset).astimezone(_fixed(offset))


def in_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant with the fixed offset that `zone` has then, so that its date is the local one."""
    return instant.astimezone(_fixed(instant.astimezone(zone).utcoffset() or timedelta(0)))


def _fixed(offset: timedelta) -> timezone:
    return timezone(offset)


def _mapped(text: str | None, mapping: Mapping[str, str | None]) -> str | None:
    if (text or "") in mapping:
        return mapping[text or ""]
    if text is None or text == "":
        return text
    if "*" in mapping:
        return mapping["*"]
    known = ", ".join(shown(key) for key in list(mapping)[:8])
    raise CellError(shown(text), f"one of the mapped values {known}", "Add it to `map`, or a `*` for all others.")


def _converter(column: Column, rule: CellRule, zone: ZoneInfo) -> Callable[[str], Value]:
    match column.type:
        case ColumnType.TEXT:
            return _text_reader(frozenset(column.values))
        case ColumnType.INTEGER:
            return _integer
        case ColumnType.DECIMAL:
            return _decimal_reader(column.scale or 0)
        case ColumnType.BOOLEAN:
            return _boolean
        case ColumnType.DATE:
            return _in_form(rule.date_form, _date)
    return _in_form(rule.date_form, _timestamp_reader(rule, zone))


def _in_form(form: DateForm | None, convert: Callable[[str], Value]) -> Callable[[str], Value]:
    """The reader of texts in the declared form."""
    if form is None:
        return convert

    def read(text: str) -> Value:
        try:
            plain = iso_text(text, form)
        except ValueError:
            raise CellError(shown(text), f"a date such as {form.example}", f"It is read as {form}.") from None
        return convert(plain)

    return read


def _text_reader(values: frozenset[str]) -> Callable[[str], Value]:
    if not values:
        return str

    def read(text: str) -> str:
        if text in values:
            return text
        expected = f"one of {', '.join(sorted(values))}"
        raise CellError(shown(text), expected, "Correct the source, or translate it with `map`.")

    return read


def _integer(text: str) -> int:
    if _INTEGER.match(text) and -(2**63) <= (number := int(text)) < 2**63:
        return number
    raise CellError(shown(text), "a whole number of at most 64 bits, digits only")


def _decimal_reader(scale: int) -> Callable[[str], Value]:
    def read(text: str) -> Decimal:
        found = _DECIMAL.match(text)
        if found is None:
            raise CellError(shown(text), "a plain decimal such as 1234.50", "Decimal comma and exponent are refused.")
        if len((found[1] or "").rstrip("0")) > scale:
            raise CellError(shown(text), f"at most {scale} decimals", "Raise the column's `scale`; nothing is rounded.")
        if len(text.partition(".")[0]) + scale > _MOST_DIGITS:
            raise CellError(shown(text), f"at most {_MOST_DIGITS} digits, decimals included")
        return Decimal(text).quantize(Decimal(1).scaleb(-scale))

    return read


def _boolean(text: str) -> bool:
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    raise CellError(
        shown(text), "true or false", 'Translate other spellings with `map`, e.g. {"yes": true, "*": false}.'
    )


def _date(text: str) -> date:
    if _DATE.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise CellError(shown(text), "a day that exists in the calendar") from None
    raise CellError(shown(text), "a date such as 2026-06-30")


def _timestamp_reader(rule: CellRule, organisation_zone: ZoneInfo) -> Callable[[str], Value]:
    zone = rule.zone

    def read(text: str) -> datetime:
        if rule.date_as and _DATE.match(text):
            edge = end_of_day if rule.date_as == END_OF_DAY else start_of_day
            day = _date(text)
            assert isinstance(day, date)
            try:
                return edge(day, zone or organisation_zone).astimezone(UTC)
            except OverflowError:
                raise CellError(shown(text), "a day that does not end the calendar") from None
        return timestamp(text, zone)

    return read


def timestamp(text: str, zone: ZoneInfo | None) -> datetime:
    """The instant in UTC; `zone` is that of texts without one. Raises `CellError`."""
    found = _TIMESTAMP.match(text)
    if found is None:
        advice = "For plain dates declare `date_as: start_of_day` or `end_of_day`." if _DATE.match(text) else ""
        raise CellError(shown(text), "a timestamp such as 2026-06-30T08:00:00Z", advice)
    if found[3] is None and zone is None:
        raise CellError(f"{shown(text)} without zone", "a timestamp with its zone", "Declare the column's `zone`.")
    clock = found[2]
    if "." in clock:
        whole, fraction = clock.split(".")
        if fraction[6:].strip("0"):
            raise CellError(shown(text), "at most six digits of a second")
        clock = f"{whole}.{fraction[:6]:0<6}"
    mark = found[3] or ""
    offset = "+00:00" if mark in ("Z", "UTC") else f"{mark}:00" if len(mark) == 3 else mark
    try:
        instant = datetime.fromisoformat(f"{found[1]}T{clock}{offset}")
        return (instant if offset else instant.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellError(shown(text), "a time that exists") from None


def _article(column: Column) -> str:
    name = column.type.value
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
