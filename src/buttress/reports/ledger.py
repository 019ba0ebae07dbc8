"""The look of printed reports: a ledger with one rule under each heading, hairlines none, grey for what is normal."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.rule import Rule
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
    return Group(heading(title, note), Rule(style=QUIET), *body, Text(""))


Column = tuple[str, Literal["left", "right"], int | None]
"""Head, alignment, and the width of a column that may wrap; None for one that is never cut."""

GAP = 2
"""Spaces between two columns."""

NARROWEST = 16
"""Characters that a column of text keeps where the console is narrow."""

LONGEST_WORD = 32
"""Characters up to which a word is kept whole: ids of control tests and references of findings are read, not parsed."""


class Ledger:
    """A table without lines, as wide as the console, at most `WIDTH`; numbers and references keep their lines.

    Nothing is ever cut. Where the console is too narrow, columns of text wrap, at words as long as there is room for whole
    ones; then the columns of `spare` go in that order; at the last every cell wraps.
    """

    def __init__(self, columns: Sequence[Column], spare: Sequence[int] = ()) -> None:
        self._columns, self._spare = tuple(columns), tuple(spare)
        self._rows: list[tuple[Text, ...]] = []

    def add_row(self, *cells: str | Text) -> None:
        texts = [Text(cell) if isinstance(cell, str) else cell for cell in cells]
        self._rows.append((*texts, *[Text("")] * (len(self._columns) - len(texts))))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, WIDTH)
        yield self._table(self.kept(width), width)

    def kept(self, width: int) -> list[int]:
        """Places of the columns for which a console of `width` characters has room."""
        kept = list(range(len(self._columns)))
        for place in self._spare:
            if self._least(kept) > min(width, WIDTH):
                kept.remove(place)
        return kept

    def _least(self, kept: Sequence[int]) -> int:
        """The width that the columns need at least."""
        return _total([self._narrow(place) for place in kept])

    def _narrow(self, place: int) -> int:
        """What one column needs at least."""
        width = self._columns[place][2]
        return self._widest(place) if width is None else min(width, NARROWEST)

    def _whole_words(self, place: int) -> int:
        """What one column needs for its words."""
        words = (cell_len(word) for row in self._rows for word in row[place].plain.split())
        return max(self._narrow(place), min(max(words, default=0), LONGEST_WORD))

    def _widths(self, kept: Sequence[int], width: int) -> list[int]:
        """The widest that fit: as declared, with whole words, or the least."""
        words = [self._whole_words(place) for place in kept]
        declared = [max(self._columns[place][2] or 0, least) for place, least in zip(kept, words, strict=True)]
        least = [self._narrow(place) for place in kept]
        return next((widths for widths in (declared, words) if _total(widths) <= width), least)

    def _widest(self, place: int) -> int:
        head = max((cell_len(line) for line in self._columns[place][0].split("\n")), default=0)
        return max([head, *(row[place].cell_len for row in self._rows)])

    def _table(self, kept: Sequence[int], width: int) -> Table:
        fits = self._least(kept) <= width
        table = Table(
            box=None,
            pad_edge=False,
            padding=(0, GAP, 0, 0),
            show_header=any(self._columns[place][0] for place in kept),
            header_style=QUIET,
            width=width,
        )
        for place, room in zip(kept, self._widths(kept, width), strict=True):
            head, justify, declared = self._columns[place]
            if declared is None:
                table.add_column(head, justify=justify, no_wrap=fits, overflow="fold")
            else:
                table.add_column(head, justify=justify, min_width=room, ratio=1, overflow="fold")
        for row in self._rows:
            table.add_row(*(row[i] for i in kept))
        return table


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def ledger(columns: Sequence[Column], spare: Sequence[int] = ()) -> Ledger:
    """An empty table; `spare` are places of columns that may go where the console is narrow, the first one first."""
    return Ledger(columns, spare)


@dataclass(frozen=True, slots=True)
class FittedSection:
    """A section whose note speaks only of columns that are shown: `note` is given their places."""

    title: str
    table: Ledger
    note: Callable[[Collection[int]], str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield section(self.title, self.table, note=self.note(self.table.kept(options.max_width)))
