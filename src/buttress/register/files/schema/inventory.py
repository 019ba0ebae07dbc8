"""Persons, objectives, assets, vendors, threats, changes, incidents and assessment rounds."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from buttress.formats.models import Day, Flag, StrictModel, Text, Whole, complain, unfit
from buttress.register.files.schema.fields import (
    AssetRef,
    Categories,
    Links,
    MoneyRecord,
    PersonRef,
    RiskRef,
    SubjectRef,
    between,
    not_before,
)


def _email(value: str) -> str:
    name, at, domain = value.partition("@")
    if not (name and at and "." in domain) or any(mark.isspace() for mark in value) or "@" in domain:
        raise unfit(value, "an e-mail address")
    return value


class PersonRecord(StrictModel):
    name: Text
    email: Annotated[Text, AfterValidator(_email)] | None = None
    title: Text | None = None
    left_on: Day | None = None


class ObjectiveKind(StrEnum):
    """What the organisation wants for itself, or promised to its customers."""

    OBJECTIVE = "objective"
    COMMITMENT = "commitment"


class ObjectiveRecord(StrictModel):
    statement: Text
    kind: ObjectiveKind = ObjectiveKind.OBJECTIVE
    owner: PersonRef | None = None
    categories: Categories = frozenset()


class AssetKind(StrEnum):
    SYSTEM = "system"
    APPLICATION = "application"
    DATA = "data"
    INFRASTRUCTURE = "infrastructure"
    SERVICE = "service"
    DEVICE = "device"
    FACILITY = "facility"


class AssetRecord(StrictModel):
    name: Text
    kind: AssetKind
    owner: PersonRef | None = None
    in_scope: Flag = True
    depends_on: Links[AssetRef] = ()


class VendorRecord(StrictModel):
    """Tier 1 is the most important."""

    name: Text
    tier: Annotated[Whole, AfterValidator(between(1, 5))] | None = None
    owner: PersonRef | None = None
    services: Text | None = None
    is_subservice: Flag = False


class ThreatRecord(StrictModel):
    """`catalogue` names the entry of a public catalogue, e.g. `attack:T1566`."""

    title: Text
    actor: Text | None = None
    catalogue: Text | None = None


class ChangeRecord(StrictModel):
    """A change that may alter risks; `subject` names what changes by kind and reference, e.g. `vendor:newpay`."""

    title: Text
    effective_on: Day
    subject: SubjectRef | None = None
    assessed_on: Day | None = None
    outcome: Text | None = None
    risks: Links[RiskRef] = ()


class IncidentRecord(StrictModel):
    title: Text
    occurred_on: Day
    closed_on: Day | None = None
    risks: Links[RiskRef] = ()
    loss: MoneyRecord | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(not_before(self, "closed_on", "occurred_on"))
        return self


class RoundRecord(StrictModel):
    """One sitting of the risk assessment with what an auditor asks of it."""

    effective_on: Day
    scope: Text
    participants: Links[PersonRef] = ()
    approver: PersonRef | None = None
    method: Text | None = None
    fraud_considered: Flag = False
    change_considered: Flag = False
    minutes: Text | None = None
