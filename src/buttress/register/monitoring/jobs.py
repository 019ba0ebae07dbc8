"""Jobs of monitoring: asked for once by key, done by one worker at a time, begun anew after a death, parked after three.

A job's row is no evidence and no part of the audit trail: it tells people how far work is. What the work finds is
recorded by services, in the name of whoever asked.
"""

import hashlib
import json
import logging
import secrets
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from buttress.evidence.reading import declared_tests
from buttress.formats.problems import nearest
from buttress.orgs.errors import InvalidError, NotFoundError, ReplayedError
from buttress.orgs.reading import zone_of_organisation
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import current_organisation, tenant
from buttress.orgs.writing import Actor
from buttress.register.models.monitoring import JobKind, JobState, MonitoringJob
from buttress.register.tasks import MOST_STARTS, enqueue

DO_JOB = "buttress.register.monitoring.tasks.do_job"

LONGEST_KEY = 128

HEARTBEAT = timedelta(seconds=5)
DEAD_AFTER = timedelta(seconds=20)
"""A job whose worker was not heard of for so long is begun again."""
FORGOTTEN_AFTER = timedelta(minutes=5)
"""A job that waits for so long is queued again: a broker may have lost it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `names` are tests or data sets, none for all; `asked_by` is a member's reference, None where
    a schedule asked; `found` says in one line what came of it, `fault` what went wrong last."""

    key: str
    kind: JobKind
    names: tuple[str, ...]
    as_of: date | None
    engagement: str | None
    asked_by: str | None
    asked_at: datetime
    state: JobState
    phase: str
    done: int
    total: int
    heartbeat: datetime | None
    starts: int
    ended_at: datetime | None
    found: str
    fault: str


def job_of(row: MonitoringJob) -> Job:
    """The row as a value; its member is read where somebody asked."""
    return Job(
        row.key,
        JobKind(row.kind),
        tuple(json.loads(row.names)),
        row.as_of,
        row.engagement,
        row.asked_by.ref if row.asked_by is not None else None,
        row.asked_at,
        JobState(row.state),
        row.phase,
        row.done,
        row.total,
        row.heartbeat,
        row.starts,
        row.ended_at,
        row.found,
        row.fault,
    )


@permits(Operation.TEST_RUN)
def ask_for_run(
    actor: Actor,
    /,
    *,
    tests: Collection[str] = (),
    as_of: date | None = None,
    engagement: str | None = None,
    is_queued: bool = True,
) -> Job:
    """A run of `tests` (none: of all), as of a day or of the day on which it is done.

    The actor's idempotency key names the occasion: asked again with it, the job that there is comes back. Without
    `is_queued` the caller does it. Raises `InvalidError` for a test that is not declared.
    """
    with tenant(actor.organisation_id):
        _refuse_unknown(tests)
        _refuse_day_to_come(as_of)
        names, key = sorted(set(tests)), _key(actor)
        row, _ = open_job(key, JobKind.RUN, names, asked_by=actor.member_id, as_of=as_of, engagement=engagement)
        if (row.names, row.as_of, row.engagement) != (json.dumps(names), as_of, engagement):
            raise ReplayedError("The idempotency key was used for another run; give each request a key of its own")
        if is_queued and JobState(row.state) is JobState.WAITING:
            enqueue(DO_JOB, actor.organisation_id, row.key)
        return job_of(row)


def _key(actor: Actor) -> str:
    """A key of the member's own: what somebody names never takes the place of another's job, or of a schedule's."""
    if actor.idempotency_key is None:
        return f"run of {timezone.now():%Y-%m-%dT%H:%MZ} {secrets.token_hex(6)}"
    named = hashlib.sha256(f"{actor.member_id}\0{actor.idempotency_key}".encode()).hexdigest()
    return f"run asked as {named[:24]}"


def _refuse_day_to_come(as_of: date | None) -> None:
    today = timezone.now().astimezone(zone_of_organisation()).date()
    if as_of is not None and as_of > today:
        raise InvalidError(f"{as_of} is still to come; ask for a run as of {today} or earlier")


def _refuse_unknown(tests: Collection[str]) -> None:
    declared = [test.id for test in declared_tests().automated]
    for name in tests:
        if name not in declared:
            advice = nearest(name, declared) or "Adopt or declare it first."
            raise InvalidError(f"{name!r} is no automated control test of this organisation. {advice}")


def open_job(
    key: str,
    kind: JobKind,
    names: Sequence[str],
    *,
    asked_by: uuid.UUID | None = None,
    as_of: date | None = None,
    engagement: str | None = None,
) -> tuple[MonitoringJob, bool]:
    """The job of that key in the organisation in context, and whether it was made now."""
    given = {
        "kind": kind.value,
        "names": json.dumps(list(names)),
        "as_of": as_of,
        "engagement": engagement,
        "asked_by_id": asked_by,
        "asked_at": timezone.now(),
    }
    row, is_new = MonitoringJob.objects.get_or_create(key=key, organisation_id=current_organisation(), defaults=given)
    return row, is_new


@permits(Operation.TEST_RUN)
def start_again(actor: Actor, /, *, key: str) -> Job:
    """A parked job waits anew, with all its starts before it. Raises `NotFoundError`, and `InvalidError` where it is not
    parked."""
    with tenant(actor.organisation_id), transaction.atomic():
        row = _locked(key)
        if row is None:
            raise NotFoundError("job", key)
        if JobState(row.state) is not JobState.PARKED:
            raise InvalidError(f"The job {key!r} is {row.state}; only a parked one is started again")
        row.state, row.starts, row.ended_at = JobState.WAITING.value, 0, None
        row.heartbeat = timezone.now()
        row.save()
        enqueue(DO_JOB, actor.organisation_id, key)
        return job_of(row)


def _locked(key: str) -> MonitoringJob | None:
    return MonitoringJob.objects.select_for_update(of=("self",)).filter(key=key).first()


def begin(key: str) -> Job | None:
    """The job for this worker to do, in the organisation in context; None where it is done, parked, or in work.

    Counted before the work begins: a start that kills its process counts too.
    """
    now = timezone.now()
    with transaction.atomic():
        row = _locked(key)
        if row is None or not JobState(row.state).is_open or _is_in_work(row, now):
            return None
        if row.starts >= MOST_STARTS:
            row.state, row.ended_at = JobState.PARKED.value, now
            row.fault = row.fault or f"its worker died {row.starts} times without a word"
            _log.error("job %s is parked after %s starts: %s", key, row.starts, row.fault)
            row.save()
            return None
        row.state, row.starts, row.started_at, row.heartbeat = JobState.RUNNING.value, row.starts + 1, now, now
        row.save()
        return job_of(row)


def _is_in_work(row: MonitoringJob, now: datetime) -> bool:
    return JobState(row.state) is JobState.RUNNING and row.heartbeat is not None and now - row.heartbeat < DEAD_AFTER


def tell(key: str, phase: str, done: int, total: int) -> None:
    """How far the job is; shows that its worker lives."""
    MonitoringJob.objects.filter(key=key, state=JobState.RUNNING.value).update(
        phase=phase, done=done, total=total, heartbeat=timezone.now()
    )


@contextmanager
def heard_of(organisation_id: uuid.UUID, key: str) -> Iterator[None]:
    """Lets others know, for the time of the block, that this worker lives, however long one step of it takes."""
    is_over = threading.Event()

    def beat() -> None:
        while not is_over.wait(HEARTBEAT.total_seconds()):
            try:
                with tenant(organisation_id):
                    MonitoringJob.objects.filter(key=key, state=JobState.RUNNING.value).update(heartbeat=timezone.now())
            except Exception:  # a beat that is late must not end the work
                _log.warning("no heartbeat could be written for job %s", key, exc_info=True)
        connection.close()

    thread = threading.Thread(target=beat, name=f"heartbeat of {key}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def finish(key: str, found: str) -> None:
    """The job came to its end; `found` says in one line with what."""
    MonitoringJob.objects.filter(key=key).update(
        state=JobState.DONE.value, ended_at=timezone.now(), found=found, fault=""
    )


def note_failure(organisation_id: uuid.UUID, key: str, fault: str, *, is_final: bool = False) -> None:
    """The job failed; it waits for another start, or is parked with the last one, or with `is_final` at once."""
    with transaction.atomic():
        row = _locked(key)
        if row is None or not JobState(row.state).is_open:
            return
        row.fault = fault
        if is_final or row.starts >= MOST_STARTS:
            row.state, row.ended_at = JobState.PARKED.value, timezone.now()
        else:
            row.state, row.heartbeat = JobState.WAITING.value, timezone.now()
            enqueue(DO_JOB, organisation_id, key)
        row.save()


def wake(organisation_id: uuid.UUID) -> int:
    """Queues anew the jobs of the organisation in context that nobody works at any more; how many there were."""
    now = timezone.now()
    with transaction.atomic():
        dead = Q(state=JobState.RUNNING.value, heartbeat__lt=now - DEAD_AFTER)
        waits = Q(state=JobState.WAITING.value)
        long_ago = Q(heartbeat__lt=now - FORGOTTEN_AFTER) | Q(heartbeat=None, asked_at__lt=now - FORGOTTEN_AFTER)
        keys = list(MonitoringJob.objects.filter(dead | (waits & long_ago)).values_list("key", flat=True))
        MonitoringJob.objects.filter(key__in=keys, state=JobState.WAITING.value).update(heartbeat=now)
        for key in keys:
            enqueue(DO_JOB, organisation_id, key)
    return len(keys)
