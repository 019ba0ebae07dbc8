"""The organisation's dated facts as of a day: scale versions, appetite, rates, the engagement."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from buttress.core.appetite import Appetite, AppetitePoint, Authority
from buttress.core.matrix import Band, ScaleVersion
from buttress.core.money import RateTable
from buttress.core.snapshot import Engagement, Organisation
from buttress.criteria.records import EngagementRecord
from buttress.formats.problems import nearest, refuse, shown
from buttress.register.files.register import Register
from buttress.register.files.schema.organisation import OrganisationRecord
from buttress.register.values.facts import effective
from buttress.risks.records.appetite import AppetiteFact, CurvePoint
from buttress.risks.records.scales import BandRecord, ScaleFact


def organisation_of(record: OrganisationRecord) -> Organisation:
    return Organisation(
        record.name,
        record.currency,
        record.time_zone,
        record.sole_operator,
        record.size,
        record.sector.value if record.sector else None,
        record.annual_revenue_usd,
    )


def scales_of(record: OrganisationRecord, as_of: date) -> tuple[ScaleVersion, ...]:
    """Scale versions effective by `as_of`, oldest first; the oldest of all where none is yet."""
    ordered = sorted(record.scales, key=lambda scale: scale.effective_on)
    by_then = [scale for scale in ordered if scale.effective_on <= as_of]
    return tuple(_scale(scale, record.currency) for scale in by_then or ordered[:1])


def _scale(fact: ScaleFact, currency: str) -> ScaleVersion:
    return ScaleVersion(
        fact.version,
        fact.effective_on,
        fact.currency or currency,
        _bands(fact.likelihood),
        _bands(fact.impact),
        fact.ratings,
        fact.cells,
        fact.sigma,
        fact.approved_by,
        fact.approved_on,
    )


def _bands(bands: tuple[BandRecord, ...]) -> tuple[Band, ...]:
    return tuple(Band(band.name, band.low, band.high, tuple(band.wording.items())) for band in bands)


def appetite_of(record: OrganisationRecord, as_of: date) -> Appetite | None:
    """The appetite in force on `as_of`; None before the first."""
    by_then = effective(record.appetite, as_of)
    return _appetite(by_then[-1]) if by_then else None


def _appetite(fact: AppetiteFact) -> Appetite:
    own = sorted(fact.categories.items())
    return Appetite(
        fact.effective_on,
        fact.highest_rating,
        _curve(fact.curve),
        tuple((category.value, a.highest_rating) for category, a in own if a.highest_rating is not None),
        tuple((category.value, _curve(a.curve)) for category, a in own if a.curve is not None),
        tuple(Authority(a.role, a.highest_rating, a.annual_loss) for a in fact.authorities),
        fact.approved_by,
        fact.approved_on,
    )


def _curve(points: tuple[CurvePoint, ...]) -> tuple[AppetitePoint, ...]:
    return tuple(AppetitePoint(point.loss, point.probability) for point in points)


def rates_of(record: OrganisationRecord, as_of: date) -> RateTable:
    """The rate table in force on `as_of`; without any rate before the first."""
    by_then = effective(record.rates, as_of)
    if not by_then:
        return RateTable(record.currency)
    rates: Mapping[str, Decimal] = dict(sorted(by_then[-1].per_unit.items()))
    return RateTable(record.currency, by_then[-1].effective_on, rates)


def engagement_of(register: Register, as_of: date, ref: str | None) -> Engagement | None:
    """The engagement named `ref`, else the one whose period holds `as_of`: of several the one that starts last.

    Where no period holds the day it is the next one to begin, which is being prepared, else the last one that ended.
    None without engagements. Raises `ProblemsError` where `ref` names none.
    """
    records = register.organisation.engagements
    if ref is not None:
        named = [record for record in records if record.ref == ref]
        if not named:
            known = [record.ref for record in records]
            expected = f"one of {', '.join(known)}" if known else "an engagement of the organisation"
            raise refuse("engagement", None, shown(ref), expected, nearest(ref, known))
        return _engagement(named[0])
    return _engagement(nearest_in_time(records, as_of)) if records else None


def nearest_in_time(records: Sequence[EngagementRecord], as_of: date) -> EngagementRecord:
    """Of one record at least: the one that holds the day, else the next to begin, else the last to end."""
    if holding := [record for record in records if record.period_start <= as_of <= record.period_end]:
        return max(holding, key=lambda record: record.period_start)
    if coming := [record for record in records if record.period_start > as_of]:
        return min(coming, key=lambda record: record.period_start)
    return max(records, key=lambda record: record.period_end)


def _engagement(record: EngagementRecord) -> Engagement:
    return Engagement(
        record.ref,
        record.type,
        record.period_start,
        record.period_end,
        record.categories,
        record.systems,
        record.subservice_method.value,
        tuple(sorted(record.not_relevant.items())),
    )
