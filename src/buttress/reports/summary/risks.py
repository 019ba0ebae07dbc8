"""The largest risks, and what moved the portfolio."""

import re

from buttress.core.explain import Cause, Explanation, Part, RiskMove
from buttress.core.posture import Posture
from buttress.core.risk_posture import QUANTILES, RiskPosture
from buttress.core.snapshot import RegisterSnapshot
from buttress.reports.summary.view import Moved, MovedRow, RiskMoved, RiskRow

LARGEST = 10
CAUSES = 8
CAUSES_OF_ONE = 4

_FIRST_RESULT = re.compile(
    r"\b[1-9]\d* of \d+ failing.*(?P<prior> \((?P<controls>.+) stood at the prior of its type\))"
)
"""The cause text of a first result in which items fail."""

_ONE_YEAR_IN_20 = QUANTILES.index(0.95)


def largest_risks(snapshot: RegisterSnapshot, posture: Posture) -> tuple[RiskRow, ...]:
    """The ten with the greatest mean residual loss a year; equal ones by reference."""
    owners = {risk.ref: risk.owner for risk in snapshot.risks}
    estimated = sorted((r for r in posture.risks if r.residual), key=lambda r: (-r.mean, r.ref))
    return tuple(_row(risk, owners.get(risk.ref)) for risk in estimated[:LARGEST])


def _row(risk: RiskPosture, owner: str | None) -> RiskRow:
    figures = risk.residual
    assert figures is not None
    return RiskRow(
        risk.ref,
        risk.title,
        figures.mean,
        figures.mean_range,
        figures.quantiles[_ONE_YEAR_IN_20],
        f"L{figures.cell.likelihood} I{figures.cell.impact}",
        figures.cell.rating,
        risk.tolerance,
        owner,
        figures.marks,
    )


def what_moved(explanation: Explanation | None, largest: str | None = None) -> Moved | None:
    """The largest causes by name and the others in one number; the same for the risk `largest`."""
    if explanation is None:
        return None
    shown, others = explanation.causes[:CAUSES], explanation.causes[CAUSES:]
    move = next((move for move in explanation.moves if move.ref == largest and move.parts), None)
    return Moved(
        explanation.since,
        explanation.mean_before,
        explanation.mean_after,
        explanation.mean_cents,
        tuple(moved_row(cause) for cause in shown),
        len(others),
        sum(cause.cents for cause in others),
        explanation.notes,
        _risk_moved(move) if move else None,
    )


def _risk_moved(move: RiskMove) -> RiskMoved:
    shown, others = move.parts[:CAUSES_OF_ONE], move.parts[CAUSES_OF_ONE:]
    return RiskMoved(
        move.ref,
        move.title,
        move.before,
        move.after,
        move.cents,
        tuple(moved_row(part) for part in shown),
        len(others),
        sum(part.cents for part in others),
    )


def moved_row(cause: Cause | Part) -> MovedRow:
    """A first result that lowers loss although items fail says why: it is better than what was counted before."""
    found = _FIRST_RESULT.search(cause.detail)
    text = cause.detail
    if found and cause.cents < 0:
        text = text.replace(found["prior"], f": better than the prior at which {found['controls']} stood")
    return MovedRow(cause.kind.value, cause.subject, text, cause.cents)
