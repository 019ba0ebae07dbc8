"""Live figures: one row a risk, control and criterion, and one for all risks together; nothing here is a source."""

from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class Figures(TenantModel):
    """A row of figures. `revision` is that of the inputs after which it was last computed, as of `as_of`, by
    `core_version`; a row that a later write did not concern keeps its own."""

    revision = models.PositiveBigIntegerField()
    as_of = models.DateField()
    core_version = models.CharField(max_length=32)

    class Meta:
        abstract = True


class RiskFigures(Figures):
    """A risk's figures. Money in the reporting currency a year (`event_p90`: of one event), None where not estimated.

    `marks`, `categories` are JSON lists, `gains` control to mean gain of mending, `laws` the exact text of the laws of its
    stages, by which it is taken out of the sums again. `ref_order` sorts references as people count.
    """

    risk = models.ForeignKey("risks.Risk", models.PROTECT, related_name="+")
    ref = models.CharField(max_length=64)
    ref_order = models.CharField(max_length=255)
    is_condition = models.BooleanField(default=False)
    is_estimated = models.BooleanField()
    inherent_mean = models.FloatField(null=True)
    residual_mean = models.FloatField(null=True)
    target_mean = models.FloatField(null=True)
    residual_p50 = models.FloatField(null=True)
    residual_p90 = models.FloatField(null=True)
    residual_p95 = models.FloatField(null=True)
    residual_p99 = models.FloatField(null=True)
    residual_p999 = models.FloatField(null=True)
    mean_low = models.FloatField(null=True)
    mean_high = models.FloatField(null=True)
    event_p90 = models.FloatField(null=True)
    likelihood = models.PositiveSmallIntegerField(null=True)
    impact = models.PositiveSmallIntegerField(null=True)
    rating = models.CharField(max_length=64, null=True)
    rating_rank = models.PositiveSmallIntegerField(null=True)
    tolerance = models.CharField(max_length=32)
    highest_rating = models.CharField(max_length=64, null=True)
    last_reviewed_on = models.DateField(null=True)
    marks = models.TextField(default="[]")
    categories = models.TextField(default="[]")
    gains = models.TextField(default="{}")
    laws = models.TextField(default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "risk"], name="register_figures_of_risk"),
        ]
        # Risks without figures sort behind all others on both engines: an estimate comes first in each order.
        indexes: ClassVar = [
            models.Index(fields=["organisation", "ref_order"], name="register_risks_by_ref"),
            models.Index(fields=["organisation", "revision"], name="register_risks_by_revision"),
            models.Index(fields=["organisation", "tolerance"], name="register_risks_by_tolerance"),
            *(
                models.Index(
                    fields=["organisation", "is_estimated", column, "ref_order"], name=f"register_risks_{name}"
                )
                for column, name in (
                    ("residual_mean", "residual"),
                    ("inherent_mean", "inherent"),
                    ("target_mean", "target"),
                    ("residual_p95", "p95"),
                    ("rating_rank", "rating"),
                    ("last_reviewed_on", "reviewed"),
                )
            ),
        ]


class ControlFigures(Figures):
    """A control's figures. Shares in 0..1 by mean and standard deviation; `verdicts` is JSON, verdict to number of tests.

    `worth_mean` is what mending the control would take off the portfolio's mean, None where it acts on no estimated risk.
    """

    control = models.ForeignKey("controls.Control", models.PROTECT, related_name="+")
    ref = models.CharField(max_length=64)
    ref_order = models.CharField(max_length=255)
    status = models.CharField(max_length=32)
    is_key = models.BooleanField()
    reliability_mean = models.FloatField()
    reliability_sd = models.FloatField()
    coverage_mean = models.FloatField()
    coverage_sd = models.FloatField()
    working_mean = models.FloatField()
    verdicts = models.TextField(default="{}")
    failed_tests = models.PositiveIntegerField(default=0)
    untold_tests = models.PositiveIntegerField(default=0)
    worth_mean = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "control"], name="register_figures_of_control"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "ref_order"], name="register_controls_by_ref"),
            models.Index(fields=["organisation", "worth_mean"], name="register_controls_by_worth"),
            models.Index(fields=["organisation", "working_mean"], name="register_controls_by_working"),
        ]


class CriterionFigures(Figures):
    """A criterion's state; each facet is a count out of another. `position` is its place in the framework."""

    criterion = models.CharField(max_length=32)
    position = models.PositiveIntegerField()
    headline = models.CharField(max_length=32)
    mapped = models.PositiveIntegerField()
    mapped_of = models.PositiveIntegerField()
    design_tested = models.PositiveIntegerField()
    design_tested_of = models.PositiveIntegerField()
    operation_tested = models.PositiveIntegerField()
    operation_tested_of = models.PositiveIntegerField()
    fresh = models.PositiveIntegerField()
    fresh_of = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "criterion"], name="register_figures_of_criterion"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "position"], name="register_criteria_by_position"),
        ]


class PortfolioFigures(Figures):
    """All risks together. `stages` and `appetite` are JSON (see `register.figures.texts`).

    `sums` are the summed log transforms on their lattices, none for few risks, whose sums are made from laws as fast.
    `token` names this very state, `built` the full computation it descends from and `states` the last one of controls and
    criteria; `edits` counts the writes since the full one.
    """

    currency = models.CharField(max_length=3)
    estimated = models.PositiveIntegerField()
    not_estimated = models.PositiveIntegerField()
    inherent_mean = models.FloatField()
    residual_mean = models.FloatField()
    target_mean = models.FloatField()
    stages = models.TextField()
    appetite = models.TextField()
    sums = models.BinaryField(null=True)
    token = models.UUIDField()
    built = models.UUIDField()
    states = models.UUIDField()
    edits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation"], name="register_figures_one"),
        ]
