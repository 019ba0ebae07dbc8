"""buttress deviations: what fails, since when, until when it should be mended, and how it ended."""

from typing import Annotated

import typer

from buttress.cli.monitoring import answer, period_asked, snapshot_asked, tests_asked
from buttress.cli.options import (
    AsCsv,
    AsJson,
    AsOf,
    EngagementRef,
    KnownAt,
    MemberRef,
    OrganisationRef,
    PeriodOf,
    RegisterPlace,
)
from buttress.cli.source import Asked


def deviations(
    folder: RegisterPlace = None,
    control: Annotated[str | None, typer.Option(metavar="REF", help="Only the tests of this control.")] = None,
    test: Annotated[str | None, typer.Option(metavar="ID", help="Only this control test.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every item, ended ones of the period too.")] = False,
    period: PeriodOf = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """List the deviations: items on which a control test fails, with their age and term.

    Those that failed at some time in the period count beside those that fail now; JSON and CSV hold both.
    """
    snapshot = snapshot_asked(Asked(folder, as_of, engagement, known_at, org, member))
    from buttress.reports.monitoring.deviations import as_csv as csv_form  # noqa: PLC0415 - only once there is work
    from buttress.reports.monitoring.deviations import as_json as json_form  # noqa: PLC0415
    from buttress.reports.monitoring.deviations import terminal  # noqa: PLC0415
    from buttress.reports.monitoring.deviations.view import deviations_view  # noqa: PLC0415

    view = deviations_view(snapshot, period_asked(period, snapshot), tests_asked(test, control, snapshot))
    answer(
        as_json=as_json,
        as_csv=as_csv,
        document=lambda: json_form.document(view),
        table=lambda: csv_form.table(view),
        report=lambda: terminal.render(view, every=every),
    )
