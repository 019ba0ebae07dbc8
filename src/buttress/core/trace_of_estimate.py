"""Trace steps from an estimate as it was given to the laws of its frequency and of one event's loss."""

from collections.abc import Iterator

from buttress.core.estimates import (
    Exponential,
    FrequencyEstimate,
    Interval,
    IntervalLaw,
    Level,
    LossEstimate,
    Pert,
    Point,
    Quantiles,
    YearlyProbability,
)
from buttress.core.matrix import Band, ScaleVersion
from buttress.core.money import RateTable
from buttress.core.snapshot import Assessment, BasisKind
from buttress.core.stages import StagedRisk
from buttress.core.trace import TraceStep, TraceValue

_INTERVAL = "μ = (ln low + ln high) / 2, σ = (ln high − ln low) / 3.28971"


def estimate_steps(staged: StagedRisk, scale: ScaleVersion, rates: RateTable) -> list[TraceStep]:
    """Frequency, then loss of one event; `scale` is the version in which levels of this assessment are read."""
    return [_frequency_step(staged, scale), _loss_step(staged, scale, rates)]


def as_given(estimate: FrequencyEstimate | LossEstimate) -> str:
    """An estimate in the words of its form.

    >>> as_given(Pert(0.1, 0.2, 0.9)), as_given(Quantiles(120000, 900000)), as_given(Level(3))
    ('PERT(0.1, 0.2, 0.9)', 'p50 120,000, p90 900,000', 'level 3')
    """
    match estimate:
        case Interval(low, high, law):
            return f"90 % in {low:,.12g} to {high:,.12g} ({law.value})"
        case Pert(low, likely, high):
            return f"PERT({low:,.12g}, {likely:,.12g}, {high:,.12g})"
        case Quantiles(p50, p90):
            return f"p50 {p50:,.12g}, p90 {p90:,.12g}"
        case Point(value):
            return f"{value:,.12g}"
        case YearlyProbability(probability):
            return f"chance {probability:.12g} a year"
        case Exponential(mean):
            return f"exponential, mean {mean:,.12g}"
        case Level(level):
            return f"level {level}"


def _frequency_step(staged: StagedRisk, scale: ScaleVersion) -> TraceStep:
    assessment, law = staged.assessment, staged.estimate.frequency
    given = assessment.frequency
    assert given is not None
    inputs = [TraceValue("frequency as given", as_given(given), "text", source_of(assessment))]
    if isinstance(given, Level):
        inputs.append(_band("likelihood", scale.likelihood[given.level - 1], scale, "a year"))
    return TraceStep(
        f"Estimate, {_basis_words(assessment)}: frequency",
        assessment.round or "",
        tuple(inputs),
        _frequency_rule(given),
        (TraceValue("frequency of the estimate", law.mean, "per_year", deviation=law.variance**0.5),),
    )


def _frequency_rule(given: FrequencyEstimate) -> str:
    match given:
        case Interval(_, _, IntervalLaw.GAMMA):
            return "Gamma whose 5 % and 95 % points are the ends of the interval"
        case Interval():
            return f"{_INTERVAL}; mean = exp(μ + σ² / 2), sd = mean × √(exp(σ²) − 1)"
        case Pert():
            return "mean = (least + 4 × likely + greatest) / 6; sd = √((mean − least) × (greatest − mean) / 7)"
        case Point():
            return "taken as certain"
        case YearlyProbability():
            return "mean = −ln(1 − chance), taken as certain"
        case Level():
            return "mean = centre of the band, √(low × high); Gamma whose 95 % and 5 % points stand in the ratio high / low"


def _loss_step(staged: StagedRisk, scale: ScaleVersion, rates: RateTable) -> TraceStep:
    assessment, loss = staged.assessment, staged.estimate
    magnitude = assessment.magnitude
    assert magnitude is not None
    law = loss.magnitude
    results = [TraceValue("primary loss, mean", law.primary.mean, "money")]
    rule = _loss_rule(magnitude.primary, is_capped=magnitude.cap is not None)
    if law.secondary is not None and magnitude.secondary is not None:
        results.append(TraceValue("secondary loss, mean", law.secondary.mean, "money"))
        other = _loss_rule(magnitude.secondary.magnitude, is_capped=False)
        rule = rule if other == rule else f"{rule}; secondary: {other}"
        rule += "; one event = primary + chance × secondary"
    results += [
        TraceValue("one event of the estimate", law.mean, "money"),
        TraceValue("mean a year of the estimate", loss.mean, "money", "frequency × loss of one event"),
    ]
    return TraceStep(
        f"Estimate, {_basis_words(assessment)}: loss of one event",
        assessment.round or "",
        tuple(_losses_given(assessment, scale, rates)),
        rule,
        tuple(results),
    )


def _losses_given(assessment: Assessment, scale: ScaleVersion, rates: RateTable) -> Iterator[TraceValue]:
    source, currency, magnitude = source_of(assessment), assessment.currency, assessment.magnitude
    assert magnitude is not None
    yield from _loss_given("primary loss", magnitude.primary, assessment, scale)
    if magnitude.cap is not None:
        yield TraceValue("cap of the primary loss", f"{magnitude.cap:,.12g} {currency}", "text", source)
    if magnitude.secondary is not None:
        yield from _loss_given("secondary loss", magnitude.secondary.magnitude, assessment, scale)
        yield TraceValue("chance of secondary loss", magnitude.secondary.probability, "share", source)
    if currency != rates.reporting:
        table = f"rate table of {rates.effective_on}" if rates.effective_on else "rate table"
        yield TraceValue(f"{rates.reporting} for 1 {currency}", rates.rate(currency), "share", table)


def _loss_given(name: str, given: LossEstimate, assessment: Assessment, scale: ScaleVersion) -> Iterator[TraceValue]:
    unit = "" if isinstance(given, Level) else f" {assessment.currency}"
    yield TraceValue(f"{name} as given", f"{as_given(given)}{unit}", "text", source_of(assessment))
    if isinstance(given, Level):
        yield _band("impact", scale.impact[given.level - 1], scale, scale.currency)
        yield TraceValue("spread of a level's loss, σ", scale.sigma, "count", f"scale {scale.version}")


def _loss_rule(given: LossEstimate, *, is_capped: bool) -> str:
    match given:
        case Interval():
            rule = _INTERVAL
        case Quantiles():
            rule = "μ = ln p50, σ = ln(p90 / p50) / 1.28155"
        case Level():
            rule = "μ = ln √(low × high) − 1.28155 × σ"
        case Pert():
            return "mean = (least + 4 × likely + greatest) / 6" + (
                "; losses above the cap count as it" if is_capped else ""
            )
        case Exponential() | Point():
            return "mean as given" + ("; losses above the cap count as it" if is_capped else "")
    if not is_capped:
        return f"{rule}; mean = exp(μ + σ² / 2)"
    return (
        f"{rule}; mean = exp(μ + σ² / 2), and under a cap, z = (ln cap − μ) / σ, "
        "mean = exp(μ + σ² / 2) × Φ(z − σ) + cap × Φ(−z)"
    )


def _band(axis: str, band: Band, scale: ScaleVersion, unit: str) -> TraceValue:
    return TraceValue(f"band of that {axis}", band_words(band, unit), "text", f"scale {scale.version}")


def band_words(band: Band, unit: str) -> str:
    """Name and ends of a band."""
    return f"{band.name}: {band.low:,.12g} to {band.high:,.12g} {unit}"


def source_of(assessment: Assessment) -> str:
    """The assessment by its date, and the source that it names."""
    return f"assessment of {assessment.effective_on}" + (f", {assessment.source}" if assessment.source else "")


def _basis_words(assessment: Assessment) -> str:
    words = {
        BasisKind.INHERENT: "before controls",
        BasisKind.WITH_CONTROLS: "with the controls then in place",
        BasisKind.LIBRARY: "from the library, on ordinary controls",
    }
    return words[assessment.basis.kind]
