"""The runs of a control's tests in a period, and what they show together."""

from dataclasses import dataclass
from datetime import date

from buttress.core.deviations import DeviationState, Ending
from buttress.core.period import Period
from buttress.core.period_runs import RISK, PeriodRun, PooledRate, TestInPeriod, runs_of_control
from buttress.core.snapshot import Control, RegisterSnapshot
from buttress.core.verdicts import EffectMode, Verdict
from buttress.reports.states import reason_words

CONFIDENCE = float(1 - RISK)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, judged on its own day: population = passed + failed + excepted + not applicable + unknown."""

    as_of: date
    effective_on: date
    verdict: Verdict
    population: int
    passed: int
    failed: int
    excepted: int
    not_applicable: int
    unknown: int
    is_pooled: bool
    why: str
    performer: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class RunDeviation:
    """An item that failed at some time in the period, and how it ended."""

    key: str
    state: DeviationState
    opened_on: date
    due_on: date
    last_seen: date
    closed_on: date | None
    ending: Ending | None
    age_days: int
    reopened: int
    exception: str | None


@dataclass(frozen=True, slots=True)
class TestOfControl:
    """A control test in the period. `rate` is the failing rate of its newest judged run; `pooled` that of the period's
    occurrences with its upper limit, None where runs do not add up."""

    __test__ = False

    id: str
    title: str
    mode: EffectMode
    frequency: str
    is_manual: bool
    tolerable_rate: float
    rate: float | None
    pooled: PooledRate | None
    pooled_rate: float | None
    judged: int
    runs: tuple[RunRow, ...]
    deviations: tuple[RunDeviation, ...]


@dataclass(frozen=True, slots=True)
class RunsView:
    """`confidence` is that of the upper limits, one-sided."""

    organisation: str
    as_of: date
    period: Period
    control: str
    title: str
    confidence: float
    tests: tuple[TestOfControl, ...]


def runs_view(control: Control, snapshot: RegisterSnapshot, period: Period) -> RunsView:
    """Tests by id, runs by date."""
    found = runs_of_control(control.ref, snapshot, period)
    return RunsView(
        snapshot.organisation.name,
        snapshot.as_of,
        period,
        control.ref,
        control.title,
        CONFIDENCE,
        tuple(_test(each) for each in found),
    )


def _test(found: TestInPeriod) -> TestOfControl:
    test = found.test
    return TestOfControl(
        test.id,
        test.title,
        test.mode,
        test.frequency,
        test.is_manual,
        found.tolerable,
        found.rate,
        found.pooled,
        found.pooled.rate if found.pooled else None,
        found.judged,
        tuple(_run(run) for run in found.runs),
        tuple(
            RunDeviation(
                d.key,
                d.state,
                d.opened_on,
                d.due_on,
                d.last_seen,
                d.closed_on,
                d.ending,
                d.age_days,
                d.reopened,
                d.exception,
            )
            for d in found.deviations
        ),
    )


def _run(run: PeriodRun) -> RunRow:
    result, judgement = run.result, run.judgement
    return RunRow(
        result.as_of,
        result.effective_on,
        judgement.verdict,
        result.population,
        result.passed,
        judgement.failed,
        judgement.excepted,
        result.not_applicable,
        result.unknown,
        run.is_pooled,
        "; ".join(dict.fromkeys(reason_words(reason) for reason in judgement.reasons)),
        result.performer,
        result.digest,
    )
