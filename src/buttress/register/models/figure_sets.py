"""Figures of past dates, made once when first asked for, and how far back each write reaches."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from buttress.orgs.tenancy import TenantModel


class FigureSet(TenantModel):
    """Every figure as of a past day, as known at `known_at` (none: when the set was made), under one engagement.

    Made from the inputs of `revision` by `core_version`, and never changed: where something recorded since reaches back
    to the day (`Backdating`), another set is made beside it. `risks`, `controls`, `criteria` and `portfolio` are
    compressed JSON, column by column.
    """

    as_of = models.DateField()
    known_at = models.DateTimeField(null=True)
    engagement = models.CharField(max_length=64)
    revision = models.PositiveBigIntegerField()
    core_version = models.CharField(max_length=32)
    made_at = models.DateTimeField()
    risks = models.BinaryField()
    controls = models.BinaryField()
    criteria = models.BinaryField()
    portfolio = models.BinaryField()

    APPEND_ONLY: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "as_of", "engagement", "core_version", "revision"],
                condition=Q(known_at=None),
                name="register_set_as_known_then",
            ),
            models.UniqueConstraint(
                fields=["organisation", "as_of", "engagement", "core_version", "revision", "known_at"],
                condition=Q(known_at__isnull=False),
                name="register_set_as_known_at",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "as_of", "-revision"], name="register_sets_of_day")]


class Backdating(TenantModel):
    """A write that changed what figures rest on: those of `since`, its own day at the latest, and of later days."""

    revision = models.PositiveBigIntegerField()
    since = models.DateField()

    APPEND_ONLY: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "revision"], name="register_backdating_once"),
        ]
