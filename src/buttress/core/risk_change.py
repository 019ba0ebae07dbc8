"""Why one risk's expected annual residual loss moved between two snapshots, by cause, before rounding."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log

from buttress.core.annual_loss import AnnualLoss
from buttress.core.apportion import NEGLIGIBLE, split_by_logs
from buttress.core.control_causes import CauseKey, CauseKind, ControlHistory
from buttress.core.effectiveness import FactorShare, GroupShare, LinkShare
from buttress.core.operating_state import OperatingState
from buttress.core.route import Route, SideLogs
from buttress.core.snapshot import EffectFunction, Risk
from buttress.core.stages import StagedRisk, share_now, staged
from buttress.core.workings import Workings

Amounts = dict[CauseKey, float]
"""By cause: amount in the reporting currency a year; they add up to the move."""

_LEAST_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class _Factor:
    """A factor of the mean that moved: its log ratio, and the causes it is due to with their own log ratios."""

    log_ratio: float
    causes: tuple[tuple[CauseKey, float], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Amounts by cause, and the way from the old law to the new one."""

    amounts: Amounts
    route: Route


def change_of(risk_before: Risk, risk_after: Risk, old: Workings, new: Workings, history: ControlHistory) -> Change:
    """What moved a risk that has figures in both snapshots.

    First what controls and rates of exchange did to the estimate as it stood, then changed links, then a changed estimate.
    """
    first, last = old.staged[risk_before.ref], new.staged[risk_after.ref]
    as_of = new.snapshot.as_of
    in_force = tuple(e for e in risk_before.effects if e.effective_on is None or e.effective_on <= old.snapshot.as_of)
    kept = replace(risk_after, effects=in_force, assessments=risk_before.assessments)
    moved = staged(kept, first.assessment, new.estimates, new.states, as_of)
    relinked = by_assessment_before(risk_before, risk_after, old, new)
    amounts: defaultdict[CauseKey, float] = defaultdict(float)
    sides = _sides(first, moved, history)
    for term_before, term_after, factors in _terms(first, moved, sides):
        _share_out(amounts, term_before, term_after, factors)
    _whole(amounts, CauseKind.EFFECT_CHANGED, risk_after.ref, moved.residual, relinked.residual)
    _whole(amounts, CauseKind.ESTIMATE_CHANGED, risk_after.ref, relinked.residual, last.residual)
    moves = {key: amount for key, amount in amounts.items() if amount}
    if not moves and first.residual != last.residual:
        # Evidence can narrow or widen a law without moving its mean: the tail moves, and the cause is named with 0.
        moves = dict.fromkeys(_causes_of_spread(first, history), 0.0)
    return Change(moves, Route(first.residual, moved.residual, last.residual, _logs(sides)))


def by_assessment_before(risk_before: Risk, risk_after: Risk, old: Workings, new: Workings) -> StagedRisk:
    """Today's controls and links on the estimate of the earlier day: what the risk would be had nobody assessed it anew."""
    kept = replace(risk_after, assessments=risk_before.assessments)
    first = old.staged[risk_before.ref].assessment
    return staged(kept, first, new.estimates, new.states, new.snapshot.as_of)


def _causes_of_spread(first: StagedRisk, history: ControlHistory) -> list[CauseKey]:
    links = [link for side in first.shares.sides for group in side.groups for link in group.links]
    keys = []
    for control in dict.fromkeys(link.effect.control for link in links):
        state = history.before(control)
        for step in history.steps(control):
            if (step.state.reliability, step.state.coverage) != (state.reliability, state.coverage):
                keys.append(step.cause)
            state = step.state
    return keys


def _whole(amounts: Amounts, kind: CauseKind, ref: str, before: AnnualLoss, after: AnnualLoss) -> None:
    amounts[CauseKey(kind, ref)] += after.mean - before.mean


_Sides = tuple[list[_Factor], list[_Factor], list[_Factor]]
"""Factors that moved, by side: frequency, primary loss, secondary loss. A rate of exchange acts on both losses."""


def _sides(first: StagedRisk, moved: StagedRisk, history: ControlHistory) -> _Sides:
    sides = zip(first.shares.sides, moved.shares.sides, strict=True)
    frequency, primary, secondary = (_factors(before, after, first, history) for before, after in sides)
    rate = _rate_factor(first, moved)
    return frequency, [*primary, *rate], [*secondary, *rate]


def _logs(sides: _Sides) -> dict[CauseKey, SideLogs]:
    """By cause and side: its part of the log ratios of the factors."""
    logs: defaultdict[CauseKey, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for place, factors in enumerate(sides):
        for factor in factors:
            total = sum(ratio for _, ratio in factor.causes)
            for key, ratio in factor.causes:
                share = ratio / total if abs(total) > NEGLIGIBLE else 1 / len(factor.causes)
                logs[key][place] += factor.log_ratio * share
    return {key: (found[0], found[1], found[2]) for key, found in logs.items()}


def _terms(first: StagedRisk, moved: StagedRisk, sides: _Sides) -> list[tuple[float, float, list[_Factor]]]:
    """Primary and secondary loss apart, each a product: (mean before, mean after, factors that moved)."""
    frequency, primary, secondary = sides
    terms = [(_primary(first.residual), _primary(moved.residual), [*frequency, *primary])]
    if first.estimate.magnitude.secondary is not None:
        terms.append((_secondary(first.residual), _secondary(moved.residual), [*frequency, *secondary]))
    return terms


def _primary(law: AnnualLoss) -> float:
    return law.frequency.mean * law.magnitude.primary.mean


def _secondary(law: AnnualLoss) -> float:
    magnitude = law.magnitude
    loss = magnitude.secondary.mean if magnitude.secondary else 0.0
    return law.frequency.mean * magnitude.secondary_probability * loss


def _rate_factor(first: StagedRisk, moved: StagedRisk) -> list[_Factor]:
    before, after = first.estimate.magnitude.primary.mean, moved.estimate.magnitude.primary.mean
    if before == after or not before or not after:
        return []
    ratio = log(after / before)
    return [_Factor(ratio, ((CauseKey(CauseKind.RATE_CHANGED, first.assessment.currency), ratio),))]


def _share_out(amounts: Amounts, before: float, after: float, factors: Sequence[_Factor]) -> None:
    parts = split_by_logs(before, after, [f.log_ratio for f in factors])
    for factor, part in zip(factors, parts, strict=True):
        logs = [ratio for _, ratio in factor.causes]
        # The group's part goes to its controls as if it were a move of its own, from 1 to e^ratio, scaled to the part.
        inner = split_by_logs(1.0, exp(factor.log_ratio), logs)
        total = sum(inner)
        for (key, _), share in zip(factor.causes, inner, strict=True):
            amounts[key] += part * share / total if total else part / len(inner)


def _factors(before: FactorShare, after: FactorShare, first: StagedRisk, history: ControlHistory) -> list[_Factor]:
    factors = []
    for old, new in zip(before.groups, after.groups, strict=True):
        ratio = _log_ratio(old.now.mean, new.now.mean)
        causes = _causes_in_group(new, first, history)
        if ratio and causes:
            factors.append(_Factor(ratio, causes))
    if before.floored != after.floored:
        ratio = log(after.floored / before.floored)
        factors.append(_Factor(ratio, ((CauseKey(CauseKind.FLOOR_REACHED, first.assessment.round or ""), ratio),)))
    return factors


def _log_ratio(before: float, after: float) -> float:
    return log(max(after, _LEAST_SHARE) / max(before, _LEAST_SHARE))


def _causes_in_group(new: GroupShare, first: StagedRisk, history: ControlHistory) -> tuple[tuple[CauseKey, float], ...]:
    """Log ratios of every link of the group, split by the causes that moved its control."""
    causes: defaultdict[CauseKey, float] = defaultdict(float)
    for link in new.links:
        for key, ratio in _link_causes(link, first, history):
            causes[key] += ratio
    return tuple((key, ratio) for key, ratio in sorted(causes.items()) if abs(ratio) > 1e-15)


def _link_causes(link: LinkShare, first: StagedRisk, history: ControlHistory) -> list[tuple[CauseKey, float]]:
    control = link.effect.control
    paired = link.effect.function in (EffectFunction.DETECTION, EffectFunction.RESPONSE)

    def measure(state_share: float) -> float:
        # Detection and response multiply by what they stop, not by what they let through; less stopped raises.
        return -log(max(1.0 - state_share, _LEAST_SHARE)) if paired else log(max(state_share, _LEAST_SHARE))

    def share(state: OperatingState) -> float:
        return share_now(link.effect, state, first.assessment, is_pinned=link.is_pinned)[0].mean

    level = measure(share(history.before(control)))
    causes = []
    for step in history.steps(control):
        reached = measure(share(step.state))
        causes.append((step.cause, reached - level))
        level = reached
    return causes
