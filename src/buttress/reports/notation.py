"""How numbers, shares and dates are written: three significant digits, true minus, plain names, sums that add up."""

import re
from collections.abc import Sequence
from datetime import date
from math import floor, log10

from buttress.core.money import format_money

NOT_KNOWN = "not yet known"
MINUS = "−"
NO_MOVE = "·"

_ISO_DATE = re.compile(r"(?<![\w-])\d{4}-\d{2}-\d{2}(?![\w-])", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_date(day: date, *, with_year: bool = True) -> str:
    """
    >>> write_date(date(2026, 10, 14)), write_date(date(2026, 10, 4), with_year=False)
    ('14 Oct 2026', '4 Oct')
    """
    year = f" {day.year}" if with_year else ""
    return f"{day.day} {_MONTHS[day.month - 1]}{year}"


def write_number(value: float) -> str:
    """Three significant digits, with thousands apart from 1,000 on.

    >>> [write_number(v) for v in (0.0354, 0.11, 1.5, 41, 412.4, 12_345, 0, -2.5)]
    ['0.0354', '0.110', '1.50', '41.0', '412', '12,300', '0', '−2.50']
    """
    if value == 0:
        return "0"
    sign = MINUS if value < 0 else ""
    digits = 2 - floor(log10(abs(value)))
    size = round(abs(value), digits)
    decimals = max(0, 2 - floor(log10(size)))
    return f"{sign}{size:,.{decimals}f}"


def write_share(share: float) -> str:
    """A share in percent: three significant digits, at most two decimals, and never 0 % or 100 % for what is not quite.

    >>> [write_share(v) for v in (0.195, 0.05, 0.0004, 0.00001, 0.99999, 1, 0)]
    ['19.5 %', '5 %', '0.04 %', 'under 0.01 %', 'over 99.9 %', '100 %', '0 %']
    """
    percent = share * 100
    if 0 < percent < 0.01:
        return "under 0.01 %"
    if 99.95 <= percent < 100:
        return "over 99.9 %"
    decimals = 2 if abs(percent) < 1 else 1
    return f"{percent:.{decimals}f}".rstrip("0").rstrip(".") + " %"


def write_rate(per_year: float) -> str:
    """
    >>> write_rate(0.035), write_rate(12)
    ('0.0350 a year', '12.0 a year')
    """
    return f"{write_number(per_year)} a year"


def write_move(value: float, currency: str) -> str:
    """A change of money with its sign; a dot where nothing moved.

    >>> write_move(101_000, "USD"), write_move(-27_000, "USD"), write_move(0.001, "USD")
    ('+$101k', '−$27.0k', '·')
    """
    if abs(value) < 0.005:
        return NO_MOVE
    return f"+{format_money(value, currency)}" if value > 0 else format_money(value, currency)


def write_round_money(value: float, currency: str) -> str:
    """An agreed limit (a tick, the end of a band) without trailing digits.

    >>> [write_round_money(v, "USD") for v in (50_000, 1_500_000, 100_000, 250)]
    ['$50k', '$1.5M', '$100k', '$250']
    """
    text = format_money(value, currency)
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    letter = tail.lstrip("0123456789")
    digits = tail.removesuffix(letter).rstrip("0")
    return f"{head}.{digits}{letter}" if digits else f"{head}{letter}"


def write_range(low: float, high: float, currency: str) -> str:
    """
    >>> write_range(109_000, 458_000, "USD")
    '$109k to $458k'
    """
    return f"{format_money(low, currency)} to {format_money(high, currency)}"


def write_count(count: int, one: str, many: str | None = None) -> str:
    """
    >>> write_count(1, "risk"), write_count(0, "risk"), write_count(2, "criterion", "criteria")
    ('1 risk', '0 risks', '2 criteria')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def write_list(items: Sequence[str], *, limit: int = 5) -> str:
    """The first `limit` items and how many more there are.

    >>> write_list(["a"]), write_list(["a", "b", "c"]), write_list(["a", "b", "c"], limit=2)
    ('a', 'a, b, c', 'a, b and 1 more')
    """
    if len(items) <= limit:
        return ", ".join(items)
    return f"{', '.join(items[:limit])} and {len(items) - limit} more"


def write_age(days: int) -> str:
    """
    >>> write_age(0), write_age(1), write_age(9), write_age(-1), write_age(-3)
    ('today', '1 day ago', '9 days ago', 'in 1 day', 'in 3 days')
    """
    if days == 0:
        return "today"
    size = write_count(abs(days), "day")
    return f"{size} ago" if days > 0 else f"in {size}"


def cents_in(cents: int, unit: int) -> int:
    """Cents rounded half up to whole units of `unit` cents, away from zero alike on both sides."""
    size = (2 * abs(cents) + unit) // (2 * unit)
    return size if cents >= 0 else -size


def round_to_sum(amounts: Sequence[int], unit: int, total: int | None = None) -> tuple[int, ...]:
    """Whole units of `unit` cents, by largest remainder, that add up to `total` (default: the rounded sum).

    >>> round_to_sum([150, 150, 150], 100), round_to_sum([-150, 340], 100), round_to_sum([40, 40], 100, total=1)
    ((2, 2, 1), (-1, 3), (1, 0))
    """
    if not amounts:
        return ()
    whole = cents_in(sum(amounts), unit) if total is None else total
    floors = [amount // unit for amount in amounts]
    order = sorted(range(len(amounts)), key=lambda i: (floors[i] * unit - amounts[i], i))
    missing = whole - sum(floors)
    for k in range(abs(missing)):
        place = order[k % len(order)] if missing > 0 else order[-1 - k % len(order)]
        floors[place] += 1 if missing > 0 else -1
    return tuple(floors)


def write_whole(amount: int) -> str:
    """A whole amount with its sign and thousands apart; a dot where nothing moved.

    >>> write_whole(1234), write_whole(-5), write_whole(0)
    ('+1,234', '−5', '·')
    """
    if amount == 0:
        return NO_MOVE
    return f"+{amount:,}" if amount > 0 else f"{MINUS}{-amount:,}"


def with_written_dates(text: str) -> str:
    """ISO dates in a sentence as they are read.

    >>> with_written_dates("8 of 41 failing on 2026-09-29")
    '8 of 41 failing on 29 Sep 2026'
    """
    return _ISO_DATE.sub(lambda found: _date_words(found[0]), text)


def _date_words(text: str) -> str:
    try:
        return write_date(date.fromisoformat(text))
    except ValueError:
        return text
