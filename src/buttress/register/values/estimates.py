"""Frequencies and losses as stated, as the estimates of the core."""

from buttress.core.estimates import (
    FrequencyEstimate,
    Interval,
    IntervalLaw,
    Level,
    LossEstimate,
    MagnitudeEstimate,
    Pert,
    Point,
    Quantiles,
    SecondaryLoss,
    YearlyProbability,
)
from buttress.risks.records.estimates import EfficacyRecord, FrequencyRecord, LossRecord
from buttress.risks.records.risk import AssessmentFact


def frequency_of(record: FrequencyRecord) -> FrequencyEstimate:
    """Events a year; the reader has made sure that exactly one set of fields is given."""
    if record.level is not None:
        return Level(record.level)
    if record.per_year is not None:
        return Point(record.per_year)
    if record.once_in_years is not None:
        return Point(1.0 / record.once_in_years)
    if record.yearly_probability is not None:
        return YearlyProbability(record.yearly_probability)
    return _range(record.low, record.likely, record.high, record.law or IntervalLaw.LOGNORMAL)


def loss_of(record: LossRecord) -> LossEstimate:
    """Loss of one event, in the assessment's currency."""
    if record.level is not None:
        return Level(record.level)
    if record.amount is not None:
        return Point(record.amount)
    if record.p50 is not None and record.p90 is not None:
        return Quantiles(record.p50, record.p90)
    return _range(record.low, record.likely, record.high, IntervalLaw.LOGNORMAL)


def _range(low: float | None, likely: float | None, high: float | None, law: IntervalLaw) -> Interval | Pert:
    assert low is not None
    assert high is not None
    return Interval(low, high, law) if likely is None else Pert(low, likely, high)


def magnitude_of(fact: AssessmentFact) -> MagnitudeEstimate | None:
    """None for a review without change."""
    if fact.loss is None:
        return None
    secondary = None
    if fact.secondary is not None:
        secondary = SecondaryLoss(fact.secondary.probability, loss_of(fact.secondary.loss))
    return MagnitudeEstimate(loss_of(fact.loss), secondary, fact.cap)


def efficacy_of(record: EfficacyRecord | None) -> Pert | None:
    return None if record is None else Pert(record.low, record.likely, record.high)
