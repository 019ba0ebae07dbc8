"""An explanation on a terminal: totals, causes, and the risks that moved most with their parts."""

from rich.console import Group
from rich.text import Text

from buttress.reports.explanation.view import CauseLine, ExplanationView, MoveLine
from buttress.reports.ledger import QUIET, Ledger, ledger, section
from buttress.reports.notation import with_written_dates, write_count, write_date
from buttress.reports.summary.terminal import signed


def render(view: ExplanationView) -> Group:
    """Every column of amounts adds up from its first line to its last."""
    span = f"{write_date(view.since)} to {write_date(view.until)}"
    total = sum(cause.mean for cause in view.causes)
    sentence = f"The mean rose by {total:,}" if total > 0 else f"The mean fell by {-total:,}"
    if total == 0:
        sentence = "The mean did not move"
    head = Text(f"{sentence} {view.currency} a year, {span}", style="bold")
    notes = [Text(f"Note: {with_written_dates(note)}.", style=QUIET) for note in view.notes]
    return Group(head, Text(""), _causes(view), *([_moves(view)] if view.moves else []), *notes)


def _causes(view: ExplanationView) -> Group:
    table = ledger(
        (
            ("", "left", 40),
            ("mean a year", "right", None),
            ("VaR 95 %", "right", None),
            ("TVaR 95 %", "right", None),
        )
    )
    first = [Text(f"{t.before:,}", style="bold") for t in view.totals]
    table.add_row(Text(f"On {write_date(view.since)}", style="bold"), *first)
    for cause in view.causes:
        table.add_row(with_written_dates(cause.text), *map(signed, (cause.mean, cause.var95, cause.tvar95)))
        _part_rows(table, cause, view.currency)
    bold = [Text(f"{t.after:,}", style="bold") for t in view.totals]
    table.add_row(Text(f"On {write_date(view.until)}", style="bold"), *bold)
    note = Text(
        "VaR 95 %: 1 year in 20 costs more. TVaR 95 %: mean of those years. Means split free of order; "
        "VaR and TVaR in the order above.",
        style=QUIET,
    )
    words = f"residual, {view.currency} a year; {write_count(view.count, 'cause')}, each column adds up"
    return section("Causes", table, note, note=words)


def _part_rows(table: Ledger, cause: CauseLine, currency: str) -> None:
    """Means of the causes of one line, those that round to nothing in one number."""
    for text, amount in cause.parts:
        if amount:
            line = Text(f"  {with_written_dates(text)}: ", style=QUIET)
            table.add_row(line.append_text(signed(amount)))
    slight = sum(not amount for _, amount in cause.parts)
    if slight:
        table.add_row(Text(f"  {write_count(slight, 'cause')} below 1 {currency}", style=QUIET))


def _moves(view: ExplanationView) -> Group:
    table = ledger((("", "left", None), ("", "left", 50), ("", "right", None)))
    for move in view.moves:
        _move_rows(table, move)
    if view.other_moves:
        table.add_row("", write_count(view.other_moves, "other risk"), signed(view.other_amount))
    table.add_row("", Text("All risks", style="bold"), signed(sum(c.mean for c in view.causes)))
    return section("Risks that moved", table, note=f"mean a year, {view.currency}; parts add up to each risk")


def _move_rows(table: Ledger, move: MoveLine) -> None:
    change = Text(f"{move.title}, {move.before:,} to {move.after:,}")
    table.add_row(Text(move.ref, style="bold"), change, signed(move.amount))
    for text, amount in move.parts:
        table.add_row("", Text(f"{with_written_dates(text)}: {signed(amount)}", style=QUIET))
