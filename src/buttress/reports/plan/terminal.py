"""A plan on a terminal: what is added, changed, renamed, stated, removed, and what stays because the folder lacks it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from buttress.formats.problems import shown
from buttress.orgs.content import from_text
from buttress.orgs.kinds import fact_kind, record_kind
from buttress.register.plan.planned import DecisionPlanned, DecisionState, FactFate, FactPlanned, FieldChange, Plan
from buttress.reports.ledger import QUIET, Ledger, ledger, section, toned
from buttress.reports.notation import with_written_dates, write_count, write_list
from buttress.reports.states import Tone

MANY = 20
"""Changes of one sort that are told one by one; the rest is counted, and `--json` has all."""

NAMED, FILES = 8, 4
"""References named of one kind, and files of one folder."""

_LONGEST = 40


def render(plan: Plan, organisation: str, folder: str) -> Group:
    """The answer first, then each sort of change that there is."""
    parts: list[RenderableType] = [_answer(plan, organisation, folder), Text("")]
    if plan.added:
        parts.append(section("Added", _by_kind((each.kind, each.ref) for each in plan.added)))
    if plan.renamed:
        lines = [f"{record_kind(r.kind).noun} {r.ref} becomes {r.new_ref}" for r in plan.renamed]
        parts.append(section("Renamed", *_lines(lines)))
    if plan.changed:
        parts.append(section("Changed", _changed(plan)))
    if plan.facts:
        parts.append(section("Facts", _facts(plan)))
    if plan.decisions:
        note = "a file proposes; who is named confirms in their own session"
        parts.append(section("Decisions", *_lines([_decision(each) for each in plan.decisions]), note=note))
    if plan.taken:
        named = ((kept.name.partition("/")[0], kept.name.partition("/")[2]) for kept in plan.taken)
        parts.append(section("Evidence and results", _by_kind(named, FILES)))
    parts += _absent(plan)
    return Group(*parts)


def _answer(plan: Plan, organisation: str, folder: str) -> Text:
    if plan.is_empty:
        return Text(f"Nothing to do: {organisation} says what {folder} says.", style="bold")
    counts = (
        (len(plan.added), "record", "added"),
        (len(plan.changed), "record", "changed"),
        (len(plan.renamed), "record", "renamed"),
        (len(plan.removed), "record", "removed"),
        (len(plan.facts), "fact", "stated"),
        (len(plan.taken), "evidence file", "taken"),
    )
    words = [f"{write_count(count, noun)} {done}" for count, noun, done in counts if count]
    return Text(f"{folder} changes {organisation}: {', '.join(words)}.", style="bold")


def _by_kind(named: Iterable[tuple[str, str]], limit: int = NAMED) -> Ledger:
    found: dict[str, list[str]] = {}
    for kind, ref in named:
        found.setdefault(kind, []).append(ref)
    table = ledger((("", "right", None), ("", "left", None), ("", "left", 60)))
    for kind, refs in found.items():
        table.add_row(f"{len(refs):,}", kind.replace("_", " "), write_list(refs, limit=limit))
    return table


def _changed(plan: Plan) -> Ledger:
    table = ledger((("", "left", None), ("", "left", 70)))
    for each in plan.changed[:MANY]:
        for place, field in enumerate(each.fields):
            name = Text(f"{record_kind(each.kind).noun} {each.ref}") if place == 0 else Text("")
            table.add_row(name, _field(field))
    _rest(table, len(plan.changed), "record")
    return table


def _facts(plan: Plan) -> Ledger:
    """Corrections and retractions one by one, as they take something back; new facts by kind."""
    table = ledger((("", "left", None), ("", "left", 70)))
    fresh: dict[tuple[str, str, FactFate], list[str]] = {}
    told = [fact for fact in plan.facts if fact.fate in (FactFate.CORRECTED, FactFate.RETRACTED)]
    for fact in plan.facts:
        if fact.fate in (FactFate.ADDED, FactFate.MOVED):
            fresh.setdefault((fact.kind, fact.field, fact.fate), []).append(fact.ref)
    for (kind, name, fate), refs in fresh.items():
        noun = fact_kind(kind, name).noun
        of = write_list(list(dict.fromkeys(refs)), limit=NAMED)
        table.add_row(f"{write_count(len(refs), noun)} {fate.value}", "" if kind == "organisation" else f"of {of}")
    for fact in told[:MANY]:
        noun = fact_kind(fact.kind, fact.field).noun
        table.add_row(f"{noun} of {fact.ref} {fact.fate.value}", Text(with_written_dates(_which(fact))))
        for field in fact.fields:
            table.add_row("", _field(field))
    _rest(table, len(told), "fact")
    return table


def _which(fact: FactPlanned) -> str:
    said = from_text(fact.content)
    because = f": {said['retracted']}" if said.get("retracted") else ""
    return f"that of {said['effective_on']}{because}" if said.get("effective_on") else because.removeprefix(": ")


def _rest(table: Ledger, count: int, noun: str) -> None:
    if count > MANY:
        table.add_row(Text(f"and {write_count(count - MANY, 'more ' + noun)}", style=QUIET))


def _field(field: FieldChange) -> Text:
    text = Text(f"{field.field}: ")
    text.append(_said(field.before), style=QUIET)
    return text.append(f" becomes {_said(field.after)}")


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        text = text.removesuffix(".0")
    return text if len(text) <= _LONGEST else shown(text, limit=_LONGEST)


def _decision(decision: DecisionPlanned) -> str:
    what = "acceptance" if "acceptances" in decision.kind else "exception"
    if decision.state is DecisionState.ATTESTED:
        return f"{decision.ref}: {what} by {decision.by or 'nobody named'}, attested by {decision.document}"
    return f"{decision.ref}: {what} waits for {decision.by or 'an approver'}"


def _absent(plan: Plan) -> Iterator[RenderableType]:
    """What the folder does not have, last: it is no change unless something is removed."""
    if plan.removed:
        named = ((each.kind, each.ref) for each in plan.removed)
        yield section("Removed", _by_kind(named), note="history and facts stay")
    needed = [f"{e.ref} of {e.kind} stays: {e.named_by} names it" for e in plan.left if e.named_by and not e.is_removed]
    if needed:
        yield section("Not removed", *_lines(needed))
    left = [(each.kind, each.ref) for each in plan.left if not each.is_removed and not each.named_by]
    if left:
        yield section("Not in the folder", _by_kind(left), note="left as they are; --prune removes them")
    if plan.facts_left:
        named = ((f"{each.kind} {each.field}", each.ref) for each in plan.facts_left)
        yield section(
            "Facts not in the folder", _by_kind(named), note="left as they are; facts are retracted, not removed"
        )


def _lines(lines: list[str]) -> list[Text]:
    rest = [toned(f"and {len(lines) - MANY} more", Tone.QUIET)] if len(lines) > MANY else []
    return [*(Text(with_written_dates(line)) for line in lines[:MANY]), *rest]
