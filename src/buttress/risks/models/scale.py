"""Scale versions of an organisation."""

from typing import ClassVar

from django.db import models

from buttress.orgs.models import Fact, Person, Profile


class Scale(Fact):
    """A scale version, in force from its day until that of the next. Its name stands in its content."""

    record = models.ForeignKey(Profile, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    approved_on = models.DateField(null=True)

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            models.CheckConstraint(condition=models.Q(effective_on__isnull=False), name="risks_scale_has_a_day"),
        ]
