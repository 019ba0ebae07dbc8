"""What waits as plain data."""

from collections.abc import Sequence
from typing import Any

from buttress.register.decisions import Waiting
from buttress.reports.plain import plain


def document(organisation: str, waiting: Sequence[Waiting]) -> dict[str, Any]:
    """Requests in the order in which they are listed; `by` is null where any approver may decide."""
    head = {"format": "buttress.decisions", "version": 1, "organisation": organisation}
    return {**head, "waiting": plain(list(waiting))}
