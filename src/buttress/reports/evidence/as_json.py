"""Control tests as plain data."""

from typing import Any

from buttress.reports.evidence.view import ControlTestsView
from buttress.reports.plain import plain


def document(view: ControlTestsView) -> dict[str, Any]:
    """Fields of `ControlTestsView` with the counts of tests that fail, do not tell, or rest on replaced evidence."""
    found = plain(view)
    assert isinstance(found, dict)
    counts = {"failing": view.failing, "unknown": view.unknown, "replaced": view.replaced}
    return {"format": "buttress.control_tests", "version": 1, **counts, **found}
