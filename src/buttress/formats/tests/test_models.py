"""Texts become typed values strictly, and what is wrong names file, line, field, found, expected and advice."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from buttress.core.snapshot import Category
from buttress.formats.models import (
    Amount,
    Complaint,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    StrictModel,
    Text,
    Whole,
    complain,
    validate,
    validated,
)
from buttress.formats.problems import ProblemsError
from buttress.formats.strict_yaml import read_yaml


class Point(StrictModel):
    low: Number
    high: Number
    from_: Text | None = Field(None, alias="from")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.low > self.high:
            complain([Complaint(("low",), "a high low", "low below high"), Complaint((), "both", "neither")])
        return self


class Thing(StrictModel):
    title: Text
    count: Whole = 3
    categories: frozenset[Category] = frozenset()
    points: tuple[Point, ...] = ()
    shares: dict[Ref, Number | None] = Field(default_factory=dict)
    on: Day | None = None


def problems(text: str) -> list[tuple[int | None, str, str, str, str]]:
    found = validate(Thing, read_yaml(text, file="f.yaml"))
    assert isinstance(found, list)
    return [(p.line, p.field, p.found, p.expected, p.advice) for p in found]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Flag, "true", True),
        (Flag, "false", False),
        (Whole, "0", 0),
        (Whole, "-12", -12),
        (Amount, "1500000.50", Decimal("1500000.50")),
        (Number, "0.05", 0.05),
        (Day, "2024-02-29", date(2024, 2, 29)),
        (Instant, "2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        (Instant, "2026-01-31T08:00+02:00", datetime(2026, 1, 31, 6, tzinfo=UTC)),
        (Ref, "R-014", "R-014"),
    ],
)
def test_plain_texts_are_converted(kind: object, text: str, value: object) -> None:
    assert TypeAdapter(kind).validate_python(text) == value


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Flag, ["yes", "no", "True", "1", "on", ""]),
        (Whole, ["1_000", "01", "1.0", "1e3", " 1", "+1", "0x1F", "1,000", "٣", "9" * 30]),
        (Number, ["1e3", ".5", "5.", "1,5", "50 %", "nan", "inf", "1_0", "$5", "0.05 ", "٠.٥"]),
        (Amount, ["1E5", "NaN", "Infinity", "--1"]),
        (Day, ["2026-1-1", "2026-02-30", "20260101", "2026-01-01T00:00:00Z", "01/02/2026", "today"]),
        (Instant, ["2026-01-31T08:00:00", "2026-01-31", "2026-01-31T25:00:00Z", "0001-01-01T00:00:00+23:00"]),
        (Ref, ["1R", "-a", "a b", "a/b", "a" * 65, "é", "R-1\n", "../x"]),
        (Text, ["", "  ", "\n", "x" * 20_001]),
    ],
)
def test_other_spellings_are_refused(kind: object, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
def test_plain_decimals_are_read_exactly(number: Decimal) -> None:
    assert TypeAdapter(Amount).validate_python(f"{number:f}") == number


def test_every_problem_of_a_record_comes_at_once_with_its_place() -> None:
    text = """
title: ""
count: 1_0
categories: [security, privcy]
points:
  - {low: 1, high: 2}
  - {lo: 1, high: x}
  - {low: 3, high: 2}
shares: {A: , 9b: 1}
on: 2026-02-30
titel: y
"""
    assert problems(text) == [
        (2, "title", "''", "text that is not blank", "Leave the field out where there is nothing to say."),
        (3, "count", "'1_0'", "a whole number", "Write digits only, e.g. 1500, without separators."),
        (
            4,
            "categories[1]",
            "'privcy'",
            "one of security, availability, processing_integrity, confidentiality, privacy",
            "Did you mean 'privacy'?",
        ),
        (7, "points[1].low", "nothing", "a value", "Add low."),
        (
            7,
            "points[1].high",
            "'x'",
            "a number",
            "Write a plain decimal such as 0.05 or 1500000, without exponent, separators, unit or percent sign.",
        ),
        (7, "points[1].lo", "the unknown field 'lo'", "a known field", "Did you mean 'low'?"),
        (8, "points[2].low", "a high low", "low below high", ""),
        (8, "points[2]", "both", "neither", ""),
        (
            9,
            "shares.9b",
            "'9b'",
            "a reference",
            "A reference starts with a letter and has letters, digits, '.', '_' and '-', 64 at most.",
        ),
        (10, "on", "'2026-02-30'", "a day that exists in the calendar", ""),
        (11, "titel", "the unknown field 'titel'", "a known field", "Did you mean 'title'?"),
    ]


def test_an_empty_field_counts_as_left_out_but_an_unknown_one_is_still_unknown() -> None:
    assert validated(Thing, read_yaml("title: x\ncount:\non: null", file="f.yaml")) == Thing(title="x")
    assert problems("title: x\nother:")[0][:3] == (2, "other", "the unknown field 'other'")


@pytest.mark.parametrize(
    ("text", "field", "found", "expected"),
    [
        ("title: [a]", "title", "a list of 1 item", "text"),
        ("title: x\npoints: {low: 1}", "points", "a mapping of 1 key", "a list"),
        ("title: x\npoints: [a]", "points[0]", "'a'", "a mapping of fields"),
        ("title: x\nshares: [a]", "shares", "a list of 1 item", "a mapping"),
        ("[a]", "", "a list of 1 item", "a mapping of fields"),
    ],
)
def test_a_value_of_another_shape_is_named(text: str, field: str, found: str, expected: str) -> None:
    assert problems(text)[0][1:4] == (field, found, expected)


def test_aliases_are_the_names_that_files_use() -> None:
    assert validated(Point, read_yaml("{low: 1, high: 2, from: x}", file="f.yaml")).from_ == "x"
    with pytest.raises(ProblemsError, match="Did you mean 'from'"):
        validated(Point, read_yaml("{low: 1, high: 2, form: x}", file="f.yaml"))


@pytest.mark.parametrize("kind", [bool, int, float, Decimal, date, datetime, tuple[int, ...], dict[str, float | None]])
def test_a_model_with_a_loosely_converted_field_cannot_be_made(kind: object) -> None:
    with pytest.raises(TypeError, match="converts text loosely"):
        type("Loose", (StrictModel,), {"__annotations__": {"value": kind}, "__module__": __name__})


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_far_outside_of_our_time_is_refused(text: str) -> None:
    class Dated(StrictModel):
        day: Day | None = None
        at: Instant | None = None

    for field, value in (("day", text), ("at", f"{text}T00:00:00+14:00")):
        found = validate(Dated, read_yaml(f"{field}: {value}\n", file="x.yaml"))
        assert isinstance(found, list)
        assert found[0].expected == "a day from 1900 to 2999"
