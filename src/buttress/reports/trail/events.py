"""The registry of event texts: what each operation is called once it was done, the same on every door."""

from collections.abc import Mapping
from types import MappingProxyType

from buttress.orgs.roles import Operation

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
        Operation.REGISTER_APPLY: "register folder applied",
        Operation.FIGURES_REBUILD: "figures computed again",
    }
)
"""Operations that write; those that only read leave no entry."""


def event_text(action: str) -> str:
    """The words for an entry's action; one of another version reads as its own code."""
    try:
        return EVENTS[Operation(action)]
    except (KeyError, ValueError):
        return action.replace(".", " ").replace("_", " ")
