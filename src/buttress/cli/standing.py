"""Where an organisation stands on a day: snapshot, posture and what moved, read from its folder."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Group

from buttress.core.explain import Explanation, explain
from buttress.core.posture import Posture, posture
from buttress.core.snapshot import RegisterSnapshot
from buttress.formats.problems import ProblemsError
from buttress.register.snapshot import load_snapshot
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


def standing(folder: Path, as_of: date, since: date, engagement: str | None) -> Standing:
    """Read the folder as of both days and compute."""
    snapshot = load_snapshot(folder, as_of, engagement)
    try:
        before = load_snapshot(folder, since, engagement)
    except ProblemsError:
        # A register younger than `since` has no scale or no rate on that day: then nothing is compared.
        return Standing(snapshot, posture(snapshot), None)
    moved = explain(before, snapshot) if _is_comparable(before) else None
    return Standing(snapshot, posture(snapshot), moved)


def _is_comparable(before: RegisterSnapshot) -> bool:
    """Without any risk assessed by then, everything would only be new."""
    return any(not a.is_review for risk in before.risks for a in risk.assessments)
