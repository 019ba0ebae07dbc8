from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.apportion import largest_remainder, split_by_logs
from buttress.core.control_causes import CauseKind
from buttress.core.estimates import MagnitudeEstimate, Point, Quantiles, SecondaryLoss
from buttress.core.explain import Explanation, explain
from buttress.core.money import RateTable
from buttress.core.posture import posture
from buttress.core.snapshot import BasisKind, EffectFunction, Factor, RegisterSnapshot
from buttress.core.tests.registers import TODAY, assessment, control, coverage_test, effect, register, result, risk

JULY = date(2026, 7, 1)
JUNE_RESULT = result(passed=95, failing=5, on=date(2026, 6, 30))


def both(**changes: object) -> tuple[RegisterSnapshot, RegisterSnapshot]:
    """The register in July and today: one control, one test, a result of June; `changes` apply to today's."""
    july = register(
        risk(effects=(effect(),)), controls=(control(),), tests=(coverage_test(),), results=(JUNE_RESULT,), as_of=JULY
    )
    return july, replace(july, as_of=TODAY, **changes)  # type: ignore[arg-type]


def assert_adds_up(found: Explanation, before: RegisterSnapshot, after: RegisterSnapshot) -> None:
    means = [posture(s).portfolio.distributions[1][1] for s in (before, after)]
    assert found.mean_cents == round(100 * (means[1].mean - means[0].mean))
    assert sum(c.cents for c in found.causes) == sum(m.cents for m in found.moves) == found.mean_cents
    for move in found.moves:
        assert sum(part.cents for part in move.parts) == move.cents
        assert move.cents == pytest.approx(100 * (move.after - move.before), abs=1.0)
    for cause in found.causes:
        assert sum(cents for _, cents in cause.risks) == cause.cents
    assert sum(c.var95_cents for c in found.causes) == round(100 * (found.var95_after - found.var95_before))
    assert sum(c.tvar95_cents for c in found.causes) == round(100 * (found.tvar95_after - found.tvar95_before))


def test_a_new_failing_result_is_named_with_its_counts() -> None:
    before, after = both(results=(JUNE_RESULT, result(passed=60, failing=40)))
    found = explain(before, after)
    (cause,) = found.causes
    assert (cause.kind, cause.subject) == (CauseKind.TEST_RESULT, "leavers")
    assert cause.detail == "leavers: 40 of 100 failing on 2026-09-30, before 5 of 100 failing on 2026-06-30"
    assert cause.cents > 0
    assert_adds_up(found, before, after)


def test_evidence_that_nothing_renewed_is_said_to_have_aged() -> None:
    before, after = both()
    found = explain(before, after)
    assert [(c.kind, c.subject) for c in found.causes] == [(CauseKind.EVIDENCE_AGED, "IAM-04")]
    assert found.mean_cents > 0
    assert_adds_up(found, before, after)


def test_a_clean_result_never_seems_to_raise_a_risk_because_it_is_a_week_old() -> None:
    clean = result(passed=100, failing=0, on=JULY)
    july, _ = both()
    before = replace(july, results=(clean,))
    after = replace(before, as_of=TODAY, results=(clean, result(passed=100, failing=0, on=date(2026, 9, 23))))
    found = explain(before, after)
    assert found.mean_cents > 0
    assert [(c.kind, c.detail) for c in found.causes] == [
        (CauseKind.EVIDENCE_AGED, "evidence on IAM-04 grew older: leavers is of 2026-09-23")
    ]
    assert_adds_up(found, before, after)


def test_testing_the_same_evidence_again_is_no_new_result() -> None:
    again = replace(JUNE_RESULT, as_of=TODAY, digest="again")
    before, after = both(results=(JUNE_RESULT, again))
    found = explain(before, after)
    assert [c.kind for c in found.causes] == [CauseKind.EVIDENCE_AGED]
    assert_adds_up(found, before, after)


def test_results_of_one_day_of_evidence_are_told_apart_by_their_runs() -> None:
    before = register(risk(effects=(effect(),)), controls=(control(),), tests=(coverage_test(),), results=(result(),))
    mended = result(passed=91, failing=9, as_of=date(2026, 10, 1), digest="mended")
    after = replace(before, as_of=date(2026, 10, 1), results=(*before.results, mended))
    details = [c.detail for c in explain(before, after).causes if c.kind is CauseKind.TEST_RESULT]
    assert details == [
        "leavers: 9 of 100 failing in the run of 2026-10-01, before 10 of 100 failing in the run of 2026-09-30"
    ]


def test_fresh_evidence_in_place_of_old_is_the_result_s_doing() -> None:
    fresh = result(passed=95, failing=5)
    before, after = both(results=(JUNE_RESULT, fresh))
    before = replace(before, as_of=date(2026, 9, 15))
    found = explain(before, after)
    assert [c.kind for c in found.causes] == [CauseKind.TEST_RESULT]
    assert found.mean_cents < 0


def test_a_first_result_says_where_the_control_stood_until_then() -> None:
    before, after = both(results=(result(passed=100, failing=0),))
    (cause,) = explain(replace(before, results=()), after).causes
    assert cause.detail == (
        "leavers: 0 of 100 failing on 2026-09-30, not tested before (IAM-04 stood at the prior of its type)"
    )
    assert cause.cents < 0


def test_a_reassessment_tells_figures_that_go_the_way_of_its_amount() -> None:
    # The estimate falls, yet less than controls had brought the old one down since: the risk is seen higher than before.
    mended = (JUNE_RESULT, result(passed=100, failing=0, on=date(2026, 7, 20)))
    reassessed = risk("R-1", assessment(), assessment(frequency=Point(0.45), on=date(2026, 8, 1)), effects=(effect(),))
    before, after = both(risks=(reassessed,), results=mended)
    found = explain(replace(before, results=(JUNE_RESULT,)), replace(after, as_of=date(2026, 8, 1)))
    cause = next(c for c in found.causes if c.kind is CauseKind.ESTIMATE_CHANGED)
    assert cause.cents > 0
    assert cause.detail.startswith("R-1 was assessed on 2026-08-01: frequency 0.45 a year, by the one before 0.")
    assert float(cause.detail.rsplit(" ", 1)[1]) < 0.45


def test_tail_steps_follow_the_side_on_which_a_control_acts() -> None:
    links = (effect("A-1", efficacy=0.5), effect("D-1", Factor.PRIMARY_LOSS, EffectFunction.LOSS_REDUCTION, 0.5))
    tests = (coverage_test("a", ("A-1",)), coverage_test("d", ("D-1",)))
    before = register(
        risk("R-1", assessment(BasisKind.INHERENT), effects=links),
        controls=(control("A-1"), control("D-1")),
        tests=tests,
        results=(result("a", 100, 0), result("d", 100, 0)),
    )
    worse = replace(before, results=(result("a", 50, 50, digest="x"), result("d", 51, 49, digest="y")))
    found = explain(before, worse)
    only = explain(before, replace(before, results=(result("a", 50, 50, digest="x"), before.results[1])))
    first = found.causes[0]
    assert (first.subject, first.tail_step) == ("a", 1)
    assert (first.var95_cents, first.tvar95_cents) == pytest.approx(
        (only.causes[0].var95_cents, only.causes[0].tvar95_cents), rel=0.05
    )
    assert_adds_up(found, before, worse)


def test_mending_a_failing_row_lowers_the_residual_by_what_is_explained() -> None:
    failing = result(passed=60, failing=40)
    before = replace(both()[1], results=(failing,))
    mended = replace(
        before, results=(replace(failing, passed=61, failing=39, failing_keys=failing.failing_keys[:39], digest="x"),)
    )
    found = explain(before, mended)
    assert found.mean_cents < 0
    residuals = [posture(s).risk("R-1").mean for s in (before, mended)]
    assert found.mean_cents == round(100 * (residuals[1] - residuals[0]))


def test_a_risk_that_came_and_one_that_closed_count_whole() -> None:
    before, after = both(results=(JUNE_RESULT,), risks=(risk("R-2"),))
    found = explain(before, after)
    assert {(c.kind, c.subject) for c in found.causes} == {
        (CauseKind.RISK_ADDED, "R-2"),
        (CauseKind.RISK_CLOSED, "R-1"),
    }
    assert_adds_up(found, before, after)


def test_a_reassessment_is_a_cause_of_its_own_beside_what_controls_did() -> None:
    reassessed = risk("R-1", assessment(), assessment(frequency=Point(0.2), on=date(2026, 8, 1)), effects=(effect(),))
    before, after = both(risks=(reassessed,), results=(JUNE_RESULT, result(passed=60, failing=40)))
    found = explain(before, after)
    assert {c.kind for c in found.causes} == {CauseKind.ESTIMATE_CHANGED, CauseKind.TEST_RESULT}
    assert_adds_up(found, before, after)


def test_a_rate_of_exchange_moves_every_estimate_in_that_currency() -> None:
    euros = risk("R-1", assessment(currency="EUR"), effects=(effect(),))
    tables = [RateTable("USD", None, {"EUR": Decimal(rate)}) for rate in ("1.10", "1.20")]
    before, after = both(risks=(euros,), results=(JUNE_RESULT, replace(JUNE_RESULT, as_of=TODAY)))
    before, after = replace(before, risks=(euros,), rates=tables[0]), replace(after, rates=tables[1], as_of=JULY)
    found = explain(before, after)
    assert [(c.kind, c.subject, c.detail) for c in found.causes] == [
        (CauseKind.RATE_CHANGED, "EUR", "1 EUR is 1.2 USD, was 1.1")
    ]
    assert_adds_up(found, before, after)


def test_a_control_found_lacking_is_named() -> None:
    before, after = both(controls=(control(lacking_since=date(2026, 8, 1)),))
    found = explain(before, after)
    assert ("control_changed", "IAM-04") in {(c.kind.value, c.subject) for c in found.causes}
    assert_adds_up(found, before, after)


def test_the_split_of_means_does_not_depend_on_the_order_of_controls() -> None:
    links = (
        effect("A-1"),
        effect("A-2", efficacy=0.5),
        effect("B-1", Factor.PRIMARY_LOSS, EffectFunction.DETECTION, 0.6),
        effect("C-1", Factor.PRIMARY_LOSS, EffectFunction.RESPONSE, 0.5),
        effect("D-1", Factor.SECONDARY_LOSS, EffectFunction.LOSS_REDUCTION, 0.4),
    )
    refs = [e.control for e in links]
    loss = MagnitudeEstimate(Quantiles(1e5, 9e5), SecondaryLoss(0.3, Quantiles(4e5, 3e6)))
    given_loss = replace(assessment(BasisKind.INHERENT), magnitude=loss)
    tests = tuple(coverage_test(f"t-{r}", (r,)) for r in refs)
    results = tuple(result(f"t-{r}", 95 - 7 * i, 5 + 7 * i) for i, r in enumerate(refs))

    def pair(reverse: bool) -> tuple[RegisterSnapshot, RegisterSnapshot]:
        ordered = links[::-1] if reverse else links
        before = register(
            risk("R-1", given_loss, effects=ordered),
            controls=tuple(control(r) for r in (refs[::-1] if reverse else refs)),
            tests=tests[::-1] if reverse else tests,
        )
        return before, replace(before, results=results)

    forward, backward = explain(*pair(False)), explain(*pair(True))
    assert [(c.subject, c.cents) for c in forward.causes] == [(c.subject, c.cents) for c in backward.causes]
    assert len(forward.causes) == 5
    assert_adds_up(forward, *pair(False))


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(lambda c: sum(c) > 0), min_size=3, max_size=3
    ),
    earlier=st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(lambda c: sum(c) > 0), min_size=3, max_size=3
    ),
    efficacies=st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3),
)
def test_parts_add_up_to_the_cent_whatever_the_results(
    counts: list[tuple[int, int]], earlier: list[tuple[int, int]], efficacies: list[float]
) -> None:
    refs = ("IAM-01", "IAM-02", "NET-01")
    links = tuple(effect(r, efficacy=e) for r, e in zip(refs, efficacies, strict=True))
    tests = tuple(coverage_test(f"t-{r}", (r,)) for r in refs)
    old = tuple(result(t.id, *c, on=date(2026, 6, 30)) for t, c in zip(tests, earlier, strict=True))
    new = tuple(result(t.id, *c) for t, c in zip(tests, counts, strict=True))
    risks = (risk("R-1", effects=links), risk("R-2", assessment(BasisKind.INHERENT), effects=links[1:]))
    before = register(*risks, controls=tuple(control(r) for r in refs), tests=tests, results=old, as_of=JULY)
    after = replace(before, as_of=TODAY, results=(*old, *new))
    assert_adds_up(explain(before, after), before, after)


def test_nothing_moves_between_equal_snapshots() -> None:
    _, after = both()
    found = explain(after, after)
    assert (found.mean_cents, found.causes, found.moves) == (0, (), ())


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_largest_remainder_keeps_each_part_near_and_the_sum_exact(parts: list[float]) -> None:
    total = round(sum(parts))
    whole = largest_remainder(parts, total)
    assert sum(whole) == total
    assert all(abs(w - p) <= 1.0 + 1e-6 for w, p in zip(whole, parts, strict=True))


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=6), st.floats(1, 1e6))
def test_log_parts_add_up_and_do_not_depend_on_order(ratios: list[float], before: float) -> None:
    from math import log, prod

    after = before * prod(ratios)
    logs = [log(r) for r in ratios]
    parts = split_by_logs(before, after, logs)
    assert sum(parts) == pytest.approx(after - before, rel=1e-9, abs=1e-9 * before)
    assert parts == pytest.approx(split_by_logs(before, after, logs[::-1])[::-1], rel=1e-9, abs=1e-9 * before)
