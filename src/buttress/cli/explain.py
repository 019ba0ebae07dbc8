"""buttress explain: why did the figures move?"""

from typing import Annotated

import typer

from buttress.cli.clock import since_day
from buttress.cli.console import print_json, print_report
from buttress.cli.options import AsJson, AsOf, EngagementRef, KnownAt, MemberRef, OrganisationRef, RegisterPlace
from buttress.cli.source import Asked, source_of


def explain(
    since: Annotated[str, typer.Option(metavar="DATE", help="The earlier day, YYYY-MM-DD.", show_default=False)],
    folder: RegisterPlace = None,
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Name the causes of what moved since a day.

    Amounts of all causes add up to the difference, and so do the parts of each risk.
    """
    source = source_of(Asked(folder, as_of, engagement, known_at, org, member))
    earlier = since_day(since, source.as_of)
    from buttress.core.explain import explain as split  # noqa: PLC0415 - numpy and scipy only once there is work
    from buttress.reports.explanation import as_json as json_form  # noqa: PLC0415
    from buttress.reports.explanation import terminal  # noqa: PLC0415
    from buttress.reports.explanation.view import explanation_view  # noqa: PLC0415

    before, after = source.snapshots_on((earlier, source.as_of))
    found = split(before, after)
    if as_json:
        print_json(json_form.document(found))
    else:
        print_report(terminal.render(explanation_view(found)))
