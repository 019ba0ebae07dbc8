"""Amounts in a currency and the dated rate table through which they meet.

Amounts are decimal; the arithmetic of losses runs in floats of the reporting currency, reached only through a
`RateTable`. A currency without a rate is an error, never a silent 1:1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import floor, isfinite, log10


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one ISO 4217 currency. Amounts have no order of their own: two currencies meet in a `RateTable`."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        if not self.amount.is_finite():
            raise ValueError(f"Amount {self.amount} is not a number; give a decimal, e.g. 1250.00")


def check_currency(code: str) -> None:
    """Raises ValueError where `code` has not the form of an ISO 4217 code."""
    if len(code) != 3 or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(f"Currency {code!r} is not an ISO 4217 code; give three capitals, e.g. USD")


class MissingRateError(ValueError):
    """A currency has no rate into the reporting currency."""


@dataclass(frozen=True, slots=True)
class RateTable:
    """Units of the reporting currency for one unit of each other currency, as of a date.

    >>> RateTable("USD", rates={"EUR": Decimal("1.09")}).in_reporting(Money(Decimal(200), "EUR"))
    218.0
    """

    reporting: str
    effective_on: date | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_currency(self.reporting)
        for currency, rate in self.rates.items():
            check_currency(currency)
            if not (rate.is_finite() and rate > 0):
                raise ValueError(f"Rate {rate} of {currency} is not above 0; give {self.reporting} for one {currency}")
            if currency == self.reporting and rate != 1:
                raise ValueError(f"Rate {rate} of {currency} into itself is not 1; leave it out")

    def rate(self, currency: str) -> float:
        """Reporting units per unit of `currency`; raises `MissingRateError` where the table has none."""
        return float(self._rate(currency))

    def _rate(self, currency: str) -> Decimal:
        if currency == self.reporting:
            return Decimal(1)
        if currency not in self.rates:
            raise MissingRateError(
                f"No exchange rate from {currency} to {self.reporting}; add one under rates in organisation.yaml"
            )
        return self.rates[currency]

    def in_reporting(self, money: Money) -> float:
        """The amount in the reporting currency; raises `MissingRateError` where the table has no rate for it."""
        return float(money.amount * self._rate(money.currency))


_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


def format_money(value: float, currency: str = "USD") -> str:
    """Three significant digits with sign and magnitude letter; raises ValueError where `value` is no number.

    >>> format_money(258_400), format_money(1_400_000), format_money(-950), format_money(0)
    ('$258k', '$1.40M', '−$950', '$0')
    >>> format_money(999_600), format_money(12.34, "CHF")
    ('$1.00M', 'CHF 12.3')
    """
    if not isfinite(value):
        raise ValueError(f"An amount of {value} {currency} cannot be shown; give a finite number")
    sign = "−" if value < 0 else ""
    unit = _SIGNS.get(currency, f"{currency} ")
    size = abs(value)
    if size < 0.005:
        return f"{unit}0"
    digits = 2 - floor(log10(size))
    size = round(size, digits)
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= limit:
            return f"{sign}{unit}{_significant(size / limit)}{letter}"
    return f"{sign}{unit}{_significant(size)}"


def _significant(size: float) -> str:
    decimals = max(0, 2 - floor(log10(size)))
    return f"{size:.{decimals}f}"
