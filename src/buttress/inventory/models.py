"""Tables of objectives, assets, vendors and changes."""

from typing import ClassVar

from django.db import models

from buttress.core.snapshot import Category
from buttress.inventory.records import AssetKind, ObjectiveKind
from buttress.orgs.models import Link, Person, Record


class Objective(Record):
    kind = models.CharField(max_length=32)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    LINKS: ClassVar[dict[str, str]] = {"categories": "inventory.ObjectiveCategory"}

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in ObjectiveKind]),
                name="inventory_objective_kind_known",
            ),
        ]


class ObjectiveCategory(Link):
    """A category of the Trust Services Criteria that an objective belongs to."""

    record = models.ForeignKey(Objective, models.PROTECT, related_name="+")
    target = models.CharField(max_length=32)

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "record", "target"], name="inventory_objective_category_once"
            ),
            models.CheckConstraint(
                condition=models.Q(target__in=[category.value for category in Category]),
                name="inventory_objective_category_known",
            ),
        ]


class Asset(Record):
    name = models.TextField()
    kind = models.CharField(max_length=32)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    in_scope = models.BooleanField(default=True)

    LINKS: ClassVar[dict[str, str]] = {"depends_on": "inventory.AssetDependency"}

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in AssetKind]), name="inventory_asset_kind_known"
            ),
        ]


class AssetDependency(Link):
    """An asset, and one that it depends on."""

    record = models.ForeignKey(Asset, models.PROTECT, related_name="+")
    target = models.ForeignKey(Asset, models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "record", "target"], name="inventory_dependency_once"),
            models.CheckConstraint(
                condition=~models.Q(record=models.F("target")), name="inventory_dependency_on_another"
            ),
        ]


class Vendor(Record):
    """Tier 1 is the most important."""

    name = models.TextField()
    tier = models.PositiveSmallIntegerField(null=True)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    is_subservice = models.BooleanField(default=False)

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(tier=None) | models.Q(tier__gte=1, tier__lte=5), name="inventory_vendor_tier_1_to_5"
            ),
        ]


class Change(Record):
    """A change that may alter risks. Which ones it altered is kept by reference in its content: risks come later."""

    title = models.TextField()
    effective_on = models.DateField()
    subject = models.TextField(null=True)
    assessed_on = models.DateField(null=True)

    class Meta(Record.Meta):
        abstract = False
