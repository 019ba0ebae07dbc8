"""One risk at its three stages: inherent, residual and target, from one estimate and the controls around it.

The estimate stands on a basis. Controls of the basis are pinned at the efficacy of the assessment's day (a library
estimate: at the prior of their type), and each stage multiplies the estimate by its product over the pinned product:

    inherent = estimate / pinned          residual = estimate x now / pinned          target = with planned controls too

so that the stages differ by controls and never by arithmetic. A control that came into place after the assessment
multiplies with nothing pinned; one that worked before it but stands outside the basis changes nothing until the risk is
assessed again. A stated inherent overrides the derived one; a derived one is capped at 20 times the estimate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from buttress.core.annual_loss import AnnualLoss
from buttress.core.effectiveness import FactorShare, LinkShare, combine, efficacy_of
from buttress.core.frequency import frequency_law
from buttress.core.magnitude import magnitude_law
from buttress.core.matrix import ScaleVersion
from buttress.core.moments import ONE, Moments, certain
from buttress.core.money import RateTable
from buttress.core.operating_state import ControlStatus, OperatingState
from buttress.core.snapshot import Assessment, Basis, BasisKind, Effect, Factor, Risk

INHERENT_CAP = 20.0
"""Most that a derived inherent frequency or loss may exceed the estimate by."""


class Stage(StrEnum):
    """Before controls; with controls as evidence shows them today; with the planned controls too."""

    INHERENT = "inherent"
    RESIDUAL = "residual"
    TARGET = "target"


States = Callable[[str, date], OperatingState]
"""Operating state of a control (by reference) on a day."""

StateNow = Callable[[str], OperatingState]
"""Operating state of a control (by reference) on the day asked about."""


@dataclass(frozen=True, slots=True)
class StageShares:
    """What frequency, primary and secondary loss of the estimate are multiplied by at one stage."""

    frequency: FactorShare
    primary: FactorShare
    secondary: FactorShare

    @property
    def sides(self) -> tuple[FactorShare, FactorShare, FactorShare]:
        return self.frequency, self.primary, self.secondary


@dataclass(frozen=True, slots=True)
class StagedRisk:
    """A risk's law at each stage, and the shares that led from the estimate to the residual and to the target.

    `inherent_assessment` is the one whose figures are the inherent, None where these are derived.
    """

    assessment: Assessment
    estimate: AnnualLoss
    inherent: AnnualLoss
    residual: AnnualLoss
    target: AnnualLoss
    shares: StageShares
    target_shares: StageShares
    inherent_assessment: Assessment | None
    is_inherent_capped: bool

    @property
    def is_inherent_stated(self) -> bool:
        return self.inherent_assessment is not None


def current_assessment(risk: Risk, as_of: date) -> Assessment | None:
    """The last assessment with figures effective by `as_of`.

    Where one sitting stated the risk before controls and with them, the figures with controls are the current ones.
    """
    figures = [a for a in risk.assessments if not a.is_review and a.effective_on <= as_of]
    if not figures:
        return None
    last = [a for a in figures if a.effective_on == figures[-1].effective_on]
    with_controls = [a for a in last if a.basis.kind is not BasisKind.INHERENT]
    return (with_controls or last)[-1]


def estimated_loss(assessment: Assessment, scales: Sequence[ScaleVersion], rates: RateTable) -> AnnualLoss:
    """The law of the estimate itself, in the reporting currency; levels are read in the assessment's own scale version."""
    assert assessment.frequency is not None
    assert assessment.magnitude is not None
    scale = scale_of(assessment, scales)
    magnitude = magnitude_law(assessment.magnitude, scale, rates.rate(assessment.currency))
    return AnnualLoss(frequency_law(assessment.frequency, scale), magnitude)


def scale_of(assessment: Assessment, scales: Sequence[ScaleVersion]) -> ScaleVersion:
    """The version named by the assessment, else the one in force on its day, else the first there is."""
    for scale in scales:
        if scale.version == assessment.scale_version:
            return scale
    in_force = [s for s in scales if s.effective_on <= assessment.effective_on]
    return in_force[-1] if in_force else scales[0]


EstimateOf = Callable[[Assessment], AnnualLoss]
"""The law of an assessment's own figures, in the reporting currency."""


def staged(
    risk: Risk,
    assessment: Assessment,
    estimate_of: EstimateOf,
    states: States,
    as_of: date,
    now: StateNow | None = None,
) -> StagedRisk:
    """The stages of one risk on `as_of` from one of its assessments and the effects linked to it.

    `now` replaces the states of that day in what-ifs; what the assessment pinned on its own day stays.
    """
    estimate = estimate_of(assessment)
    links = link_shares(risk.effects, assessment, states, as_of, now)
    shares = _shares(links)
    target = _shares([_in_target(link) for link in links])
    inherent, is_capped = _derived_inherent(estimate, shares)
    stated = stated_inherent(risk, assessment, as_of)
    if stated is not None:
        inherent, is_capped = estimate_of(stated), False
    return StagedRisk(
        assessment,
        estimate,
        inherent,
        apply_shares(estimate, shares),
        apply_shares(estimate, target),
        shares,
        target,
        inherent_assessment=stated,
        is_inherent_capped=is_capped,
    )


def stated_inherent(risk: Risk, current: Assessment, as_of: date) -> Assessment | None:
    """The last assessment before controls, where there is one: it overrides what is derived."""
    if current.basis.kind is BasisKind.INHERENT:
        return current
    stated = [
        a
        for a in risk.assessments
        if a.basis.kind is BasisKind.INHERENT and not a.is_review and a.effective_on <= as_of
    ]
    return stated[-1] if stated else None


def apply_shares(estimate: AnnualLoss, shares: StageShares) -> AnnualLoss:
    """The estimate with its frequency and losses multiplied by the ratios of `shares`."""
    ratio = shares.frequency.ratio
    return AnnualLoss(
        estimate.frequency.scaled(ratio.mean, ratio.second),
        estimate.magnitude.scaled(shares.primary.ratio.mean, shares.secondary.ratio.mean),
    )


def _derived_inherent(estimate: AnnualLoss, shares: StageShares) -> tuple[AnnualLoss, bool]:
    factors = [1.0 / side.pinned for side in (shares.frequency, shares.primary, shares.secondary)]
    kept = [min(f, INHERENT_CAP) for f in factors]
    frequency, primary, secondary = kept
    law = AnnualLoss(estimate.frequency.scaled(frequency, frequency**2), estimate.magnitude.scaled(primary, secondary))
    return law, kept != factors


def _shares(links: Sequence[LinkShare]) -> StageShares:
    return StageShares(
        combine(links, lambda factor: factor.is_frequency),
        combine(links, lambda factor: factor is Factor.PRIMARY_LOSS),
        combine(links, lambda factor: factor is Factor.SECONDARY_LOSS),
    )


def link_shares(
    effects: Sequence[Effect], assessment: Assessment, states: States, as_of: date, now: StateNow | None = None
) -> list[LinkShare]:
    """For each direct effect in force on `as_of`, the share let through now and the share pinned."""
    links = []
    for effect in _in_force(effects, as_of):
        state = now(effect.control) if now else states(effect.control, as_of)
        pin = _pinned_share(effect, assessment, states)
        share, note = share_now(effect, state, assessment, is_pinned=pin.is_pinned)
        links.append(LinkShare(effect, state, share, pin.share, pin.is_pinned, note, pin.source, pin.state))
    return links


def _in_force(effects: Sequence[Effect], as_of: date) -> list[Effect]:
    """The newest version of each control's effect on each factor that is effective by `as_of`."""
    newest = {
        (e.control, e.factor): e
        for e in sorted(effects, key=lambda e: e.effective_on or date.min)
        if e.factor.is_direct and e.efficacy is not None and (e.effective_on is None or e.effective_on <= as_of)
    }
    return list(newest.values())


@dataclass(frozen=True, slots=True)
class _Pin:
    """What an estimate assumes that a control lets through, and where that comes from."""

    share: float
    source: str
    is_pinned: bool = True
    state: OperatingState | None = None


def _pinned_share(effect: Effect, assessment: Assessment, states: States) -> _Pin:
    basis, day = assessment.basis, assessment.effective_on
    if basis.kind is BasisKind.INHERENT:
        return _Pin(1.0, "the estimate stands before controls", is_pinned=False)
    state = states(effect.control, day)
    if not _stands_in(basis, effect.control, state):
        return _Pin(1.0, "outside the basis of the estimate", is_pinned=False)
    stated = next((p.efficacy for p in basis.controls or () if p.control == effect.control), None)
    if stated is not None:
        return _Pin(1.0 - stated, f"1 − {stated:g}, the efficacy that the assessor stated")
    if basis.kind is BasisKind.LIBRARY:
        state, source = state.at_prior(), "an ordinary control of the library, at the prior of its type"
    elif not state.status.counts_in_residual:
        state, source = state.at_prior(), f"{state.status.value} on {day}: at the prior of its type"
    else:
        source = f"as evidence showed the control on {day}"
    return _Pin(1.0 - efficacy_of(effect, state).mean, source, state=state)


def _stands_in(basis: Basis, control: str, on_the_day: OperatingState) -> bool:
    if basis.controls is None:
        return on_the_day.status.counts_in_residual
    return any(p.control == control for p in basis.controls)


def share_now(effect: Effect, state: OperatingState, assessment: Assessment, *, is_pinned: bool) -> tuple[Moments, str]:
    """The share that a control in `state` lets through, and in words why where that is not its evidence's doing."""
    status = state.status
    if status.is_absent:
        return ONE, f"{status.value}: lets everything through"
    if is_pinned:
        if status.counts_in_residual:
            return efficacy_of(effect, state).complement, ""
        return _still_assumed(effect, state, assessment)
    if not status.counts_in_residual:
        return ONE, f"{status.value}: counts in target only"
    if assessment.basis.kind is not BasisKind.INHERENT and not _came_after(state, assessment):
        return ONE, "worked before the assessment but outside its basis: nothing until reassessed"
    return efficacy_of(effect, state).complement, ""


def _still_assumed(effect: Effect, state: OperatingState, assessment: Assessment) -> tuple[Moments, str]:
    """A pinned control that nobody recorded stays as the estimate assumed it, so that its ratio is 1."""
    stated = next((p.efficacy for p in assessment.basis.controls or () if p.control == effect.control), None)
    if stated is not None:
        return certain(1.0 - stated), f"{state.status.value}: stays as the estimate assumed it"
    return efficacy_of(effect, state.at_prior()).complement, f"{state.status.value}: stays as the estimate assumed it"


def _came_after(state: OperatingState, assessment: Assessment) -> bool:
    return state.in_place_on is not None and state.in_place_on > assessment.effective_on


def _in_target(link: LinkShare) -> LinkShare:
    """The link with a planned or unrecorded control at the prior of its type; all others as they are."""
    state = link.state
    joins = state.is_planned or (state.status is ControlStatus.UNRECORDED and not link.is_pinned)
    if not joins or state.status is ControlStatus.RETIRED:
        return link
    now = efficacy_of(link.effect, state.at_prior()).complement
    return replace(link, now=now, note="planned: at the prior of its type")
