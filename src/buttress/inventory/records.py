"""Objectives, assets, vendors and changes."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator

from buttress.formats.fields import AssetRef, Categories, Links, PersonRef, RiskRef, SubjectRef, between
from buttress.formats.models import Day, Flag, StrictModel, Text, Whole


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


class ChangeRecord(StrictModel):
    """A change that may alter risks; `subject` names what changes by kind and reference, e.g. `vendor:newpay`."""

    title: Text
    effective_on: Day
    subject: SubjectRef | None = None
    assessed_on: Day | None = None
    outcome: Text | None = None
    risks: Links[RiskRef] = ()
