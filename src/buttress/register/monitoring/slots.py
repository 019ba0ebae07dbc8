"""Which tests of an organisation are due now: takes their slots for one job, and marks those that nobody took."""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from buttress.evidence.declarations import ControlTestDeclaration
from buttress.evidence.reading import declared_tests
from buttress.evidence.schedules import slots
from buttress.orgs.models import Head
from buttress.orgs.tenancy import current_organisation
from buttress.register.models.monitoring import JobKind, MonitoringJob, SlotState, TestSlot
from buttress.register.monitoring.jobs import DO_JOB, open_job
from buttress.register.tasks import enqueue


def take_slots(now: datetime | None = None) -> MonitoringJob | None:
    """One job for every test that is due in the organisation in context; None where none is.

    Two schedulers cannot take a slot both: the second waits at the organisation's head and finds it taken.
    """
    now = now or timezone.now()
    organisation_id = current_organisation()
    with transaction.atomic():
        Head.objects.select_for_update().get()
        newest = dict(TestSlot.objects.values_list("test").annotate(Max("planned_at")))
        due: dict[str, datetime] = {}
        missed: list[TestSlot] = []
        for test in _scheduled(declared_tests().automated):
            found = slots(test.frequency, newest.get(test.id), now)
            missed += [_slot(organisation_id, test.id, each, now) for each in found.missed]
            if found.due is not None:
                due[test.id] = found.due
        job = _job_of(due) if due else None
        taken = [_slot(organisation_id, test, planned, now, job) for test, planned in due.items()]
        TestSlot.objects.bulk_create([*missed, *taken])
        if job is not None:
            enqueue(DO_JOB, organisation_id, job.key)
    return job


def _scheduled(tests: Iterable[ControlTestDeclaration]) -> list[ControlTestDeclaration]:
    return sorted(tests, key=lambda test: test.id)


def _job_of(due: dict[str, datetime]) -> MonitoringJob:
    """Named by the slots that it takes, so that the same ones never make two."""
    named = "\n".join(f"{test} {planned.isoformat()}" for test, planned in sorted(due.items()))
    digest = hashlib.sha256(named.encode()).hexdigest()[:12]
    job, _ = open_job(f"slots of {max(due.values()):%Y-%m-%dT%H:%MZ} {digest}", JobKind.RUN, sorted(due))
    return job


def _slot(
    organisation_id: uuid.UUID, test: str, planned_at: datetime, now: datetime, job: MonitoringJob | None = None
) -> TestSlot:
    state = SlotState.MISSED if job is None else SlotState.TAKEN
    return TestSlot(
        organisation_id=organisation_id, test=test, planned_at=planned_at, state=state.value, job=job, noted_at=now
    )
