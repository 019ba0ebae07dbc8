"""buttress calendar: is there evidence through the whole period?"""

from typing import Annotated

import typer

from buttress.cli.monitoring import answer, control_asked, period_asked, snapshot_asked
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


def calendar(
    folder: RegisterPlace = None,
    control: Annotated[str | None, typer.Option(metavar="REF", help="Only this control.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show what has no holes too.")] = False,
    period: PeriodOf = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Show for each control which occurrences of testing have evidence, and how old every source is.

    A hole shows as soon as an occurrence is overdue. What runs without telling anything is no evidence.
    """
    snapshot = snapshot_asked(Asked(folder, as_of, engagement, known_at, org, member))
    from buttress.reports.monitoring.calendar import as_csv as csv_form  # noqa: PLC0415 - only once there is work
    from buttress.reports.monitoring.calendar import as_json as json_form  # noqa: PLC0415
    from buttress.reports.monitoring.calendar import terminal  # noqa: PLC0415
    from buttress.reports.monitoring.calendar.view import calendar_view  # noqa: PLC0415

    controls = None if control is None else (control_asked(control, snapshot).ref,)
    view = calendar_view(snapshot, period_asked(period, snapshot), controls)
    answer(
        as_json=as_json,
        as_csv=as_csv,
        document=lambda: json_form.document(view),
        table=lambda: csv_form.table(view),
        report=lambda: terminal.render(view, every=every or control is not None),
    )
