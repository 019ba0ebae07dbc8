"""Published rates of significant incidents by size and sector, and whether a register's scenarios add up to them.

Rates: Cyentia IRIS 2025 and its note on multiple incidents (2024). The chance of at least one incident P gives the
Poisson rate -ln(1 - P); size and sector factors multiply, which assumes that they are independent. Published rates
describe organisations as they are, with ordinary controls: they compare with residual, never with inherent. Money is
US dollars of yearly revenue.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from math import exp, log
from types import MappingProxyType

from buttress.criteria.loading import content_rows

TIER_LIMITS = (1e7, 1e8, 1e9, 1e10, 1e11)
"""Yearly revenues between the six published tiers."""

_TIERS = ("< $10M", "$10M-$100M", "$100M-$1B", "$1B-$10B", "$10B-$100B", "> $100B")
_LOSS_TIERS = ("< $100M", "< $100M", "$100M-$1B", "$1B-$10B", "> $10B", "> $10B")
_REFERENCE_TIER = 1
_TYPICAL = "typical organisation, 2024"
_LEAST_LOSS_FACTOR = 0.05

LOWEST_RATIO, HIGHEST_RATIO = 1 / 3, 3.0
"""A register's chance of an incident outside these multiples of the published one calls for a reason (judgement)."""

_NAMED = 5


class Sector(StrEnum):
    """Industry groups for which base rates are published."""

    MANUFACTURING = "manufacturing"
    PUBLIC = "public"
    HEALTHCARE = "healthcare"
    INFORMATION = "information"
    RETAIL = "retail"
    FINANCIAL = "financial"
    UTILITIES = "utilities"
    ENTERTAINMENT = "entertainment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BaseRate:
    """A published figure with its source and how far it was confirmed."""

    ref: str
    metric: str
    segment: str
    value: float
    unit: str
    source: str
    confidence: str
    use: str


@dataclass(frozen=True, slots=True)
class Coherence:
    """The chance of at least one externally visible incident a year, as the register has it and as published.

    `largest` are the risks that contribute most, with their rates a year.
    """

    chance: float
    expected: float
    largest: tuple[tuple[str, float], ...]

    @property
    def ratio(self) -> float:
        return self.chance / self.expected

    @property
    def is_plausible(self) -> bool:
        return LOWEST_RATIO <= self.ratio <= HIGHEST_RATIO


@cache
def base_rates() -> tuple[BaseRate, ...]:
    """All published figures in the order of the file."""
    return tuple(
        BaseRate(**{**row, "value": float(row["value"])})  # type: ignore[arg-type]
        for row in content_rows("libraries/base_rates.csv")
    )


def size_factor(revenue_usd: float) -> float:
    """Rate of incidents in the tier of `revenue_usd` against that of 10 to 100 million dollars.

    >>> round(size_factor(3e9), 2), size_factor(4e7)
    (1.87, 1.0)
    """
    rates = _tier_rates()
    return rates[_tier(revenue_usd)] / rates[_REFERENCE_TIER]


def sector_factor(sector: str | None) -> float:
    """Chance of an incident in a sector against that of all organisations; 1 where the sector has no published rate.

    >>> round(sector_factor("information"), 3), sector_factor(None)
    (0.903, 1.0)
    """
    return _sector_factors()[Sector(sector or Sector.OTHER)]


def loss_factor(revenue_usd: float) -> float:
    """Median loss of one incident against that below 100 million dollars of revenue.

    It keeps the spread, so it understates the tail of the largest organisations.

    >>> [loss_factor(r) for r in (5e6, 5e7, 5e8, 5e9, 5e10, 5e11)]
    [1.0, 1.0, 1.3, 5.0, 6.2, 6.2]
    """
    medians = _medians()
    return round(medians[_tier(revenue_usd)] / medians[_REFERENCE_TIER], 1)


def operational_loss_factor(revenue_usd: float) -> float:
    """What losses of everyday events (outages, lost devices) are multiplied by; judgement.

    Such losses are time of staff and credits to customers, which shrink with the business: below 10 million dollars of
    revenue they fall in proportion, to one twentieth at least. Above, they follow `loss_factor`.

    >>> operational_loss_factor(1e6), operational_loss_factor(3e7)
    (0.1, 1.0)
    """
    smallest = TIER_LIMITS[0]
    if revenue_usd >= smallest:
        return loss_factor(revenue_usd)
    return max(_LEAST_LOSS_FACTOR, revenue_usd / smallest)


def expected_rate(revenue_usd: float, sector: str | None) -> float:
    """Published rate of significant incidents a year for an organisation of this size and sector."""
    return _tier_rates()[_tier(revenue_usd)] * sector_factor(sector)


def expected_chance(revenue_usd: float, sector: str | None) -> float:
    """Published chance of at least one significant incident in a year.

    >>> round(expected_chance(4e7, "information"), 3), round(expected_chance(3e9, "healthcare"), 3)
    (0.076, 0.148)
    """
    return 1 - exp(-expected_rate(revenue_usd, sector))


def coherence(rates: Mapping[str, float], revenue_usd: float, sector: str | None) -> Coherence | None:
    """Compares the residual rates of externally visible security incidents, by risk, with the published one.

    A rate is -ln of the chance of a year without an event, as published rates are: of a certain frequency it is that
    frequency, of an uncertain one it is less. None where there is no such risk.
    """
    total = sum(rates.values())
    if total <= 0:
        return None
    largest = sorted(rates.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]
    return Coherence(1 - exp(-total), expected_chance(revenue_usd, sector), tuple(largest))


def _tier(revenue_usd: float) -> int:
    if revenue_usd <= 0:
        raise ValueError(f"Yearly revenue {revenue_usd} is not above 0; give it in US dollars, e.g. 8000000")
    return bisect_right(TIER_LIMITS, revenue_usd)


def _published(metric: str, segment: str) -> float:
    return next(rate.value for rate in base_rates() if rate.metric == metric and rate.segment == segment)


@cache
def _tier_rates() -> tuple[float, ...]:
    metric = "annual probability of at least 1 incident"
    return tuple(-log(1 - _published(metric, f"revenue {tier}, 2024")) for tier in _TIERS)


@cache
def _medians() -> tuple[float, ...]:
    return tuple(_published("loss per event, median", f"revenue {tier}, 2024") for tier in _LOSS_TIERS)


@cache
def _sector_factors() -> Mapping[Sector, float]:
    metric = "annual probability of at least one significant incident"
    typical = _published(metric, _TYPICAL)
    names = {Sector.PUBLIC: "public sector"}
    factors = {
        sector: _published(metric, f"industry: {names.get(sector, sector.value)}, 2024") / typical
        for sector in Sector
        if sector is not Sector.OTHER
    }
    return MappingProxyType({**factors, Sector.OTHER: 1.0})
