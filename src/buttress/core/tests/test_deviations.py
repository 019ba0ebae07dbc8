"""Lives of deviations: what opens, ages, covers and ends them, for single histories and for any sequence of results."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.deviation_figures import deviation_figures, failed_in
from buttress.core.deviations import (
    AgeBucket,
    Deviation,
    DeviationState,
    Ending,
    deviations_of,
    menders,
    shows_items,
    unnamed_deviations,
)
from buttress.core.period import Period
from buttress.core.tests.registers import control, register
from buttress.core.verdicts import (
    ApprovedException,
    Assertion,
    ControlTest,
    EffectMode,
    Outcome,
    TestResult,
    Verdict,
    verdict,
)

START = date(2026, 1, 1)
TEST = ControlTest("mfa", "", ("IAM-02",), Assertion.CONFIGURATION, EffectMode.COVERAGE, severity="high")


def day(number: int) -> date:
    return START + timedelta(days=number)


def run(number: int, *failing: str, outcome: Outcome = Outcome.EVALUATED, **changes: object) -> TestResult:
    """A run on day `number` of ten items, of which `failing` fail."""
    on = day(number)
    counts = {"population": 10, "passed": 10 - len(failing), "failing": len(failing), "failing_keys": failing}
    if outcome in (Outcome.ERROR, Outcome.NOT_EVALUATED):
        counts = {}
    plain = TestResult("mfa", 1, on, datetime(on.year, on.month, on.day, tzinfo=UTC), outcome, **counts)  # type: ignore[arg-type]
    return replace(plain, **changes)  # type: ignore[arg-type]


def exception(*keys: str, first: int = 0, last: int = 30, **changes: object) -> ApprovedException:
    plain = ApprovedException("EX-1", "mfa", frozenset(keys), "vaulted", day(first), day(last), "omar", "erin")
    return replace(plain, **changes)  # type: ignore[arg-type]


def lives(
    *results: TestResult, on: int = 100, exceptions: Sequence[ApprovedException] = (), test: ControlTest = TEST
) -> dict[str, Deviation]:
    return {d.key: d for d in deviations_of([test], results, exceptions, day(on))}


def life(*results: TestResult, **options: object) -> Deviation:
    """The only one."""
    (found,) = lives(*results, **options).values()  # type: ignore[arg-type]
    return found


def test_a_failing_item_opens_on_its_first_run_and_ages_to_the_day() -> None:
    found = life(run(10, "a"), run(20, "a"), on=50)
    assert (found.state, found.opened_on, found.last_seen) == (DeviationState.OPEN, day(10), day(20))
    assert (found.age_days, found.age_bucket, found.due_on, found.is_late) == (40, AgeBucket.QUARTER, day(40), True)


def test_the_date_of_the_source_comes_before_the_first_run() -> None:
    found = life(run(10, "a", failing_since=("2025-12-22",)), on=10)
    assert (found.opened_on, found.first_seen, found.age_days) == (date(2025, 12, 22), day(10), 20)


def test_a_date_of_the_source_that_lies_ahead_is_not_believed() -> None:
    assert life(run(10, "a", failing_since=("2026-05-01",)), on=10).opened_on == day(10)


@pytest.mark.parametrize(("severity", "days"), [("critical", 7), ("high", 30), ("medium", 90), ("low", 180)])
def test_the_term_follows_from_severity(severity: str, days: int) -> None:
    test = replace(TEST, severity=severity)
    on_time, late = (life(run(0, "a"), on=n, test=test) for n in (days, days + 1))
    assert (on_time.due_on, on_time.is_late, late.is_late) == (day(days), False, True)


def test_a_term_of_the_test_itself_goes_before_severity() -> None:
    assert life(run(5, "a"), test=replace(TEST, due_days=1)).due_on == day(6)


ENDS = [
    ("passed", {}, Ending.FIXED),
    ("no longer in the population", {"left_keys": ("a",)}, Ending.LEFT_POPULATION),
    ("the test has changed", {"version": 2}, Ending.TEST_CHANGED),
    ("left, but the test has changed", {"version": 2, "left_keys": ("a",)}, Ending.TEST_CHANGED),
    ("not applicable now", {"undecided_keys": ("a",)}, None),
    ("an incomplete run misses it", {"outcome": Outcome.INCOMPLETE}, None),
    ("an incomplete run says it left", {"outcome": Outcome.INCOMPLETE, "left_keys": ("a",)}, None),
    ("counts that do not add up", {"passed": 3}, None),
]


@pytest.mark.parametrize(("changes", "ending"), [line[1:] for line in ENDS], ids=[line[0] for line in ENDS])
def test_how_an_absent_item_ends(changes: dict[str, object], ending: Ending | None) -> None:
    found = life(run(0, "a"), run(9, **changes))
    assert (found.ending, found.closed_on) == (ending, day(9) if ending else None)
    assert (found.state is DeviationState.CLOSED) == (ending is not None)


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.NOT_EVALUATED])
def test_runs_that_could_not_judge_neither_open_nor_close(outcome: Outcome) -> None:
    unable = run(5, outcome=outcome, failing_keys=("b",))
    assert life(run(0, "a"), unable).state is DeviationState.OPEN


def test_an_incomplete_run_opens() -> None:
    assert life(run(3, "a", outcome=Outcome.INCOMPLETE)).opened_on == day(3)


def test_an_item_kept_open_while_undecided_is_told_by_the_next_run() -> None:
    kept = (run(0, "a"), run(5, undecided_keys=("a",)))
    assert life(*kept, run(9)).ending is Ending.FIXED
    assert life(*kept, run(9, "a")).opened_on == day(0)
    assert life(*kept, run(9, left_keys=("a",))).ending is Ending.LEFT_POPULATION


def test_an_item_that_fails_again_reopens_with_a_new_age() -> None:
    found = life(run(0, "a"), run(10), run(20, "a"), on=25)
    assert (found.reopened, found.age_days, found.first_seen) == (1, 5, day(0))


def test_the_source_s_date_does_not_reach_back_over_a_day_on_which_the_item_passed() -> None:
    since = {"failing_since": ("2025-06-01",)}
    assert life(run(0, "a", **since), run(10), run(20, "a", **since)).opened_on == day(20)


def test_an_exception_covers_and_keeps_the_age_and_its_end_brings_the_failure_back() -> None:
    covered = life(run(0, "a"), on=30, exceptions=[exception("a")])
    after = life(run(0, "a"), on=31, exceptions=[exception("a")])
    assert (covered.state, covered.exception, covered.age_days) == (DeviationState.EXCEPTED, "EX-1", 30)
    assert (after.state, after.exception, after.age_days, after.is_late) == (DeviationState.OPEN, None, 31, True)


def test_an_exception_does_not_prolong_the_term_but_nobody_is_late_under_it() -> None:
    found = life(run(0, "a"), on=40, exceptions=[exception("a", last=50)])
    assert (found.is_past_due, found.is_late) == (True, False)


@pytest.mark.parametrize("changes", [{"approved_by": None}, {"revoked_on": day(5)}, {"test": "other"}])
def test_an_exception_that_does_not_run_covers_nothing(changes: dict[str, object]) -> None:
    found = life(run(0, "a"), on=10, exceptions=[exception("a", **changes)])
    assert found.state is DeviationState.OPEN


def test_a_manual_test_that_does_not_name_an_item_again_has_not_shown_it_fixed() -> None:
    both = lives(run(0, "a"), run(90, "b"), test=replace(TEST, is_manual=True))
    assert (both["a"].ending, both["b"].state) == (Ending.NOT_RETESTED, DeviationState.OPEN)


def test_items_that_a_manual_test_does_not_name_are_counted() -> None:
    manual = replace(TEST, is_manual=True)
    snapshot = register(tests=(manual,), results=(run(0, "a", passed=7, failing=3),), as_of=day(5))
    assert unnamed_deviations(snapshot) == {"mfa": 2}


def test_a_life_goes_on_under_the_test_that_supersedes_its_own() -> None:
    newer = replace(TEST, id="mfa-strong", supersedes="mfa")
    results = [run(0, "a", "b"), run(10, "a", test="mfa-strong"), run(12, "b")]
    found = {d.key: d for d in deviations_of([TEST, newer], results, (), day(20))}
    assert (found["a"].test, found["a"].opened_on, found["a"].state) == ("mfa-strong", day(0), DeviationState.OPEN)
    assert (found["b"].test, found["b"].ending) == ("mfa-strong", Ending.TEST_CHANGED)


def test_a_superseding_test_that_never_ran_takes_nothing_over() -> None:
    newer = replace(TEST, id="mfa-strong", supersedes="mfa")
    (found,) = deviations_of([TEST, newer], [run(0, "a")], (), day(20))
    assert found.test == "mfa"


def test_tests_that_supersede_one_another_in_a_circle_end() -> None:
    one, two = replace(TEST, supersedes="other"), replace(TEST, id="other", supersedes="mfa")
    assert deviations_of([one, two], [run(0, "a"), run(1, "a", test="other")], (), day(2)) == ()


def test_who_mends_is_the_operator_where_the_owner_of_the_test_examines() -> None:
    by_hand = replace(TEST, id="by-hand", is_manual=True, owner="ines")
    tests = (by_hand, replace(TEST, owner="priya"), replace(TEST, id="unowned"))
    snapshot = register(controls=(control("IAM-02", owner="omar"),), tests=tests)
    assert menders(snapshot) == {"by-hand": "omar", "mfa": "priya", "unowned": "omar"}


def test_figures_of_a_period() -> None:
    results = (run(0, "a", "b", "c"), run(10, "b", "c"), run(20, "a", "c", left_keys=("b",)), run(40, "c"))
    period = Period(day(15), day(60))
    found = deviation_figures(tuple(lives(*results, on=60).values()), period)
    assert (found.open, found.late, found.in_period, found.opened) == (1, 1, 3, 1)
    assert {ending: count for ending, count in found.endings if count} == {Ending.FIXED: 1, Ending.LEFT_POPULATION: 1}
    assert (found.fixed, found.mean_days_to_mend, found.reopened, found.reopen_rate) == (1, 20.0, 0, 0.0)
    whole = deviation_figures(tuple(lives(*results, on=60).values()), Period(day(0), day(60)))
    assert (whole.fixed, whole.median_days_to_mend, whole.reopened, whole.reopen_rate) == (2, 15.0, 1, 0.5)


def test_without_anything_fixed_there_is_no_time_to_mend() -> None:
    found = deviation_figures((), Period(day(0), day(9)))
    assert (found.mean_days_to_mend, found.median_days_to_mend, found.reopen_rate) == (None, None, None)


@pytest.mark.parametrize(("first", "last", "is_in"), [(0, 9, False), (0, 10, True), (19, 30, True), (20, 30, False)])
def test_failed_in_the_period_means_seen_by_its_end_and_not_ended_by_its_start(
    first: int, last: int, is_in: bool
) -> None:
    assert failed_in(life(run(10, "a"), run(20)), Period(day(first), day(last))) is is_in


KEYS = "abcd"


SAID = ("fails", "passes", "left", "undecided")
drawn_runs = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from(Outcome),
        st.integers(1, 2),
        st.none() | st.integers(-400, 400),
        *(st.sampled_from(SAID) for _ in KEYS),
    ),
    max_size=8,
)


@st.composite
def histories(draw: st.DrawFn) -> list[TestResult]:
    """Runs on rising days; what they say of each key is drawn."""
    results, number = [], 0
    for gap, outcome, version, event, *said in draw(drawn_runs):
        number += gap
        failing, _, left, undecided = (
            tuple(k for k, word in zip(KEYS, said, strict=True) if word == each) for each in SAID
        )
        fields = {"left_keys": left, "undecided_keys": undecided, "version": version}
        if outcome in (Outcome.EVALUATED, Outcome.INCOMPLETE):
            fields["failing_since"] = tuple(None if event is None else day(event).isoformat() for _ in failing)
        results.append(run(number, *failing, outcome=outcome, **fields))
    return results


exceptions_drawn = st.lists(
    st.builds(
        lambda keys, first, length: exception(*keys, first=first, last=first + length),
        st.sets(st.sampled_from(KEYS)),
        st.integers(0, 300),
        st.integers(0, 90),
    ),
    max_size=3,
)
LATER = 400


@settings(max_examples=50)
@given(histories(), exceptions_drawn)
def test_whatever_happens_there_is_one_life_for_each_item_that_ever_failed(
    results: list[TestResult], exceptions: list[ApprovedException]
) -> None:
    shown = [r for r in results if shows_items(r)]
    found = lives(*results, on=LATER, exceptions=exceptions)
    assert set(found) == {key for r in shown for key in r.failing_keys}
    newest = set(shown[-1].failing_keys) if shown else set()
    for key, each in found.items():
        assert not (each.state is DeviationState.CLOSED and key in newest)
        assert (each.state is DeviationState.CLOSED) == (each.ending is not None)


@settings(max_examples=50)
@given(histories(), exceptions_drawn)
def test_whatever_happens_spells_follow_one_another(
    results: list[TestResult], exceptions: list[ApprovedException]
) -> None:
    for each in lives(*results, on=LATER, exceptions=exceptions).values():
        ended = day(-1000)
        for place, spell in enumerate(each.spells):
            assert ended <= spell.opened_on or place == 0
            assert spell.opened_on <= spell.first_seen <= spell.last_seen
            assert spell.closed_on is not None or place == len(each.spells) - 1
            if spell.closed_on is not None:
                assert spell.last_seen < spell.closed_on
                ended = spell.closed_on
        assert each.age_days >= 0


@settings(max_examples=50)
@given(histories(), exceptions_drawn)
def test_whatever_happens_the_figures_add_up(results: list[TestResult], exceptions: list[ApprovedException]) -> None:
    found = tuple(lives(*results, on=LATER, exceptions=exceptions).values())
    figures = deviation_figures(found, Period(day(-1000), day(LATER)))
    closed = sum(d.state is DeviationState.CLOSED for d in found)
    assert figures.open + figures.excepted + closed == len(found) == figures.in_period
    assert sum(count for _, count in figures.ages) == figures.open + figures.excepted
    assert figures.opened - sum(count for _, count in figures.endings) == figures.open + figures.excepted
    assert figures.reopened <= figures.fixed
    assert figures.late <= figures.open


@settings(max_examples=50)
@given(histories(), exceptions_drawn)
def test_whatever_is_excepted_keeps_its_age_and_its_term(
    results: list[TestResult], exceptions: list[ApprovedException]
) -> None:
    bare, covered = lives(*results, on=LATER), lives(*results, on=LATER, exceptions=exceptions)
    for key, each in covered.items():
        assert (each.spells, each.due_on, each.age_days) == (bare[key].spells, bare[key].due_on, bare[key].age_days)
        assert (each.state is DeviationState.CLOSED) == (bare[key].state is DeviationState.CLOSED)


@settings(max_examples=50)
@given(histories(), exceptions_drawn)
def test_open_and_excepted_split_as_the_verdict_does(
    results: list[TestResult], exceptions: list[ApprovedException]
) -> None:
    shown = [r for r in results if shows_items(r)]
    if not shown:
        return
    judged = verdict(TEST, shown[-1], exceptions, day(LATER))
    failing = [d for k, d in lives(*results, on=LATER, exceptions=exceptions).items() if k in shown[-1].failing_keys]
    assert sum(d.state is DeviationState.OPEN for d in failing) == judged.failed
    assert sum(d.state is DeviationState.EXCEPTED for d in failing) == judged.excepted
    assert judged.verdict is not Verdict.ERROR


@settings(max_examples=50)
@given(histories())
def test_runs_that_show_no_items_change_nothing(results: list[TestResult]) -> None:
    assert lives(*results, on=LATER) == lives(*(r for r in results if shows_items(r)), on=LATER)


@settings(max_examples=50)
@given(histories(), st.integers(0, LATER))
def test_an_earlier_day_is_told_as_it_was_known_then(results: list[TestResult], number: int) -> None:
    known = [r for r in results if r.as_of <= day(number)]
    assert lives(*results, on=number) == lives(*known, on=number)


@settings(max_examples=50)
@given(histories(), st.sets(st.sampled_from(KEYS)))
def test_an_incomplete_run_ends_nothing(results: list[TestResult], failing: set[str]) -> None:
    before = lives(*results, on=LATER)
    last = run(LATER, *sorted(failing), outcome=Outcome.INCOMPLETE, left_keys=tuple(sorted(set(KEYS) - failing)))
    after = lives(*results, last, on=LATER)
    still = {k for k, d in before.items() if d.state is not DeviationState.CLOSED}
    assert {k for k, d in after.items() if d.state is not DeviationState.CLOSED} == still | failing
