"""The register as of a date, as one frozen value: what every figure is computed from.

A folder of YAML, the database and a test all build this value; `posture` and `explain` see nothing else. Facts (rounds,
assessments, effects, treatments, acceptances, results, walkthroughs) are lists in order of their effective date, later
sequence last, and hold only what was effective by the end of `as_of`. References are the organisation's own (`R-014`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from buttress.core.appetite import Appetite
from buttress.core.estimates import FrequencyEstimate, MagnitudeEstimate, Pert, Point
from buttress.core.matrix import ScaleVersion
from buttress.core.money import Money, RateTable
from buttress.core.verdicts import ApprovedException, ControlTest, TestResult


class Category(StrEnum):
    """The five categories of the Trust Services Criteria."""

    SECURITY = "security"
    AVAILABILITY = "availability"
    PROCESSING_INTEGRITY = "processing_integrity"
    CONFIDENTIALITY = "confidentiality"
    PRIVACY = "privacy"


class RiskKind(StrEnum):
    EVENT = "event"
    CONDITION = "condition"


class Factor(StrEnum):
    """What an effect acts on. The last two carry no direct number: they act through other controls or estimates."""

    THREAT_EVENT_FREQUENCY = "threat_event_frequency"
    SUSCEPTIBILITY = "susceptibility"
    PRIMARY_LOSS = "primary_loss"
    SECONDARY_LOSS = "secondary_loss"
    RELIABILITY = "reliability_of_other_controls"
    DECISION_QUALITY = "decision_quality"

    @property
    def is_direct(self) -> bool:
        return self not in (Factor.RELIABILITY, Factor.DECISION_QUALITY)

    @property
    def is_frequency(self) -> bool:
        return self in (Factor.THREAT_EVENT_FREQUENCY, Factor.SUSCEPTIBILITY)


class EffectFunction(StrEnum):
    """How an effect works. Detection acts only together with response, and response only together with detection."""

    PREVENTION = "prevention"
    DETECTION = "detection"
    RESPONSE = "response"
    LOSS_REDUCTION = "loss_reduction"


class ControlKind(StrEnum):
    PREVENTIVE = "preventive"
    DETECTIVE = "detective"
    CORRECTIVE = "corrective"


class ControlMode(StrEnum):
    AUTOMATED = "automated"
    HYBRID = "hybrid"
    MANUAL = "manual"
    UNKNOWN = "unknown"


class Combination(StrEnum):
    """How several tests of one control combine: all conditions must hold."""

    MINIMUM = "minimum"
    PRODUCT = "product"


class Procedure(StrEnum):
    """Procedures of a test, in rising strength."""

    INQUIRY = "inquiry"
    OBSERVATION = "observation"
    INSPECTION = "inspection"
    REPERFORMANCE = "reperformance"


class Response(StrEnum):
    AVOID = "avoid"
    REDUCE = "reduce"
    SHARE = "share"
    ACCEPT = "accept"


class BasisKind(StrEnum):
    """What an estimate stands on: before controls; with the controls then in place; on the ordinary controls that
    organisations have from which a library figure was taken."""

    INHERENT = "inherent"
    WITH_CONTROLS = "with_controls"
    LIBRARY = "library"


class EngagementType(StrEnum):
    TYPE_1 = "type_1"
    TYPE_2 = "type_2"


@dataclass(frozen=True, slots=True)
class Organisation:
    name: str
    currency: str
    time_zone: str = "UTC"
    sole_operator: bool = False
    size: int | None = None
    sector: str | None = None
    annual_revenue_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """One audit: its type, period, categories and what was left out with the reason.

    `not_relevant` maps a criterion id or point-of-focus id to the reason why it is not relevant.
    """

    ref: str
    type: EngagementType
    period_start: date
    period_end: date
    categories: frozenset[Category]
    systems: tuple[str, ...] = ()
    subservice_method: str = "carve_out"
    not_relevant: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """A Trust Services Criterion; `categories` are those of which it is part (all five for the common criteria)."""

    id: str
    series: str
    label: str
    categories: frozenset[Category]


@dataclass(frozen=True, slots=True)
class Person:
    ref: str
    name: str
    email: str | None = None
    title: str | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Objective:
    """What the organisation wants, or (`kind` commitment) what it promised to customers."""

    ref: str
    statement: str
    kind: str
    owner: str | None = None
    categories: frozenset[Category] = frozenset()


@dataclass(frozen=True, slots=True)
class Asset:
    ref: str
    name: str
    kind: str
    owner: str | None = None
    in_scope: bool = True
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vendor:
    ref: str
    name: str
    tier: int | None = None
    owner: str | None = None
    services: str = ""
    is_subservice: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A change that may alter risks (CC3.4); its subject is named by kind and reference."""

    ref: str
    title: str
    effective_on: date
    subject: str | None = None
    assessed_on: date | None = None
    outcome: str | None = None
    risks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    ref: str
    title: str
    occurred_on: date
    risks: tuple[str, ...] = ()
    loss: Money | None = None
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class AssessmentRound:
    """One sitting of the risk assessment with what an auditor asks of it (CC3.2 to CC3.4)."""

    ref: str
    effective_on: date
    scope: str
    participants: tuple[str, ...]
    approver: str | None
    fraud_considered: bool
    change_considered: bool
    method: str = ""
    minutes: str = ""


@dataclass(frozen=True, slots=True)
class PinnedControl:
    """A control assumed by an estimate. `efficacy` (0..1) where the assessor stated one, else computed for that day."""

    control: str
    efficacy: float | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """`controls` is None where the assessor named none: then every control in place on the day is pinned."""

    kind: BasisKind
    controls: tuple[PinnedControl, ...] | None = None


@dataclass(frozen=True, slots=True)
class CellOverride:
    """Levels that a person set by hand over those that follow from the estimate."""

    likelihood: int
    impact: int
    reason: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """A dated statement about a risk.

    A review that changed nothing has neither `frequency` nor `magnitude` and says so in `rationale`; figures stay those
    of the assessment before it.
    """

    effective_on: date
    basis: Basis
    frequency: FrequencyEstimate | None
    magnitude: MagnitudeEstimate | None
    currency: str
    scale_version: str | None = None
    round: str | None = None
    estimators: tuple[str, ...] = ()
    rationale: str = ""
    source: str | None = None
    override: CellOverride | None = None

    @property
    def is_review(self) -> bool:
        return self.frequency is None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a control does to a risk: share of events or money it stops when it works.

    `efficacy` is PERT, or one number, in 0..1; `variant_efficacy` what is left while the control fails. Effects of one
    factor with the same `mechanism` overlap; `common_mode` (0 independent .. 1 best of) is their shared part.
    """

    control: str
    factor: Factor
    function: EffectFunction
    efficacy: Pert | Point | None
    variant_efficacy: float = 0.0
    mechanism: str | None = None
    common_mode: float | None = None
    effective_on: date | None = None
    rationale: str = ""


@dataclass(frozen=True, slots=True)
class Treatment:
    effective_on: date
    response: Response
    plan: str = ""
    controls: tuple[str, ...] = ()
    owner: str | None = None
    due_on: date | None = None
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A signed decision to bear a risk up to a ceiling (a rating, an annual loss, or both) until a date.

    `confirmed` is False while a folder only proposes it. `attested_document` names the paper that records a decision
    taken elsewhere. `key` tells it from others of the same risk and day.
    """

    effective_on: date
    accepted_by: str
    authority: str
    reason: str
    until: date
    ceiling_rating: str | None = None
    ceiling_annual_loss: Money | None = None
    requested_by: str | None = None
    confirmed: bool = False
    attested_document: str | None = None
    lapsed_on: date | None = None
    lapse_reason: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    ref: str
    title: str
    cause: str
    event: str
    consequence: str
    categories: frozenset[Category]
    kind: RiskKind = RiskKind.EVENT
    owner: str | None = None
    assets: tuple[str, ...] = ()
    objectives: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    threat: str | None = None
    is_fraud: bool = False
    identified_on: date | None = None
    closed_on: date | None = None
    modifies: tuple[str, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    effects: tuple[Effect, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()


@dataclass(frozen=True, slots=True)
class Walkthrough:
    """A test of design, and the record that a control is in place: procedure, date, by whom, conclusion."""

    effective_on: date
    performed_by: str
    procedure: Procedure
    is_suitable: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A measure with its life: planned, in place from a date, retired; or known to be lacking since a date."""

    ref: str
    title: str
    kind: ControlKind
    mode: ControlMode
    criteria: tuple[str, ...]
    owner: str | None = None
    frequency: str = "continuous"
    is_key: bool = False
    description: str = ""
    family: str = ""
    covers: tuple[str, ...] = ()
    planned_on: date | None = None
    in_place_on: date | None = None
    retired_on: date | None = None
    lacking_since: date | None = None
    lacking_reason: str = ""
    coverage: float | None = None
    combination: Combination = Combination.MINIMUM
    yearly_cost: Money | None = None
    walkthroughs: tuple[Walkthrough, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetState:
    """The newest snapshot of a data set by `as_of`, and how old it may be."""

    ref: str
    title: str
    effective_at: datetime | None
    rows: int | None
    max_age_hours: float | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RegisterSnapshot:
    """Everything that figures depend on, as of one date."""

    as_of: date
    organisation: Organisation
    scales: tuple[ScaleVersion, ...]
    appetite: Appetite | None = None
    engagement: Engagement | None = None
    rates: RateTable = field(default_factory=lambda: RateTable("USD"))
    criteria: tuple[Criterion, ...] = ()
    risks: tuple[Risk, ...] = ()
    controls: tuple[Control, ...] = ()
    tests: tuple[ControlTest, ...] = ()
    results: tuple[TestResult, ...] = ()
    exceptions: tuple[ApprovedException, ...] = ()
    persons: tuple[Person, ...] = ()
    objectives: tuple[Objective, ...] = ()
    assets: tuple[Asset, ...] = ()
    vendors: tuple[Vendor, ...] = ()
    changes: tuple[Change, ...] = ()
    incidents: tuple[Incident, ...] = ()
    rounds: tuple[AssessmentRound, ...] = ()
    datasets: tuple[DatasetState, ...] = ()
    known_at: datetime | None = None
    core_version: str = ""

    @property
    def scale(self) -> ScaleVersion:
        """The scale version in force on `as_of`: the last of `scales`."""
        return self.scales[-1]
