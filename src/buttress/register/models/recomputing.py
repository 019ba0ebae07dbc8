"""What says that live figures are being computed anew, and keeps count of the attempts."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from buttress.orgs.tenancy import TenantModel


class Recomputing(TenantModel):
    """A rebuild of all live figures that was asked for: the last inputs wanted, and when it was done.

    While one is not done, lists show the last complete figures and say so. `starts` counts attempts since the last write
    that asked; after three the job is parked until another write, or a person, asks again. `fault` is what went wrong last.
    """

    wanted_revision = models.PositiveBigIntegerField()
    wanted_as_of = models.DateField()
    asked_at = models.DateTimeField()
    reason = models.TextField()
    starts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    fault = models.TextField(default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(done_at=None), name="register_recomputing_one_at_a_time"
            ),
        ]
