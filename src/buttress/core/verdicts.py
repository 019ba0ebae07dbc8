"""From a stored result to the judgement of a day: the seven verdicts and what feeds a control's reliability.

A result stores its outcome, raw counts and failing keys, and never changes. What it means depends on the day asked
about: exceptions run and expire, and snapshots grow stale. Staleness is judged at the start of the day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What one execution of a control test stores."""

    EVALUATED = "evaluated"
    INCOMPLETE = "incomplete"
    NOT_EVALUATED = "not_evaluated"
    ERROR = "error"


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, no password
    PASS_WITH_DEVIATIONS = "pass_with_deviations"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    NOT_EVALUATED = "not_evaluated"
    ERROR = "error"

    @property
    def is_judged(self) -> bool:
        """True where the evidence tells whether the control worked."""
        return self in (Verdict.PASS, Verdict.PASS_WITH_DEVIATIONS, Verdict.FAIL)

    @property
    def is_passed(self) -> bool:
        return self in (Verdict.PASS, Verdict.PASS_WITH_DEVIATIONS)


class Assertion(StrEnum):
    """What a control test asserts of its control."""

    DESIGN = "design"
    OPERATING = "operating"
    CONFIGURATION = "configuration"


class EffectMode(StrEnum):
    """What a result feeds: reliability (occurrences in a period), coverage (state of a population), or design."""

    RELIABILITY = "reliability"
    COVERAGE = "coverage"
    DESIGN = "design"


class Exposure(StrEnum):
    """Whether failing items expose their share of the population, or one of them exposes it all."""

    SHARE = "share"
    WEAKEST = "weakest"


@dataclass(frozen=True, slots=True)
class ControlTest:
    """A declared question about a control, automated or manual, as far as figures depend on it.

    `max_age_hours` is how old a snapshot may be when it is tested (None: no limit). `half_life_days` is after how long
    a result weighs half. `icc` is the correlation of the items of one run, 0..1. `next_due` is the day by which a
    manual test is due again: its results up to that day are stale once the day has passed. `warn_rate` marks a pass
    for attention and changes no verdict. `due_days` is within how many days of an item's own event it must be right, where
    the test states a term. `supersedes` is the test whose deviations live on under this one. Raises ValueError where a
    rate or count is outside its range.
    """

    id: str
    title: str
    controls: tuple[str, ...]
    assertion: Assertion
    mode: EffectMode
    version: int = 1
    exposure: Exposure = Exposure.SHARE
    tolerable_rate: float = 0.0
    warn_rate: float = 0.0
    min_population: int = 1
    max_age_hours: float | None = None
    frequency: str = "daily"
    half_life_days: float = 90.0
    icc: float = 0.01
    is_manual: bool = False
    severity: str = "medium"
    datasets: tuple[str, ...] = ()
    owner: str | None = None
    remediation: str = ""
    next_due: date | None = None
    due_days: int | None = None
    supersedes: str | None = None

    def __post_init__(self) -> None:
        # A rate of 5 meant as 5 % would let every result pass.
        for name in ("tolerable_rate", "warn_rate", "icc"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"Test {self.id}: {name} {value} is outside 0..1; give a fraction, e.g. 0.05")
        if not self.half_life_days > 0:
            raise ValueError(f"Test {self.id}: half_life_days {self.half_life_days} is not above 0; give days, e.g. 90")
        if self.min_population < 0:
            raise ValueError(f"Test {self.id}: min_population {self.min_population} is below 0; give a count, e.g. 1")


@dataclass(frozen=True, slots=True)
class TestResult:
    """What one run of a control test stored.

    population = passed + failing + not_applicable + unknown; `failing` holds failed and excepted items together.
    `effective_at` is the oldest of the snapshots tested, `as_of` the run's own date. `cluster` names runs that look at
    the same items again (a period to date): of them only the newest feeds reliability. `expected_population` is the
    independent total that the population was reconciled with. `tolerable_rate` is the one in force when it ran: a rate
    raised since needs a new run before it can turn a failure into a pass.

    `failing_since` stands beside `failing_keys`, item by item: the ISO date of the source's own event from which the
    item's term ran, None where the test has none. Left empty it is filled with None. Of the keys that the test's last
    counted result left open, `left_keys` are those that are no longer in the population and `undecided_keys` those that
    are not applicable or unknown now; an open key that is in neither, nor in `failing_keys`, has passed. Open are keys
    that failed or were undecided, and where that result was no whole evaluation also those that were not found.
    """

    __test__ = False

    test: str
    version: int
    as_of: date
    effective_at: datetime
    outcome: Outcome
    population: int = 0
    passed: int = 0
    failing: int = 0
    not_applicable: int = 0
    not_due: int = 0
    unknown: int = 0
    failing_keys: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    expected_population: int | None = None
    cluster: str | None = None
    tolerable_rate: float | None = None
    run: str = ""
    digest: str = ""
    performer: str | None = None
    procedure: str | None = None
    failing_since: tuple[str | None, ...] = ()
    left_keys: tuple[str, ...] = ()
    undecided_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.failing_keys and not self.failing_since:
            object.__setattr__(self, "failing_since", (None,) * len(self.failing_keys))

    @property
    def open_keys(self) -> tuple[str, ...]:
        """The keys whose fate the test's next result tells."""
        gone = () if self.outcome is Outcome.EVALUATED else self.left_keys
        return (*self.failing_keys, *self.undecided_keys, *gone)

    @property
    def is_counted(self) -> bool:
        """True where the population was looked at, whatever came of it."""
        return self.outcome in (Outcome.EVALUATED, Outcome.INCOMPLETE) or bool(self.population or self.open_keys)

    @property
    def effective_on(self) -> date:
        return self.effective_at.date()

    @property
    def looks_back_to(self) -> date | None:
        """The first day of the period of which a run over a period to date holds every item; None for other runs."""
        try:
            return date.fromisoformat(self.cluster) if self.cluster else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class ApprovedException:
    """Deviations covered by an approved decision that expires. It never changes what failed, only how it is judged."""

    ref: str
    test: str
    keys: frozenset[str]
    reason: str
    starts_on: date
    expires_on: date
    requested_by: str
    approved_by: str | None = None
    risk: str | None = None
    revoked_on: date | None = None

    def is_running(self, as_of: date) -> bool:
        """True on days from `starts_on` to `expires_on`, both included, once approved and until revoked."""
        if self.approved_by is None or not self.starts_on <= as_of <= self.expires_on:
            return False
        return self.revoked_on is None or as_of < self.revoked_on


@dataclass(frozen=True, slots=True)
class Judgement:
    """A result seen on one day: the verdict, the split of failing items, and why.

    `rate` is the true failing rate (failed + excepted over all judged items), None where nothing was judged.
    """

    verdict: Verdict
    failed: int
    excepted: int
    rate: float | None
    reasons: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


def start_of(day: date) -> datetime:
    """Midnight UTC at the start of `day`, the instant at which its staleness is judged."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def is_stale(effective_at: datetime, max_age_hours: float | None, as_of: date) -> bool:
    """True where a snapshot is older than its limit at the start of `as_of`.

    >>> taken = datetime(2026, 6, 1, 22, tzinfo=UTC)
    >>> is_stale(taken, 26, date(2026, 6, 2)), is_stale(taken, 26, date(2026, 6, 4)), is_stale(taken, None, date.max)
    (False, True, False)
    """
    return max_age_hours is not None and start_of(as_of) - effective_at > timedelta(hours=max_age_hours)


def verdict(
    test: ControlTest, result: TestResult | None, exceptions: Iterable[ApprovedException], as_of: date
) -> Judgement:
    """The first verdict that fits, in the order error, not evaluated, stale, incomplete, fail, pass.

    Items covered by an exception that runs on `as_of` do not count against the tolerable rate; the rate shown always
    counts them. Failing items of a result that is barred from judgement are still split and shown.
    """
    if result is None:
        return Judgement(Verdict.NOT_EVALUATED, 0, 0, None, ("never_run",))
    if not counts_agree(result):
        return Judgement(Verdict.ERROR, max(result.failing, 0), 0, None, _reasons(result, "counts_disagree"))
    running = [e for e in exceptions if e.test == result.test and e.is_running(as_of)]
    covered = frozenset[str]().union(*(e.keys for e in running))
    excepted = sum(key in covered for key in result.failing_keys)
    failed = result.failing - excepted
    value, reason = _barred(test, result, as_of) or _judged(test, result, failed)
    judged = result.passed + result.failing
    return Judgement(
        value,
        failed,
        excepted,
        result.failing / judged if judged else None,
        _reasons(result, reason),
        tuple(e.ref for e in running if e.keys.intersection(result.failing_keys)),
    )


def _barred(test: ControlTest, result: TestResult, as_of: date) -> tuple[Verdict, str] | None:
    """Why a result tells nothing about its control, with a code ("" for none); None where it may be judged."""
    small = f"below_min_population({result.population} < {test.min_population})"
    bars = (
        (result.outcome is Outcome.ERROR, Verdict.ERROR, ""),
        (result.outcome is Outcome.NOT_EVALUATED, Verdict.NOT_EVALUATED, ""),
        (result.population == 0, Verdict.NOT_EVALUATED, "empty_population"),
        (result.population < test.min_population, Verdict.NOT_EVALUATED, small),
        (result.not_applicable == result.population, Verdict.NOT_EVALUATED, "all_not_applicable"),
        (_is_old(test, result, as_of), Verdict.STALE, f"older_than({test.max_age_hours or 0:g} h)"),
        (is_overdue(test, result, as_of), Verdict.STALE, f"overdue({test.next_due})"),
        (result.outcome is Outcome.INCOMPLETE, Verdict.INCOMPLETE, ""),
        (result.unknown > 0, Verdict.INCOMPLETE, f"unknown({result.unknown})"),
    )
    return next(((value, code) for applies, value, code in bars if applies), None)


def tolerable_rate(test: ControlTest, result: TestResult) -> float:
    """The rate that a result is held against: the one stored with it, else the test's."""
    return test.tolerable_rate if result.tolerable_rate is None else result.tolerable_rate


def _judged(test: ControlTest, result: TestResult, failed: int) -> tuple[Verdict, str]:
    rate = failed / (result.passed + result.failing)
    if rate > tolerable_rate(test, result):
        return Verdict.FAIL, ""
    value = Verdict.PASS_WITH_DEVIATIONS if result.failing else Verdict.PASS
    return value, f"above_warn_rate({rate:.3g} > {test.warn_rate:g})" if rate > test.warn_rate else ""


def _reasons(result: TestResult, code: str) -> tuple[str, ...]:
    """The codes that the run stored and the one found now, each once."""
    return tuple(dict.fromkeys(c for c in (*result.reasons, code) if c))


def _is_old(test: ControlTest, result: TestResult, as_of: date) -> bool:
    return is_stale(result.effective_at, test.max_age_hours, as_of)


def is_overdue(test: ControlTest, result: TestResult, as_of: date) -> bool:
    """True where the test was due again by a day that has passed, and `result` is not from after that day."""
    return test.next_due is not None and result.effective_on <= test.next_due < as_of


def counts_agree(result: TestResult) -> bool:
    """population = passed + failing + not applicable + unknown, none below 0; failing keys distinct and not too many.

    A manual result may name fewer keys than fail; none may name more.
    """
    parts = (result.passed, result.failing, result.not_applicable, result.unknown)
    keys = result.failing_keys
    return (
        min(parts) >= 0
        and result.population == sum(parts)
        and len(set(keys)) == len(keys) <= result.failing
        and 0 <= result.not_due <= result.not_applicable
    )


def feeds_reliability(test: ControlTest, result: TestResult) -> bool:
    """True where the run told something on its own date; that it has grown stale since does not take it back."""
    return verdict(test, result, (), result.as_of).verdict.is_judged
