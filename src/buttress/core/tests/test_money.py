from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.money import MissingRateError, Money, RateTable, format_money

RATES = RateTable("USD", rates={"EUR": Decimal("1.09")})


@pytest.mark.parametrize("code", ["usd", "US", "USDT", "U5D", "ÄÖÜ", ""])
def test_a_currency_is_three_capitals(code: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 4217 code"):
        Money(Decimal(1), code)
    with pytest.raises(ValueError, match="not an ISO 4217 code"):
        RateTable(code)
    with pytest.raises(ValueError, match="not an ISO 4217 code"):
        RateTable("USD", rates={code: Decimal(1)})


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_an_amount_is_a_number(amount: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        Money(Decimal(amount), "USD")


def test_amounts_of_two_currencies_have_no_order() -> None:
    with pytest.raises(TypeError):
        assert Money(Decimal(1), "JPY") < Money(Decimal(2), "USD")  # type: ignore[operator]


def test_amounts_meet_in_the_reporting_currency() -> None:
    assert RATES.in_reporting(Money(Decimal("200"), "EUR")) == 218.0
    assert RATES.in_reporting(Money(Decimal("0.10"), "USD")) == 0.1
    assert RATES.rate("USD") == 1.0


def test_a_currency_without_a_rate_is_an_error() -> None:
    with pytest.raises(MissingRateError, match="from GBP to USD; add one"):
        RATES.in_reporting(Money(Decimal(1), "GBP"))


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_above_zero(rate: str) -> None:
    with pytest.raises(ValueError, match="not above 0; give USD for one EUR"):
        RateTable("USD", rates={"EUR": Decimal(rate)})


def test_the_reporting_currency_is_worth_itself() -> None:
    RateTable("USD", rates={"USD": Decimal(1)})
    with pytest.raises(ValueError, match="into itself is not 1"):
        RateTable("USD", rates={"USD": Decimal("1.1")})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.004, "$0"),
        (0.005, "$0.00500"),
        (9.994, "$9.99"),
        (9.996, "$10.0"),
        (999.4, "$999"),
        (999.6, "$1.00k"),
        (99_950, "$100k"),
        (2.5e9, "$2.50B"),
        (1.234e12, "$1230B"),
        (-1_234_567, "−$1.23M"),
    ],
)
def test_amounts_show_three_significant_digits(value: float, shown: str) -> None:
    assert format_money(value) == shown


def test_a_currency_without_a_sign_shows_its_code() -> None:
    assert [format_money(1500, code) for code in ("EUR", "GBP", "CHF")] == ["€1.50k", "£1.50k", "CHF 1.50k"]


@given(st.floats(0.005, 1e14))
@settings(max_examples=200)
def test_a_shown_amount_is_within_half_a_per_cent_and_half_a_digit(value: float) -> None:
    text = format_money(value, "CHF").removeprefix("CHF ")
    unit = {"k": 1e3, "M": 1e6, "B": 1e9}.get(text[-1], 1.0)
    assert float(text.rstrip("kMB")) * unit == pytest.approx(value, rel=0.0051)
    assert len(text.rstrip("kMB").replace(".", "").lstrip("0")) == 3 or value >= 1e12


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_shown(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        format_money(value)
