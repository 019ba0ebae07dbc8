"""Asking for all live figures to be computed anew: the mark that lists show, and the job that does it."""

from datetime import date, datetime

from django.utils import timezone

from buttress.orgs.tenancy import current_organisation
from buttress.register.models import Recomputing


def ask(revision: int, as_of: date, asked_at: datetime, reason: str) -> None:
    """Marks the figures as being computed anew, and queues the job with the same transaction.

    While a job is waiting in the queue no second one is; one that has started may not have seen this write.
    """
    from buttress.register.tasks import REBUILD, enqueue  # noqa: PLC0415 - the queue is loaded on first use only

    if mark(revision, as_of, asked_at, reason):
        enqueue(REBUILD, current_organisation(), f"{revision}:{as_of}")


def mark(revision: int, as_of: date, asked_at: datetime, reason: str) -> bool:
    """Marks the figures as being computed anew; False where a job for that waits already."""
    row, is_new = Recomputing.objects.get_or_create(
        organisation_id=current_organisation(),
        done_at=None,
        defaults={"wanted_revision": revision, "wanted_as_of": as_of, "asked_at": asked_at, "reason": reason},
    )
    is_waiting = not is_new and row.starts == 0
    if not is_new:
        row.wanted_revision, row.wanted_as_of, row.starts, row.fault = revision, as_of, 0, ""
        row.save(update_fields=["wanted_revision", "wanted_as_of", "starts", "fault"])
    return not is_waiting


def is_recomputing() -> bool:
    return bool(Recomputing.objects.filter(done_at=None).exists())


def done() -> None:
    """What was asked for is done."""
    Recomputing.objects.filter(done_at=None).update(done_at=timezone.now(), fault="")
