"""What monitoring has to do and how far it is: jobs that people and schedules ask for, and slots of each test."""

from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q

from buttress.orgs.models import Member
from buttress.orgs.tenancy import TenantModel


class JobKind(StrEnum):
    RUN = "run"
    COLLECT = "collect"


class JobState(StrEnum):
    """`parked` is a job that ended its worker, or failed, as often as it may; only a person starts it again."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"

    @property
    def is_open(self) -> bool:
        return self in (JobState.WAITING, JobState.RUNNING)


class SlotState(StrEnum):
    """`missed` is a slot that passed while nobody was there to take it."""

    TAKEN = "taken"
    MISSED = "missed"


class MonitoringJob(TenantModel):
    """A run of control tests, or the collection of data sets, that was asked for; `key` names the occasion, once.

    `names` is a JSON list of the tests or data sets, empty for all. Without `asked_by` a schedule asked. `done` of `total`
    in `phase` is how far it is, `heartbeat` when its worker was last known alive, `starts` how often it was begun.
    """

    key = models.CharField(max_length=128)
    kind = models.CharField(max_length=16)
    names = models.TextField(default="[]")
    as_of = models.DateField(null=True)
    engagement = models.CharField(max_length=64, null=True)
    asked_by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=16, default=JobState.WAITING.value)
    phase = models.TextField(default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    heartbeat = models.DateTimeField(null=True)
    starts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    found = models.TextField(default="")
    fault = models.TextField(default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "key"], name="register_job_once"),
            models.CheckConstraint(
                condition=Q(state__in=[each.value for each in JobState]), name="register_job_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[each.value for each in JobKind]), name="register_job_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) ^ Q(state__in=[each.value for each in JobState if not each.is_open]),
                name="register_job_ended_or_open",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "-asked_at"], name="register_jobs_newest")]


class TestSlot(TenantModel):
    """A planned instant of a control test: the job that took it, or that nobody did."""

    __test__ = False

    test = models.CharField(max_length=64)
    planned_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    job = models.ForeignKey(MonitoringJob, models.PROTECT, null=True, related_name="+")
    noted_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "test", "planned_at"], name="register_slot_once"),
            models.CheckConstraint(
                condition=Q(state=SlotState.TAKEN.value, job__isnull=False)
                | Q(state=SlotState.MISSED.value, job__isnull=True),
                name="register_slot_taken_by_a_job",
            ),
        ]
