"""What the queue calls: one line into the figures each, idempotent by key, with starts counted by ourselves."""

import logging
import uuid
from datetime import date

from django.db.models import F
from django.utils import timezone

from buttress.orgs.models import Organisation
from buttress.orgs.tenancy import tenant
from buttress.register.figures import recomputing
from buttress.register.figures.inputs import day_of, has_scale
from buttress.register.figures.rebuild import is_up_to, rebuild, revision_now
from buttress.register.models import Recomputing

REBUILD = "buttress.register.tasks.rebuild_figures"
NEXT_DAY = "buttress.register.tasks.let_the_day_pass"
MOST_STARTS = 3

_log = logging.getLogger(__name__)


def enqueue(name: str, organisation_id: uuid.UUID, key: str, *ids: str) -> None:
    """Queues the task `name` (dotted) of an organisation; with the transaction that is open, or at once.

    The same key may come twice: a task finds out by it, and by what stands, that there is nothing left to do.
    """
    from django_q.tasks import async_task  # noqa: PLC0415 - the queue's settings are read on import

    async_task(name, str(organisation_id), key, *ids, task_name=f"{name.rpartition('.')[2]} {key}")


def rebuild_figures(organisation_id: str, key: str) -> None:
    """Computes an organisation's figures anew where that is still wanted; a fault is kept and tried again, thrice."""
    with tenant(uuid.UUID(organisation_id)):
        job = Recomputing.objects.filter(done_at=None).first()
        if job is None:
            return
        if job.starts >= MOST_STARTS:
            _log.error("figures of %s are parked after %s starts: %s", organisation_id, job.starts, job.fault)
            return
        # Counted before the work: a start that kills its process counts too.
        Recomputing.objects.filter(id=job.id).update(starts=F("starts") + 1, started_at=timezone.now())
    try:
        rebuild(uuid.UUID(organisation_id))
    except Exception as error:
        with tenant(uuid.UUID(organisation_id)):
            Recomputing.objects.filter(id=job.id).update(fault=f"{type(error).__name__}: {error}")
            if job.starts + 1 < MOST_STARTS:
                enqueue(REBUILD, uuid.UUID(organisation_id), key)
        raise


def let_the_day_pass(organisation_id: str, day: str) -> None:
    """Brings an organisation's figures to `day` (ISO): evidence ages, acceptances run out, facts come into force."""
    with tenant(uuid.UUID(organisation_id)):
        if not has_scale() or is_up_to(date.fromisoformat(day)):
            return
        recomputing.mark(revision_now(), date.fromisoformat(day), timezone.now(), "a day has passed")
    rebuild_figures(organisation_id, day)


def let_days_pass() -> None:
    """Queues the passing of the day for every organisation whose own midnight is behind its figures."""
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        with tenant(organisation_id):
            today = day_of(timezone.now())
            if has_scale() and not is_up_to(today):
                enqueue(NEXT_DAY, organisation_id, today.isoformat())
