"""Frequencies and losses as people state them; which fields are given names the distribution."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from buttress.core.estimates import IntervalLaw
from buttress.formats.fields import NotNegative, Positive, Share, between, rising
from buttress.formats.models import Complaint, StrictModel, Whole, complain

MOST_EVENTS = 1_000_000
NARROWEST, NARROWEST_GAMMA, WIDEST, WIDEST_QUANTILES = 1.000001, 1.002, 1e20, 1e8
"""Ratios of the ends of a range between which its law can be computed: of an interval, and of p90 to p50."""

Rate = Annotated[Positive, AfterValidator(between(0, MOST_EVENTS, open_low=True))]
"""Events a year."""

RateOrNone = Annotated[NotNegative, AfterValidator(between(0, MOST_EVENTS))]

LevelNumber = Annotated[Whole, AfterValidator(between(1, 20))]
"""A level of the scale, 1 = lowest."""


def _shape(model: StrictModel, shapes: tuple[frozenset[str], ...]) -> Iterator[Complaint]:
    given = frozenset(model.model_fields_set)
    if given not in shapes:
        names = "; ".join(" and ".join(name for name in type(model).model_fields if name in s) for s in shapes)
        found = " and ".join(name for name in type(model).model_fields if name in given) or "nothing"
        yield Complaint((), found, f"one of these sets of fields: {names}")


def _interval(model: StrictModel, low: str, high: str) -> Iterator[Complaint]:
    """A 90 % interval has two positive ends that rise."""
    bottom = getattr(model, low)
    if bottom is not None and bottom <= 0:
        yield Complaint((low,), f"{bottom:g}", "a number above 0")
    yield from rising(model, low, high)
    yield from apart(model, low, high, most=WIDEST)


def apart(model: StrictModel, low: str, high: str, *, least: float = NARROWEST, most: float) -> Iterator[Complaint]:
    """Complains where `high` is less than `least` or more than `most` times a `low` below it: no law could be had."""
    bottom, top = getattr(model, low), getattr(model, high)
    if bottom is None or top is None or not 0 < bottom < top or least <= top / bottom <= most:
        return
    is_wide = top / bottom > most
    expected = (
        f"at most {most:g} times {low} ({bottom:.9g})"
        if is_wide
        else f"at least {least:.9g} times {low} ({bottom:.9g})"
    )
    advice = "Nobody knows so little; give a narrower range." if is_wide else "Give a wider range, or one number."
    yield Complaint((high,), f"{top:.9g}", expected, advice)


def _pert(model: "FrequencyRecord | LossRecord | EfficacyRecord") -> Iterator[Complaint]:
    yield from rising(model, "low", "likely", "high", strictly=False)
    if model.low == model.high:
        advice = "A certain number has no range; give a narrow one, or one number where the field takes it."
        yield Complaint(("high",), f"{model.high:g}", "a number above low", advice)


class FrequencyRecord(StrictModel):
    """Events a year: a 90 % interval (low, high), PERT (low, likely, high), one number, a probability or a level."""

    low: RateOrNone | None = None
    likely: RateOrNone | None = None
    high: Rate | None = None
    law: IntervalLaw | None = None
    per_year: Rate | None = None
    once_in_years: Annotated[Positive, AfterValidator(between(1 / MOST_EVENTS, 1_000_000))] | None = None
    yearly_probability: Annotated[Share, AfterValidator(between(0, 1, open_low=True, open_high=True))] | None = None
    level: LevelNumber | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(_shape(self, _FREQUENCY_SHAPES))
        complain(_pert(self) if self.likely is not None else _interval(self, "low", "high"))
        if self.law is IntervalLaw.GAMMA:
            complain(apart(self, "low", "high", least=NARROWEST_GAMMA, most=WIDEST))
        return self

    @property
    def is_level(self) -> bool:
        return self.level is not None


_FREQUENCY_SHAPES = (
    frozenset({"low", "high"}),
    frozenset({"low", "high", "law"}),
    frozenset({"low", "likely", "high"}),
    frozenset({"per_year"}),
    frozenset({"once_in_years"}),
    frozenset({"yearly_probability"}),
    frozenset({"level"}),
)


class LossRecord(StrictModel):
    """Loss of one event: a 90 % interval (low, high), p50 and p90, PERT (low, likely, high), one amount or a level."""

    low: NotNegative | None = None
    likely: NotNegative | None = None
    high: Positive | None = None
    p50: Positive | None = None
    p90: Positive | None = None
    amount: Positive | None = None
    level: LevelNumber | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(_shape(self, _LOSS_SHAPES))
        complain(_pert(self) if self.likely is not None else _interval(self, "low", "high"))
        complain([*rising(self, "p50", "p90"), *apart(self, "p50", "p90", most=WIDEST_QUANTILES)])
        return self

    @property
    def is_level(self) -> bool:
        return self.level is not None


_LOSS_SHAPES = (
    frozenset({"low", "high"}),
    frozenset({"p50", "p90"}),
    frozenset({"low", "likely", "high"}),
    frozenset({"amount"}),
    frozenset({"level"}),
)


class SecondaryRecord(StrictModel):
    """Loss that follows an event only sometimes (fines, claims)."""

    probability: Annotated[Share, AfterValidator(between(0, 1, open_low=True))]
    loss: LossRecord


class EfficacyRecord(StrictModel):
    """Share of events or money that a control stops when it works: least, most likely, greatest."""

    low: Share
    likely: Share
    high: Share

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(_pert(self))
        return self
