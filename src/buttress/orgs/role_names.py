"""The roles a member can have."""

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    RISK_MANAGER = "risk_manager"
    CONTROL_OWNER = "control_owner"
    APPROVER = "approver"
    AUDITOR = "auditor"
    VIEWER = "viewer"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")
