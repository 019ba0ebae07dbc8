"""How reliably a control operates, and what share it reaches, as its test results show: Beta laws that age.

Conventions: Beta(a, b) has mean a / (a + b). A result adds its conforming and deviating items, scaled down to an
effective size because items of one run resemble one another (design effect, Kish 1965). Evidence weighs
2^(-age / half-life), a power prior (Ibrahim and Chen 2000): as it ages the law returns to the prior and widens, but its
mean never rises, so that old failures fade towards the lower of the prior's mean and the mean at the last result.
Exact throughout. Sees `snapshot` for the modes of a control.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from scipy.special import betaincinv

from buttress.core.snapshot import ControlMode

JEFFREYS = 0.5
"""Least value of either parameter of a prior."""

DAYS_OF_ZONES = 1
"""By how many days the date of a fact may run ahead of `as_of`: two time zones can disagree on today by one."""


@dataclass(frozen=True, slots=True)
class Beta:
    """Law of a share in 0..1. A parameter of 0 puts all weight on the end of the range; not both may be 0."""

    a: float
    b: float

    def __post_init__(self) -> None:
        if not (self.a >= 0 and self.b >= 0 and 0 < self.a + self.b < float("inf")):
            raise ValueError(f"Beta({self.a}, {self.b}) is no law; both parameters must be at least 0 and one above 0")

    @classmethod
    def from_mean(cls, mean: float, strength: float) -> "Beta":
        """The law with that mean and a + b = strength.

        >>> Beta.from_mean(0.75, 8)
        Beta(a=6.0, b=2.0)
        """
        if not 0 <= mean <= 1:
            raise ValueError(f"Mean {mean} of a share is outside 0..1")
        return cls(mean * strength, (1 - mean) * strength)

    @property
    def strength(self) -> float:
        """a + b, in items."""
        return self.a + self.b

    @property
    def mean(self) -> float:
        return self.a / self.strength

    @property
    def variance(self) -> float:
        return self.a * self.b / (self.strength**2 * (self.strength + 1))

    @property
    def second_moment(self) -> float:
        """E[r^2]."""
        return self.a * (self.a + 1) / (self.strength * (self.strength + 1))

    def quantile(self, q: float) -> float:
        """The share below which the law lies with probability `q` in 0..1.

        >>> round(Beta(25.5, 0.5).quantile(0.05), 6)
        0.926761
        """
        if not 0 <= q <= 1:
            raise ValueError(f"Probability {q} of a quantile is outside 0..1")
        if self.a == 0 or self.b == 0:
            return self.mean
        return float(betaincinv(self.a, self.b, q))


PRIORS: Mapping[ControlMode, Beta] = MappingProxyType(
    {
        ControlMode.AUTOMATED: Beta(9, 1),
        ControlMode.HYBRID: Beta(4, 1),
        ControlMode.MANUAL: Beta(4, 1),
        ControlMode.UNKNOWN: Beta(1, 1),
    }
)
"""Reliability before any test, by mode of operation: weak (strength at most 10), so that a test of 25 outweighs it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of one result: items on which the control operated and did not, effective from a date.

    `icc` is the correlation of items of one run, 0..1. `source` names the result for the trace.
    """

    conforming: int
    deviating: int
    effective_on: date
    half_life_days: float
    icc: float = 0.01
    source: str = ""

    def __post_init__(self) -> None:
        if self.conforming < 0 or self.deviating < 0:
            raise ValueError(
                f"Counts {self.conforming} and {self.deviating} of {self.source!r} are not both at least 0"
            )
        if not self.half_life_days > 0:
            raise ValueError(f"Half-life {self.half_life_days} of {self.source!r} is not above 0; give days, e.g. 90")
        if not 0 <= self.icc <= 1:
            raise ValueError(f"Correlation {self.icc} of {self.source!r} is outside 0..1; give a fraction, e.g. 0.01")

    @property
    def size(self) -> int:
        return self.conforming + self.deviating

    def weight(self, as_of: date) -> float:
        """2^(-age / half-life) at `as_of`; 1 on its effective date."""
        return _weight(self.effective_on, as_of, self.half_life_days)


def _weight(since: date, until: date, half_life_days: float) -> float:
    days = (until - since).days
    if days < -DAYS_OF_ZONES:
        raise ValueError(f"Evidence effective on {since} lies after {until}; give only what was effective by then")
    return float(2.0 ** (-max(days, 0) / half_life_days))


def effective_size(n: float, icc: float) -> float:
    """Number of independent items that say as much as `n` items with pairwise correlation `icc`: n / (1 + (n - 1) icc).

    >>> round(effective_size(50_000, 0.01), 3), round(effective_size(25, 0.01), 3), effective_size(0, 0.01)
    (99.802, 20.161, 0.0)
    """
    return n / (1 + (n - 1) * icc) if n > 0 else 0.0


@dataclass(frozen=True, slots=True)
class AgeingStep:
    """From `before` on `since` to `after` on `until`: a and b keep the share `weight` of what exceeds the prior.

    `uncut_mean` is the mean to which ageing alone would have raised the law, None where it did not rise: then `after`
    has the strength of the aged law and the mean of `before`.
    """

    since: date
    until: date
    half_life_days: float
    weight: float
    before: Beta
    after: Beta
    uncut_mean: float | None = None


@dataclass(frozen=True, slots=True)
class CountingStep:
    """A result added to `before` on `effective_on`: `n` items, `deviating` of them, count as `n_eff` items at `icc`.

    So a gains `s` and b gains `f`.
    """

    source: str
    effective_on: date
    n: int
    deviating: int
    icc: float
    n_eff: float
    s: float
    f: float
    before: Beta
    after: Beta


@dataclass(frozen=True, slots=True)
class Posterior:
    """The law on a day, and every step from `prior` to it."""

    beta: Beta
    prior: Beta
    as_of: date
    steps: tuple[AgeingStep | CountingStep, ...]


def posterior(prior: Beta, evidence: Sequence[Evidence], as_of: date) -> Posterior:
    """Law of operating reliability on `as_of` from the results of one test, in order of their effective dates.

    Between results, and from the last one to `as_of`, (a, b) ages to (a0 + w (a - a0), b0 + w (b - b0)); where that
    would raise the mean it is cut to what it was, at the same a + b. Each result then adds its counts times n_eff / n.
    What is gathered ages by the half-life of the result added last. Raises ValueError for evidence from after `as_of`
    and for a prior below Jeffreys (1/2, 1/2).

    >>> aged = posterior(Beta(0.5, 0.5), [Evidence(59, 1, date(2026, 1, 1), 90, icc=0)], date(2026, 4, 1))
    >>> aged.beta, [type(step).__name__ for step in aged.steps]
    (Beta(a=30.0, b=1.0), ['CountingStep', 'AgeingStep'])
    """
    _check_prior(prior)
    law, steps, last = prior, list[AgeingStep | CountingStep](), None
    for piece in sorted(evidence, key=lambda e: e.effective_on):
        if last is not None and piece.effective_on > last.effective_on:
            ageing = _age(prior, law, last, piece.effective_on)
            law, last = ageing.after, piece
            steps.append(ageing)
        counting = _count(law, piece)
        law, last = counting.after, piece
        steps.append(counting)
    if last is not None and last.weight(as_of) < 1:
        steps.append(_age(prior, law, last, as_of))
        law = steps[-1].after
    return Posterior(law, prior, as_of, tuple(steps))


def _check_prior(prior: Beta) -> None:
    if prior.a < JEFFREYS or prior.b < JEFFREYS:
        raise ValueError(f"Prior Beta({prior.a}, {prior.b}) is below Jeffreys; give at least (1/2, 1/2)")


def _age(prior: Beta, before: Beta, last: Evidence, until: date) -> AgeingStep:
    w = last.weight(until)
    aged = Beta(prior.a + w * (before.a - prior.a), prior.b + w * (before.b - prior.b))
    uncut = None
    # A rise within rounding is none: the prior itself ages to the prior.
    if aged.mean > before.mean + 1e-12:
        uncut, aged = aged.mean, Beta.from_mean(before.mean, aged.strength)
    return AgeingStep(last.effective_on, until, last.half_life_days, w, before, aged, uncut)


def _count(before: Beta, piece: Evidence) -> CountingStep:
    n_eff = effective_size(piece.size, piece.icc)
    scale = n_eff / piece.size if piece.size else 0.0
    s, f = piece.conforming * scale, piece.deviating * scale
    after = Beta(before.a + s, before.b + f)
    return CountingStep(
        piece.source, piece.effective_on, piece.size, piece.deviating, piece.icc, n_eff, s, f, before, after
    )


@dataclass(frozen=True, slots=True)
class Share:
    """Coverage on a day from a test of state, with the numbers that led there.

    `passing` is the passing share at the effective date (0 under "weakest" where anything failed), `aged` what it has
    become; mean = tested_share x aged + (1 - tested_share) x prior mean, strength = a0 + b0 + weight x n_eff.
    """

    beta: Beta
    prior: Beta
    source: str
    effective_on: date
    as_of: date
    half_life_days: float
    tested_share: float
    passing: float
    weight: float
    aged: float
    n: int
    conforming: int
    icc: float
    n_eff: float


def passing_share(
    prior: Beta, evidence: Evidence, as_of: date, tested_share: float = 1.0, *, weakest: bool = False
) -> Share:
    """Share of the items in scope that a control reaches, from the newest test of state over a population.

    The passing share ages to w p + (1 - w) min(p, prior mean), so it never rises; the untested rest takes the prior's
    mean. `weakest`: where one failing item exposes all, anything failing makes the passing share 0. Raises ValueError
    where nothing was tested: an empty population reaches nothing.

    >>> taken = Evidence(298, 14, date(2026, 9, 1), 90)
    >>> share = passing_share(Beta(9, 1), taken, date(2026, 9, 1), tested_share=0.5)
    >>> round(share.beta.mean, 9) == round(0.5 * 298 / 312 + 0.5 * 0.9, 9)
    True
    """
    _check_prior(prior)
    if evidence.size == 0:
        raise ValueError(f"Result {evidence.source!r} of {evidence.effective_on} tested no item; it shows no share")
    if not 0 <= tested_share <= 1:
        raise ValueError(f"Tested share {tested_share} is outside 0..1; give a fraction, e.g. 0.95")
    passing = evidence.conforming / evidence.size
    if weakest and evidence.deviating:
        passing = 0.0
    w = evidence.weight(as_of)
    aged = w * passing + (1 - w) * min(passing, prior.mean)
    n_eff = effective_size(evidence.size, evidence.icc)
    mean = tested_share * aged + (1 - tested_share) * prior.mean
    return Share(
        Beta.from_mean(mean, prior.strength + w * n_eff),
        prior,
        evidence.source,
        evidence.effective_on,
        as_of,
        evidence.half_life_days,
        tested_share,
        passing,
        w,
        aged,
        evidence.size,
        evidence.conforming,
        evidence.icc,
        n_eff,
    )
