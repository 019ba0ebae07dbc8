"""How risks are treated."""

from typing import ClassVar

from django.db import models

from buttress.core.snapshot import Response
from buttress.orgs.models import Fact, Person
from buttress.risks.models.constraints import one_of
from buttress.risks.models.risk import Risk


class Treatment(Fact):
    """A response to a risk with its plan; the controls that it brings stand in its content."""

    record = models.ForeignKey(Risk, models.PROTECT, related_name="+")
    response = models.CharField(max_length=16)
    owner = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    due_on = models.DateField(null=True)
    done_on = models.DateField(null=True)

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            one_of("response", Response, "risks_treatment_response_known"),
        ]
