"""Control tests on a terminal: the answer, every test in a row, then the deviations."""

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.reports.evidence.view import ControlTestsView, TestRow
from buttress.reports.ledger import QUIET, ledger, section, state_text, toned
from buttress.reports.notation import write_count, write_date, write_list
from buttress.reports.states import REPLACED, VERDICTS, Tone
from buttress.reports.summary.terminal import REPLACED_NOTE, deviations, replaced_tests, unknown_tests


def render(view: ControlTestsView) -> Group:
    """Unknown is counted beside pass and fail, never in either."""
    head = Text(f"{view.organisation}: control tests as of {write_date(view.as_of)}", style="bold")
    parts: list[RenderableType] = [head, _answer(view), Text(_run_words(view), style=QUIET), Text("")]
    if view.rows:
        parts.append(_table(view.rows))
    if view.evidence.unknown:
        parts.append(section("What does not tell", unknown_tests(view.evidence), note="lowers nothing"))
    if view.evidence.replaced:
        parts.append(section("Evidence replaced", replaced_tests(view.evidence), note=REPLACED_NOTE))
    if view.evidence.deviations:
        parts.append(deviations(view.evidence))
    return Group(*parts)


def _answer(view: ControlTestsView) -> Text:
    if not view.rows:
        return toned("No control test yet. Adopt one under control_tests.", Tone.UNKNOWN)
    passed = len(view.rows) - view.failing - view.unknown
    text = toned(f"{view.failing} fail", Tone.BAD if view.failing else Tone.QUIET)
    text.append(f", {passed} pass, ", style="default")
    text.append_text(toned(f"{view.unknown} unknown", Tone.UNKNOWN if view.unknown else Tone.QUIET))
    text.append(f" of {write_count(len(view.rows), 'control test')}", style="default")
    if view.replaced:
        text.append_text(toned(f"; evidence of {view.replaced} replaced", Tone.WARN))
    return text


def _run_words(view: ControlTestsView) -> str:
    if not view.new:
        return f"Nothing new: {write_count(view.unchanged, 'result')} stand as they were."
    return f"{write_count(view.new, 'new result')}, {view.unchanged} evaluated before."


def _table(rows: tuple[TestRow, ...]) -> Group:
    table = ledger(
        (
            ("control test", "left", None),
            ("verdict", "left", None),
            ("on", "left", None),
            ("judged", "right", None),
            ("failed", "right", None),
            ("excepted", "right", None),
            ("controls", "left", 6),
        ),
        spare=(6, 2),
    )
    for row in rows:
        day = write_date(row.effective_on, with_year=False) if row.effective_on else ""
        counts = [f"{count:,}" if row.effective_on else "" for count in (row.judged, row.failed, row.excepted)]
        state = (REPLACED if row.is_replaced else VERDICTS)[row.verdict]
        table.add_row(row.id, state_text(state), day, *counts, write_list(row.controls, limit=3))
    return section("Control tests", table)
