"""The runs of a control as CSV, one run a row."""

from buttress.reports.monitoring.csv_text import csv_text
from buttress.reports.monitoring.runs.view import RunsView

HEADER = (
    "control",
    "test",
    "as_of",
    "effective_on",
    "verdict",
    "population",
    "passed",
    "failed",
    "excepted",
    "not_applicable",
    "unknown",
    "pooled",
    "tolerable_rate",
    "performer",
    "why",
    "digest",
)


def table(view: RunsView) -> str:
    """Every run of the view, by test and date."""
    return csv_text(
        HEADER,
        (
            (
                view.control,
                test.id,
                run.as_of,
                run.effective_on,
                run.verdict,
                run.population,
                run.passed,
                run.failed,
                run.excepted,
                run.not_applicable,
                run.unknown,
                run.is_pooled,
                test.tolerable_rate,
                run.performer,
                run.why,
                run.digest,
            )
            for test in view.tests
            for run in test.runs
        ),
    )
