"""Tables of engagements."""

from typing import ClassVar

from django.db import models

from buttress.core.snapshot import Category, EngagementType
from buttress.criteria.records import SubserviceMethod
from buttress.inventory.models import Asset
from buttress.orgs.models import Link, Record


class Engagement(Record):
    """One audit; both days of its period are part of it."""

    type = models.CharField(max_length=32)
    period_start = models.DateField()
    period_end = models.DateField()
    subservice_method = models.CharField(max_length=32)

    LINKS: ClassVar[dict[str, str]] = {
        "categories": "criteria.EngagementCategory",
        "systems": "criteria.EngagementSystem",
    }

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(type__in=[each.value for each in EngagementType]),
                name="criteria_engagement_type_known",
            ),
            models.CheckConstraint(
                condition=models.Q(subservice_method__in=[method.value for method in SubserviceMethod]),
                name="criteria_engagement_method_known",
            ),
            models.CheckConstraint(
                condition=models.Q(period_end__gte=models.F("period_start")), name="criteria_engagement_period_in_order"
            ),
        ]


class EngagementCategory(Link):
    """A category of the Trust Services Criteria that an engagement covers."""

    record = models.ForeignKey(Engagement, models.PROTECT, related_name="+")
    target = models.CharField(max_length=32)

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "record", "target"], name="criteria_engagement_category_once"
            ),
            models.CheckConstraint(
                condition=models.Q(target__in=[category.value for category in Category]),
                name="criteria_engagement_category_known",
            ),
        ]


class EngagementSystem(Link):
    """A system within an engagement's boundary."""

    record = models.ForeignKey(Engagement, models.PROTECT, related_name="+")
    target = models.ForeignKey(Asset, models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "record", "target"], name="criteria_engagement_system_once"
            ),
        ]
