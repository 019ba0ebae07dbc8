"""buttress trace: how did a risk's residual come about?"""

from typing import Annotated

import typer

from buttress.cli.clock import as_of_day
from buttress.cli.console import print_json, print_report
from buttress.cli.failures import RefusalError
from buttress.cli.options import AsJson, AsOf, EngagementRef, Folder, KnownAt, refuse_known_at, register_folder


def trace(
    folder: Folder,
    ref: Annotated[str, typer.Argument(metavar="RISK", help="The risk's reference, e.g. R-014.", show_default=False)],
    as_of: AsOf = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
) -> None:
    """Print each step to the residual of a risk.

    Every step has its inputs with their source, its formula and its results, so that it can be recomputed by hand.
    """
    refuse_known_at(known_at)
    day = as_of_day(as_of)
    root = register_folder(folder)
    from buttress.core.posture import posture  # noqa: PLC0415 - numpy and scipy only once there is work
    from buttress.formats.problems import nearest  # noqa: PLC0415
    from buttress.register.snapshot import load_snapshot  # noqa: PLC0415
    from buttress.reports.trace import as_json as json_form  # noqa: PLC0415
    from buttress.reports.trace import terminal  # noqa: PLC0415
    from buttress.reports.trace.view import trace_view  # noqa: PLC0415

    found = posture(load_snapshot(root, day, engagement))
    known = [risk.ref for risk in found.risks]
    if ref not in known:
        raise RefusalError(f"There is no risk {ref!r} as of {day}. {nearest(ref, known)}".rstrip())
    view = trace_view(found, ref)
    if as_json:
        print_json(json_form.document(view))
    else:
        print_report(terminal.render(view))
