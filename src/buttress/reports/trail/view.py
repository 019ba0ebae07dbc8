"""Entries of the audit trail as lines to be read: when, who, what, of which record, and what changed."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from buttress.formats.problems import shown
from buttress.orgs.kinds import fact_kinds, record_kinds
from buttress.orgs.selectors import AuditLine
from buttress.reports.trail.events import event_text

THE_SYSTEM = "the system"

_FACT = re.compile(r"(\w+)\.\d+\Z")
_KNOWN = frozenset({"ref", "by", "reason", "rows", "removed"})
_RESULT = "result."
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
    nouns = {kind.name: kind.noun for kind in record_kinds()}
    return tuple(
        TrailLine(
            line.sequence,
            line.change,
            line.recorded_at.astimezone(zone),
            line.values.get("by") or THE_SYSTEM,
            event_text(line.action),
            nouns.get(line.subject_kind, line.subject_kind),
            line.values.get("ref") or "",
            tuple(_details(line.subject_kind, line.values)),
            line.values.get("reason") or "",
        )
        for line in lines
    )


def _details(kind: str, values: Mapping[str, Any]) -> Iterator[str]:
    if values.get("removed"):
        yield "removed"
    after = {name.removeprefix("after."): value for name, value in values.items() if name.startswith("after.")}
    before = {name.removeprefix("before."): value for name, value in values.items() if name.startswith("before.")}
    if after and not before:
        yield f"added with {', '.join(after)}"
    else:
        yield from (f"{name}: {_said(before.get(name))}, now {_said(after.get(name))}" for name in {**before, **after})
    yield from _facts(kind, values)
    for name, value in values.items():
        if name.startswith(_RESULT):
            yield _result(value)
        elif name not in _KNOWN and not name.startswith(("after.", "before.")) and not _FACT.match(name):
            yield f"{name.replace('_', ' ')}: {_said(value)}"


def _facts(kind: str, values: Mapping[str, Any]) -> Iterator[str]:
    nouns = {each.field: each.noun for each in fact_kinds(kind)}
    for name, value in values.items():
        found = _FACT.match(name)
        if found is None:
            continue
        noun = nouns.get(found[1], found[1])
        fact = _value(value)
        if not isinstance(fact, dict):
            yield f"{noun} (erased)" if value is None else f"{noun} {_said(value)}"
            continue
        if "kind" in fact and "acceptance" in fact:
            because = f": {fact['reason']}" if fact.get("reason") else ""
            yield f"acceptance from {fact['acceptance'][0]} {fact['kind']}{because}"
            continue
        day = f" of {fact['effective_on']}" if fact.get("effective_on") else ""
        yield f"{noun}{day} {'retracted' if fact.get('retracted') else 'stated'}"


def _result(value: Any) -> str:
    """What a control test gave, in one line."""
    found = _value(value)
    if not isinstance(found, dict):
        return "result (erased)"
    outcome, counts = (
        str(found["outcome"]).replace("_", " "),
        f"{found['failing']:,} of {found['population']:,} failing",
    )
    return f"result of {found['test']} as of {found['as_of']}: {outcome}, {counts}"


def _value(value: Any) -> Any:
    """What stands in a value, which is JSON as text where it was kept as such."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _said(value: Any) -> str:
    """A value cut to be read; texts of plain words without quotes."""
    found = _value(value)
    if found is None:
        return "nothing"
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return text if len(text) <= _LONGEST and text.isprintable() else shown(text, limit=_LONGEST)
