"""Where an organisation stands on a day: snapshot, posture and what moved."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from rich.console import Group

from buttress.cli.clock import BEFORE
from buttress.cli.source import SnapshotsOn
from buttress.core.explain import Explanation, explain
from buttress.core.posture import Posture, posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.formats.problems import ProblemsError
from buttress.reports.explanation import as_json as explanation_json
from buttress.reports.posture.document import posture_document
from buttress.reports.summary import as_json as summary_json
from buttress.reports.summary import terminal
from buttress.reports.summary.compose import summary
from buttress.reports.summary.view import Summary


@dataclass(frozen=True, slots=True)
class Standing:
    """`explanation` is None where the register says nothing as of the earlier day."""

    snapshot: RegisterSnapshot
    posture: Posture
    explanation: Explanation | None

    @property
    def summary(self) -> Summary:
        return summary(self.snapshot, self.posture, self.explanation)

    def report(self) -> Group:
        return terminal.render(self.summary)

    def document(self) -> dict[str, Any]:
        """The posture document, with `summary` and `explanation` beside its own keys."""
        moved = explanation_json.document(self.explanation) if self.explanation else None
        whole = posture_document(self.snapshot, self.posture)
        return {**whole, "summary": summary_json.document(self.summary), "explanation": moved}


def standing(snapshots_on: SnapshotsOn, as_of: date, since: date | None) -> Standing:
    """The register as of `as_of`, computed and compared with `since`.

    Without `since` it is compared with 90 days before, or with the day of its first assessment where that is later.
    """
    snapshot, before = _both_days(snapshots_on, as_of, since or as_of - BEFORE)
    if since is None and before is None:
        first = _first_assessed(snapshot)
        if first is not None and first < as_of:
            before = _both_days(snapshots_on, as_of, first)[1]
    return Standing(snapshot, posture(snapshot), explain(before, snapshot) if before else None)


def _both_days(snapshots_on: SnapshotsOn, as_of: date, since: date) -> tuple[RegisterSnapshot, RegisterSnapshot | None]:
    """The earlier one is None where it has nothing to compare: no risk was assessed by then, and everything would only be
    new, or a register younger than `since` has no rate on that day."""
    try:
        before, snapshot = snapshots_on((since, as_of))
    except ProblemsError:
        return snapshots_on((as_of,))[0], None
    return snapshot, before if _first_assessed(before) is not None else None


def _first_assessed(snapshot: RegisterSnapshot) -> date | None:
    """The day of the oldest figures; None without any."""
    days = (a.effective_on for risk in snapshot.risks for a in risk.assessments if not a.is_review)
    return min(days, default=None)
