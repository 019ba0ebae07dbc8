from datetime import date

import pytest

from buttress.core.effectiveness import FLOOR, efficacy_of, overlap
from buttress.core.estimates import Pert
from buttress.core.moments import Moments, certain
from buttress.core.operating_state import ControlStatus, EvidenceOnControl, OperatingState, operating_state
from buttress.core.reliability import PRIORS, Beta
from buttress.core.snapshot import (
    BasisKind,
    Combination,
    ControlMode,
    EffectFunction,
    Factor,
    Procedure,
    Walkthrough,
)
from buttress.core.stages import staged
from buttress.core.tests.registers import (
    ASSESSED,
    TODAY,
    assessment,
    control,
    coverage_test,
    effect,
    register,
    result,
    risk,
)
from buttress.core.verdicts import Assertion, ControlTest, EffectMode, Outcome
from buttress.core.workings import work_out


def state_from(reliability: Beta, coverage: float) -> OperatingState:
    moments = Moments(reliability.mean, reliability.second_moment)
    return OperatingState("C", TODAY, ControlStatus.TESTED, Beta(9, 1), moments, certain(coverage), "inventory")


def test_share_let_through_has_the_moments_of_reference_case_q16() -> None:
    from buttress.core.frequency import FrequencyLaw

    first = efficacy_of(effect(efficacy=0.85, variant_efficacy=0.1), state_from(Beta(30, 1), 0.95)).complement
    second = efficacy_of(effect(efficacy=0.6), state_from(Beta(18, 2), 1.0)).complement
    assert first.mean == pytest.approx(0.215484, abs=5e-7)
    assert second.mean == pytest.approx(0.46, abs=5e-7)
    law = FrequencyLaw(2.437273 / 5.437873, 2.437273 / 5.437873**2)
    product = first.times(second)
    left = law.scaled(product.mean, product.second)
    assert left.mean == pytest.approx(0.044427, rel=1e-4)
    assert left.variance**0.5 == pytest.approx(0.029326, rel=1e-4)
    assert (left.shape, left.rate) == (pytest.approx(2.295005, rel=1e-4), pytest.approx(51.657785, rel=1e-4))


@pytest.mark.parametrize(("common_mode", "expected"), [(0.0, 0.20), (0.2, 0.24), (1.0, 0.40)])
def test_overlapping_controls_combine_by_the_beta_factor_rule_of_q13(common_mode: float, expected: float) -> None:
    assert overlap([certain(0.4), certain(0.5)], common_mode).mean == pytest.approx(expected, abs=1e-15)


def test_overlap_does_not_depend_on_the_order_of_the_controls() -> None:
    shares = [Moments(0.5, 0.27), Moments(0.3, 0.1), Moments(0.8, 0.65)]
    assert overlap(shares, 0.3).mean == pytest.approx(overlap(shares[::-1], 0.3).mean, abs=1e-15)


def test_a_coverage_test_makes_coverage_the_passing_share_and_reliability_one() -> None:
    evidence = EvidenceOnControl({"leavers": coverage_test()}, (result(passed=298, failing=14),))
    state = operating_state(control(), evidence, TODAY)
    assert state.status is ControlStatus.TESTED
    assert state.reliability.mean == 1.0
    assert state.coverage.mean == pytest.approx(298 / 312)


def test_an_unreconciled_share_of_the_population_takes_the_prior() -> None:
    evidence = EvidenceOnControl(
        {"leavers": coverage_test()}, (result(passed=100, failing=0, expected_population=200),)
    )
    assert operating_state(control(), evidence, TODAY).coverage.mean == pytest.approx(0.5 * 1.0 + 0.5 * 0.9)


def test_a_test_of_occurrences_feeds_reliability_and_leaves_coverage_assumed() -> None:
    test = ControlTest("approvals", "t", ("IAM-04",), Assertion.OPERATING, EffectMode.RELIABILITY, icc=0.0)
    evidence = EvidenceOnControl({"approvals": test}, (result("approvals", 25, 0),))
    state = operating_state(control(), evidence, TODAY)
    assert state.reliability.mean == pytest.approx((9 + 25) / (10 + 25))
    assert (state.coverage.mean, state.coverage_source) == (1.0, "assumed")


def test_runs_of_one_period_to_date_count_once() -> None:
    test = ControlTest("approvals", "t", ("IAM-04",), Assertion.OPERATING, EffectMode.RELIABILITY, icc=0.0)
    june = result("approvals", 20, 5, on=date(2026, 6, 30), cluster="2026-01-01")
    september = result("approvals", 40, 5, cluster="2026-01-01")
    both = operating_state(control(), EvidenceOnControl({"approvals": test}, (june, september)), TODAY)
    last = operating_state(control(), EvidenceOnControl({"approvals": test}, (september,)), TODAY)
    assert both.reliability == last.reliability


@pytest.mark.parametrize(
    "vacuous",
    [
        result(outcome=Outcome.INCOMPLETE),
        result(outcome=Outcome.NOT_EVALUATED, passed=0, failing=0, population=0),
        result(outcome=Outcome.ERROR),
        result(passed=0, failing=0, population=0),
        result(passed=100, failing=0, effective_at=result(on=date(2026, 9, 1)).effective_at),
        result(passed=0, failing=0, population=7, not_applicable=7),
        result(passed=99, failing=0, population=100, unknown=1),
    ],
    ids=[
        "incomplete",
        "not evaluated",
        "error",
        "empty",
        "stale on its own date",
        "all not applicable",
        "unknown rows",
    ],
)
def test_evidence_that_does_not_tell_changes_nothing_through_to_the_money(vacuous: object) -> None:
    base = register(risk(effects=(effect(),)), controls=(control(),), tests=(coverage_test(),))
    with_it = register(risk(effects=(effect(),)), controls=(control(),), tests=(coverage_test(),), results=(vacuous,))
    untested, seen = work_out(base), work_out(with_it)
    assert seen.states("IAM-04", TODAY).status is ControlStatus.ATTESTED
    assert seen.staged["R-1"].residual.mean == untested.staged["R-1"].residual.mean


def test_several_tests_of_one_control_must_all_hold() -> None:
    tests = {"a": coverage_test("a"), "b": coverage_test("b")}
    results = (result("a", 90, 10), result("b", 50, 50))
    least = operating_state(control(), EvidenceOnControl(tests, results), TODAY)
    product = operating_state(control(combination=Combination.PRODUCT), EvidenceOnControl(tests, results), TODAY)
    assert least.coverage.mean == pytest.approx(0.5)
    assert product.coverage.mean == pytest.approx(0.45)


def test_a_failed_design_overrides_operation() -> None:
    failed = Walkthrough(date(2026, 8, 1), "ines", Procedure.INSPECTION, is_suitable=False)
    evidence = EvidenceOnControl({"leavers": coverage_test()}, (result(passed=100, failing=0),))
    state = operating_state(control(walkthroughs=(failed,)), evidence, TODAY)
    assert efficacy_of(effect(variant_efficacy=0.1), state).mean == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, ControlStatus.ATTESTED),
        ({"walkthroughs": ()}, ControlStatus.UNRECORDED),
        ({"in_place_on": None}, ControlStatus.ASSUMED),
        ({"in_place_on": None, "planned_on": date(2026, 12, 1)}, ControlStatus.PLANNED),
        ({"in_place_on": date(2026, 11, 1)}, ControlStatus.PLANNED),
        ({"lacking_since": date(2026, 2, 1)}, ControlStatus.LACKING),
        ({"lacking_since": date(2024, 2, 1)}, ControlStatus.ATTESTED),
        ({"retired_on": date(2026, 9, 1)}, ControlStatus.RETIRED),
    ],
)
def test_status_follows_the_life_of_the_control(changes: dict[str, object], status: ControlStatus) -> None:
    assert operating_state(control(**changes), EvidenceOnControl(), TODAY).status is status


def test_detection_acts_only_together_with_response() -> None:
    detection = effect("LOG-02", Factor.PRIMARY_LOSS, EffectFunction.DETECTION, 0.5)
    response = effect("INC-03", Factor.PRIMARY_LOSS, EffectFunction.RESPONSE, 0.4)
    alone = register(
        risk("R-1", assessment(), effects=(detection,)), controls=(control("LOG-02", in_place_on=date(2026, 5, 1)),)
    )
    together = register(
        risk("R-1", assessment(), effects=(detection, response)),
        controls=(control("LOG-02", in_place_on=date(2026, 5, 1)), control("INC-03", in_place_on=date(2026, 5, 1))),
    )
    assert work_out(alone).staged["R-1"].shares.primary.now.mean == 1.0
    seen = (0.9 * 0.5) * (0.9 * 0.4)
    assert work_out(together).staged["R-1"].shares.primary.now.mean == pytest.approx(1 - seen)


def test_the_product_of_many_controls_is_held_at_the_floor() -> None:
    refs = [f"C{i}-1" for i in range(8)]
    shares = (
        work_out(
            register(
                risk("R-1", assessment(BasisKind.INHERENT), effects=tuple(effect(r, efficacy=0.9) for r in refs)),
                controls=tuple(control(r) for r in refs),
            )
        )
        .staged["R-1"]
        .shares
    )
    assert shares.frequency.now.mean == FLOOR
    assert shares.frequency.floored > 1


def test_pert_efficacy_and_prior_are_those_of_the_type() -> None:
    manual = operating_state(control(mode=ControlMode.MANUAL), EvidenceOnControl(), TODAY)
    assert manual.reliability.mean == PRIORS[ControlMode.MANUAL].mean
    wide = effect(efficacy=0.6)
    assert efficacy_of(wide, manual).mean == pytest.approx(0.8 * 0.6)
    spread = efficacy_of(effect().__class__(**{**_fields(wide), "efficacy": Pert(0.3, 0.6, 0.9)}), manual)
    assert spread.mean == pytest.approx(0.8 * 0.6)
    assert spread.variance > efficacy_of(wide, manual).variance


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}  # type: ignore[attr-defined]


def test_staged_uses_the_assessment_given() -> None:
    snapshot = register(risk(effects=(effect(),)), controls=(control(),))
    workings = work_out(snapshot)
    again = staged(snapshot.risks[0], assessment(on=ASSESSED), workings.estimates, workings.states, TODAY)
    assert again.residual == workings.staged["R-1"].residual
