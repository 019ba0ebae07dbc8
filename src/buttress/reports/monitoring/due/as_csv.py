"""What is due as CSV, one item a row."""

from buttress.reports.monitoring.csv_text import csv_text
from buttress.reports.monitoring.due.view import DueView

HEADER = ("due_on", "overdue", "kind", "ref", "text", "count", "since", "owner", "owner_name")


def table(view: DueView) -> str:
    """Every row of the view."""
    rows = view.rows
    return csv_text(
        HEADER,
        ((r.due_on, r.is_overdue, r.kind, r.ref, r.text, r.count, r.since, r.owner, r.owner_name) for r in rows),
    )
