"""Field types that the records share: links by reference, dated facts, amounts, and checks of order.

A link is checked against `info.context["known"]`, a mapping of kind to the references that the folder defines; kinds
that it does not hold are taken on trust.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

from buttress.core.snapshot import Category
from buttress.formats.models import (
    Amount,
    Complaint,
    Day,
    Number,
    Ref,
    StrictModel,
    Text,
    complain,
    unfit,
)
from buttress.formats.problems import nearest, shown

LARGEST_AMOUNT = 10**15
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_CRITERION = re.compile(r"[A-Z]{1,2}[0-9]+\.[0-9]+(?:-[A-Za-z0-9.]+)?\Z")

ONE_OF_KIND = {
    "persons": "a person",
    "objectives": "an objective",
    "assets": "an asset",
    "vendors": "a vendor",
    "threats": "a threat",
    "rounds": "an assessment round",
    "risks": "a risk",
    "controls": "a control",
    "assumed_controls": "a control of the register or of the starter library",
    "criteria": "a criterion",
    "points_of_focus": "a criterion or point of focus",
    "incidents": "an incident",
    "engagements": "an engagement",
    "tests": "a control test or manual test",
    "starter_controls": "a control of the starter library",
}

_DEFINE_IT = {
    "assumed_controls": "Define it under controls, or mend the reference.",
    "criteria": "The criteria are those of the Trust Services Criteria of 2017.",
    "points_of_focus": "The criteria are those of the Trust Services Criteria of 2017.",
    "tests": "Adopt it under control_tests, or define it under manual_tests.",
    "starter_controls": "Leave library out for a control of your own.",
}


def _known(kind: str, value: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("known", {}).get(kind)
    if known is None or value in known:
        return value
    advice = nearest(value, known) or _DEFINE_IT.get(kind, f"Define it under {kind}, or mend the reference.")
    raise unfit(value, f"{ONE_OF_KIND[kind]} that is defined", advice)


def linked(kind: str) -> AfterValidator:
    """Checks that a reference of `kind` is defined somewhere in the folder."""

    def check(value: str, info: ValidationInfo) -> str:
        return _known(kind, value, info)

    return AfterValidator(check)


def _criterion_id(value: object) -> object:
    if not isinstance(value, str) or not _CRITERION.match(value):
        raise unfit(value, "a criterion id such as CC6.1")
    return value


PersonRef = Annotated[Ref, linked("persons")]
ObjectiveRef = Annotated[Ref, linked("objectives")]
AssetRef = Annotated[Ref, linked("assets")]
VendorRef = Annotated[Ref, linked("vendors")]
ThreatRef = Annotated[Ref, linked("threats")]
RoundRef = Annotated[Ref, linked("rounds")]
RiskRef = Annotated[Ref, linked("risks")]
ControlRef = Annotated[Ref, linked("controls")]
AssumedControlRef = Annotated[Ref, linked("assumed_controls")]
"""A control of the register, or one of the starter library that an estimate assumes without a record of it."""
TestRef = Annotated[Ref, linked("tests")]
StarterControlRef = Annotated[Ref, linked("starter_controls")]
CriterionRef = Annotated[
    str,
    BeforeValidator(_criterion_id),
    linked("criteria"),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Z]{1,2}[0-9]+\.[0-9]+$"}),
]
PointOfFocusRef = Annotated[
    str,
    BeforeValidator(_criterion_id),
    linked("points_of_focus"),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Z]{1,2}[0-9]+\.[0-9]+(-[A-Za-z0-9.]+)?$"}),
]

SUBJECT_KINDS: Mapping[str, str] = {
    "vendor": "vendors",
    "asset": "assets",
    "system": "assets",
    "control": "controls",
    "person": "persons",
    "objective": "objectives",
    "risk": "risks",
    "incident": "incidents",
    "engagement": "engagements",
}
"""What a subject may be called, and the kind of record that is meant."""


def _subject(value: object, info: ValidationInfo) -> object:
    """A subject named by kind and reference, `vendor:newpay`."""
    noun, _, ref = value.partition(":") if isinstance(value, str) else ("", "", "")
    if noun not in SUBJECT_KINDS or not ref:
        raise unfit(value, f"kind:reference, the kind one of {', '.join(SUBJECT_KINDS)}")
    _known(SUBJECT_KINDS[noun], ref, info)
    return value


SubjectRef = Annotated[str, BeforeValidator(_subject), WithJsonSchema({"type": "string", "pattern": "^[a-z]+:.+$"})]


def _currency(value: object) -> object:
    if not isinstance(value, str) or not _CURRENCY.match(value):
        raise unfit(value, "an ISO 4217 currency code such as USD")
    return value


Currency = Annotated[
    str, BeforeValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"]})
]

N = TypeVar("N", float, Decimal, int)


def between(low: float, high: float, *, open_low: bool = False, open_high: bool = False) -> Callable[[N], N]:
    """A check that a number lies from `low` to `high`, ends included unless open."""
    name = f"a number {'above' if open_low else 'from'} {low:,g} {'and below' if open_high else 'to'} {high:,g}"

    def check(value: N) -> N:
        if not low <= value <= high or (open_low and value == low) or (open_high and value == high):
            raise unfit(str(value), name)
        return value

    return check


Share = Annotated[Number, AfterValidator(between(0, 1))]
"""A fraction from 0 to 1."""

Positive = Annotated[Number, AfterValidator(between(0, LARGEST_AMOUNT, open_low=True))]
"""A rate or amount above 0."""

NotNegative = Annotated[Number, AfterValidator(between(0, LARGEST_AMOUNT))]

PositiveAmount = Annotated[Amount, AfterValidator(between(0, LARGEST_AMOUNT, open_low=True))]

NotNegativeAmount = Annotated[Amount, AfterValidator(between(0, LARGEST_AMOUNT))]

T = TypeVar("T")


def _each_once(values: tuple[T, ...]) -> tuple[T, ...]:
    seen: set[T] = set()
    for position, value in enumerate(values):
        if value in seen:
            complain([Complaint((position,), f"{shown(value)} again", "each once", "Leave one of them out.")])
        seen.add(value)
    return values


Links = Annotated[tuple[T, ...], AfterValidator(_each_once)]
"""References, each at most once."""

Categories = frozenset[Category]


class MoneyRecord(StrictModel):
    """An amount; the currency is the organisation's where none is stated."""

    amount: NotNegativeAmount
    currency: Currency | None = None


class Fact(StrictModel):
    """A dated statement under a record. Its identity is the date with `key`; `retracted` states why it is withdrawn."""

    effective_on: Day
    key: Text | None = None
    retracted: Text | None = None


F = TypeVar("F", bound=Fact)


def _distinct(facts: tuple[F, ...]) -> tuple[F, ...]:
    complain(
        Complaint(
            (position, "effective_on"),
            f"a second fact of {fact.effective_on}",
            "facts that differ in effective_on or key",
            "Give them different keys; the later one in the list wins."
            f' Add e.g. "key: {"third" if fact.key == "second" else "second"}" to this one.',
        )
        for position, fact in repeated(facts, lambda fact: (fact.effective_on, fact.key))
    )
    return facts


def repeated(items: Iterable[T], identity: Callable[[T], object]) -> Iterator[tuple[int, T]]:
    """Position and item wherever an identity was seen before."""
    seen: set[object] = set()
    for position, item in enumerate(items):
        mark = identity(item)
        if mark in seen:
            yield position, item
        seen.add(mark)


Facts = Annotated[tuple[F, ...], AfterValidator(_distinct)]
"""Facts of one kind under one record, their identities distinct."""


def not_before(model: Any, later: str, earlier: str) -> Iterator[Complaint]:
    """Complains where the date in field `later` lies before the one in field `earlier`; empty ones are fine."""
    last, first = getattr(model, later), getattr(model, earlier)
    if last is not None and first is not None and last < first:
        yield Complaint((later,), str(last), f"a date on or after {earlier} ({first})")


def rising(model: Any, *fields: str, strictly: bool = True) -> Iterator[Complaint]:
    """Complains where the values of `fields` do not rise; not strictly means that neighbours may be equal."""
    given = [(name, getattr(model, name)) for name in fields if getattr(model, name) is not None]
    for (lower, low), (upper, high) in pairwise(given):
        if high < low or (strictly and high == low):
            expected = f"a number above {lower} ({low:g})" if strictly else f"a number not below {lower} ({low:g})"
            yield Complaint((upper,), f"{high:g}", expected)
