"""The registry of event texts: what each operation is called once it was done, the same on every door.

A fact is stated, corrected or retracted: an entry about nothing but corrections, or nothing but retractions, says so.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from buttress.orgs.kinds import fact_kinds
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import AuditLine

FACT = re.compile(r"(\w+)\.\d+\Z")
"""How an entry names a fact: its field, and its place among those of the entry."""


EVENTS: Mapping[Operation, str] = MappingProxyType(
    {
        Operation.ORGANISATION_FOUND: "organisation founded",
        Operation.ORGANISATION_CHANGE: "profile changed",
        Operation.MEMBER_CHANGE: "membership changed",
        Operation.PERSON_CHANGE: "person recorded",
        Operation.METHODOLOGY_CHANGE: "methodology stated",
        Operation.ENGAGEMENT_CHANGE: "engagement recorded",
        Operation.INVENTORY_CHANGE: "inventory changed",
        Operation.CHANGE_RECORD: "change recorded",
        Operation.RISK_CHANGE: "risk recorded",
        Operation.RISK_ASSESS: "risk assessed",
        Operation.RISK_TREAT: "treatment decided",
        Operation.EFFECT_STATE: "effect stated",
        Operation.ROUND_RECORD: "assessment round recorded",
        Operation.INCIDENT_RECORD: "incident recorded",
        Operation.ACCEPTANCE_REQUEST: "acceptance requested",
        Operation.ACCEPTANCE_DECIDE: "acceptance decided",
        Operation.ACCEPTANCE_LAPSE: "acceptance lapsed",
        Operation.CONTROL_CHANGE: "control recorded",
        Operation.CONTROL_WALK_THROUGH: "control walked through",
        Operation.TEST_CHANGE: "control test recorded",
        Operation.TEST_RUN: "control tests run",
        Operation.EVIDENCE_RECORD: "evidence recorded",
        Operation.EXCEPTION_REQUEST: "exception requested",
        Operation.EXCEPTION_DECIDE: "exception decided",
        Operation.AUDIT_ERASE: "erased from the audit trail",
        Operation.REGISTER_APPLY: "register folder applied",
        Operation.FIGURES_REBUILD: "figures computed again",
    }
)
"""Operations that write; those that only read leave no entry."""


class Deed(StrEnum):
    """What was done to a fact."""

    STATED = "stated"
    CORRECTED = "corrected"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class ToldFact:
    """A fact that an entry tells of. `content` is None where it was erased; then nobody knows whether it was retracted."""

    name: str
    noun: str
    deed: Deed
    content: Mapping[str, Any] | None


def told_facts(line: AuditLine) -> Iterator[ToldFact]:
    """The facts of an entry in their order."""
    nouns = {each.field: each.noun for each in fact_kinds(line.subject_kind)}
    for name, value in line.values.items():
        found = FACT.match(name)
        if found is not None:
            content = json_value(value)
            content = content if isinstance(content, dict) else None
            is_correction = name in line.corrections
            deed = Deed.CORRECTED if is_correction else Deed.STATED
            if content is not None and content.get("retracted"):
                deed = Deed.RETRACTED
            yield ToldFact(name, nouns.get(found[1], found[1]), deed, content)


def json_value(value: Any) -> Any:
    """What stands in a value, which is JSON as text where it was kept as such."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def event_of(line: AuditLine) -> str:
    """The words for what an entry tells of: its operation, or the one thing that it corrected or retracted."""
    told = {(fact.noun, fact.deed) for fact in told_facts(line)}
    if line.action != Operation.REGISTER_APPLY and len(told) == 1:
        ((noun, deed),) = told
        if deed is not Deed.STATED:
            return f"{noun} {deed}"
    return event_text(line.action)


def event_text(action: str) -> str:
    """The words for an entry's action; one of another version reads as its own code."""
    try:
        return EVENTS[Operation(action)]
    except (KeyError, ValueError):
        return action.replace(".", " ").replace("_", " ")
