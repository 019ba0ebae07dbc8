"""The audit trail on a terminal: newest first, one entry a line, what changed below it."""

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from buttress.reports.ledger import QUIET, ledger
from buttress.reports.notation import with_written_dates, write_date
from buttress.reports.trail.view import TrailLine

DETAILS = 8
"""Lines of what changed under one entry; the rest is counted."""


def render(lines: Sequence[TrailLine]) -> Group:
    """Times are those of the organisation's time zone."""
    if not lines:
        return Group(Text("The audit trail has no such entry."))
    table = ledger((("no.", "right", None), ("when", "left", None), ("who", "left", None), ("", "left", 60)))
    for line in lines:
        when = f"{write_date(line.at.date())} {line.at:%H:%M}"
        what = Text(line.event, style="bold")
        what.append(f": {line.noun} {line.ref}" if line.ref else f": {line.noun}", style="not bold")
        table.add_row(f"{line.sequence}", when, line.by, what)
        for text in _below(line):
            table.add_row("", "", "", Text(with_written_dates(text), style=QUIET))
    return Group(table)


def _below(line: TrailLine) -> list[str]:
    details = list(line.details[:DETAILS])
    if len(line.details) > DETAILS:
        details.append(f"and {len(line.details) - DETAILS} more")
    return [*([f"because: {line.reason}"] if line.reason else []), *details]
