"""The role × operation table: what each role may do, the one place where permissions are decided.

Deny by default: an operation without a row does not exist, and a role without an entry is denied. `own` allows an
operation on what the member owns only. Checks, documentation and tests are generated from this table.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from buttress.orgs.role_names import Role


class Grant(StrEnum):
    """How far an operation is allowed."""

    YES = "yes"
    OWN = "own"
    NO = "no"


class Operation(StrEnum):
    """Every operation that a service or selector asks for."""

    ORGANISATION_FOUND = "organisation.found"
    ORGANISATION_CHANGE = "organisation.change"
    MEMBER_CHANGE = "member.change"
    PERSON_CHANGE = "person.change"
    METHODOLOGY_CHANGE = "methodology.change"
    ENGAGEMENT_CHANGE = "engagement.change"
    INVENTORY_CHANGE = "inventory.change"
    CHANGE_RECORD = "change.record"
    RISK_CHANGE = "risk.change"
    RISK_ASSESS = "risk.assess"
    RISK_TREAT = "risk.treat"
    EFFECT_STATE = "effect.state"
    ROUND_RECORD = "round.record"
    INCIDENT_RECORD = "incident.record"
    ACCEPTANCE_REQUEST = "acceptance.request"
    ACCEPTANCE_DECIDE = "acceptance.decide"
    ACCEPTANCE_LAPSE = "acceptance.lapse"
    CONTROL_CHANGE = "control.change"
    CONTROL_WALK_THROUGH = "control.walk_through"
    TEST_CHANGE = "test.change"
    TEST_RUN = "test.run"
    EVIDENCE_RECORD = "evidence.record"
    EXCEPTION_REQUEST = "exception.request"
    EXCEPTION_DECIDE = "exception.decide"
    REGISTER_READ = "register.read"
    REGISTER_APPLY = "register.apply"
    REGISTER_EXPORT = "register.export"
    FIGURES_REBUILD = "figures.rebuild"
    AUDIT_READ = "audit.read"
    AUDIT_VERIFY = "audit.verify"
    AUDIT_ERASE = "audit.erase"


_O, _R, _C, _A, _P, _V = (
    Role.OWNER,
    Role.RISK_MANAGER,
    Role.CONTROL_OWNER,
    Role.APPROVER,
    Role.AUDITOR,
    Role.VIEWER,
)
_ALL = frozenset(Role)


def _row(*roles: Role, own: tuple[Role, ...] = ()) -> Mapping[Role, Grant]:
    return MappingProxyType({**dict.fromkeys(roles, Grant.YES), **dict.fromkeys(own, Grant.OWN)})


TABLE: Mapping[Operation, Mapping[Role, Grant]] = MappingProxyType(
    {
        Operation.ORGANISATION_FOUND: _row(),
        Operation.ORGANISATION_CHANGE: _row(_O),
        Operation.MEMBER_CHANGE: _row(_O),
        Operation.PERSON_CHANGE: _row(_O, _R),
        Operation.METHODOLOGY_CHANGE: _row(_O, _R),
        Operation.ENGAGEMENT_CHANGE: _row(_O, _R),
        Operation.INVENTORY_CHANGE: _row(_O, _R),
        Operation.CHANGE_RECORD: _row(_O, _R, _C),
        Operation.RISK_CHANGE: _row(_O, _R),
        Operation.RISK_ASSESS: _row(_O, _R),
        Operation.RISK_TREAT: _row(_O, _R),
        Operation.EFFECT_STATE: _row(_O, _R),
        Operation.ROUND_RECORD: _row(_O, _R),
        Operation.INCIDENT_RECORD: _row(_O, _R, _C),
        Operation.ACCEPTANCE_REQUEST: _row(_O, _R),
        Operation.ACCEPTANCE_DECIDE: _row(_O, _A),
        Operation.ACCEPTANCE_LAPSE: _row(),
        Operation.CONTROL_CHANGE: _row(_O, _R, own=(_C,)),
        Operation.CONTROL_WALK_THROUGH: _row(_O, _R, own=(_C,)),
        Operation.TEST_CHANGE: _row(_O, _R),
        Operation.TEST_RUN: _row(_O, _R),
        Operation.EVIDENCE_RECORD: _row(_O, _R, own=(_C,)),
        Operation.EXCEPTION_REQUEST: _row(_O, _R, _C),
        Operation.EXCEPTION_DECIDE: _row(_O, _A),
        Operation.REGISTER_READ: _row(*_ALL),
        Operation.REGISTER_APPLY: _row(_O, _R),
        Operation.REGISTER_EXPORT: _row(*_ALL),
        Operation.FIGURES_REBUILD: _row(_O, _R),
        Operation.AUDIT_READ: _row(_O, _R, _P),
        Operation.AUDIT_VERIFY: _row(_O, _R, _P),
        Operation.AUDIT_ERASE: _row(_O),
    }
)

OF_THE_SYSTEM = frozenset(
    {
        Operation.ORGANISATION_FOUND,
        Operation.ACCEPTANCE_LAPSE,
        Operation.TEST_RUN,
        Operation.EVIDENCE_RECORD,
        Operation.FIGURES_REBUILD,
        Operation.AUDIT_VERIFY,
    }
)
"""What jobs and the operator of the installation do without a member."""


def grant_of(role: Role, operation: Operation) -> Grant:
    """How far `role` may do `operation`; what the table does not name is denied."""
    return TABLE.get(operation, {}).get(role, Grant.NO)
