"""What a control does to a risk as evidence shows it today: the share it lets through, alone and beside others.

Operational efficacy of a link is coverage x [reliability x efficacy + (1 - reliability) x variant efficacy] (the form of
FAIR-CAM v1.0); the share let through is q = 1 - that. Reliability, coverage and efficacy are taken as independent, so first
and second moments are closed form. Controls of one factor and mechanism overlap by the beta-factor rule
q = (1 - rho) prod q_j + rho min q_j; between mechanisms shares multiply. Detection acts only together with response:
1 - (1 - q_detection)(1 - q_response). A product below 1 % is held there.

Exact: all means. Approximate: the minimum of overlapping controls is the one with the least mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from buttress.core.estimates import Pert, Point
from buttress.core.moments import ONE, Moments, certain
from buttress.core.operating_state import OperatingState
from buttress.core.snapshot import Effect, EffectFunction, Factor

FLOOR = 0.01
"""Least share that all controls of one factor together let through."""

_PAIRED = (EffectFunction.DETECTION, EffectFunction.RESPONSE)

COMMON_MODE = 0.2
"""Common-mode share of controls with the same mechanism where the link states none."""


def design_efficacy(estimate: Pert | Point) -> Moments:
    """Moments of the efficacy when the control works, from PERT (weight 4) or one number.

    >>> m = design_efficacy(Pert(10, 20, 60)); round(m.mean, 9), round(m.variance, 9)
    (25.0, 75.0)
    """
    if isinstance(estimate, Point):
        return certain(estimate.value)
    pert, width = estimate, estimate.high - estimate.low
    a = 1 + 4 * (pert.likely - pert.low) / width
    b = 1 + 4 * (pert.high - pert.likely) / width
    mean = (pert.low + 4 * pert.likely + pert.high) / 6
    return Moments(mean, mean**2 + width**2 * a * b / ((a + b) ** 2 * (a + b + 1)))


def efficacy_of(effect: Effect, state: OperatingState) -> Moments:
    """Moments of operational efficacy: coverage x [reliability x efficacy + (1 - reliability) x variant efficacy]."""
    v = effect.variant_efficacy
    if state.design_failure is not None or effect.efficacy is None:
        inner = certain(v if effect.efficacy is not None else 0.0)
    else:
        d, r = design_efficacy(effect.efficacy), state.reliability
        gain = d.second - 2 * v * d.mean + v * v
        inner = Moments(v + r.mean * (d.mean - v), v * v + 2 * v * r.mean * (d.mean - v) + r.second * gain)
    return state.coverage.times(inner)


@dataclass(frozen=True, slots=True)
class LinkShare:
    """One control on one risk: the share let through now, and the number pinned when the estimate was made.

    A control that does not count lets everything through, 1. `pinned_source` says in words where the pinned number comes
    from, and `pinned_state` is the state it was computed with, None where it was stated or nothing is pinned.
    """

    effect: Effect
    state: OperatingState
    now: Moments
    pinned: float
    is_pinned: bool
    note: str = ""
    pinned_source: str = ""
    pinned_state: OperatingState | None = None


@dataclass(frozen=True, slots=True)
class GroupShare:
    """Overlapping controls of one factor and mechanism, or detection with response.

    `inner` are the groups by mechanism that detection with response is made of, those of detection first.
    """

    factor: Factor
    mechanism: str
    links: tuple[LinkShare, ...]
    now: Moments
    pinned: float
    note: str = ""
    inner: tuple["GroupShare", ...] = ()

    @property
    def ratio(self) -> float:
        return self.now.mean / self.pinned

    @property
    def rule(self) -> str:
        """How the shares of the group come together, in a formula."""
        if self.inner:
            return "1 − (1 − q of detection) × (1 − q of response)"
        if len(self.links) == 1:
            return "one control"
        return f"q = (1 − ρ) × product + ρ × least, ρ = {_common_mode(self.links):g}"


@dataclass(frozen=True, slots=True)
class FactorShare:
    """All groups of the frequency side, of primary or of secondary loss: product now, product pinned, floors applied."""

    groups: tuple[GroupShare, ...]
    now: Moments
    pinned: float
    floored: float = 1.0

    @property
    def ratio(self) -> Moments:
        """What the estimate is multiplied by: the product now over the number pinned."""
        return Moments(self.now.mean / self.pinned, self.now.second / self.pinned**2)


def overlap(shares: Sequence[Moments], common_mode: float) -> Moments:
    """Beta-factor rule q = (1 - rho) prod q_j + rho min q_j, the minimum being the one with the least mean.

    >>> [round(overlap([certain(0.4), certain(0.5)], rho).mean, 12) for rho in (0, 0.2, 1)]
    [0.2, 0.24, 0.4]
    """
    if len(shares) == 1:
        return shares[0]
    least = min(range(len(shares)), key=lambda i: shares[i].mean)
    rest = Moments(1.0, 1.0)
    for i, share in enumerate(shares):
        if i != least:
            rest = rest.times(share)
    keep = 1.0 - common_mode
    blend = Moments(
        keep * rest.mean + common_mode,
        keep**2 * rest.second + 2 * keep * common_mode * rest.mean + common_mode**2,
    )
    return shares[least].times(blend)


def _common_mode(links: Sequence[LinkShare]) -> float:
    stated = [link.effect.common_mode for link in links if link.effect.common_mode is not None]
    return max(stated) if stated else COMMON_MODE


def _group(factor: Factor, mechanism: str, links: Sequence[LinkShare]) -> GroupShare:
    rho = _common_mode(links)
    now = overlap([link.now for link in links], rho)
    pinned = overlap([certain(link.pinned) for link in links], rho).mean
    return GroupShare(factor, mechanism, tuple(links), now, pinned)


def _by_mechanism(factor: Factor, links: Sequence[LinkShare]) -> list[GroupShare]:
    def mechanism(link: LinkShare) -> str:
        return link.effect.mechanism or link.effect.control.split("-")[0]

    ordered = sorted(links, key=lambda link: (mechanism(link), link.effect.control))
    return [_group(factor, name, list(group)) for name, group in groupby(ordered, key=mechanism)]


def _detect_and_respond(factor: Factor, links: Sequence[LinkShare]) -> list[GroupShare]:
    detection = [link for link in links if link.effect.function is EffectFunction.DETECTION]
    response = [link for link in links if link.effect.function is EffectFunction.RESPONSE]
    if not detection and not response:
        return []
    sides = [_by_mechanism(factor, side) for side in (detection, response)]
    if not detection or not response:
        missing = "response" if detection else "detection"
        return [
            GroupShare(
                factor, "detection and response", (*detection, *response), ONE, 1.0, f"no {missing}: acts not at all"
            )
        ]
    now, pinned = ONE, 1.0
    for side in sides:
        q, p = _product(side)
        now, pinned = now.times(q.complement), pinned * (1.0 - p)
    links_all, inner = (*detection, *response), (*sides[0], *sides[1])
    return [GroupShare(factor, "detection and response", links_all, now.complement, 1.0 - pinned, inner=inner)]


def _product(groups: Sequence[GroupShare]) -> tuple[Moments, float]:
    now, pinned = ONE, 1.0
    for group in groups:
        now, pinned = now.times(group.now), pinned * group.pinned
    return now, pinned


def combine(links: Sequence[LinkShare], belongs: Callable[[Factor], bool]) -> FactorShare:
    """Product over the groups of those links whose factor `belongs`, held at the floor."""
    groups: list[GroupShare] = []
    chosen = sorted((link for link in links if belongs(link.effect.factor)), key=lambda link: link.effect.factor)
    for factor, group in groupby(chosen, key=lambda link: link.effect.factor):
        members = list(group)
        groups += _by_mechanism(factor, [m for m in members if m.effect.function not in _PAIRED])
        groups += _detect_and_respond(factor, members)
    now, pinned = _product(groups)
    floored = 1.0
    if now.mean < FLOOR:
        floored = FLOOR / max(now.mean, FLOOR**3)
        now = Moments(FLOOR, max(min(now.second * floored**2, FLOOR), FLOOR**2))
    return FactorShare(tuple(groups), now, max(pinned, FLOOR), floored)
