"""A trace on a terminal: each step with its inputs, their source, the formula and the result, in full digits."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from buttress.core.money import format_money
from buttress.core.trace import TraceStep, TraceValue
from buttress.reports.ledger import QUIET, ledger, section, state_text, toned
from buttress.reports.notation import with_written_dates, write_date, write_range, write_rate
from buttress.reports.states import TOLERANCE, Tone
from buttress.reports.trace.view import TraceView

NUMBER = 20
"""Characters within which a value counts as a number."""


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
            ("one event, mean", "right", None),
            ("mean a year", "right", None),
            ("range of the mean", "right", None),
            ("cell", "left", None),
            ("", "left", 8),
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
            Text(", ".join(line.marks), style=QUIET),
        )
    return section("Stages", table)


def _step(number: int, step: TraceStep, currency: str) -> Group:
    has_texts = any(len(write_value(value, currency)) > NUMBER for value in (*step.inputs, *step.results))
    inputs, results = _values(has_texts), _values(has_texts)
    _rows(inputs, step.inputs, currency, is_result=False)
    _rows(results, step.results, currency, is_result=True)
    formula = Text(f"  {with_written_dates(step.formula)}", style="italic")
    return section(f"{number}. {with_written_dates(step.title)}", inputs, formula, results)


def _values(has_texts: bool) -> Table:
    """Name, value, source: numbers stand to the right of their column, texts take the room they need."""
    if has_texts:
        return ledger((("", "left", 26), ("", "left", 44), ("", "left", 22)))
    return ledger((("", "left", 30), ("", "right", NUMBER), ("", "left", 30)))


def _rows(table: Table, values: Sequence[TraceValue], currency: str, *, is_result: bool) -> None:
    sign = "= " if is_result else "  "
    for value in values:
        text = Text(with_written_dates(write_value(value, currency)), style="bold" if is_result else "")
        source = Text(with_written_dates(value.source), style=QUIET)
        table.add_row(f"{sign}{with_written_dates(value.name)}", text, source)


def write_value(value: TraceValue, currency: str) -> str:
    """A number with the digits that recomputing needs: money to the cent, the rest to six significant digits.

    >>> [write_value(TraceValue("x", v, unit), "USD") for v, unit in ((1234.567, "money"), (0.1, "share"), (41, "count"))]
    ['1,234.57 USD', '0.100000', '41']
    """
    if isinstance(value.value, str):
        return value.value
    match value.unit:
        case "money":
            return f"{value.value:,.2f} {currency}"
        case "per_year":
            return f"{value.value:#.6g} a year"
        case "share":
            return f"{value.value:#.6g}"
        case "days":
            return f"{value.value:,g} days"
        case _:
            return f"{value.value:,g}"
