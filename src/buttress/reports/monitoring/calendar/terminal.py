"""The coverage calendar on a terminal: the answer, rows with holes by control, sources with their age."""

from collections.abc import Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.core.calendar import WALKTHROUGH
from buttress.reports.ledger import QUIET, STYLES, ledger, section, state_text, toned
from buttress.reports.monitoring.calendar.view import CalendarRow, CalendarView, Freshness, MonthState, SourceRow
from buttress.reports.notation import write_count, write_date, write_list
from buttress.reports.states import State, Tone
from buttress.reports.summary.evidence import write_hours

MONTHS = {
    MonthState.WHOLE: State("✓", "evidence", Tone.GOOD),
    MonthState.PART: State("◐", "part of it", Tone.WARN),
    MonthState.NONE: State("✗", "no run", Tone.BAD),
    MonthState.UNTOLD: State("?", "runs that tell nothing", Tone.UNKNOWN),
    MonthState.NOT_YET_DUE: State("·", "not yet due", Tone.QUIET),
    MonthState.NOTHING_EXPECTED: State(" ", "", Tone.QUIET),
}
FRESHNESS = {
    Freshness.FRESH: State("✓", "fresh", Tone.QUIET),
    Freshness.STALE: State("?", "stale", Tone.UNKNOWN),
    Freshness.NO_LIMIT: State("–", "no limit", Tone.QUIET),
    Freshness.UNREADABLE: State("?", "no evidence", Tone.UNKNOWN),
}
_LEGEND = "  ".join(f"{state.sign} {state.word}" for state in MONTHS.values() if state.word)
_WORST_FIRST = tuple(Freshness[name] for name in ("UNREADABLE", "STALE", "NO_LIMIT", "FRESH"))


def render(view: CalendarView, *, every: bool = False) -> Group:
    """`every` shows the rows without holes too."""
    days = f"{write_date(view.period.start)} to {write_date(view.period.end)}"
    head = Text(f"{view.organisation}: evidence through {days}, as of {write_date(view.as_of)}", style="bold")
    rows = view.rows if every else view.with_holes
    parts: list[RenderableType] = [head, _answer(view), Text("")]
    if rows:
        title = "Coverage" if every else "With holes"
        parts.append(section(title, Text(_LEGEND, style=QUIET), _table(rows, view.months)))
    if view.untested:
        words = Text(write_list(view.untested, limit=len(view.untested)))
        parts.append(section("Without any test", words, note="in place; nothing shows that they operate"))
    if view.sources:
        parts.append(section("Sources", _sources(view.sources), note=_sources_note(view.sources)))
    return Group(*parts)


def _answer(view: CalendarView) -> Text:
    holes, count = len(view.with_holes), write_count(len(view.rows), "test or walkthrough", "tests and walkthroughs")
    if not view.rows:
        return toned("No control is in place in the period.", Tone.UNKNOWN)
    if not holes:
        return toned(f"Of {count}, each has the evidence that is due by now.", Tone.GOOD)
    text = toned(f"{holes} have holes", Tone.BAD)
    return text.append(f" of {count}; the others have the evidence that is due by now", style="default")


def _table(rows: Sequence[CalendarRow], months: Sequence[date]) -> RenderableType:
    initials = "".join(f"{month:%b}"[0] for month in months)
    table = ledger(
        (
            ("control", "left", None),
            ("test", "left", None),
            ("frequency", "left", None),
            (initials, "left", None),
            ("evidence", "right", None),
            ("latest", "left", None),
            ("owner", "left", None),
        ),
        spare=(6, 2),
    )
    control = ""
    for row in rows:
        subject = Text(row.subject, style=QUIET if row.subject == WALKTHROUGH else "")
        latest = write_date(row.latest_evidence_on, with_year=False) if row.latest_evidence_on else "never"
        shown = row.control if row.control != control else ""
        frequency = row.frequency.replace("_", " ")
        table.add_row(shown, subject, frequency, _strip(row), f"{row.evidenced} of {row.due}", latest, row.owner or "")
        control = row.control
    return table


def _strip(row: CalendarRow) -> Text:
    text = Text()
    for month in row.months:
        text.append(MONTHS[month].sign, style=STYLES[MONTHS[month].tone])
    return text


def _sources_note(sources: Sequence[SourceRow]) -> str:
    bad = sum(source.state in (Freshness.STALE, Freshness.UNREADABLE) for source in sources)
    return f"{len(sources)}, {bad} of them stale or without evidence" if bad else f"{len(sources)}, none stale"


def _sources(sources: Sequence[SourceRow]) -> RenderableType:
    table = ledger(
        (
            ("source", "left", None),
            ("", "left", None),
            ("newest", "left", None),
            ("age", "right", None),
            ("limit", "right", None),
            ("", "left", 30),
        )
    )
    for source in sorted(sources, key=lambda each: (_WORST_FIRST.index(each.state), each.ref)):
        table.add_row(
            source.ref,
            state_text(FRESHNESS[source.state]),
            write_date(source.effective_at.date()) if source.effective_at else "",
            write_hours(source.age_hours) if source.age_hours is not None else "",
            write_hours(source.max_age_hours) if source.max_age_hours is not None else "",
            source.problem or Text(source.title, style=QUIET),
        )
    return table
