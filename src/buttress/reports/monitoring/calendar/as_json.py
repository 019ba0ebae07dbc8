"""The coverage calendar as plain data."""

from typing import Any

from buttress.reports.monitoring.calendar.view import CalendarView
from buttress.reports.plain import plain


def document(view: CalendarView) -> dict[str, Any]:
    """Fields of `CalendarView`, with how many rows have holes."""
    found = plain(view)
    return {"format": "buttress.calendar", "version": 1, "with_holes": len(view.with_holes), **found}
