"""What a control does to a risk as evidence shows it today: operating state, share let through, overlapping controls.

Operational efficacy of a link is coverage x [reliability x efficacy + (1 - reliability) x variant efficacy] (the form of
FAIR-CAM v1.0); the share let through is q = 1 - that. Reliability, coverage and efficacy are taken as independent, so first
and second moments are closed form. Controls of one factor and mechanism overlap by the beta-factor rule
q = (1 - rho) prod q_j + rho min q_j; between mechanisms shares multiply. Detection acts only together with response:
1 - (1 - q_detection)(1 - q_response). A product below 1 % is held there.

Exact: all means. Approximate: the minimum of overlapping controls is the one with the least mean.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import groupby
from math import prod, sqrt

from buttress.core.estimates import Pert, Point
from buttress.core.reliability import PRIORS, Beta, Evidence, Posterior, Share, passing_share, posterior
from buttress.core.snapshot import Combination, Control, Effect, EffectFunction, Factor
from buttress.core.verdicts import ControlTest, EffectMode, Exposure, TestResult, feeds_reliability, tolerable_rate

FLOOR = 0.01
"""Least share that all controls of one factor together let through."""

_PAIRED = (EffectFunction.DETECTION, EffectFunction.RESPONSE)

COMMON_MODE = 0.2
"""Common-mode share of controls with the same mechanism where the link states none."""


@dataclass(frozen=True, slots=True)
class Moments:
    """First and second raw moment of a quantity that evidence leaves uncertain."""

    mean: float
    second: float

    @property
    def variance(self) -> float:
        return max(self.second - self.mean**2, 0.0)

    @property
    def sd(self) -> float:
        return sqrt(self.variance)

    @property
    def complement(self) -> "Moments":
        """Moments of 1 - x."""
        mean = 1.0 - self.mean
        # The difference loses its digits near 0, where it could fall below the square of the mean.
        return Moments(mean, max(1.0 - 2.0 * self.mean + self.second, mean**2))

    def times(self, other: "Moments") -> "Moments":
        """Moments of the product with an independent quantity."""
        return Moments(self.mean * other.mean, self.second * other.second)


ONE = Moments(1.0, 1.0)


def certain(value: float) -> Moments:
    """Moments of a number that is known."""
    return Moments(value, value * value)


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


class ControlStatus(StrEnum):
    """Where a control stands on a day.

    Tested: evaluated results stand behind it. Attested: a walkthrough says it is in place, no test does. Unrecorded:
    the register says it is in place, nobody has walked through it. Assumed: never spoken of.
    """

    TESTED = "tested"
    ATTESTED = "attested"
    UNRECORDED = "unrecorded"
    ASSUMED = "assumed"
    PLANNED = "planned"
    LACKING = "lacking"
    RETIRED = "retired"

    @property
    def counts_in_residual(self) -> bool:
        return self in (ControlStatus.TESTED, ControlStatus.ATTESTED)

    @property
    def is_absent(self) -> bool:
        """The organisation says that it does not have the control today."""
        return self in (ControlStatus.PLANNED, ControlStatus.LACKING, ControlStatus.RETIRED)


@dataclass(frozen=True, slots=True)
class OperatingState:
    """A control on a day: status, reliability, coverage, and the evidence that led there."""

    control: str
    as_of: date
    status: ControlStatus
    prior: Beta
    reliability: Moments
    coverage: Moments
    coverage_source: str
    in_place_on: date | None = None
    is_planned: bool = False
    design_failure: str | None = None
    posteriors: tuple[tuple[str, Posterior], ...] = ()
    shares: tuple[tuple[str, Share], ...] = ()
    combination: Combination = Combination.MINIMUM

    def at_design(self) -> "OperatingState":
        """The same control working always and everywhere, as designed; one that is absent would come into place today."""
        return replace(
            self,
            status=ControlStatus.TESTED,
            reliability=ONE,
            coverage=ONE,
            design_failure=None,
            coverage_source="as designed",
            in_place_on=self.as_of if self.status.is_absent else self.in_place_on,
        )

    def at_prior(self) -> "OperatingState":
        """The same control at the prior of its type, as a planned control is counted in target."""
        return replace(
            self,
            status=ControlStatus.ATTESTED,
            reliability=Moments(self.prior.mean, self.prior.second_moment),
            coverage=ONE,
            coverage_source="assumed",
            design_failure=None,
            posteriors=(),
            shares=(),
        )


def assumed_state(control: str, prior: Beta, as_of: date) -> OperatingState:
    """A control that an estimate assumes and of which the register says nothing."""
    return OperatingState(
        control, as_of, ControlStatus.ASSUMED, prior, Moments(prior.mean, prior.second_moment), ONE, "assumed"
    )


@dataclass(frozen=True, slots=True)
class EvidenceOnControl:
    """The tests of one control and their results, as far as they feed it, in order of effective date."""

    tests: Mapping[str, ControlTest] = field(default_factory=dict)
    results: Sequence[TestResult] = ()


def operating_state(
    control: Control, evidence: EvidenceOnControl, as_of: date, read_on: Mapping[str, date] | None = None
) -> OperatingState:
    """Status, reliability and coverage of `control` on `as_of` from the runs made by then.

    Evidence ages up to `as_of`, or up to the date that `read_on` has for a test.
    """
    prior = PRIORS[control.mode]
    feeding = [r for r in evidence.results if r.as_of <= as_of and feeds_reliability(evidence.tests[r.test], r)]
    by_test = _by_test(feeding)
    posteriors, shares, failure = [], [], _failed_walkthrough(control, as_of)
    for name, results in by_test.items():
        test, day = evidence.tests[name], (read_on or {}).get(name, as_of)
        if test.mode is EffectMode.RELIABILITY:
            posteriors.append((name, posterior(prior, _evidence_of(test, _newest_of_clusters(results)), day)))
        elif test.mode is EffectMode.COVERAGE:
            shares.append((name, _share(prior, test, results[-1], day)))
        elif _design_failed(test, results[-1]):
            failure = f"design test {name} failed on {results[-1].effective_on}"
    coverage, source = _coverage(control, [(n, Moments(s.beta.mean, s.beta.second_moment)) for n, s in shares])
    return OperatingState(
        control.ref,
        as_of,
        _status(control, as_of, is_tested=bool(posteriors or shares)),
        prior,
        _reliability(control, prior, posteriors, has_coverage_tests=bool(shares)),
        coverage,
        source,
        control.in_place_on,
        control.planned_on is not None and (control.in_place_on is None or control.in_place_on > as_of),
        failure,
        tuple(posteriors),
        tuple(shares),
        control.combination,
    )


def _by_test(results: Sequence[TestResult]) -> dict[str, list[TestResult]]:
    ordered = sorted(results, key=lambda r: (r.test, r.effective_at, r.as_of))
    return {name: list(group) for name, group in groupby(ordered, key=lambda r: r.test)}


def _newest_of_clusters(results: Sequence[TestResult]) -> list[TestResult]:
    """Runs over a period to date hold the items of the runs before them: of each cluster only the last counts."""
    last = {r.cluster: i for i, r in enumerate(results) if r.cluster is not None}
    return [r for i, r in enumerate(results) if r.cluster is None or last[r.cluster] == i]


def _evidence_of(test: ControlTest, results: Sequence[TestResult]) -> list[Evidence]:
    return [
        Evidence(r.passed, r.failing, r.effective_on, test.half_life_days, test.icc, f"{r.test} of {r.effective_on}")
        for r in results
    ]


def _share(prior: Beta, test: ControlTest, result: TestResult, as_of: date) -> Share:
    expected = result.expected_population
    tested = min(1.0, result.population / expected) if expected else 1.0
    of = f" of {expected} expected" if expected else ", none known to be missing"
    evidence = Evidence(
        result.passed,
        result.failing,
        result.effective_on,
        test.half_life_days,
        test.icc,
        f"population {result.population}{of}",
    )
    return passing_share(prior, evidence, as_of, tested_share=tested, weakest=test.exposure is Exposure.WEAKEST)


def _design_failed(test: ControlTest, result: TestResult) -> bool:
    judged = result.passed + result.failing
    return judged > 0 and result.failing / judged > tolerable_rate(test, result)


def _failed_walkthrough(control: Control, as_of: date) -> str | None:
    done = [w for w in control.walkthroughs if w.effective_on <= as_of]
    if done and not done[-1].is_suitable:
        return f"walkthrough of {done[-1].effective_on} found the design not suitable"
    return None


def _status(control: Control, as_of: date, *, is_tested: bool) -> ControlStatus:
    if control.retired_on is not None and control.retired_on <= as_of:
        return ControlStatus.RETIRED
    placed = control.in_place_on is not None and control.in_place_on <= as_of
    lacking = control.lacking_since is not None and control.lacking_since <= as_of
    if lacking and not (placed and control.in_place_on and control.in_place_on > (control.lacking_since or as_of)):
        return ControlStatus.LACKING
    if not placed:
        return ControlStatus.PLANNED if control.planned_on or control.in_place_on else ControlStatus.ASSUMED
    if is_tested:
        return ControlStatus.TESTED
    if any(w.effective_on <= as_of for w in control.walkthroughs):
        return ControlStatus.ATTESTED
    return ControlStatus.UNRECORDED


def _reliability(
    control: Control, prior: Beta, posteriors: Sequence[tuple[str, Posterior]], *, has_coverage_tests: bool
) -> Moments:
    if not posteriors:
        return ONE if has_coverage_tests else Moments(prior.mean, prior.second_moment)
    return _all_hold(control, [Moments(p.beta.mean, p.beta.second_moment) for _, p in posteriors])


def _coverage(control: Control, shares: Sequence[tuple[str, Moments]]) -> tuple[Moments, str]:
    if shares:
        return _all_hold(control, [m for _, m in shares]), "tested: " + ", ".join(n for n, _ in shares)
    if control.coverage is not None:
        return certain(control.coverage), "inventory"
    return ONE, "assumed"


def _all_hold(control: Control, conditions: Sequence[Moments]) -> Moments:
    if control.combination is Combination.PRODUCT:
        return Moments(prod(c.mean for c in conditions), prod(c.second for c in conditions))
    return min(conditions, key=lambda c: c.mean)


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
