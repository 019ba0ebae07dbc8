from dataclasses import replace
from datetime import date

import pytest

from buttress.core.appetite import Appetite, AppetitePoint
from buttress.core.criterion_state import Headline
from buttress.core.posture import posture
from buttress.core.risk_posture import Tolerance
from buttress.core.snapshot import (
    Acceptance,
    BasisKind,
    Category,
    CellOverride,
    Criterion,
    Engagement,
    EngagementType,
    RegisterSnapshot,
    RiskKind,
)
from buttress.core.stages import Stage
from buttress.core.tests.registers import TODAY, assessment, control, coverage_test, effect, register, result, risk

CURVE = (AppetitePoint(1e4, 0.9), AppetitePoint(1e7, 0.001))
APPETITE = Appetite(date(2025, 12, 1), "moderate", CURVE, category_curves=(("security", CURVE),))
ENGAGEMENT = Engagement(
    "SOC2", EngagementType.TYPE_2, date(2026, 1, 1), date(2026, 12, 31), frozenset({Category.SECURITY})
)
CC62 = Criterion("CC6.2", "CC6", "Access is granted and taken away", frozenset(Category))
A11 = Criterion("A1.1", "A1", "Capacity is watched", frozenset({Category.AVAILABILITY}))


def usual(**changes: object) -> RegisterSnapshot:
    plain = register(
        risk(effects=(effect(),)),
        controls=(control(),),
        tests=(coverage_test(),),
        results=(result(passed=90, failing=10),),
        appetite=APPETITE,
        engagement=ENGAGEMENT,
        criteria=(CC62, A11),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_portfolio_means_are_the_sums_of_the_risks() -> None:
    found = posture(usual(risks=(risk(effects=(effect(),)), risk("R-2"))))
    for stage, law in found.portfolio.distributions:
        figures = [getattr(r, stage.value).mean for r in found.risks]
        assert law.mean == pytest.approx(sum(figures), rel=1e-12)


def test_mending_is_worth_what_the_control_at_its_designed_efficacy_would_save() -> None:
    snapshot = usual()
    found = posture(snapshot)
    worth = found.control("IAM-04").worth
    assert worth is not None
    ideal = posture(replace(snapshot, results=(result(passed=100, failing=0),)))
    assert worth.mean == pytest.approx(found.risk("R-1").mean - ideal.risk("R-1").mean, rel=1e-9)
    assert worth.tvar95 > worth.mean


def test_mending_on_the_day_of_the_assessment_does_not_change_what_was_pinned() -> None:
    snapshot = usual(risks=(risk("R-1", assessment(on=TODAY), effects=(effect(),)),))
    worth = posture(snapshot).control("IAM-04").worth
    assert worth is not None
    assert worth.mean > 0


def test_putting_a_lacking_control_in_place_is_worth_what_it_would_stop() -> None:
    lacking = control(in_place_on=None, lacking_since=date(2026, 1, 1))
    worth = posture(usual(controls=(lacking,), tests=(), results=())).control("IAM-04").worth
    assert worth is not None
    assert worth.mean == pytest.approx(assessment_mean() * 0.8, rel=1e-9)


def assessment_mean() -> float:
    return posture(usual(tests=(), results=(), controls=())).risk("R-1").mean


def test_a_control_without_a_direct_number_has_no_worth_but_says_where_it_acts() -> None:
    from buttress.core.snapshot import Factor

    through = replace(effect("ASR-01"), factor=Factor.RELIABILITY, efficacy=None)
    found = posture(usual(risks=(risk(effects=(through,)),), controls=(control("ASR-01"),), tests=(), results=()))
    assert found.control("ASR-01").worth is None
    assert found.control("ASR-01").acts_through == ("R-1",)


def test_appetite_is_judged_overall_and_by_category() -> None:
    views = posture(usual()).portfolio.appetite
    assert [v.category for v in views] == [None, Category.SECURITY]
    assert views[0].verdict.margin == pytest.approx(views[1].verdict.margin)


def test_criteria_in_scope_and_out_of_it_have_their_states() -> None:
    states = {c.id: c.state.headline for c in posture(usual()).criteria}
    assert states == {"CC6.2": Headline.DEVIATING, "A1.1": Headline.OUT_OF_SCOPE}


def test_an_override_by_hand_sets_the_cell_and_leaves_the_money() -> None:
    by_hand = replace(assessment(), override=CellOverride(1, 1, "insured in full"))
    plain, changed = posture(usual()), posture(usual(risks=(risk("R-1", by_hand, effects=(effect(),)),)))
    before, after = plain.risk("R-1").residual, changed.risk("R-1").residual
    assert before is not None
    assert after is not None
    assert after.mean == before.mean
    assert (after.cell.likelihood, after.cell.impact, after.cell.rating) == (1, 1, "low")
    assert "levels by hand: insured in full" in after.marks


def acceptance(**changes: object) -> Acceptance:
    plain = Acceptance(
        date(2026, 2, 1),
        "erin",
        "executive",
        "cost",
        date(2026, 12, 31),
        ceiling_rating="high",
        requested_by="ruth",
        attested_document="minutes 2026-02",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [
        ({}, Tolerance.ACCEPTED),
        ({"attested_document": None}, Tolerance.OUTSIDE),
        ({"until": date(2026, 9, 29)}, Tolerance.ACCEPTANCE_LAPSED),
        ({"ceiling_rating": "moderate"}, Tolerance.ACCEPTANCE_LAPSED),
        ({"requested_by": "erin"}, Tolerance.OUTSIDE),
    ],
)
def test_only_a_standing_acceptance_lets_a_risk_above_appetite_stand(
    changes: dict[str, object], tolerance: Tolerance
) -> None:
    high = risk("R-1", assessment(BasisKind.INHERENT), acceptances=(acceptance(**changes),))
    found = posture(usual(risks=(high,))).risk("R-1")
    assert found.residual is not None
    assert found.residual.cell.rating == "high"
    assert found.tolerance is tolerance


def test_a_condition_and_a_risk_without_assessment_have_no_figures() -> None:
    condition = replace(risk("R-2"), kind=RiskKind.CONDITION, modifies=("R-1",))
    bare = replace(risk("R-3"), assessments=())
    found = posture(usual(risks=(risk(), condition, bare)))
    assert found.portfolio.not_estimated == ("R-3",)
    assert (found.portfolio.estimated, found.risk("R-2").residual) == (1, None)


def test_a_register_without_risks_has_an_empty_posture() -> None:
    found = posture(usual(risks=(), controls=(), tests=(), results=()))
    assert found.portfolio.at(Stage.RESIDUAL).mean == 0.0


def test_the_trace_holds_every_number_that_the_residual_is_made_of() -> None:
    found = posture(usual()).risk("R-1")
    values = {(step.title, v.name): v.value for step in found.trace for v in (*step.inputs, *step.results)}
    coverage = values["Coverage of IAM-04 from leavers", "coverage"]
    share = values["IAM-04 on susceptibility", "share let through now"]
    pinned = values["IAM-04 on susceptibility", "share pinned by the estimate"]
    estimate = values["Estimate, with the controls then in place: loss of one event", "mean a year of the estimate"]
    assert coverage == pytest.approx(0.9)
    assert share == pytest.approx(1 - coverage * 0.8)  # type: ignore[operator]
    assert values["Residual", "mean a year"] == pytest.approx(estimate * share / pinned)  # type: ignore[operator]


def test_the_trace_tells_where_a_pinned_share_comes_from() -> None:
    earlier = result(passed=80, failing=20, on=date(2026, 1, 10))
    found = posture(usual(results=(earlier, result()))).risk("R-1")
    steps = {step.title: {v.name: v for v in (*step.inputs, *step.results)} for step in found.trace}
    pinned = steps["IAM-04 on susceptibility, as the estimate pinned it"]
    reached = steps["Coverage of IAM-04 from leavers, as of 2026-01-15"]["coverage"].value
    assert reached == pytest.approx(0.8, abs=1e-2)
    assert pinned["coverage"].value == reached
    assert pinned["share pinned by the estimate"].value == pytest.approx(1 - reached * 0.8)  # type: ignore[operator]
    now = steps["IAM-04 on susceptibility"]["share pinned by the estimate"]
    assert (now.value, now.source) == (
        pinned["share pinned by the estimate"].value,
        "as evidence showed the control on 2026-01-15",
    )


def test_the_trace_ends_with_the_other_stages_and_the_cell() -> None:
    found = posture(usual()).risk("R-1")
    steps = {step.title: {v.name: v.value for v in step.results} for step in found.trace[-4:]}
    assert list(steps) == ["Residual", "Inherent", "Target", "Cell of the residual"]
    for name in ("Residual", "Inherent", "Target"):
        stage = getattr(found, name.lower())
        assert steps[name]["mean a year"] == stage.mean
        assert (steps[name]["range of the mean, from"], steps[name]["range of the mean, to"]) == stage.mean_range
    assert found.residual is not None
    cell = found.residual.cell
    assert steps["Cell of the residual"]["cell"] == f"L{cell.likelihood} I{cell.impact} {cell.rating}"
