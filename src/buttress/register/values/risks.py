"""Risks with the facts effective by a day, as core values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from buttress.core.estimates import MagnitudeEstimate
from buttress.core.matrix import ScaleVersion, impact_level, likelihood_level
from buttress.core.money import Money, RateTable
from buttress.core.snapshot import (
    Acceptance,
    Assessment,
    Basis,
    BasisKind,
    CellOverride,
    Effect,
    PinnedControl,
    Risk,
    Treatment,
)
from buttress.register.files.register import Register
from buttress.register.values.controls import family_of
from buttress.register.values.decisions import UNDECIDED, AcceptanceName, Decisions
from buttress.register.values.estimates import efficacy_of, frequency_of, magnitude_of
from buttress.register.values.facts import effective
from buttress.risks.decisions import AcceptanceStanding
from buttress.risks.records.risk import (
    AcceptanceFact,
    AssessmentFact,
    EffectRecord,
    Method,
    OverrideRecord,
    RiskRecord,
    TreatmentFact,
)

COMMON_MODE = 0.2
"""Shared part of controls with one mechanism where the link states none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the figures of assessments are read with: scale versions up to the day, rates, the organisation's currency."""

    scales: tuple[ScaleVersion, ...]
    rates: RateTable

    @property
    def currency(self) -> str:
        return self.rates.reporting

    def scale_on(self, day: date) -> ScaleVersion:
        """The version in force on `day`, else the first."""
        by_then = [scale for scale in self.scales if scale.effective_on <= day]
        return by_then[-1] if by_then else self.scales[0]


def risks_of(register: Register, reading: Reading, as_of: date, decisions: Decisions = UNDECIDED) -> tuple[Risk, ...]:
    """Risks identified by `as_of` and not closed by then."""
    return tuple(
        _risk(ref, record, register, Context(reading, as_of, decisions))
        for ref, record in register.risks.items()
        if (record.identified_on is None or record.identified_on <= as_of)
        and (record.closed_on is None or record.closed_on > as_of)
    )


@dataclass(frozen=True, slots=True)
class Context:
    """What a risk is read in: its figures with `reading`, its facts as of a day, its acceptances with what was decided."""

    reading: Reading
    as_of: date
    decisions: Decisions


def _risk(ref: str, record: RiskRecord, register: Register, context: Context) -> Risk:
    as_of = context.as_of
    return Risk(
        ref,
        record.title,
        record.statement.cause,
        record.statement.event,
        record.statement.consequence,
        record.categories,
        record.kind,
        record.owner,
        record.assets,
        record.objectives,
        record.vendors,
        record.criteria,
        record.threat,
        record.is_fraud,
        record.identified_on,
        None,
        record.modifies,
        _assessments(effective(record.assessments, as_of), context.reading),
        tuple(_effect(effect, register) for effect in effective(record.effects, as_of)),
        tuple(_treatment(treatment, as_of) for treatment in effective(record.treatments, as_of)),
        tuple(
            _acceptance(acceptance, decided, context.reading)
            for acceptance, decided in acceptances_of(ref, record.acceptances, as_of, context.decisions.acceptances)
        ),
    )


def acceptances_of(
    ref: str,
    facts: Iterable[AcceptanceFact],
    as_of: date,
    standings: Mapping[AcceptanceName, AcceptanceStanding],
) -> list[tuple[AcceptanceFact, AcceptanceStanding]]:
    """The acceptances of a risk on a day with what was decided about each, oldest first.

    A request that was refused or withdrawn before anybody confirmed it never was an acceptance, and is left out.
    """
    decided = [
        (fact, standings.get((ref, fact.effective_on, fact.key), AcceptanceStanding()))
        for fact in effective(facts, as_of)
    ]
    return [
        (fact, standing)
        for fact, standing in decided
        if standing.ended is None or standing.is_confirmed or fact.attested_document is not None
    ]


def _assessments(facts: Iterable[AssessmentFact], reading: Reading) -> tuple[Assessment, ...]:
    """In order; a review stands on the basis of the figures that it confirms."""
    assessments: list[Assessment] = []
    for fact in facts:
        if fact.method is Method.UNCHANGED:
            figures = [each for each in assessments if not each.is_review]
            basis = figures[-1].basis if figures else Basis(BasisKind.INHERENT)
            assessments.append(_assessment(fact, basis, reading))
        else:
            assessments.append(_assessment(fact, _basis(fact), reading))
    return tuple(assessments)


def _assessment(fact: AssessmentFact, basis: Basis, reading: Reading) -> Assessment:
    magnitude: MagnitudeEstimate | None = magnitude_of(fact)
    scale = reading.scale_on(fact.effective_on)
    return Assessment(
        fact.effective_on,
        basis,
        frequency_of(fact.frequency) if fact.frequency else None,
        magnitude,
        fact.currency or (scale.currency if fact.method is Method.LEVELS else reading.currency),
        scale.version,
        fact.round,
        fact.estimators,
        fact.rationale or "",
        fact.source,
        _override(fact.override, scale, reading) if fact.override else None,
    )


def _override(record: OverrideRecord, scale: ScaleVersion, reading: Reading) -> CellOverride:
    """Levels set by hand as levels of the version now in force, where a newer one came: those of their bands' centres."""
    now = reading.scales[-1]
    if now is scale:
        return CellOverride(record.likelihood, record.impact, record.reason)
    unit = 1.0
    if now.currency != scale.currency:
        unit = reading.rates.rate(scale.currency) / reading.rates.rate(now.currency)
    return CellOverride(
        likelihood_level(now, scale.likelihood[record.likelihood - 1].centre),
        impact_level(now, scale.impact[record.impact - 1].centre * unit),
        record.reason,
    )


def _basis(fact: AssessmentFact) -> Basis:
    assert fact.basis is not None, "the reader refuses figures without a basis"
    if fact.controls is None:
        return Basis(fact.basis)
    return Basis(fact.basis, tuple(PinnedControl(ref, efficacy) for ref, efficacy in fact.controls.items()))


def _effect(record: EffectRecord, register: Register) -> Effect:
    return Effect(
        record.control,
        record.factor,
        record.works_by,
        efficacy_of(record.efficacy),
        record.variant_efficacy,
        record.mechanism or family_of(record.control, register.controls.get(record.control)),
        COMMON_MODE if record.common_mode is None else record.common_mode,
        record.effective_on,
        record.rationale or "",
    )


def _treatment(fact: TreatmentFact, as_of: date) -> Treatment:
    done_on = fact.done_on if fact.done_on is not None and fact.done_on <= as_of else None
    return Treatment(fact.effective_on, fact.response, fact.plan or "", fact.controls, fact.owner, fact.due_on, done_on)


def _acceptance(fact: AcceptanceFact, decided: AcceptanceStanding, reading: Reading) -> Acceptance:
    """A record only proposes a decision; that of its approver, or a document that attests one, makes it count."""
    loss = fact.ceiling.annual_loss
    return Acceptance(
        fact.effective_on,
        fact.accepted_by,
        fact.authority,
        fact.reason,
        fact.until,
        fact.ceiling.rating,
        None if loss is None else Money(loss, reading.currency),
        fact.requested_by,
        confirmed=decided.is_confirmed,
        attested_document=fact.attested_document,
        lapsed_on=decided.lapsed_on,
        lapse_reason=decided.lapse_reason,
        key=fact.key,
    )
