"""The runs of a control as plain data."""

from typing import Any

from buttress.reports.monitoring.runs.view import RunsView
from buttress.reports.plain import plain


def document(view: RunsView) -> dict[str, Any]:
    """Fields of `RunsView`; `limit` says which upper limit it is."""
    limit = "one-sided upper limit of Clopper and Pearson over the pooled items, rounded up to 0.1 %"
    return {"format": "buttress.runs", "version": 1, "limit": limit, **plain(view)}
