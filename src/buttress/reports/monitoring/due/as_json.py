"""What is due as plain data."""

from typing import Any

from buttress.reports.monitoring.due.view import DueView
from buttress.reports.plain import plain


def document(view: DueView) -> dict[str, Any]:
    """Fields of `DueView`, with how many are overdue."""
    return {"format": "buttress.due", "version": 1, "overdue": view.overdue, **plain(view)}
