"""Risks with their facts: assessments, effects of controls, treatments and acceptances."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from buttress.core.snapshot import BasisKind, EffectFunction, Factor, Response, RiskKind
from buttress.formats.fields import (
    AssetRef,
    AssumedControlRef,
    Categories,
    ControlRef,
    CriterionRef,
    Currency,
    Fact,
    Facts,
    Links,
    NotNegativeAmount,
    ObjectiveRef,
    PersonRef,
    Positive,
    RiskRef,
    RoundRef,
    Share,
    ThreatRef,
    VendorRef,
    not_before,
    repeated,
)
from buttress.formats.models import Complaint, Day, Flag, Ref, StrictModel, Text, complain, unfit
from buttress.risks.records.estimates import (
    EfficacyRecord,
    FrequencyRecord,
    LevelNumber,
    LossRecord,
    SecondaryRecord,
)


class Method(StrEnum):
    """In money; in levels chosen by hand; or a review that changed nothing."""

    MONEY = "money"
    LEVELS = "levels"
    UNCHANGED = "unchanged"


class StatementRecord(StrictModel):
    cause: Text
    event: Text
    consequence: Text


class OverrideRecord(StrictModel):
    """Levels set by hand over those that follow from the estimate."""

    likelihood: LevelNumber
    impact: LevelNumber
    reason: Text


_FIGURES = ("frequency", "loss", "cap", "secondary")


class AssessmentFact(Fact):
    """A dated statement about a risk: how often, how much, and what the figures stand on."""

    round: RoundRef | None = None
    method: Method = Method.MONEY
    basis: BasisKind | None = None
    controls: dict[AssumedControlRef, Share | None] | None = None
    frequency: FrequencyRecord | None = None
    loss: LossRecord | None = None
    cap: Positive | None = None
    secondary: SecondaryRecord | None = None
    currency: Currency | None = None
    estimators: Links[PersonRef] = ()
    rationale: Text | None = None
    source: Text | None = None
    override: OverrideRecord | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(self._review() if self.method is Method.UNCHANGED else [*self._figures(), *self._basis()])
        return self

    def _review(self) -> Iterator[Complaint]:
        for field in (*_FIGURES, "basis", "controls"):
            if getattr(self, field) is not None:
                advice = "A review without change keeps the figures of the assessment before it."
                yield Complaint((field,), f"{field} with method unchanged", "neither figures nor basis", advice)
        if self.rationale is None:
            yield Complaint(("rationale",), "nothing", "why nothing changed", "Add rationale.")

    def _figures(self) -> Iterator[Complaint]:
        in_levels = self.method is Method.LEVELS
        for field in ("frequency", "loss"):
            given = getattr(self, field)
            if given is None:
                yield Complaint((field,), "nothing", "an estimate", f"Add {field}, or say method: unchanged.")
            elif given.is_level and not in_levels:
                yield Complaint((field,), "a level", "an estimate in figures", "Say method: levels, or give figures.")
            elif in_levels and not given.is_level:
                yield Complaint(
                    (field,), "figures", "a level such as {level: 3}", "Say method: money, or give a level."
                )
        if self.secondary is not None and self.secondary.loss.is_level:
            yield Complaint(("secondary", "loss"), "a level", "an estimate in figures")

    def _basis(self) -> Iterator[Complaint]:
        if self.basis is None:
            advice = "inherent: before controls; with_controls: with those in place; library: on those listed."
            yield Complaint(("basis",), "nothing", "what the estimate stands on", advice)
        if self.basis is BasisKind.LIBRARY and not self.controls:
            advice = "Name the ordinary controls on which the library figure stands."
            yield Complaint(("controls",), "nothing", "the controls of the library entry", advice)
        if self.basis is BasisKind.INHERENT and self.controls:
            yield Complaint(("controls",), "controls", "none, as an inherent estimate stands before controls")


class EffectRecord(StrictModel):
    """What a control does to the risk. `variant_efficacy` is what is left of it while it fails."""

    control: AssumedControlRef
    effective_on: Day | None = None
    retracted: Text | None = None
    factor: Factor
    function: EffectFunction | None = None
    efficacy: EfficacyRecord | None = None
    variant_efficacy: Share = 0.0
    mechanism: Text | None = None
    common_mode: Share | None = None
    rationale: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain([*self._efficacy(), *self._function()])
        return self

    @property
    def works_by(self) -> EffectFunction:
        """The function as given, else the ordinary one of the factor."""
        ordinary = EffectFunction.PREVENTION if self.factor.is_frequency else EffectFunction.LOSS_REDUCTION
        return self.function or (ordinary if self.factor.is_direct else EffectFunction.PREVENTION)

    def _efficacy(self) -> Iterator[Complaint]:
        if self.factor.is_direct and self.efficacy is None:
            yield Complaint(("efficacy",), "nothing", "low, likely and high", f"{self.factor} acts by a number.")
        if not self.factor.is_direct and self.efficacy is not None:
            advice = "It acts through other controls or estimates; say how in rationale."
            yield Complaint(("efficacy",), "a number", f"none, as {self.factor} has no direct number", advice)
        if self.efficacy is not None and self.variant_efficacy > self.efficacy.high:
            expected = f"at most the efficacy while it works ({self.efficacy.high:g})"
            yield Complaint(("variant_efficacy",), f"{self.variant_efficacy:g}", expected)

    def _function(self) -> Iterator[Complaint]:
        if not self.factor.is_direct or self.function is None:
            return
        if self.function is EffectFunction.PREVENTION and not self.factor.is_frequency:
            advice = "Prevention makes events rarer; loss_reduction makes them cheaper."
            yield Complaint(("function",), "prevention", f"a function that fits {self.factor}", advice)
        if self.function is EffectFunction.LOSS_REDUCTION and self.factor.is_frequency:
            advice = "Prevention makes events rarer; loss_reduction makes them cheaper."
            yield Complaint(("function",), "loss_reduction", f"a function that fits {self.factor}", advice)


def _effects(effects: tuple[EffectRecord, ...]) -> tuple[EffectRecord, ...]:
    complain(
        Complaint(
            (position, "control"),
            f"a second effect of {effect.control} on {effect.factor} from the same day",
            "one effect of a control on a factor at a time",
            "Give the newer one its effective_on.",
        )
        for position, effect in repeated(effects, lambda effect: (effect.control, effect.factor, effect.effective_on))
    )
    return effects


class TreatmentFact(Fact):
    response: Response
    plan: Text | None = None
    controls: Links[ControlRef] = ()
    owner: PersonRef | None = None
    due_on: Day | None = None
    done_on: Day | None = None


class CeilingRecord(StrictModel):
    """Up to which residual rating or annual loss (in the organisation's currency) the acceptance holds."""

    rating: Text | None = None
    annual_loss: NotNegativeAmount | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.rating is None and self.annual_loss is None:
            complain([Complaint((), "neither rating nor annual_loss", "at least one of them")])
        return self


class AcceptanceFact(Fact):
    """A decision to bear the risk. Without `attested_document` it is a proposal that counts for nothing yet."""

    accepted_by: PersonRef
    authority: Text
    requested_by: PersonRef | None = None
    reason: Text
    until: Day
    ceiling: CeilingRecord
    attested_document: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(not_before(self, "until", "effective_on"))
        return self


def _some(categories: Categories) -> Categories:
    if not categories:
        raise unfit([], "at least one category")
    return categories


class RiskRecord(StrictModel):
    """A risk outlives its assessments: statement, links, life, and its facts."""

    title: Text
    statement: StatementRecord
    categories: Annotated[Categories, AfterValidator(_some)]
    kind: RiskKind = RiskKind.EVENT
    owner: PersonRef | None = None
    assets: Links[AssetRef] = ()
    objectives: Links[ObjectiveRef] = ()
    vendors: Links[VendorRef] = ()
    criteria: Links[CriterionRef] = ()
    threat: ThreatRef | None = None
    is_fraud: Flag = False
    identified_on: Day | None = None
    closed_on: Day | None = None
    formerly: Ref | None = None
    modifies: Links[RiskRef] = ()
    library: Ref | None = None
    assessments: Facts[AssessmentFact] = ()
    effects: Annotated[tuple[EffectRecord, ...], AfterValidator(_effects)] = ()
    treatments: Facts[TreatmentFact] = ()
    acceptances: Facts[AcceptanceFact] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain([*not_before(self, "closed_on", "identified_on"), *self._kind(), *self._reviews()])
        return self

    def _kind(self) -> Iterator[Complaint]:
        if self.kind is RiskKind.EVENT:
            if self.modifies:
                advice = "Only a condition makes other risks worse; say kind: condition."
                yield Complaint(("modifies",), "risks that an event modifies", "none", advice)
            return
        if not self.modifies:
            yield Complaint(("modifies",), "nothing", "the risks that the condition makes worse", "Add modifies.")
        for position, assessment in enumerate(self.assessments):
            if assessment.method is Method.MONEY:
                advice = "A condition has no events of its own; assess the risks it modifies."
                yield Complaint(
                    ("assessments", position), "a condition assessed in money", "levels or unchanged", advice
                )

    def _reviews(self) -> Iterator[Complaint]:
        figures = [a.effective_on for a in self.assessments if a.method is not Method.UNCHANGED and a.retracted is None]
        first = min(figures, default=date.max)
        for position, assessment in enumerate(self.assessments):
            if assessment.method is Method.UNCHANGED and assessment.effective_on < first and not assessment.retracted:
                found = "a review without an earlier assessment"
                yield Complaint(("assessments", position), found, "an assessment with figures before it")
