"""Runs of control tests, and what they found."""

from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class EvidenceRun(TenantModel):
    """One run on one day, as its results file says. `digest` is over what was tested and found, `root` over all of the
    file, `previous` the root of the run before; `sequence` orders runs of one day. `record` is canonical JSON."""

    digest = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, null=True)
    as_of = models.DateField()
    sequence = models.PositiveBigIntegerField()
    record = models.TextField()
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "as_of", "digest"], name="evidence_run_once"),
        ]


class TestResultRow(TenantModel):
    """What a run found of one control test: `content` is the whole result as canonical JSON.

    Of two runs of a test for one day the one with the higher sequence stands. `position` is its place in the run.
    `failing_rows` is canonical JSON: the first failing rows with their columns, how many there are, and the file of all.
    """

    __test__ = False

    run = models.ForeignKey(EvidenceRun, models.PROTECT, related_name="+")
    test = models.CharField(max_length=64)
    as_of = models.DateField()
    position = models.PositiveIntegerField()
    content = models.TextField()
    failing_rows = models.TextField(null=True)
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "run", "test"], name="evidence_result_once_a_run"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "test", "as_of"], name="evidence_result_by_test")]
