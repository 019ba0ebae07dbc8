"""buttress assess: where does the organisation stand, and why?"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from buttress.cli.clock import since_day
from buttress.cli.console import note, print_json, print_report
from buttress.cli.failures import RefusalError
from buttress.cli.options import (
    AsJson,
    AsOf,
    EngagementRef,
    KnownAt,
    MemberRef,
    OrganisationRef,
    RegisterPlace,
    Since,
)
from buttress.cli.source import Asked, source_of


class Chart(StrEnum):
    """Which drawing `--svg` and `--png` write."""

    CURVE = "curve"
    MATRIX = "matrix"


Drawing = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the chart to FILE.", dir_okay=False)]


def assess(
    folder: RegisterPlace = None,
    as_of: AsOf = None,
    since: Since = None,
    engagement: EngagementRef = None,
    known_at: KnownAt = None,
    as_json: AsJson = False,
    svg: Drawing = None,
    png: Drawing = None,
    chart: Annotated[Chart, typer.Option(help="Which chart to write.")] = Chart.CURVE,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Compute the posture and print a summary.

    Whether the organisation is within appetite, its largest risks, what moved and why, which control to mend first,
    how the criteria stand, what evidence does not tell, and what is due.
    """
    source = source_of(Asked(folder, as_of, engagement, known_at, org, member))
    earlier = since_day(since, source.as_of) if since is not None else None
    from buttress.cli.standing import standing  # noqa: PLC0415 - numpy and scipy only once there is work

    stands = standing(source.snapshots_on, source.as_of, earlier)
    if earlier is not None and stands.explanation is None:
        note(f"Nothing to compare with: no risk was assessed by {earlier}. Name a later day with --since")
    if svg or png:
        _draw(stands, chart, svg, png)
    if as_json:
        print_json(stands.document())
    else:
        print_report(stands.report())


def _draw(stands: Any, chart: Chart, svg: Path | None, png: Path | None) -> None:
    from buttress.reports.charts.exceedance import exceedance_spec  # noqa: PLC0415 - only where a chart is drawn
    from buttress.reports.charts.heat_map import heat_map_spec  # noqa: PLC0415
    from buttress.reports.charts.of_posture import exceedance_of, heat_map_of  # noqa: PLC0415
    from buttress.reports.charts.render import render_png, render_svg  # noqa: PLC0415

    if chart is Chart.CURVE:
        spec = exceedance_spec(exceedance_of(stands.snapshot, stands.posture))
    else:
        spec = heat_map_spec(heat_map_of(stands.snapshot, stands.posture))
    if svg:
        _write(svg, render_svg(spec).encode())
    if png:
        _write(png, render_png(spec))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RefusalError(f"{path} cannot be written: {error.strerror}") from error
    note(f"Wrote {path}")
