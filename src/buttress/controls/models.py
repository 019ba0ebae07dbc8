"""Tables of controls and their walkthroughs."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from buttress.core.snapshot import Combination, ControlKind, ControlMode, Procedure
from buttress.inventory.models import Asset
from buttress.orgs.models import Fact, Link, Person, Record


class Control(Record):
    """A control. With `library`, empty wording and links come from that entry of the starter library."""

    library = models.CharField(max_length=64, null=True)
    title = models.TextField(null=True)
    kind = models.CharField(max_length=32, null=True)
    mode = models.CharField(max_length=32, null=True)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    is_key = models.BooleanField(default=False)
    coverage = models.FloatField(null=True)
    combination = models.CharField(max_length=32)
    planned_on = models.DateField(null=True)
    in_place_on = models.DateField(null=True)
    retired_on = models.DateField(null=True)

    LINKS: ClassVar[dict[str, str]] = {"criteria": "controls.ControlCriterion", "covers": "controls.ControlAsset"}

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind=None) | Q(kind__in=[kind.value for kind in ControlKind]),
                name="controls_control_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(mode=None) | Q(mode__in=[mode.value for mode in ControlMode]),
                name="controls_control_mode_known",
            ),
            models.CheckConstraint(
                condition=Q(combination__in=[each.value for each in Combination]),
                name="controls_control_combination_known",
            ),
            models.CheckConstraint(
                condition=Q(library__isnull=False) | Q(title__isnull=False, kind__isnull=False),
                name="controls_control_has_title_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(coverage=None) | Q(coverage__gte=0, coverage__lte=1),
                name="controls_control_coverage_0_to_1",
            ),
            models.CheckConstraint(
                condition=Q(retired_on=None) | Q(in_place_on=None) | Q(retired_on__gte=F("in_place_on")),
                name="controls_control_life_in_order",
            ),
        ]


class ControlCriterion(Link):
    """A criterion that a control says it serves; one that leaves this to the starter library has no rows here."""

    record = models.ForeignKey(Control, models.PROTECT, related_name="+")
    target = models.CharField(max_length=32)

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "record", "target"], name="controls_criterion_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "target"], name="controls_by_criterion")]


class ControlAsset(Link):
    """An asset that a control covers."""

    record = models.ForeignKey(Control, models.PROTECT, related_name="+")
    target = models.ForeignKey(Asset, models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "record", "target"], name="controls_asset_once"),
        ]


class Walkthrough(Fact):
    """A test of design of a control: how it was done, by whom, and whether the design is suitable."""

    record = models.ForeignKey(Control, models.PROTECT, related_name="+")
    performed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    procedure = models.CharField(max_length=32)
    is_suitable = models.BooleanField()

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            models.CheckConstraint(
                condition=Q(procedure__in=[each.value for each in Procedure]),
                name="controls_walkthrough_procedure_known",
            ),
            models.CheckConstraint(condition=Q(effective_on__isnull=False), name="controls_walkthrough_has_a_day"),
        ]
