"""The life of a deviation: since when an item fails a control test, until when it should be mended, and how it ended.

A deviation is one item (key) of one control test. Its life follows from the test's results in order of their dates, the
exceptions approved, and the day asked about; nothing is stored. Results that looked at no population neither open nor
close; an incomplete one opens, but shows of no absent item that it was mended.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from buttress.core.snapshot import RegisterSnapshot
from buttress.core.verdicts import ApprovedException, ControlTest, Outcome, TestResult, counts_agree

DAYS_TO_MEND = {"critical": 7, "high": 30, "medium": 90, "low": 180}
"""Within how many days a deviation is to be mended, by the severity of a test that states no term of its own."""


class DeviationState(StrEnum):
    """Where a deviation stands on a day. Excepted: it fails, and an approved exception covers it on that day."""

    OPEN = "open"
    EXCEPTED = "excepted"
    CLOSED = "closed"


class Ending(StrEnum):
    """Why an item no longer counts as failing.

    Fixed: it passed. Left population: it is no longer among the items. Test changed: another version of the test no
    longer finds it. Not retested: the next occasion of a manual test does not name it, which examines other items.
    """

    FIXED = "fixed"
    LEFT_POPULATION = "left_population"
    TEST_CHANGED = "test_changed"
    NOT_RETESTED = "not_retested"


class AgeBucket(StrEnum):
    """Ages in days, ends included."""

    WEEK = "0-7"
    MONTH = "8-30"
    QUARTER = "31-90"
    OLDER = ">90"


_UP_TO = ((7, AgeBucket.WEEK), (30, AgeBucket.MONTH), (90, AgeBucket.QUARTER))


def age_bucket(days: int) -> AgeBucket:
    """
    >>> [age_bucket(days).value for days in (0, 7, 8, 30, 31, 90, 91)]
    ['0-7', '0-7', '8-30', '8-30', '31-90', '31-90', '>90']
    """
    return next((bucket for most, bucket in _UP_TO if days <= most), AgeBucket.OLDER)


@dataclass(frozen=True, slots=True)
class Spell:
    """One stretch in which an item failed, by the days of the runs.

    `opened_on` is the date of the source's own event where the test names it, else `first_seen`; `closed_on` is the day
    of the first run that no longer found the item failing.
    """

    opened_on: date
    first_seen: date
    last_seen: date
    closed_on: date | None = None
    ending: Ending | None = None

    @property
    def days(self) -> int | None:
        """Days from opening to closing; None while open."""
        return None if self.closed_on is None else (self.closed_on - self.opened_on).days


@dataclass(frozen=True, slots=True)
class Deviation:
    """An item of a control test that fails or failed, as of a day; spells from the oldest to the newest.

    `due_on` is the last day to mend the newest spell. `exception` names the approved exception that covers it on the
    day.
    """

    test: str
    key: str
    severity: str
    as_of: date
    state: DeviationState
    spells: tuple[Spell, ...]
    due_on: date
    exception: str | None = None
    excepted_until: date | None = None

    @property
    def spell(self) -> Spell:
        return self.spells[-1]

    @property
    def first_seen(self) -> date:
        return self.spells[0].first_seen

    @property
    def last_seen(self) -> date:
        return self.spell.last_seen

    @property
    def opened_on(self) -> date:
        return self.spell.opened_on

    @property
    def closed_on(self) -> date | None:
        return self.spell.closed_on

    @property
    def ending(self) -> Ending | None:
        return self.spell.ending

    @property
    def reopened(self) -> int:
        """How often the item failed again after it had been closed."""
        return len(self.spells) - 1

    @property
    def age_days(self) -> int:
        """Days since it opened, up to its end where it is closed; an exception stops nothing."""
        return ((self.closed_on or self.as_of) - self.opened_on).days

    @property
    def age_bucket(self) -> AgeBucket:
        return age_bucket(self.age_days)

    @property
    def is_past_due(self) -> bool:
        """True where its term had passed by the day, or by its end; an exception does not prolong the term."""
        return (self.closed_on or self.as_of) > self.due_on

    @property
    def is_late(self) -> bool:
        """True where it is open past its term, and no exception covers it."""
        return self.state is DeviationState.OPEN and self.is_past_due


def deviations(snapshot: RegisterSnapshot) -> tuple[Deviation, ...]:
    """Every deviation that the snapshot's results tell of, ended ones too, by test and key."""
    return deviations_of(snapshot.tests, snapshot.results, snapshot.exceptions, snapshot.as_of)


def deviations_of(
    tests: Iterable[ControlTest],
    results: Iterable[TestResult],
    exceptions: Iterable[ApprovedException],
    as_of: date,
) -> tuple[Deviation, ...]:
    """As `deviations`. Results after `as_of`, and those of tests that are no longer declared, tell nothing.

    The results of a test that another one supersedes are read as that one's earlier ones, up to its own first.
    """
    running = [e for e in exceptions if e.is_running(as_of)]
    found: list[Deviation] = []
    for test, in_order in results_in_order(tests, results, as_of):
        covers = {key: e for e in running if e.test == test.id for key in e.keys}
        lives = _lives(test, in_order)
        found += (_deviation(test, key, spells, covers.get(key), as_of) for key, spells in lives.items())
    return tuple(sorted(found, key=lambda d: (d.test, d.key)))


def results_in_order(
    tests: Iterable[ControlTest], results: Iterable[TestResult], as_of: date
) -> Iterator[tuple[ControlTest, Sequence[TestResult]]]:
    """Each test with its results by `as_of`, the oldest first, those of the tests that it supersedes before its own; a
    test that another one has taken over is left out."""
    by_test = _in_order(results, as_of)
    declared = {test.id: test for test in tests}
    replaced = {t.supersedes for t in declared.values() if t.supersedes and by_test.get(t.id)}
    for test in declared.values():
        if test.id not in replaced:
            yield test, _with_earlier(test, declared, by_test)


def _in_order(results: Iterable[TestResult], as_of: date) -> Mapping[str, list[TestResult]]:
    by_test: dict[str, list[TestResult]] = {}
    for result in sorted((r for r in results if r.as_of <= as_of), key=lambda r: (r.as_of, r.effective_at)):
        by_test.setdefault(result.test, []).append(result)
    return by_test


def _with_earlier(
    test: ControlTest, declared: Mapping[str, ControlTest], by_test: Mapping[str, list[TestResult]]
) -> Sequence[TestResult]:
    """The test's results after those of the tests that it supersedes, each up to the first of the next."""
    results = by_test.get(test.id, [])
    earlier, seen = test.supersedes, {test.id}
    while results and earlier is not None and earlier not in seen:
        seen.add(earlier)
        results = [*(r for r in by_test.get(earlier, []) if r.as_of < results[0].as_of), *results]
        before = declared.get(earlier)
        earlier = before.supersedes if before else None
    return results


def shows_items(result: TestResult) -> bool:
    """True where the run looked at a population, so that what it names fails; others open nothing and close nothing."""
    return result.outcome in (Outcome.EVALUATED, Outcome.INCOMPLETE) and result.population > 0 and counts_agree(result)


@dataclass(slots=True)
class _Sight:
    """An item that fails: the spell as it began, and when and under which test and version it was seen last.

    Seen again by millions of rows in a year of daily runs, so it changes in place.
    """

    spell: Spell
    last_seen: date
    definition: tuple[str, int]

    def ended(self, closed_on: date | None = None, ending: Ending | None = None) -> Spell:
        return replace(self.spell, last_seen=self.last_seen, closed_on=closed_on, ending=ending)


def _lives(test: ControlTest, results: Sequence[TestResult]) -> Mapping[str, tuple[Spell, ...]]:
    """The spells of every item that failed in any of the results."""
    ended: dict[str, tuple[Spell, ...]] = {}
    failing: dict[str, _Sight] = {}
    for result in results:
        if not shows_items(result):
            continue
        events = dict(zip(result.failing_keys, result.failing_since, strict=False))
        if result.outcome is Outcome.EVALUATED:
            for key in [key for key in failing if key not in events]:
                ending = _ending(test, result, key, failing[key].definition)
                if ending is not None:
                    ended[key] = (*ended.get(key, ()), failing.pop(key).ended(result.as_of, ending))
        definition = (result.test, result.version)
        for key, event in events.items():
            sight = failing.get(key)
            if sight is None:
                spell = _opened(ended.get(key, ()), result.as_of, event)
                failing[key] = _Sight(spell, result.as_of, definition)
            else:
                sight.last_seen, sight.definition = result.as_of, definition
    return ended | {key: (*ended.get(key, ()), sight.ended()) for key, sight in failing.items()}


def _ending(test: ControlTest, result: TestResult, key: str, last_definition: tuple[str, int]) -> Ending | None:
    """How an item ended that `result` does not find failing; None where it cannot be told, and so stays open."""
    if key in result.undecided_keys:
        return None
    if last_definition != (result.test, result.version):
        return Ending.TEST_CHANGED
    if key in result.left_keys:
        return Ending.LEFT_POPULATION
    return Ending.NOT_RETESTED if test.is_manual else Ending.FIXED


def _opened(before: Sequence[Spell], day: date, event: str | None) -> Spell:
    """A spell that begins on `day`, dated by the source's `event` where that lies after the end of the one before."""
    opened = date.fromisoformat(event[:10]) if event else day
    if opened > day or (before and opened < (before[-1].closed_on or day)):
        opened = day
    return Spell(opened, day, day)


def _deviation(
    test: ControlTest, key: str, spells: tuple[Spell, ...], covering: ApprovedException | None, as_of: date
) -> Deviation:
    last = spells[-1]
    due_on = last.opened_on + timedelta(days=days_to_mend(test))
    if last.closed_on is not None:
        return Deviation(test.id, key, test.severity, as_of, DeviationState.CLOSED, spells, due_on)
    if covering is None:
        return Deviation(test.id, key, test.severity, as_of, DeviationState.OPEN, spells, due_on)
    state, until = DeviationState.EXCEPTED, covering.expires_on
    return Deviation(test.id, key, test.severity, as_of, state, spells, due_on, covering.ref, until)


def days_to_mend(test: ControlTest) -> int:
    """The term that the test states, else that of its severity."""
    return DAYS_TO_MEND[test.severity] if test.due_days is None else test.due_days


def menders(snapshot: RegisterSnapshot) -> Mapping[str, str | None]:
    """Who is to mend what each test finds: its owner, or the owner of its first control that has one.

    Of a manual test the control's owner comes first, because the test's own examines and does not operate.
    """
    controls = {control.ref: control.owner for control in snapshot.controls}

    def mender(test: ControlTest) -> str | None:
        operator = next((o for ref in test.controls if (o := controls.get(ref))), None)
        return (operator or test.owner) if test.is_manual else (test.owner or operator)

    return {test.id: mender(test) for test in snapshot.tests}


def unnamed_deviations(snapshot: RegisterSnapshot) -> Mapping[str, int]:
    """Items that deviate by the newest result of a manual test without being named, by test; they have no life."""
    by_test = _in_order(snapshot.results, snapshot.as_of)
    found = {}
    for test in snapshot.tests:
        newest = next((r for r in reversed(by_test.get(test.id, [])) if shows_items(r)), None)
        if newest is not None and newest.failing > len(newest.failing_keys):
            found[test.id] = newest.failing - len(newest.failing_keys)
    return found
