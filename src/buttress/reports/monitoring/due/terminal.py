"""What is due on a terminal: overdue first, then what comes, then what has no day."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.reports.ledger import ledger, section, toned
from buttress.reports.monitoring.due.view import DueRow, DueView
from buttress.reports.notation import write_count, write_date
from buttress.reports.states import Tone


def render(view: DueView) -> Group:
    of = f" for {next((row.owner_name for row in view.rows), view.owner)}" if view.owner else ""
    head = Text(f"{view.organisation}: due{of} as of {write_date(view.as_of)}", style="bold")
    parts: list[RenderableType] = [head, _answer(view), Text("")]
    groups = (
        ("Overdue", [row for row in view.rows if row.is_overdue]),
        ("Coming", [row for row in view.rows if row.due_on and not row.is_overdue]),
        ("Without a day", [row for row in view.rows if row.due_on is None]),
    )
    parts += [section(title, _table(rows, view), note=str(len(rows))) for title, rows in groups if rows]
    return Group(*parts)


def _answer(view: DueView) -> Text:
    if not view.rows:
        return toned("Nothing is due.", Tone.GOOD)
    text = Text(write_count(len(view.rows), "item"))
    if view.overdue:
        text.append(", ").append_text(toned(f"{view.overdue} overdue", Tone.BAD))
    return text


def _table(rows: Sequence[DueRow], view: DueView) -> RenderableType:
    table = ledger((("", "left", None), ("", "left", None), ("", "left", 36), ("for", "left", None)))
    for row in rows:
        day = write_date(row.due_on, with_year=row.due_on.year != view.as_of.year) if row.due_on else ""
        table.add_row(toned(day, Tone.BAD if row.is_overdue else Tone.QUIET), row.ref, row.text, row.owner_name)
    return table
