"""What every figure of a snapshot starts from: operating states of its controls and its risks at their stages."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from buttress.core.annual_loss import AnnualLoss
from buttress.core.operating_state import EvidenceOnControl, OperatingState, assumed_state, operating_state
from buttress.core.reliability import PRIORS
from buttress.core.snapshot import Assessment, ControlMode, RegisterSnapshot, Risk, RiskKind
from buttress.core.stages import EstimateOf, StagedRisk, StateNow, States, current_assessment, estimated_loss, staged
from buttress.core.verdicts import ControlTest, TestResult


def evidence_by_control(snapshot: RegisterSnapshot) -> dict[str, EvidenceOnControl]:
    """Tests and results of each control, results in order of their effective time."""
    tests = {test.id: test for test in snapshot.tests}
    of_control: defaultdict[str, dict[str, ControlTest]] = defaultdict(dict)
    for test in snapshot.tests:
        for control in test.controls:
            of_control[control][test.id] = test
    results: defaultdict[str, list[TestResult]] = defaultdict(list)
    for result in sorted(snapshot.results, key=lambda r: (r.effective_at, r.as_of)):
        for control in tests[result.test].controls if result.test in tests else ():
            results[control].append(result)
    return {ref: EvidenceOnControl(known, tuple(results[ref])) for ref, known in of_control.items()}


def states_of(snapshot: RegisterSnapshot) -> States:
    """A function giving the operating state of any control on any day up to the snapshot's; each is computed once."""
    controls = {control.ref: control for control in snapshot.controls}
    evidence = evidence_by_control(snapshot)
    known: dict[tuple[str, date], OperatingState] = {}

    def state(ref: str, day: date) -> OperatingState:
        if (ref, day) not in known:
            control = controls.get(ref)
            known[ref, day] = (
                operating_state(control, evidence.get(ref, EvidenceOnControl()), day)
                if control
                else assumed_state(ref, PRIORS[ControlMode.UNKNOWN], day)
            )
        return known[ref, day]

    return state


def estimates_of(snapshot: RegisterSnapshot) -> EstimateOf:
    """A function giving the law of an assessment's own figures; each is computed once."""
    known: dict[int, tuple[Assessment, AnnualLoss]] = {}

    def estimate(assessment: Assessment) -> AnnualLoss:
        # Keyed by identity, the assessment kept beside it: hashing its whole tree would cost more than the law.
        if id(assessment) not in known:
            known[id(assessment)] = (assessment, estimated_loss(assessment, snapshot.scales, snapshot.rates))
        return known[id(assessment)][1]

    return estimate


@dataclass(frozen=True, slots=True)
class Workings:
    """A snapshot with its control states and the stages of every risk that has figures (`staged`, by reference)."""

    snapshot: RegisterSnapshot
    states: States
    estimates: EstimateOf
    staged: dict[str, StagedRisk]

    def restaged(self, risk: Risk, now: StateNow) -> StagedRisk:
        """The stages of one risk with other control states today, from the same assessment."""
        assessment = self.staged[risk.ref].assessment
        return staged(risk, assessment, self.estimates, self.states, self.snapshot.as_of, now)


def work_out(snapshot: RegisterSnapshot) -> Workings:
    """States and stages of a whole snapshot."""
    states, estimates = states_of(snapshot), estimates_of(snapshot)
    laws = {}
    for risk in snapshot.risks:
        assessment = current_assessment(risk, snapshot.as_of)
        if assessment is not None and risk.kind is RiskKind.EVENT:
            laws[risk.ref] = staged(risk, assessment, estimates, states, snapshot.as_of)
    return Workings(snapshot, states, estimates, laws)
