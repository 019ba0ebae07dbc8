"""The coverage calendar as CSV: one row for each test or walkthrough of a control, one column for each month."""

from buttress.reports.monitoring.calendar.view import CalendarView
from buttress.reports.monitoring.csv_text import csv_text

HEADER = (
    "control",
    "subject",
    "frequency",
    "manual",
    "expected",
    "due",
    "evidenced",
    "missing",
    "latest_evidence_on",
    "next_due_on",
    "holes",
    "owner",
    "title",
)


def table(view: CalendarView) -> str:
    """Holes as `start/end`, apart by spaces."""
    return csv_text(
        (*HEADER, *(f"{month:%Y-%m}" for month in view.months)),
        (
            (
                row.control,
                row.subject,
                row.frequency,
                row.is_manual,
                row.expected,
                row.due,
                row.evidenced,
                row.missing,
                row.latest_evidence_on,
                row.next_due_on,
                " ".join(f"{hole.start}/{hole.end}" for hole in row.holes),
                row.owner,
                row.title,
                *row.months,
            )
            for row in view.rows
        ),
    )
