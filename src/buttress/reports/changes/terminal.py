"""Changes on a terminal: what waits for an answer with the risks to look at, then what was answered."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.core.concerned import Concerned, Tie
from buttress.reports.changes.view import ChangeRow, ChangesView
from buttress.reports.ledger import QUIET, ledger, section, toned
from buttress.reports.notation import write_count, write_date, write_list
from buttress.reports.states import Tone

RISKS = 5
"""Risks shown for one change; JSON names all."""

_TIES = {
    Tie.IS: "is the risk itself",
    Tie.NAMES: "names it",
    Tie.OWNS: "is owned by them",
    Tie.CAME_TRUE: "came true in it",
    Tie.IN_SCOPE: "names {via}, in scope",
    Tie.DEPENDS: "names {via}, which depends on it",
    Tie.CONTROL: "{via} acts on it",
    Tie.MODIFIES: "makes {via} worse",
    Tie.MODIFIED: "{via} makes it worse",
    Tie.TREATS: "is treated by them",
    Tie.ACCEPTS: "is borne by them",
}


def render(view: ChangesView) -> Group:
    """What is answered is told only where the view holds it."""
    head = Text(f"{view.organisation}: changes as of {write_date(view.as_of)}", style="bold")
    waiting = [row for row in view.rows if not row.is_answered]
    answered = [row for row in view.rows if row.is_answered]
    parts: list[RenderableType] = [head, _answer(waiting), Text("")]
    if waiting:
        parts.append(
            section("Does any risk change?", _waiting(waiting), note="buttress changes answer REF --outcome …")
        )
    if answered:
        parts.append(section("Answered", _answered(answered)))
    return Group(*parts)


def _answer(waiting: Sequence[ChangeRow]) -> Text:
    if not waiting:
        return toned("No change waits for an answer.", Tone.GOOD)
    text = Text(f"{write_count(len(waiting), 'change')} without an answer")
    if late := sum(row.is_overdue for row in waiting):
        text.append(", ").append_text(toned(f"{late} overdue", Tone.BAD))
    return text


def _waiting(rows: Sequence[ChangeRow]) -> RenderableType:
    table = ledger((("", "left", None), ("answer by", "left", None), ("", "left", 66)))
    for row in rows:
        day = toned(write_date(row.due_on), Tone.BAD if row.is_overdue else Tone.QUIET)
        table.add_row(Text(row.ref, style="bold"), day, row.title)
        for line in _concerned(row):
            table.add_row("", "", Text(line, style=QUIET))
    return table


def _concerned(row: ChangeRow) -> Iterator[str]:
    if row.subject is None:
        return
    if not row.concerned:
        yield f"no open risk is tied to {row.subject}"
    for each in row.concerned[:RISKS]:
        yield f"{each.ref} {each.title}: {_tie(each)}"
    if len(row.concerned) > RISKS:
        yield f"and {write_count(len(row.concerned) - RISKS, 'more risk')} (--json)"


def _tie(concerned: Concerned) -> str:
    return _TIES[concerned.tie].format(via=concerned.via)


def _answered(rows: Sequence[ChangeRow]) -> RenderableType:
    table = ledger((("", "left", None), ("on", "left", None), ("", "left", 34), ("", "left", 36)))
    for row in rows:
        said = row.outcome or ""
        if row.risks:
            said = f"{said} ({write_list(row.risks)})".strip()
        day = write_date(row.assessed_on) if row.assessed_on else ""
        table.add_row(Text(row.ref, style="bold"), day, row.title, said)
    return table
