"""buttress runs: did a control work through the whole period?"""

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


def runs(
    control: Annotated[str, typer.Option(metavar="REF", help="The control, e.g. IAM-04.", show_default=False)],
    folder: RegisterPlace = None,
    period: PeriodOf = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """List every run of a control's tests in the period, with what they show together.

    Population, deviations with their ends, and the failing rate with its upper limit beside the tolerable rate.
    """
    snapshot = snapshot_asked(Asked(folder, as_of, engagement, known_at, org, member))
    from buttress.reports.monitoring.runs import as_csv as csv_form  # noqa: PLC0415 - only once there is work
    from buttress.reports.monitoring.runs import as_json as json_form  # noqa: PLC0415
    from buttress.reports.monitoring.runs import terminal  # noqa: PLC0415
    from buttress.reports.monitoring.runs.view import runs_view  # noqa: PLC0415

    view = runs_view(control_asked(control, snapshot), snapshot, period_asked(period, snapshot))
    answer(
        as_json=as_json,
        as_csv=as_csv,
        document=lambda: json_form.document(view),
        table=lambda: csv_form.table(view),
        report=lambda: terminal.render(view),
    )
