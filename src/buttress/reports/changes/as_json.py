"""Changes as plain data."""

from typing import Any

from buttress.reports.changes.view import ChangesView
from buttress.reports.plain import plain


def document(view: ChangesView) -> dict[str, Any]:
    """Fields of `ChangesView`, with how many wait for an answer."""
    return {"format": "buttress.changes", "version": 1, "unanswered": view.unanswered, **plain(view)}
