"""Every run of a control's tests in a period, and what they show together: the question of a Type 2 examination.

Occurrences are pooled over the period: the items of manual tests and of runs of a data set add up, and of runs over a
period to date, which hold the items of those before them, the newest stands for all. Runs over a state look at the same
items again; they are not pooled, and a limit on them would claim more than was examined. Sees `sampling`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from buttress.core.deviation_figures import failed_in
from buttress.core.deviations import Deviation, deviations
from buttress.core.period import Period
from buttress.core.sampling import STEPS, upper_limit, upper_limit_exact
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import (
    ControlTest,
    EffectMode,
    Judgement,
    TestResult,
    counts_agree,
    tolerable_rate,
    verdict,
)

RISK = Fraction(5, 100)
"""Risk of over-reliance at which the upper limit is stated: it holds with 95 % confidence, one-sided."""

_DECIDED_EXACTLY = 10_000
"""Items up to which the limit's last digit is decided in whole numbers; above, floats err far less than that digit."""


@dataclass(frozen=True, slots=True)
class PeriodRun:
    """One run with its judgement on its own day; `is_pooled`: its items count in the pooled rate."""

    result: TestResult
    judgement: Judgement
    is_pooled: bool


@dataclass(frozen=True, slots=True)
class PooledRate:
    """Failing items over judged ones, excepted ones failing, of the `runs` that count.

    `upper_limit` is the one-sided upper limit of Clopper and Pearson at `RISK`, rounded up to 0.1 %. `since` is the day
    from which items count where a run looks back to before the period.
    """

    runs: int
    items: int
    failing: int
    upper_limit: float
    since: date | None = None

    @property
    def rate(self) -> float:
        return self.failing / self.items


@dataclass(frozen=True, slots=True)
class TestInPeriod:
    """A control test with its runs in order of their dates and the deviations that failed at some time in the period.

    `pooled` is None for tests of a state or a design, and where no run was judged. `rate` is then that of the newest
    judged run, None without one. `tolerable` is the rate in force at the newest run.
    """

    __test__ = False

    test: ControlTest
    runs: tuple[PeriodRun, ...]
    pooled: PooledRate | None
    rate: float | None
    tolerable: float
    deviations: tuple[Deviation, ...]

    @property
    def judged(self) -> int:
        """Runs that told something on their own day."""
        return sum(run.judgement.verdict.is_judged for run in self.runs)


def runs_of_control(control: str, snapshot: RegisterSnapshot, period: Period) -> tuple[TestInPeriod, ...]:
    """The tests of the control by id; runs by their own date, up to the snapshot's day."""
    lives = deviations(snapshot)
    tests = sorted((test for test in snapshot.tests if control in test.controls), key=lambda test: test.id)
    return tuple(_in_period(test, snapshot, period, lives) for test in tests)


def _in_period(
    test: ControlTest, snapshot: RegisterSnapshot, period: Period, lives: Sequence[Deviation]
) -> TestInPeriod:
    results = sorted(
        (r for r in snapshot.results if r.test == test.id and r.as_of in period),
        key=lambda r: (r.as_of, r.effective_at),
    )
    judged = [(r, verdict(test, r, snapshot.exceptions, r.as_of)) for r in results]
    told = [r for r, judgement in judged if judgement.verdict.is_judged and counts_agree(r)]
    counted = list(_counted(test, told))
    return TestInPeriod(
        test,
        tuple(PeriodRun(r, judgement, is_pooled=any(r is each for each in counted)) for r, judgement in judged),
        _pooled(counted, period),
        told[-1].failing / (told[-1].passed + told[-1].failing) if told else None,
        tolerable_rate(test, results[-1]) if results else test.tolerable_rate,
        tuple(d for d in lives if d.test == test.id and failed_in(d, period)),
    )


def _counted(test: ControlTest, told: Sequence[TestResult]) -> Iterator[TestResult]:
    """The runs whose items add up, each item once."""
    if test.mode is not EffectMode.RELIABILITY:
        return
    newest = {r.cluster: r for r in told if r.cluster is not None}
    for result in told:
        if result.cluster is None or newest[result.cluster] is result:
            yield result


def _pooled(counted: Sequence[TestResult], period: Period) -> PooledRate | None:
    items = sum(r.passed + r.failing for r in counted)
    if not items:
        return None
    failing = sum(r.failing for r in counted)
    starts = [start for r in counted if (start := r.looks_back_to) is not None and start < period.start]
    return PooledRate(len(counted), items, failing, _limit(failing, items), min(starts, default=None))


def _limit(failing: int, items: int) -> float:
    """The upper limit, rounded up to 0.1 %."""
    if items <= _DECIDED_EXACTLY:
        return float(upper_limit(failing, items, risk=RISK))
    return min(ceil(upper_limit_exact(failing, items, risk=RISK) * STEPS) / STEPS, 1.0)
