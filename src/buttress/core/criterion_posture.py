"""The criteria in scope of the engagement, each with the state that its controls give it."""

from collections.abc import Mapping
from dataclasses import dataclass

from buttress.core.control_posture import ControlPosture
from buttress.core.criterion_state import ControlView, CriterionState, TestState, state_of
from buttress.core.operating_state import ControlStatus
from buttress.core.snapshot import Criterion, EngagementType, RegisterSnapshot


@dataclass(frozen=True, slots=True)
class CriterionPosture:
    """A criterion with its state, the controls mapped to it and the risks that name it."""

    id: str
    series: str
    label: str
    state: CriterionState
    controls: tuple[str, ...]
    risks: tuple[str, ...]


def criteria_posture(
    snapshot: RegisterSnapshot, controls: Mapping[str, ControlPosture]
) -> tuple[CriterionPosture, ...]:
    """One posture a criterion of the framework, those out of scope included."""
    return tuple(_criterion(criterion, snapshot, controls) for criterion in snapshot.criteria)


def _criterion(
    criterion: Criterion, snapshot: RegisterSnapshot, controls: Mapping[str, ControlPosture]
) -> CriterionPosture:
    engagement = snapshot.engagement
    mapped = [c for c in snapshot.controls if criterion.id in c.criteria]
    not_relevant = dict(engagement.not_relevant).get(criterion.id) if engagement else None
    state = state_of(
        criterion.id,
        [_view(controls[control.ref]) for control in mapped],
        is_in_scope=engagement is None or bool(criterion.categories & engagement.categories),
        not_relevant_reason=not_relevant,
        engagement_type=engagement.type if engagement else EngagementType.TYPE_2,
    )
    return CriterionPosture(
        criterion.id,
        criterion.series,
        criterion.label,
        state,
        tuple(c.ref for c in mapped),
        tuple(r.ref for r in snapshot.risks if criterion.id in r.criteria),
    )


_IN_PLACE = (ControlStatus.TESTED, ControlStatus.ATTESTED, ControlStatus.UNRECORDED)


def _view(control: ControlPosture) -> ControlView:
    tests = tuple(
        TestState(view.test.id, view.test.assertion, view.judgement.verdict, view.in_period) for view in control.tests
    )
    return ControlView(
        control.ref,
        control.is_key,
        control.state.status in _IN_PLACE,
        control.walkthrough.is_suitable if control.walkthrough else None,
        tests,
    )
