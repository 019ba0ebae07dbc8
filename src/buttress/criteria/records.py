"""Engagements: the audits for which the criteria are read."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from buttress.core.snapshot import Category, EngagementType
from buttress.formats.fields import AssetRef, Categories, Links, PointOfFocusRef, not_before, repeated
from buttress.formats.models import Complaint, Day, Ref, StrictModel, Text, complain
from buttress.formats.problems import shown


class SubserviceMethod(StrEnum):
    CARVE_OUT = "carve_out"
    INCLUSIVE = "inclusive"


class EngagementRecord(StrictModel):
    """One audit: type, period, categories, systems, and what is not relevant with the reason."""

    ref: Ref
    type: EngagementType
    period_start: Day
    period_end: Day
    categories: Categories
    systems: Links[AssetRef] = ()
    subservice_method: SubserviceMethod = SubserviceMethod.CARVE_OUT
    not_relevant: dict[PointOfFocusRef, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        complain(not_before(self, "period_end", "period_start"))
        if Category.SECURITY not in self.categories:
            found = ", ".join(sorted(self.categories)) or "none"
            advice = "The common criteria belong to every report."
            complain([Complaint(("categories",), found, "security among the categories", advice)])
        return self


def _engagements(engagements: tuple[EngagementRecord, ...]) -> tuple[EngagementRecord, ...]:
    complain(
        Complaint((position, "ref"), f"the engagement {shown(engagement.ref)} again", "each reference once")
        for position, engagement in repeated(engagements, lambda engagement: engagement.ref)
    )
    return engagements


Engagements = Annotated[tuple[EngagementRecord, ...], AfterValidator(_engagements)]
"""Engagements, their references distinct."""
