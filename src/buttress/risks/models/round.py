"""Assessment rounds and who took part in them."""

from typing import ClassVar

from django.db import models

from buttress.orgs.models import Link, Person, Record


class Round(Record):
    """A sitting of the risk assessment; what was said in it stands in its content."""

    effective_on = models.DateField()
    approver = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    fraud_considered = models.BooleanField(default=False)
    change_considered = models.BooleanField(default=False)

    LINKS: ClassVar[dict[str, str]] = {"participants": "risks.RoundParticipant"}

    class Meta(Record.Meta):
        abstract = False


class RoundParticipant(Link):
    record = models.ForeignKey(Round, models.PROTECT, related_name="+")
    target = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "target"], name="risks_roundparticipant_once"),
        ]
