from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buttress.core.criterion_state import ControlView, CriterionState, Facet, Headline, TestState, state_of
from buttress.core.snapshot import EngagementType
from buttress.core.verdicts import Assertion, Verdict


def a_test(verdict: Verdict = Verdict.PASS, *, in_period: bool = True, assertion: str = "operating") -> TestState:
    return TestState("leavers-disabled", Assertion(assertion), verdict, in_period)


def key(*tests: TestState, walkthrough: bool | None = True, ref: str = "IAM-04") -> ControlView:
    return ControlView(ref, is_key=True, in_place=True, walkthrough=walkthrough, tests=tests)


def plain(*tests: TestState, walkthrough: bool | None = True, ref: str = "IAM-09") -> ControlView:
    return replace(key(*tests, walkthrough=walkthrough, ref=ref), is_key=False)


def planned(control: ControlView) -> ControlView:
    return replace(control, in_place=False)


def state(*controls: ControlView, engagement_type: EngagementType = EngagementType.TYPE_2) -> CriterionState:
    return state_of("CC6.1", controls, is_in_scope=True, not_relevant_reason=None, engagement_type=engagement_type)


DESIGN_PASS = a_test(assertion="design")
OLD = a_test(in_period=False)
FAILS = a_test(Verdict.FAIL)
STALE = a_test(Verdict.STALE)
WITH_DEVIATIONS = a_test(Verdict.PASS_WITH_DEVIATIONS)

# Controls mapped, headline in a Type 2 engagement, headline in a Type 1 engagement.
TABLE = {
    "no control": ([], "uncovered", "uncovered"),
    "planned only": ([planned(key(a_test()))], "uncovered", "uncovered"),
    "design and operation tested": ([key(a_test())], "operating", "design_tested"),
    "design by a design test": ([key(DESIGN_PASS, a_test(), walkthrough=None)], "operating", "design_tested"),
    "operation by a configuration test": ([key(a_test(assertion="configuration"))], "operating", "design_tested"),
    "passed with deviations": ([key(WITH_DEVIATIONS)], "operating", "design_tested"),
    "walkthrough only": ([key()], "designed_only", "design_tested"),
    "design test only": ([key(DESIGN_PASS, walkthrough=None)], "designed_only", "design_tested"),
    "operation tested before the period": ([key(OLD)], "designed_only", "design_tested"),
    "before and in the period": ([key(OLD, a_test())], "operating", "design_tested"),
    "never tested": ([key(walkthrough=None)], "unknown", "unknown"),
    "operation tested, design never": ([key(a_test(), walkthrough=None)], "unknown", "unknown"),
    "operation stale": ([key(STALE)], "unknown", "design_tested"),
    "operation incomplete": ([key(a_test(Verdict.INCOMPLETE))], "unknown", "design_tested"),
    "operation in error": ([key(a_test(Verdict.ERROR))], "unknown", "design_tested"),
    "operation never run": ([key(a_test(Verdict.NOT_EVALUATED, in_period=False))], "unknown", "design_tested"),
    "one of two tests stale": ([key(a_test(), STALE)], "unknown", "design_tested"),
    "design test stale beside a walkthrough": (
        [key(a_test(Verdict.STALE, assertion="design"), a_test())],
        "unknown",
        "unknown",
    ),
    "operation fails": ([key(FAILS)], "deviating", "deviating"),
    "failed before the period, not repeated": ([key(replace(FAILS, in_period=False))], "deviating", "deviating"),
    "design test fails": ([key(a_test(Verdict.FAIL, assertion="design"), a_test())], "deviating", "deviating"),
    "walkthrough found it not suitable": ([key(a_test(), walkthrough=False)], "deviating", "deviating"),
    "deviating before unknown": ([key(FAILS), key(walkthrough=None, ref="IAM-05")], "deviating", "deviating"),
    "unknown before designed only": ([key(), key(STALE, ref="IAM-05")], "unknown", "design_tested"),
    "designed only before operating": ([key(a_test()), key(ref="IAM-05")], "designed_only", "design_tested"),
    "a control that is not key changes nothing": ([key(a_test()), plain(FAILS)], "operating", "design_tested"),
    "all in place where none is key": ([plain(a_test()), plain(FAILS, ref="IAM-10")], "deviating", "deviating"),
    "a planned key control is not relied on": (
        [planned(key(ref="IAM-05")), plain(a_test())],
        "operating",
        "design_tested",
    ),
}


@pytest.mark.parametrize(("controls", "type_2", "type_1"), TABLE.values(), ids=TABLE.keys())
def test_headline(controls: list[ControlView], type_2: str, type_1: str) -> None:
    assert state(*controls).headline == type_2
    assert state(*controls, engagement_type=EngagementType.TYPE_1).headline == type_1


def test_what_the_engagement_leaves_out_is_out_of_scope_whatever_its_controls_say() -> None:
    found = state_of(
        "A1.2",
        [key(FAILS)],
        is_in_scope=False,
        not_relevant_reason="no physical site",
        engagement_type=EngagementType.TYPE_2,
    )
    assert found.headline is Headline.OUT_OF_SCOPE
    assert found.mapped == Facet(1, 1)


@pytest.mark.parametrize(("reason", "headline"), [("no physical site", "not_relevant"), ("", "uncovered")])
def test_a_criterion_is_left_out_as_not_relevant_only_with_a_reason(reason: str, headline: str) -> None:
    found = state_of("CC6.4", [], is_in_scope=True, not_relevant_reason=reason, engagement_type=EngagementType.TYPE_2)
    assert found.headline == headline
    assert not reason or found.reasons == (reason,)


def test_counts_stand_beside_the_headline() -> None:
    found = state(
        key(a_test()),
        key(STALE, ref="IAM-05"),
        key(ref="IAM-06"),
        key(walkthrough=None, ref="IAM-07"),
        planned(key(ref="IAM-08")),
        plain(a_test()),
    )
    assert found.key_controls == ("IAM-04", "IAM-05", "IAM-06", "IAM-07")
    assert found.mapped == Facet(5, 6)
    assert found.design_tested == Facet(3, 4)
    assert found.operation_tested == Facet(1, 4)
    assert found.fresh == Facet(2, 4)
    assert [str(found.fresh), found.fresh.is_whole, Facet(0, 0).is_whole] == ["2 of 4", False, False]


def test_reasons_name_control_and_test() -> None:
    controls = (
        key(STALE),
        key(a_test(Verdict.NOT_EVALUATED), ref="IAM-05"),
        key(a_test(Verdict.ERROR), walkthrough=None, ref="IAM-06"),
        planned(key(ref="IAM-08")),
    )
    assert state(*controls).reasons == (
        "IAM-04: leavers-disabled stale",
        "IAM-05: leavers-disabled not evaluated",
        "IAM-06: design never tested",
        "IAM-06: leavers-disabled in error",
        "IAM-08: key control, not recorded as in place",
    )
    assert state(planned(plain())).reasons == ("IAM-09: not recorded as in place",)
    assert state().reasons == ("no control is mapped to it",)
    assert state(key(FAILS, walkthrough=False)).reasons == (
        "IAM-04: design found not suitable",
        "IAM-04: leavers-disabled fails",
    )
    assert state(key(OLD)).reasons == ("IAM-04: operation not tested in the period",)


views = st.builds(
    ControlView,
    st.just("X-01"),
    st.booleans(),
    st.booleans(),
    st.sampled_from((None, True, False)),
    st.lists(
        st.builds(TestState, st.just("t"), st.sampled_from(Assertion), st.sampled_from(Verdict), st.booleans()),
        max_size=3,
    ).map(tuple),
)


@given(st.lists(views, max_size=4))
@settings(max_examples=200)
def test_operating_means_that_every_control_relied_on_was_shown_to_work(controls: list[ControlView]) -> None:
    found = state(*controls)
    if found.headline is not Headline.OPERATING:
        return
    in_place = [c for c in controls if c.in_place]
    relied = [c for c in in_place if c.is_key] or in_place
    assert relied
    assert found.design_tested.is_whole
    assert found.operation_tested.is_whole
    assert found.fresh.is_whole
    assert all(t.verdict.is_passed for c in relied for t in c.tests)
    assert all(c.walkthrough is not False for c in relied)


@given(st.lists(views, max_size=4))
@settings(max_examples=100)
def test_the_state_does_not_depend_on_the_order_of_the_controls(controls: list[ControlView]) -> None:
    assert state(*controls).headline is state(*reversed(controls)).headline


def test_a_deviating_criterion_also_tells_what_is_unknown() -> None:
    found = state(key(FAILS), key(STALE, ref="IAM-05"))
    assert found.headline is Headline.DEVIATING
    assert found.reasons == ("IAM-04: leavers-disabled fails", "IAM-05: leavers-disabled stale")
