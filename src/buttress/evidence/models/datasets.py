"""Data sets, and the files that were found of them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from buttress.orgs.models import Record
from buttress.orgs.tenancy import TenantModel


class Dataset(Record):
    """A data set as it is declared: where its files lie and how they are read."""

    title = models.TextField(default="")

    class Meta(Record.Meta):
        abstract = False


class DatasetSnapshotRow(TenantModel):
    """An evidence file of a data set as it was found; a later row of the same file stands in its place.

    `effective_at` is null where `problem` says why the file cannot be dated. `sha256` is of the file's bytes, `receipt`
    the canonical JSON of its receipt. With `is_gone` a file that could not be dated was not there any more.
    """

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="+")
    file = models.TextField()
    effective_at = models.DateTimeField(null=True)
    rows = models.PositiveBigIntegerField(null=True)
    sha256 = models.CharField(max_length=64)
    receipt = models.TextField(null=True)
    problem = models.TextField(null=True)
    is_gone = models.BooleanField(default=False)
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "dataset", "file", "change"], name="evidence_snapshot_of_change"
            ),
            models.CheckConstraint(
                condition=Q(effective_at__isnull=False, problem__isnull=True)
                | Q(effective_at__isnull=True, problem__isnull=False),
                name="evidence_snapshot_dated_or_why_not",
            ),
        ]
