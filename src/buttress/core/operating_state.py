"""A control on a day, as its record and its evidence show it: status, operating reliability, coverage, design.

Tests of occurrences feed reliability through an aged Beta law, tests of state feed coverage with their newest result, a
failed test of design or walkthrough overrides both. A control without evaluated results stands at the prior of its type.
Several tests of one control must all hold. Runs that told nothing on their own date feed nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import groupby
from math import prod

from buttress.core.moments import ONE, Moments, certain
from buttress.core.reliability import PRIORS, Beta, Evidence, Posterior, Share, passing_share, posterior
from buttress.core.snapshot import Combination, Control
from buttress.core.verdicts import ControlTest, EffectMode, Exposure, TestResult, feeds_reliability, tolerable_rate


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
