"""A trace as plain data, numbers in full precision."""

from typing import Any

from buttress.reports.plain import plain
from buttress.reports.trace.view import TraceView


def document(view: TraceView) -> dict[str, Any]:
    """Fields of `TraceView` under a format and version."""
    found = plain(view)
    assert isinstance(found, dict)
    return {"format": "buttress.trace", "version": 1, **found}
