"""Estimates of frequency and loss magnitude exactly as people give them.

The estimate is kept as given, its distribution named; the working law is derived from it (`frequency`, `magnitude`).
Frequencies are events a year. Amounts are in the currency of the assessment that carries the estimate.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite


def _require(is_valid: bool, form: str, given: str, expected: str) -> None:
    if not is_valid:
        raise ValueError(f"{form} {given} is not valid; give {expected}")


class IntervalLaw(StrEnum):
    """The distribution meant by a 90 % interval."""

    LOGNORMAL = "lognormal"
    GAMMA = "gamma"


@dataclass(frozen=True, slots=True)
class Interval:
    """A central 90 % interval: 5 % lie below `low`, 5 % above `high`; 0 < low < high."""

    low: float
    high: float
    law: IntervalLaw = IntervalLaw.LOGNORMAL

    def __post_init__(self) -> None:
        is_valid = 0 < self.low < self.high and isfinite(self.high)
        _require(is_valid, "90 % interval", f"{self.low} to {self.high}", "0 < low < high")


@dataclass(frozen=True, slots=True)
class Pert:
    """Least, most likely and greatest value (PERT, weight 4); 0 <= low <= likely <= high, low < high."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        is_valid = 0 <= self.low <= self.likely <= self.high and self.low < self.high and isfinite(self.high)
        _require(is_valid, "PERT", f"{self.low}, {self.likely}, {self.high}", "0 <= low <= likely <= high, low < high")


@dataclass(frozen=True, slots=True)
class Point:
    """One number of at least 0 without uncertainty: a rate a year, or a loss; "1 in T years" is Point(1 / T)."""

    value: float

    def __post_init__(self) -> None:
        _require(self.value >= 0 and isfinite(self.value), "Value", f"{self.value}", "a number of at least 0")


@dataclass(frozen=True, slots=True)
class YearlyProbability:
    """The chance of at least one event in a year, 0 < probability < 1; read as the rate -ln(1 - probability)."""

    probability: float

    def __post_init__(self) -> None:
        is_valid = 0 < self.probability < 1
        _require(is_valid, "Yearly probability", f"{self.probability}", "a fraction between 0 and 1, e.g. 0.3")


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Median and 90th percentile of one event's loss; 0 < p50 < p90."""

    p50: float
    p90: float

    def __post_init__(self) -> None:
        is_valid = 0 < self.p50 < self.p90 and isfinite(self.p90)
        _require(is_valid, "Quantiles", f"p50 {self.p50}, p90 {self.p90}", "0 < p50 < p90")


@dataclass(frozen=True, slots=True)
class Exponential:
    """A loss with an exponential law of the given mean, above 0."""

    mean: float

    def __post_init__(self) -> None:
        _require(self.mean > 0 and isfinite(self.mean), "Mean loss", f"{self.mean}", "a number above 0")


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a scale version chosen by hand, 1 = lowest."""

    level: int

    def __post_init__(self) -> None:
        _require(self.level >= 1, "Level", f"{self.level}", "a level of the scale, 1 = lowest")


FrequencyEstimate = Interval | Pert | Point | YearlyProbability | Level
LossEstimate = Interval | Quantiles | Pert | Point | Exponential | Level


@dataclass(frozen=True, slots=True)
class SecondaryLoss:
    """Loss that follows an event only sometimes (fines, claims): its probability in 0..1 and its magnitude."""

    probability: float
    magnitude: LossEstimate

    def __post_init__(self) -> None:
        is_valid = 0 <= self.probability <= 1
        _require(is_valid, "Probability of secondary loss", f"{self.probability}", "a fraction in 0..1, e.g. 0.2")


@dataclass(frozen=True, slots=True)
class MagnitudeEstimate:
    """Loss of one event: primary, secondary where it can follow, and a cap on the primary loss where one is stated."""

    primary: LossEstimate
    secondary: SecondaryLoss | None = None
    cap: float | None = None

    def __post_init__(self) -> None:
        is_valid = self.cap is None or (self.cap > 0 and isfinite(self.cap))
        _require(is_valid, "Cap", f"{self.cap}", "an amount above 0, or none")
