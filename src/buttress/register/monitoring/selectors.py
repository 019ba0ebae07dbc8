"""Every read about jobs and slots of monitoring."""

from dataclasses import dataclass
from datetime import datetime

from buttress.orgs.errors import NotFoundError
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation
from buttress.register.models.monitoring import MonitoringJob, SlotState, TestSlot
from buttress.register.monitoring.jobs import Job, job_of


@reads(Operation.REGISTER_READ)
def jobs(*, limit: int = 50) -> tuple[Job, ...]:
    """The newest jobs, the newest first."""
    return tuple(map(job_of, MonitoringJob.objects.select_related("asked_by").order_by("-asked_at", "key")[:limit]))


@reads(Operation.REGISTER_READ)
def job(*, key: str) -> Job:
    """One job; raises `NotFoundError`."""
    row = MonitoringJob.objects.select_related("asked_by").filter(key=key).first()
    if row is None:
        raise NotFoundError("job", key)
    return job_of(row)


@dataclass(frozen=True, slots=True)
class Slot:
    """A planned instant (UTC) of a test; `job` is the key of the job that took it."""

    test: str
    planned_at: datetime
    state: SlotState
    job: str | None


@reads(Operation.REGISTER_READ)
def slots_since(*, since: datetime, test: str | None = None) -> tuple[Slot, ...]:
    """Slots planned at `since` or later, of one test or of all, in order of time."""
    rows = TestSlot.objects.filter(planned_at__gte=since)
    if test is not None:
        rows = rows.filter(test=test)
    columns = ("test", "planned_at", "state", "job__key")
    return tuple(
        Slot(name, planned, SlotState(state), key)
        for name, planned, state, key in rows.order_by("planned_at", "test").values_list(*columns)
    )
