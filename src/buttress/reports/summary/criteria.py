"""Criteria of the engagement by state, and each that is not shown to operate with the reason."""

from buttress.core.criterion_state import Headline
from buttress.core.posture import Posture
from buttress.reports.states import CRITERIA
from buttress.reports.summary.view import CriteriaView, CriterionRow

_OUTSIDE = (Headline.OUT_OF_SCOPE, Headline.NOT_RELEVANT)
_SHOWN = (Headline.OPERATING, Headline.DESIGN_TESTED)


def criteria_view(posture: Posture) -> CriteriaView:
    """Counts of all states; rows in the order of their states, what is wrong first."""
    order = list(CRITERIA)
    counts = tuple((state, sum(c.state.headline is state for c in posture.criteria)) for state in order)
    open_ones = [c for c in posture.criteria if c.state.headline not in (*_OUTSIDE, *_SHOWN)]
    open_ones.sort(key=lambda c: order.index(c.state.headline))
    return CriteriaView(
        sum(c.state.headline not in _OUTSIDE for c in posture.criteria),
        tuple((state, count) for state, count in counts if count),
        tuple(CriterionRow(c.id, c.label, c.state.headline, c.state.reasons) for c in open_ones),
    )
