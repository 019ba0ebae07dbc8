"""Risks and what they name: assets, objectives, vendors, criteria, categories, and risks that a condition makes worse."""

from typing import ClassVar

from django.db import models

from buttress.core.snapshot import Category, RiskKind
from buttress.orgs.models import Link, Person, Record
from buttress.risks.models.constraints import not_before, one_of
from buttress.risks.models.threat import Threat


class Risk(Record):
    """A risk outlives its assessments; its statement in three parts stands in its content."""

    title = models.TextField()
    kind = models.CharField(max_length=16)
    owner = models.ForeignKey(Person, models.PROTECT, related_name="+", null=True)
    threat = models.ForeignKey(Threat, models.PROTECT, related_name="+", null=True)
    is_fraud = models.BooleanField(default=False)
    identified_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    formerly = models.CharField(max_length=64, null=True)
    library = models.CharField(max_length=64, null=True)

    LINKS: ClassVar[dict[str, str]] = {
        "assets": "risks.RiskAsset",
        "objectives": "risks.RiskObjective",
        "vendors": "risks.RiskVendor",
        "criteria": "risks.RiskCriterion",
        "categories": "risks.RiskCategory",
        "modifies": "risks.RiskModifies",
    }

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            one_of("kind", RiskKind, "risks_risk_kind_known"),
            not_before("closed_on", "identified_on", "risks_risk_closed_after_identified"),
        ]


class RiskLink(Link):
    """What a risk names, each at most once."""

    record = models.ForeignKey(Risk, models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["record", "target"], name="%(app_label)s_%(class)s_once"),
        ]


class RiskAsset(RiskLink):
    target = models.ForeignKey("inventory.Asset", models.PROTECT, related_name="+")

    class Meta(RiskLink.Meta):
        abstract = False


class RiskObjective(RiskLink):
    target = models.ForeignKey("inventory.Objective", models.PROTECT, related_name="+")

    class Meta(RiskLink.Meta):
        abstract = False


class RiskVendor(RiskLink):
    target = models.ForeignKey("inventory.Vendor", models.PROTECT, related_name="+")

    class Meta(RiskLink.Meta):
        abstract = False


class RiskCriterion(RiskLink):
    """A criterion is content of the product and no row: it is named by its id."""

    target = models.CharField(max_length=64)

    class Meta(RiskLink.Meta):
        abstract = False
        indexes: ClassVar = [models.Index(fields=["organisation", "target"], name="risks_by_criterion")]


class RiskCategory(RiskLink):
    target = models.CharField(max_length=32)

    class Meta(RiskLink.Meta):
        abstract = False
        constraints: ClassVar = [
            *RiskLink.Meta.constraints,
            one_of("target", Category, "risks_riskcategory_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "target"], name="risks_by_category")]


class RiskModifies(RiskLink):
    """A condition, and a risk that it makes worse."""

    target = models.ForeignKey(Risk, models.PROTECT, related_name="+")

    class Meta(RiskLink.Meta):
        abstract = False
        constraints: ClassVar = [
            *RiskLink.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(record=models.F("target")), name="risks_riskmodifies_another"),
        ]
