"""Why a control lets through another share than before: its evidence aged, its record changed, a test had a new result.

The steps are taken in this order, so that each has a state of its own: time passes over the evidence that no new result
replaces; then what the register says of the control; then the new results, one test after the other in order of names;
then time passes over these as far as they are older today than the evidence that they replaced was on the earlier day.
So a clean result never seems to raise a risk because it is a week old, and one that only repeats the evidence of the
earlier day moves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from buttress.core.operating_state import EvidenceOnControl, OperatingState, assumed_state, operating_state
from buttress.core.reliability import PRIORS
from buttress.core.snapshot import Control, ControlMode
from buttress.core.verdicts import ControlTest, TestResult, feeds_reliability
from buttress.core.workings import Workings, evidence_by_control


class CauseKind(StrEnum):
    """What can move a figure."""

    TEST_RESULT = "test_result"
    EVIDENCE_AGED = "evidence_aged"
    CONTROL_CHANGED = "control_changed"
    EFFECT_CHANGED = "effect_changed"
    ESTIMATE_CHANGED = "estimate_changed"
    RISK_ADDED = "risk_added"
    RISK_CLOSED = "risk_closed"
    RATE_CHANGED = "rate_changed"
    FLOOR_REACHED = "floor_reached"


@dataclass(frozen=True, slots=True, order=True)
class CauseKey:
    """A cause by kind and the reference of what caused it."""

    kind: CauseKind
    subject: str


@dataclass(frozen=True, slots=True)
class StateStep:
    """The state of a control once the cause has taken effect."""

    cause: CauseKey
    state: OperatingState


class ControlHistory:
    """Steps of every control between two snapshots; each control's are computed once."""

    def __init__(self, before: Workings, after: Workings) -> None:
        self._before, self._after = before, after
        self._evidence = evidence_by_control(before.snapshot), evidence_by_control(after.snapshot)
        self._controls = (
            {c.ref: c for c in before.snapshot.controls},
            {c.ref: c for c in after.snapshot.controls},
        )
        self._known: dict[str, tuple[StateStep, ...]] = {}

    def before(self, ref: str) -> OperatingState:
        """The state on the day of the first snapshot."""
        return self._before.states(ref, self._before.snapshot.as_of)

    def steps(self, ref: str) -> tuple[StateStep, ...]:
        """The states from after the first step to that of the second snapshot, each with its cause."""
        if ref not in self._known:
            self._known[ref] = tuple(self._steps(ref))
        return self._known[ref]

    def _steps(self, ref: str) -> list[StateStep]:
        as_of = self._after.snapshot.as_of
        old, new = (controls.get(ref) for controls in self._controls)
        known, now = (evidence.get(ref, EvidenceOnControl()) for evidence in self._evidence)
        seen = {_identity(r) for r in known.results}
        results = [r for r in now.results if _identity(r) in seen]
        tests = dict(now.tests)
        renewed = sorted({r.test for r in now.results if _identity(r) not in seen and _feeds(tests, r)})
        # Evidence that a new result replaced did not move anything by growing old: it waits for its result.
        waiting = dict.fromkeys(renewed, self._before.snapshot.as_of)

        def at(control: Control | None, chosen: Sequence[TestResult]) -> OperatingState:
            if control is None:
                return assumed_state(ref, PRIORS[ControlMode.UNKNOWN], as_of)
            return operating_state(control, EvidenceOnControl(tests, tuple(chosen)), as_of, waiting)

        steps = [StateStep(CauseKey(CauseKind.EVIDENCE_AGED, ref), at(old, results))]
        steps.append(StateStep(CauseKey(CauseKind.CONTROL_CHANGED, ref), at(new, results)))
        for test in renewed:
            added = [r for r in now.results if r.test == test and _identity(r) not in seen]
            waiting[test] = self._read_on(tests, test, known.results, added)
            results = sorted([*results, *added], key=lambda r: (r.effective_at, r.as_of))
            steps.append(StateStep(CauseKey(CauseKind.TEST_RESULT, test), at(new, results)))
        if any(day < as_of for day in waiting.values()):
            waiting.clear()
            steps.append(StateStep(CauseKey(CauseKind.EVIDENCE_AGED, ref), at(new, results)))
        return steps

    def _read_on(
        self, tests: Mapping[str, ControlTest], test: str, known: Sequence[TestResult], added: Sequence[TestResult]
    ) -> date:
        """The day on which new results are as old as those before them were on the earlier day, at the latest today."""
        today = self._after.snapshot.as_of
        old, new = (_effective_on(results, tests, test) for results in (known, added))
        if old is None or new is None:
            return today
        return min(today, new + max(self._before.snapshot.as_of - old, timedelta()))


def _effective_on(results: Sequence[TestResult], tests: Mapping[str, ControlTest], test: str) -> date | None:
    """The date of the newest result of a test that feeds the state of its controls."""
    return max((r.effective_on for r in results if r.test == test and _feeds(tests, r)), default=None)


def _identity(result: TestResult) -> tuple[str, str, str, str]:
    return result.test, str(result.as_of), str(result.effective_at), result.digest


def _feeds(tests: Mapping[str, ControlTest], result: TestResult) -> bool:
    test = tests.get(result.test)
    return test is not None and feeds_reliability(test, result)
