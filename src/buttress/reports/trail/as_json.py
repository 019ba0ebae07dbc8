"""The audit trail as plain data: entries as they are stored, with the words for what was done."""

from collections.abc import Sequence
from typing import Any

from buttress.orgs.selectors import AuditLine
from buttress.reports.trail.events import event_of


def document(organisation: str, lines: Sequence[AuditLine]) -> dict[str, Any]:
    """Newest first; instants in UTC, values as the trail keeps them, erased ones null. `corrections` names the
    values that are facts in the place of earlier ones."""
    entries = [
        {
            "sequence": line.sequence,
            "change": line.change,
            "recorded_at": line.recorded_at.isoformat(),
            "action": line.action,
            "event": event_of(line),
            "kind": line.subject_kind,
            "values": dict(line.values),
            "corrections": sorted(line.corrections),
        }
        for line in lines
    ]
    return {"format": "buttress.trail", "version": 1, "organisation": organisation, "entries": entries}
