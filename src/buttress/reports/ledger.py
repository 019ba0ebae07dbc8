"""The look of printed reports: a ledger with one rule under each heading, hairlines none, grey for what is normal."""

from collections.abc import Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from buttress.reports.states import State, Tone

WIDTH = 100
"""Columns that a report needs at most."""

STYLES = {
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARN: "yellow",
    Tone.UNKNOWN: "magenta",
    Tone.PLANNED: "blue",
    Tone.QUIET: "",
}

QUIET = "dim"


def toned(text: str, tone: Tone) -> Text:
    """Words in the colour of a tone; without colour the words alone say it."""
    return Text(text, style=STYLES[tone])


def state_text(state: State) -> Text:
    return toned(str(state), state.tone)


def heading(title: str, note: str = "") -> Text:
    """A section's heading with a note in grey beside it."""
    text = Text(title, style="bold")
    if note:
        text.append(f"  {note}", style=f"not bold {QUIET}")
    return text


def section(title: str, *body: RenderableType, note: str = "") -> Group:
    """A heading, a rule, the body, and an empty line after it."""
    return Group(heading(title, note), Text("─" * WIDTH, style=QUIET), *body, Text(""))


Column = tuple[str, Literal["left", "right"], int | None]
"""Head, alignment, and the width of a column that may wrap; None for one that is never cut."""


def ledger(columns: Sequence[Column]) -> Table:
    """A table without lines; columns of numbers and references are never wrapped, texts wrap at words."""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        show_header=any(head for head, _, _ in columns),
        header_style=QUIET,
        width=WIDTH,
    )
    for head, justify, width in columns:
        if width is None:
            table.add_column(head, justify=justify, no_wrap=True)
        else:
            table.add_column(head, justify=justify, min_width=width, ratio=1, overflow="fold")
    return table
