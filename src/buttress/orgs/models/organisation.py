"""The organisation, its head (the one row that every write locks first), its profile and its exchange rates."""

import uuid
from typing import ClassVar

from django.db import models

from buttress.orgs.models.fact import Fact
from buttress.orgs.models.record import Record
from buttress.orgs.tenancy import TenantModel


class Organisation(models.Model):
    """A tenant. `ref` names it on the command line; what it says of itself is its profile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ref = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.ref


class Head(TenantModel):
    """Where the organisation's record stands: the last change, the last audit entry, the revision of its figures' inputs.

    Locked first by every write. `entries` and `last_hash` make a cut tail of the audit trail visible.
    """

    change = models.PositiveBigIntegerField(default=0)
    recorded_at = models.DateTimeField()
    entries = models.PositiveBigIntegerField(default=0)
    last_hash = models.CharField(max_length=64)
    revision = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation"], name="orgs_head_one")]


class Profile(Record):
    """What the organisation says of itself; its reference is always `organisation`."""

    name = models.TextField()
    time_zone = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    size = models.PositiveIntegerField(null=True)
    sector = models.CharField(max_length=64, null=True)
    annual_revenue_usd = models.FloatField(null=True)
    sole_operator = models.BooleanField(default=False)
    anchor = models.DateField(null=True)

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(condition=models.Q(ref="organisation"), name="orgs_profile_is_one"),
        ]


class ExchangeRates(Fact):
    """Reporting units for one unit of each other currency ."""

    record = models.ForeignKey(Profile, models.PROTECT, related_name="+")

    class Meta(Fact.Meta):
        abstract = False
