"""Incidents: what happened, when, and what it cost."""

from typing import Self

from pydantic import model_validator

from buttress.formats.fields import Links, MoneyRecord, RiskRef, not_before
from buttress.formats.models import Day, StrictModel, Text, complain


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
