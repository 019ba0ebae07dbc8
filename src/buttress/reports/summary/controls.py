"""Which control to mend first: controls that do not work as designed, by what their mending is worth."""

from collections.abc import Sequence

from buttress.core.control_posture import ControlPosture, TestView
from buttress.core.operating_state import ControlStatus
from buttress.core.posture import Posture
from buttress.core.snapshot import BasisKind, RegisterSnapshot
from buttress.core.verdicts import Verdict
from buttress.reports.notation import write_share
from buttress.reports.states import VERDICTS
from buttress.reports.summary.evidence import why_silent
from buttress.reports.summary.view import MendRow

MENDED = 8
UNTESTED = 3
LEAST = 1.0
"""Worth a year, in the reporting currency, below which mending a control that does not fail is not worth a line."""


def controls_to_mend(snapshot: RegisterSnapshot, posture: Posture) -> tuple[MendRow, ...]:
    """Controls that fail, lack, were badly designed or whose evidence does not tell, by worth.

    One without a number comes last and only where it fails: what else is open shows at its criteria and evidence.
    """
    rows = [_row(control, snapshot, fault) for control in posture.controls if (fault := _fault(control, snapshot))]
    telling = [row for row in rows if (row.worth or 0.0) >= LEAST or row.verdict is Verdict.FAIL]
    return _by_worth(telling)[:MENDED]


def controls_to_test(snapshot: RegisterSnapshot, posture: Posture) -> tuple[MendRow, ...]:
    """Controls that count although nobody tested them, those of greatest worth first."""
    untested = (ControlStatus.ATTESTED, ControlStatus.UNRECORDED, ControlStatus.ASSUMED)
    rows = [
        _row(control, snapshot, (_prior_words(control, posture), None))
        for control in posture.controls
        if control.state.status in untested
        and not _fault(control, snapshot)
        and control.worth
        and control.worth.mean > 0
    ]
    return _by_worth(rows)[:UNTESTED]


def _by_worth(rows: Sequence[MendRow]) -> tuple[MendRow, ...]:
    return tuple(sorted(rows, key=lambda row: (row.worth is None, -(row.worth or 0.0), row.ref)))


def _prior_words(control: ControlPosture, posture: Posture) -> str:
    if control.state.status is ControlStatus.ASSUMED:
        estimates = [risk.assessment for risk in posture.risks if risk.ref in control.risks]
        bases = {each.basis.kind for each in estimates if each}
        if bases <= {BasisKind.INHERENT}:
            return "never spoken of: lowers nothing until it is"
        estimate = "the library's estimate" if BasisKind.LIBRARY in bases else "the estimate"
        return f"never spoken of: assumed, as {estimate} does"
    mean = write_share(control.state.prior.mean)
    if control.state.status is ControlStatus.UNRECORDED:
        return f"no walkthrough recorded; prior of its type {mean}"
    return f"untested: counts at the prior of its type, {mean}"


def _row(control: ControlPosture, snapshot: RegisterSnapshot, fault: tuple[str, Verdict | None]) -> MendRow:
    owners = {c.ref: c.owner for c in snapshot.controls}
    worth = control.worth
    return MendRow(
        control.ref,
        control.title,
        owners.get(control.ref),
        fault[0],
        fault[1],
        worth.mean if worth else None,
        worth.tvar95 if worth else None,
        control.risks if worth else control.acts_through,
    )


def _fault(control: ControlPosture, snapshot: RegisterSnapshot) -> tuple[str, Verdict | None] | None:
    """What is wrong with a control and the verdict behind it, the worst first; None where nothing is known to be."""
    state = control.state
    if state.status in (ControlStatus.PLANNED, ControlStatus.RETIRED):
        return None
    if state.status is ControlStatus.LACKING:
        return "lacking: it lets everything through", None
    if state.design_failure:
        return state.design_failure, Verdict.FAIL
    failing = [view for view in control.tests if view.judgement.verdict is Verdict.FAIL]
    if failing:
        return _failing_words(failing), Verdict.FAIL
    silent = [view for view in control.tests if not view.judgement.verdict.is_judged]
    return (_silent_words(silent[0], snapshot), silent[0].judgement.verdict) if silent else None


def _failing_words(views: Sequence[TestView]) -> str:
    return "; ".join(f"{view.test.id} fails: {counts_words(view)}" for view in views)


def _silent_words(view: TestView, snapshot: RegisterSnapshot) -> str:
    return f"{view.test.id} {VERDICTS[view.judgement.verdict].word}: {why_silent(view, snapshot)}"


def counts_words(view: TestView) -> str:
    """Failed items of those judged: `8 of 41`."""
    assert view.result is not None
    return f"{view.judgement.failed} of {view.result.passed + view.result.failing}"
