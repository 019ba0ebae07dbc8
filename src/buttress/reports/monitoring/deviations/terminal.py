"""Deviations on a terminal: how many and how old, what the period shows, then the items of each test."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.core.deviations import AgeBucket, DeviationState, Ending
from buttress.core.exposure_time import ExposureTime
from buttress.reports.ledger import QUIET, ledger, section, toned
from buttress.reports.monitoring.deviations.view import DeviationRow, DeviationsView
from buttress.reports.notation import write_count, write_date, write_share
from buttress.reports.states import Tone

ITEMS = 5
"""Items of a test that are shown where not all are asked for."""

TESTS = 10
"""Tests whose time is shown where not all are asked for, the largest share first."""

ENDINGS = {
    Ending.FIXED: "fixed",
    Ending.LEFT_POPULATION: "left the population",
    Ending.TEST_CHANGED: "test changed",
    Ending.NOT_RETESTED: "not tested again",
}
_AGES = {
    AgeBucket.WEEK: "0 to 7",
    AgeBucket.MONTH: "8 to 30",
    AgeBucket.QUARTER: "31 to 90",
    AgeBucket.OLDER: "over 90",
}
_SEVERITIES = ("critical", "high", "medium", "low")


def render(view: DeviationsView, *, every: bool = False) -> Group:
    """`every` shows all items, ended ones too."""
    head = Text(f"{view.organisation}: deviations as of {write_date(view.as_of)}", style="bold")
    parts: list[RenderableType] = [head, _answer(view), *_period_words(view), Text("")]
    failing = sorted(view.failing, key=_order)
    if failing:
        parts.append(section("Failing now", _table(failing, every=every), note=_ages(view)))
    ended = [row for row in view.rows if row.state is DeviationState.CLOSED]
    if ended and every:
        parts.append(section("Ended", _ended(ended), note="failed at some time in the period"))
    times = sorted((each for each in view.times if each.failing), key=lambda each: (-each.share, each.test))
    if times:
        parts.append(section("Time failing in the period", _times(times, every=every), note="until the next run"))
    for test, count in view.unnamed:
        parts.append(Text(f"{test}: {write_count(count, 'item')} more deviate by its newest result, without a name."))
    return Group(*parts)


def _answer(view: DeviationsView) -> Text:
    figures = view.figures
    if not view.failing:
        return toned("No deviation is open.", Tone.QUIET)
    text = toned(f"{figures.open} open", Tone.BAD if figures.open else Tone.QUIET)
    if figures.late:
        text.append_text(toned(f", {figures.late} of them past their term", Tone.BAD))
    return text.append(f"; {figures.excepted} covered by an exception", style="default")


def _period_words(view: DeviationsView) -> list[Text]:
    figures = view.figures
    if not figures.in_period:
        return []
    ends = [f"{count} {ENDINGS[ending]}" for ending, count in figures.endings if count]
    days = f"{write_date(view.period.start)} to {write_date(view.period.end)}"
    ended = f"; ended in it: {', '.join(ends)}" if ends else "; none ended in it"
    lines = [Text(f"{figures.in_period} failed at some time from {days}{ended}.", style=QUIET)]
    if figures.mean_days_to_mend is not None and figures.median_days_to_mend is not None:
        again = f"{figures.reopened} of {figures.fixed} failed again ({write_share(figures.reopen_rate or 0)})"
        mean, median = round(figures.mean_days_to_mend), round(figures.median_days_to_mend)
        lines.append(Text(f"Days to mend: median {median:,}, mean {mean:,}. {again}.", style=QUIET))
    return lines


def _ages(view: DeviationsView) -> str:
    return "days  " + ", ".join(f"{_AGES[bucket]}: {count}" for bucket, count in view.figures.ages)


def _order(row: DeviationRow) -> tuple[int, str, bool, int, str]:
    severity = _SEVERITIES.index(row.severity) if row.severity in _SEVERITIES else len(_SEVERITIES)
    return severity, row.test, not row.is_late, -row.age_days, row.key


def _table(rows: Sequence[DeviationRow], *, every: bool) -> RenderableType:
    table = ledger(
        (
            ("control test", "left", None),
            ("item", "left", 26),
            ("", "left", None),
            ("days", "right", None),
            ("to mend by", "left", None),
            ("owner", "left", None),
        ),
        spare=(5,),
    )
    for test, group in groupby(rows, key=lambda row: row.test):
        items = list(group)
        shown = items if every else items[:ITEMS]
        for place, row in enumerate(shown):
            table.add_row(
                test if place == 0 else "",
                row.key,
                _state(row),
                f"{row.age_days:,}",
                write_date(row.due_on),
                (row.owner or "") if place == 0 else "",
            )
        if len(shown) < len(items):
            more = f"and {write_count(len(items) - len(shown), 'more', 'more')} (--all)"
            table.add_row("", Text(more, style=QUIET))
    return table


def _state(row: DeviationRow) -> Text:
    again = f", {row.reopened + 1}. time" if row.reopened else ""
    if row.state is DeviationState.EXCEPTED:
        return toned(f"· {row.exception}{again}", Tone.WARN)
    return toned(f"✗ late{again}", Tone.BAD) if row.is_late else toned(f"○ open{again}", Tone.QUIET)


def _ended(rows: Sequence[DeviationRow]) -> RenderableType:
    table = ledger(
        (
            ("control test", "left", None),
            ("item", "left", 24),
            ("opened", "left", None),
            ("ended", "left", None),
            ("", "left", 14),
            ("days", "right", None),
        )
    )
    for row in rows:
        ending = ENDINGS[row.ending] if row.ending else ""
        closed = write_date(row.closed_on) if row.closed_on else ""
        table.add_row(row.test, row.key, write_date(row.opened_on), closed, ending, f"{row.age_days:,}")
    return table


def _times(times: Sequence[ExposureTime], *, every: bool) -> RenderableType:
    """Of each test how many items failed, on which share of the days of all items, and for how long."""
    table = ledger(
        (
            ("control test", "left", None),
            ("items", "right", None),
            ("share of item-days", "right", None),
            ("median days", "right", None),
        )
    )
    shown = times if every else times[:TESTS]
    for each in shown:
        median = "" if each.median_days is None else f"{round(each.median_days):,}"
        table.add_row(each.test, f"{each.items:,}", write_share(each.share), median)
    if len(shown) < len(times):
        table.add_row(Text(f"and {write_count(len(times) - len(shown), 'more', 'more')} (--all)", style=QUIET))
    return table
