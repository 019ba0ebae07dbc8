"""A trace on a terminal: each step with its inputs, their source, the formula and the result, in full digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from buttress.core.money import format_money
from buttress.core.trace import TraceStep, TraceValue
from buttress.reports.ledger import QUIET, WIDTH, ledger, section, state_text, toned
from buttress.reports.notation import with_written_dates, write_date, write_range, write_rate
from buttress.reports.states import TOLERANCE, Tone
from buttress.reports.trace.view import TraceView


def render(view: TraceView) -> Group:
    """Stages first, then the steps in the order of the arithmetic."""
    head = Text(f"{view.ref} {view.title}", style="bold")
    when = f"as of {write_date(view.as_of)}, {view.currency}, core {view.core_version or 'unknown'}"
    if not view.stages:
        why = "a condition: it changes other risks" if view.is_condition else "not estimated"
        return Group(head, Text(when, style=QUIET), Text(""), toned(f"No figures: {why}.", Tone.UNKNOWN))
    tolerance = state_text(TOLERANCE[view.tolerance])
    if view.highest_rating:
        tolerance.append(f", tolerance is {view.highest_rating}", style="default")
    steps = [_step(number, step, view.currency) for number, step in enumerate(view.steps, 1)]
    return Group(head, Text(when, style=QUIET), tolerance, Text(""), _stages(view), *steps)


def _stages(view: TraceView) -> Group:
    table = ledger(
        (
            ("stage", "left", None),
            ("events", "right", None),
            ("one event,\nmean", "right", None),
            ("mean\na year", "right", None),
            ("range of the mean", "right", None),
            ("cell", "left", 24),
        )
    )
    for line in view.stages:
        table.add_row(
            Text(line.stage, style="bold" if line.stage == "residual" else ""),
            write_rate(line.frequency),
            format_money(line.event_mean, view.currency),
            Text(format_money(line.mean, view.currency), style="bold"),
            write_range(*line.mean_range, view.currency),
            f"{line.cell} {line.rating}",
        )
    marks = [Text(f"{line.stage}: {'; '.join(line.marks)}", style=QUIET) for line in view.stages if line.marks]
    return section("Stages", table, *marks)


NAME, VALUE = 33, 33
"""Characters of the columns of names and of values; their source stands in what is left."""

NAME_IF_NARROW = 26


def _step(number: int, step: TraceStep, currency: str) -> Group:
    formula = Text(f"  {with_written_dates(step.formula)}", style="italic")
    values: list[RenderableType] = [
        *_tables(step.inputs, currency, "  "),
        formula,
        *_tables(step.results, currency, "= "),
    ]
    return section(f"{number}. {with_written_dates(step.title)}", *values)


def _tables(values: Sequence[TraceValue], currency: str, sign: str) -> list["_Values"]:
    """Consecutive numbers in one table, consecutive texts in another."""
    tables = []
    for is_text, group in groupby(values, key=lambda value: value.unit == "text"):
        rows = [_row(value, currency, sign) for value in group]
        tables.append(_Values(is_text, rows))
    return tables


def _row(value: TraceValue, currency: str, sign: str) -> tuple[str, Text, Text]:
    shown = Text(with_written_dates(write_value(value, currency)), style="bold" if sign.strip() else "")
    return f"{sign}{with_written_dates(value.name)}", shown, Text(with_written_dates(value.source), style=QUIET)


@dataclass(frozen=True, slots=True)
class _Values:
    """Numbers stand to the right of their column with their source beside them, texts take both columns."""

    is_text: bool
    rows: Sequence[tuple[str, Text, Text]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False, expand=True)
        table.add_column(width=NAME if options.max_width >= WIDTH else NAME_IF_NARROW, overflow="fold")
        if not self.is_text:
            table.add_column(width=VALUE, justify="right", overflow="fold")
        table.add_column(ratio=1, overflow="fold")
        for name, value, source in self.rows:
            if self.is_text:
                table.add_row(name, Text("  ").join([value, source]) if source.plain else value)
            else:
                table.add_row(name, value, source)
        yield table


def write_value(value: TraceValue, currency: str) -> str:
    """A number with the digits that recomputing needs: money to the cent, the rest to nine significant digits.

    Behind it, where it is uncertain, its standard deviation.

    >>> [write_value(TraceValue("x", v, unit), "USD") for v, unit in ((1234.567, "money"), (0.1, "share"), (41, "count"))]
    ['1,234.57 USD', '0.1', '41']
    >>> write_value(TraceValue("x", 1 / 3, "per_year", deviation=0.05), "USD")
    '0.333333333 a year ± 0.05'
    """
    if isinstance(value.value, str):
        return value.value
    match value.unit:
        case "money":
            text = f"{value.value:,.2f} {currency}"
        case "per_year":
            text = f"{value.value:.9g} a year"
        case "days":
            text = f"{value.value:,g} days"
        case _:
            text = f"{value.value:,.9g}"
    return text if value.deviation is None else f"{text} ± {value.deviation:.6g}"
