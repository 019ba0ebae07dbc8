from datetime import date

import pytest

from buttress.core.snapshot import Basis, BasisKind, PinnedControl
from buttress.core.stages import INHERENT_CAP, current_assessment
from buttress.core.tests.registers import assessment, control, coverage_test, effect, register, result, risk
from buttress.core.workings import work_out

MEAN_EVENT = 100_000 * 9**0.5


def stages_of(the_risk, *, tests=(), results=(), controls=None):  # type: ignore[no-untyped-def]
    snapshot = register(
        the_risk, controls=controls if controls is not None else (control(),), tests=tests, results=results
    )
    return work_out(snapshot).staged["R-1"]


def test_an_estimate_with_controls_starts_at_ratio_one() -> None:
    stages = stages_of(risk(effects=(effect(),)))
    assert stages.residual.mean == pytest.approx(stages.estimate.mean, rel=1e-12)


def test_a_failing_test_raises_the_residual_by_the_ratio_of_shares_let_through() -> None:
    stages = stages_of(risk(effects=(effect(),)), tests=(coverage_test(),), results=(result(passed=60, failing=40),))
    pinned, now = 1 - 0.9 * 0.8, 1 - 0.6 * 0.8
    assert stages.residual.mean == pytest.approx(stages.estimate.mean * now / pinned, rel=1e-12)


def test_a_passing_test_lowers_it_below_what_was_only_attested() -> None:
    stages = stages_of(risk(effects=(effect(),)), tests=(coverage_test(),), results=(result(passed=100, failing=0),))
    assert stages.residual.mean == pytest.approx(stages.estimate.mean * 0.2 / 0.28, rel=1e-12)


def test_an_inherent_estimate_is_lowered_by_attested_controls_at_their_prior() -> None:
    stages = stages_of(risk("R-1", assessment(BasisKind.INHERENT), effects=(effect(),)))
    assert stages.inherent == stages.estimate
    assert stages.is_inherent_stated
    assert stages.residual.mean == pytest.approx(stages.estimate.mean * (1 - 0.9 * 0.8), rel=1e-12)


def test_a_control_nobody_walked_through_counts_in_target_only() -> None:
    unrecorded = control(walkthroughs=())
    stages = stages_of(risk("R-1", assessment(BasisKind.INHERENT), effects=(effect(),)), controls=(unrecorded,))
    assert stages.residual == stages.estimate
    assert stages.target.mean == pytest.approx(stages.estimate.mean * 0.28, rel=1e-12)


def test_a_planned_control_counts_in_target_at_the_prior_of_its_type() -> None:
    planned = control(in_place_on=None, planned_on=date(2026, 12, 1), walkthroughs=())
    stages = stages_of(risk("R-1", assessment(BasisKind.INHERENT), effects=(effect(),)), controls=(planned,))
    assert stages.residual == stages.estimate
    assert stages.target.mean == pytest.approx(stages.estimate.mean * 0.28, rel=1e-12)


def test_a_derived_inherent_divides_by_what_was_pinned() -> None:
    stages = stages_of(risk(effects=(effect(),)))
    assert stages.inherent.mean == pytest.approx(stages.estimate.mean / 0.28, rel=1e-12)
    assert not stages.is_inherent_stated


def test_a_derived_inherent_is_capped_and_says_so() -> None:
    refs = ("A-1", "B-1", "C-1", "D-1")
    stages = stages_of(
        risk("R-1", assessment(controls=refs), effects=tuple(effect(r, efficacy=0.9) for r in refs)),
        controls=tuple(control(r) for r in refs),
    )
    assert stages.is_inherent_capped
    assert stages.inherent.mean == pytest.approx(stages.estimate.mean * INHERENT_CAP, rel=1e-12)


def test_a_stated_inherent_overrides_the_derived_one() -> None:
    before = assessment(BasisKind.INHERENT, frequency=assessment().frequency.__class__(3.0))  # type: ignore[union-attr]
    stages = stages_of(risk("R-1", assessment(), before, effects=(effect(),)))
    assert stages.inherent.frequency.mean == 3.0
    assert stages.residual.frequency.mean == pytest.approx(0.5)


class TestLibraryBasis:
    """Base rates were observed in organisations that have ordinary controls."""

    given = assessment(BasisKind.LIBRARY, controls=("IAM-04",))

    def test_a_listed_control_never_spoken_of_stays_assumed(self) -> None:
        stages = stages_of(risk("R-1", self.given, effects=(effect(),)), controls=())
        assert stages.residual.mean == pytest.approx(stages.estimate.mean, rel=1e-12)

    def test_a_listed_control_that_is_attested_keeps_the_ratio_at_one(self) -> None:
        stages = stages_of(risk("R-1", self.given, effects=(effect(),)))
        assert stages.residual.mean == pytest.approx(stages.estimate.mean, rel=1e-12)

    def test_a_listed_control_that_is_lacking_raises_the_residual(self) -> None:
        lacking = control(in_place_on=None, lacking_since=date(2026, 1, 1))
        stages = stages_of(risk("R-1", self.given, effects=(effect(),)), controls=(lacking,))
        assert stages.residual.mean == pytest.approx(stages.estimate.mean / (1 - 0.9 * 0.8), rel=1e-12)


def test_a_control_from_before_the_assessment_outside_its_basis_changes_nothing() -> None:
    stages = stages_of(risk("R-1", assessment(controls=()), effects=(effect(),)))
    assert stages.residual.mean == pytest.approx(stages.estimate.mean, rel=1e-12)


def test_a_control_put_in_place_after_the_assessment_lowers_the_residual() -> None:
    new = control(in_place_on=date(2026, 4, 1))
    stages = stages_of(risk("R-1", assessment(controls=()), effects=(effect(),)), controls=(new,))
    assert stages.residual.mean == pytest.approx(stages.estimate.mean * 0.28, rel=1e-12)


def test_a_pinned_control_that_was_retired_lets_everything_through() -> None:
    stages = stages_of(risk(effects=(effect(),)), controls=(control(retired_on=date(2026, 6, 1)),))
    assert stages.residual.mean == pytest.approx(stages.estimate.mean / 0.28, rel=1e-12)


def test_an_efficacy_stated_with_the_basis_is_pinned_as_stated() -> None:
    stated = assessment()
    basis = Basis(BasisKind.WITH_CONTROLS, (PinnedControl("IAM-04", 0.5),))
    from dataclasses import replace

    stages = stages_of(risk("R-1", replace(stated, basis=basis), effects=(effect(),)))
    assert stages.residual.mean == pytest.approx(stages.estimate.mean * 0.28 / 0.5, rel=1e-12)


def test_a_frequency_control_and_a_magnitude_control_leave_equal_means() -> None:
    from buttress.core.snapshot import EffectFunction, Factor

    one = stages_of(risk("R-1", assessment(BasisKind.INHERENT), effects=(effect(),)))
    other_link = effect(factor=Factor.PRIMARY_LOSS, function=EffectFunction.LOSS_REDUCTION)
    other = stages_of(risk("R-1", assessment(BasisKind.INHERENT), effects=(other_link,)))
    assert one.residual.mean == pytest.approx(other.residual.mean, rel=1e-12)
    assert one.residual.probability_of_none != pytest.approx(other.residual.probability_of_none, rel=1e-3)


def test_figures_with_controls_are_current_where_one_sitting_stated_both() -> None:
    with_controls, inherent = assessment(), assessment(BasisKind.INHERENT)
    assert current_assessment(risk("R-1", with_controls, inherent), date(2026, 9, 30)) is with_controls


def test_an_effect_recorded_later_acts_from_its_date_on() -> None:
    late = effect(effective_on=date(2027, 1, 1))
    stages = stages_of(risk("R-1", assessment(BasisKind.INHERENT), effects=(late,)))
    assert stages.residual == stages.estimate
