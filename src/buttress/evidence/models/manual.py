"""Manual tests, their results, and the documents that show them."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from buttress.core.snapshot import Procedure
from buttress.orgs.models import Fact, Link, Person, Record
from buttress.orgs.tenancy import TenantModel


class ManualTest(Record):
    """A control test that people carry out; `next_due` is the day by which the next result must be there."""

    title = models.TextField()
    assertion = models.CharField(max_length=32)
    procedure = models.CharField(max_length=32)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    next_due = models.DateField(null=True)

    LINKS: ClassVar[dict[str, str]] = {"controls": "evidence.ManualTestControl"}

    class Meta(Record.Meta):
        abstract = False
        constraints: ClassVar = [
            *Record.Meta.constraints,
            models.CheckConstraint(
                condition=Q(procedure__in=[each.value for each in Procedure]), name="evidence_manual_procedure_known"
            ),
            models.CheckConstraint(
                condition=Q(assertion__in=["design", "operating"]), name="evidence_manual_assertion_known"
            ),
        ]


class ManualTestControl(Link):
    """A control that a manual test looks at."""

    record = models.ForeignKey(ManualTest, models.PROTECT, related_name="+")
    target = models.ForeignKey("controls.Control", models.PROTECT, related_name="+")

    class Meta(Link.Meta):
        abstract = False


class ManualResult(Fact):
    """One occasion of a manual test: by whom, how many items, how many of them deviated."""

    record = models.ForeignKey(ManualTest, models.PROTECT, related_name="+")
    performed_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    items = models.PositiveBigIntegerField()
    deviations = models.PositiveBigIntegerField()

    class Meta(Fact.Meta):
        abstract = False
        constraints: ClassVar = [
            *Fact.Meta.constraints,
            models.CheckConstraint(
                condition=Q(items__gte=0, deviations__gte=0, deviations__lte=F("items")),
                name="evidence_manual_counts_agree",
            ),
            models.CheckConstraint(condition=Q(effective_on__isnull=False), name="evidence_manual_has_a_day"),
        ]


class ManualDocument(TenantModel):
    """The document of a manual result as it was found when the result of that `identity` was recorded in `change`.

    `by_sole_operator` marks a result whose performer owned a control that was tested, because there is nobody else.
    """

    record = models.ForeignKey(ManualTest, models.PROTECT, related_name="+")
    identity = models.TextField()
    sha256 = models.CharField(max_length=64)
    by_sole_operator = models.BooleanField(default=False)
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "record", "identity", "change"], name="evidence_document_of_change"
            ),
        ]
