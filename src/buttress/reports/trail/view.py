"""Entries of the audit trail as lines to be read: when, who, what, of which record, and what changed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from buttress.formats.problems import shown
from buttress.orgs.erasure import ENTRIES
from buttress.orgs.kinds import record_kinds
from buttress.orgs.selectors import AuditLine
from buttress.reports.trail.events import FACT, event_of, json_value, told_facts

THE_SYSTEM = "the system"

_KNOWN = frozenset({"ref", "by", "reason", "rows", "removed"})
_RESULT = "result."
_ERASED = "(erased)"
_LONGEST = 50


@dataclass(frozen=True, slots=True)
class TrailLine:
    """`at` is in the organisation's time zone; `details` say what was added, changed, removed or stated."""

    sequence: int
    change: int
    at: datetime
    by: str
    event: str
    noun: str
    ref: str
    details: tuple[str, ...]
    reason: str


def trail_view(lines: Iterable[AuditLine], zone: ZoneInfo) -> tuple[TrailLine, ...]:
    """The entries in the order given."""
    nouns = {ENTRIES: "entry"} | {kind.name: kind.noun for kind in record_kinds()}
    return tuple(
        TrailLine(
            line.sequence,
            line.change,
            line.recorded_at.astimezone(zone),
            line.values.get("by") or THE_SYSTEM,
            event_of(line),
            nouns.get(line.subject_kind, line.subject_kind),
            line.values.get("ref") or "",
            tuple(_details(line)),
            _reason(line.values),
        )
        for line in lines
    )


def _reason(values: Mapping[str, Any]) -> str:
    return values["reason"] or _ERASED if "reason" in values else ""


def _details(line: AuditLine) -> Iterator[str]:
    values = line.values
    if values.get("removed"):
        yield "removed"
    after = {name.removeprefix("after."): value for name, value in values.items() if name.startswith("after.")}
    before = {name.removeprefix("before."): value for name, value in values.items() if name.startswith("before.")}
    if after and not before:
        yield f"added with {', '.join(after)}"
    else:
        yield from (f"{name}: {_side(before, name)}, now {_side(after, name)}" for name in {**before, **after})
    yield from _facts(line)
    for name, value in values.items():
        if name.startswith(_RESULT):
            yield _result(value)
        elif name not in _KNOWN and not name.startswith(("after.", "before.")) and not FACT.match(name):
            yield f"{name.replace('_', ' ')}: {_said(value)}"


def _side(said: Mapping[str, Any], name: str) -> str:
    """What a field said before or after; nothing is written as null, so that None was erased."""
    return _ERASED if name in said and said[name] is None else _said(said.get(name))


def _facts(line: AuditLine) -> Iterator[str]:
    for told in told_facts(line):
        noun, fact = told.noun, told.content
        if fact is None:
            value = line.values[told.name]
            yield f"{noun} {_ERASED}" if value is None else f"{noun} {_said(value)}"
            continue
        if "kind" in fact and "acceptance" in fact:
            because = f": {fact['reason']}" if fact.get("reason") else ""
            yield f"acceptance from {fact['acceptance'][0]} {fact['kind']}{_marks(fact)}{because}"
            continue
        day = f" of {fact['effective_on']}" if fact.get("effective_on") else ""
        yield f"{noun}{day} {told.deed}"


def _marks(decision: Mapping[str, Any]) -> str:
    """What a decision could not rest on, so that nobody takes it for one that did."""
    marks = {"by_sole_operator": "by a sole operator", "is_authority_claimed": "authority as claimed"}
    return "".join(f", {words}" for name, words in marks.items() if decision.get(name))


def _result(value: Any) -> str:
    """What a control test gave, in one line."""
    found = json_value(value)
    if not isinstance(found, dict):
        return f"result {_ERASED}"
    outcome, counts = (
        str(found["outcome"]).replace("_", " "),
        f"{found['failing']:,} of {found['population']:,} failing",
    )
    return f"result of {found['test']} as of {found['as_of']}: {outcome}, {counts}"


def _said(value: Any) -> str:
    """A value cut to be read; texts of plain words without quotes."""
    found = json_value(value)
    if found is None:
        return "nothing"
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return text if len(text) <= _LONGEST and text.isprintable() else shown(text, limit=_LONGEST)
