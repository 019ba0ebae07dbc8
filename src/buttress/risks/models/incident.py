"""Incidents and the risks that came true in them."""

from typing import ClassVar

from django.db import models

from buttress.orgs.models import Link, Record
from buttress.risks.models.constraints import not_before
from buttress.risks.models.risk import Risk


class Incident(Record):
    """What happened, and when; its cost stands in its content."""

    title = models.TextField()
    occurred_on = models.DateField()
    closed_on = models.DateField(null=True)

    LINKS: ClassVar[dict[str, str]] = {"risks": "risks.IncidentRisk"}

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            not_before("closed_on", "occurred_on", "risks_incident_closed_after_occurred"),
        ]


class IncidentRisk(Link):
    record = models.ForeignKey(Incident, models.PROTECT, related_name="+")
    target = models.ForeignKey(Risk, models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "target"], name="risks_incidentrisk_once"),
        ]
