"""How long items failed in a period: the item-days on which they did, among all item-days that a test looked at.

A run shows a state, which is taken to last until the next run shows another; the newest lasts until it is stale. So the
share rests on how often a test runs: what failed and was mended between two runs is not seen. Only tests of a state over
a population have such a time: an occurrence does not last, and what a test by hand examined is no population.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from buttress.core.deviation_figures import failed_in
from buttress.core.deviations import Deviation, results_in_order, shows_items
from buttress.core.period import Period
from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import ControlTest, EffectMode, Outcome, TestResult, is_stale

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ExposureTime:
    """Item-days of one test in a period.

    `days` of the period have a result that tells of them. `judged` are the item-days of items that passed or failed,
    `failing` those of items that failed, excepted ones among them. `items` is how many different items failed at some
    time in the period, `median_days` the median of their whole lives up to the end of each or the day asked about, None
    without any.
    """

    test: str
    days: int
    judged: int
    failing: int
    items: int
    median_days: float | None

    @property
    def share(self) -> float:
        """Failing item-days among those judged, 0..1."""
        return self.failing / self.judged


def exposure_times(snapshot: RegisterSnapshot, lives: Sequence[Deviation], period: Period) -> tuple[ExposureTime, ...]:
    """By test, of every test of a state with a result that tells of some day of the period; `lives` are the deviations of
    the snapshot."""
    by_test: dict[str, list[Deviation]] = {}
    for life in lives:
        by_test.setdefault(life.test, []).append(life)
    found = (
        exposure_time(test, results, by_test.get(test.id, ()), Period(period.start, min(period.end, snapshot.as_of)))
        for test, results in results_in_order(snapshot.tests, snapshot.results, snapshot.as_of)
        if period.start <= snapshot.as_of
    )
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.test))


def exposure_time(
    test: ControlTest, results: Sequence[TestResult], lives: Sequence[Deviation], period: Period
) -> ExposureTime | None:
    """Of the test's results, the oldest first, in a period that does not reach beyond the day asked about; None where none
    of them tells of a day of it."""
    if test.is_manual or test.mode is not EffectMode.COVERAGE:
        return None
    days = judged = failing = 0
    for result, lasted in _lasting(test, results, period):
        days += lasted
        judged += lasted * (result.passed + result.failing)
        failing += lasted * result.failing
    if not judged:
        return None
    failed = [life for life in lives if failed_in(life, period)]
    # Ages, and not only the part in the period: how long an account stayed open is asked, not how long since January.
    ages = [(spell.closed_on or life.as_of) - spell.opened_on for life in failed for spell in life.spells]
    typical = float(median(age.days for age in ages)) if ages else None
    return ExposureTime(test.id, days, judged, failing, len(failed), typical)


def _lasting(test: ControlTest, results: Sequence[TestResult], period: Period) -> Iterator[tuple[TestResult, int]]:
    """Each whole evaluation with the days of the period of which it tells."""
    told = [r for r in results if r.outcome is Outcome.EVALUATED and shows_items(r) and r.passed + r.failing > 0]
    if not told:
        return
    after = period.end + _DAY
    for result, following in pairwise(told):
        yield result, _overlap(result.as_of, following.as_of, period.start, after)
    yield told[-1], _overlap(told[-1].as_of, min(_stale_from(test, told[-1], after), after), period.start, after)


def _stale_from(test: ControlTest, result: TestResult, limit: date) -> date:
    """The first day on which the result is too old, `limit` where it is not before that."""
    if not is_stale(result.effective_at, test.max_age_hours, limit):
        return limit
    assert test.max_age_hours is not None
    day = (result.effective_at + timedelta(hours=test.max_age_hours)).date()
    return day if is_stale(result.effective_at, test.max_age_hours, day) else day + _DAY


def _overlap(start: date, end: date, first: date, after: date) -> int:
    """Days that lie in both half-open ranges."""
    return max(0, (min(end, after) - max(start, first)).days)
