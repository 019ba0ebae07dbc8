"""buttress explain: why did the figures move?"""

from typing import Annotated

import typer

from buttress.cli.clock import as_of_day, since_day
from buttress.cli.console import print_json, print_report
from buttress.cli.options import AsJson, AsOf, EngagementRef, Folder, KnownAt, refuse_known_at, register_folder


def explain(
    folder: Folder,
    since: Annotated[str, typer.Option(metavar="DATE", help="The earlier day, YYYY-MM-DD.")],
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Name the causes of what moved since a day.

    Amounts of all causes add up to the difference, and so do the parts of each risk.
    """
    refuse_known_at(known_at)
    day = as_of_day(as_of)
    earlier = since_day(since, day)
    root = register_folder(folder)
    from buttress.core.explain import explain as split  # noqa: PLC0415 - numpy and scipy only once there is work
    from buttress.register.snapshot import load_snapshots  # noqa: PLC0415
    from buttress.reports.explanation import as_json as json_form  # noqa: PLC0415
    from buttress.reports.explanation import terminal  # noqa: PLC0415
    from buttress.reports.explanation.view import explanation_view  # noqa: PLC0415

    before, after = load_snapshots(root, (earlier, day), engagement)
    found = split(before, after)
    if as_json:
        print_json(json_form.document(found))
    else:
        print_report(terminal.render(explanation_view(found)))
