"""Deviations as CSV, one a row."""

from buttress.reports.monitoring.csv_text import csv_text
from buttress.reports.monitoring.deviations.view import DeviationsView

HEADER = (
    "test",
    "key",
    "state",
    "late",
    "severity",
    "controls",
    "opened_on",
    "due_on",
    "age_days",
    "age_bucket",
    "first_seen",
    "last_seen",
    "closed_on",
    "ending",
    "reopened",
    "exception",
    "excepted_until",
    "owner",
    "title",
)


def table(view: DeviationsView) -> str:
    """Every row of the view."""
    return csv_text(
        HEADER,
        (
            (
                row.test,
                row.key,
                row.state,
                row.is_late,
                row.severity,
                " ".join(row.controls),
                row.opened_on,
                row.due_on,
                row.age_days,
                row.age_bucket.value,
                row.first_seen,
                row.last_seen,
                row.closed_on,
                row.ending,
                row.reopened,
                row.exception,
                row.excepted_until,
                row.owner,
                row.title,
            )
            for row in view.rows
        ),
    )
