from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buttress.core.annual_loss import AnnualLoss
from buttress.core.control_causes import CauseKey, CauseKind
from buttress.core.frequency import FrequencyLaw
from buttress.core.magnitude import MagnitudeLaw
from buttress.core.route import Route
from buttress.core.severity import PointLoss

OFTEN, MUCH = CauseKey(CauseKind.TEST_RESULT, "often"), CauseKey(CauseKind.TEST_RESULT, "much")
ASSESSED = CauseKey(CauseKind.ESTIMATE_CHANGED, "R-1")
LOGS = {OFTEN: (0.5, 0.0, 0.0), MUCH: (0.0, 0.25, -0.25)}

FIRST = AnnualLoss(FrequencyLaw(2.0, 1.0), MagnitudeLaw(PointLoss(100.0), PointLoss(40.0), 0.5))
MOVED = AnnualLoss(
    FrequencyLaw(2.0, 3.0).scaled(1.6487212707, 2.7182818285), FIRST.magnitude.scaled(1.2840254, 0.7788008)
)
LAST = AnnualLoss(FrequencyLaw(5.0, 4.0), FIRST.magnitude.scaled(2.0, 2.0))


def test_a_cause_multiplies_the_side_on_which_it_acts() -> None:
    law = Route(FIRST, MOVED, MOVED, LOGS).law({MUCH}, {OFTEN, MUCH})
    assert law.frequency == FIRST.frequency
    assert law.magnitude.primary.mean == pytest.approx(128.40254)
    assert law.magnitude.secondary is not None
    assert law.magnitude.secondary.mean == pytest.approx(31.152032)


def test_the_spread_of_the_frequency_goes_with_the_causes_that_act_on_it() -> None:
    law = Route(FIRST, MOVED, MOVED, LOGS).law({OFTEN}, {OFTEN, MUCH})
    spreads = [each.frequency.variance / each.frequency.mean**2 for each in (law, MOVED)]
    assert spreads[0] == pytest.approx(spreads[1])


def test_a_new_assessment_leads_to_the_new_law_with_the_other_causes_still_to_come() -> None:
    law = Route(FIRST, MOVED, LAST, LOGS).law({ASSESSED}, {OFTEN, MUCH, ASSESSED})
    assert law.frequency.mean == pytest.approx(5.0 / 1.6487212707)
    assert law.magnitude.primary.mean == pytest.approx(200.0 / 1.2840254)


@given(st.sets(st.sampled_from([OFTEN, MUCH, ASSESSED])))
def test_both_ends_are_exact(done: set[CauseKey]) -> None:
    causes = {OFTEN, MUCH, ASSESSED}
    route = Route(FIRST, MOVED, LAST, LOGS)
    assert route.law(done | causes, causes) == LAST
    start = route.law(set(), causes)
    assert start.mean == pytest.approx(FIRST.mean)
    assert replace(start, magnitude=FIRST.magnitude).frequency.variance == pytest.approx(FIRST.frequency.variance)
