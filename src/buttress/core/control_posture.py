"""A control as of a day: its operating state, its tests with their verdicts, and what it acts on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from buttress.core.mending import Worth
from buttress.core.operating_state import OperatingState
from buttress.core.snapshot import Control, Engagement, RegisterSnapshot, Walkthrough
from buttress.core.verdicts import ControlTest, Judgement, TestResult, verdict


@dataclass(frozen=True, slots=True)
class TestView:
    """The latest result of a control test with its judgement on the day; `in_period`: effective in the engagement."""

    __test__ = False

    test: ControlTest
    result: TestResult | None
    judgement: Judgement
    in_period: bool


@dataclass(frozen=True, slots=True)
class ControlPosture:
    """A control as of the day; `worth` is None where it acts through others and has no direct number."""

    ref: str
    title: str
    state: OperatingState
    is_key: bool
    tests: tuple[TestView, ...]
    walkthrough: Walkthrough | None
    risks: tuple[str, ...]
    acts_through: tuple[str, ...]
    worth: Worth | None


def latest_results(snapshot: RegisterSnapshot) -> Mapping[str, TestResult]:
    """The newest result of each test, by run date and then effective time."""
    return {r.test: r for r in sorted(snapshot.results, key=lambda r: (r.as_of, r.effective_at))}


def test_view(test: ControlTest, result: TestResult | None, snapshot: RegisterSnapshot) -> TestView:
    """The test seen from the snapshot's day."""
    judgement = verdict(test, result, snapshot.exceptions, snapshot.as_of)
    in_period = result is not None and is_in_period(result.effective_on, snapshot.engagement, snapshot.as_of)
    return TestView(test, result, judgement, in_period)


test_view.__test__ = False  # type: ignore[attr-defined]


def is_in_period(day: date, engagement: Engagement | None, as_of: date) -> bool:
    """True where `day` lies in the engagement's period and not after `as_of`; without engagement, any day up to then."""
    if engagement is None:
        return day <= as_of
    return engagement.period_start <= day <= min(engagement.period_end, as_of)


def control_posture(
    control: Control, state: OperatingState, views: Iterable[TestView], snapshot: RegisterSnapshot, worth: Worth | None
) -> ControlPosture:
    """The control with its tests, the risks it has a direct effect on, and those it acts on through others."""
    direct, through = [], []
    for risk in snapshot.risks:
        links = [e for e in risk.effects if e.control == control.ref]
        if any(e.factor.is_direct for e in links):
            direct.append(risk.ref)
        elif links:
            through.append(risk.ref)
    walked = [w for w in control.walkthroughs if w.effective_on <= snapshot.as_of]
    return ControlPosture(
        control.ref,
        control.title,
        state,
        control.is_key,
        tuple(view for view in views if control.ref in view.test.controls),
        walked[-1] if walked else None,
        tuple(direct),
        tuple(through),
        worth,
    )
