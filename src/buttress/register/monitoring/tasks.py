"""What the queue calls for monitoring: one job, and the look around that finds what is due and what was left lying."""

import logging
import time
import uuid

from django.utils import timezone

from buttress.evidence.run_plan import Progress
from buttress.evidence.runs import RunSummary
from buttress.formats.problems import ProblemsError
from buttress.orgs.errors import ForbiddenError, RecordsError
from buttress.orgs.models import Member, Organisation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.database.evaluation import evaluate_stored
from buttress.register.figures.inputs import day_of
from buttress.register.models.monitoring import JobKind
from buttress.register.monitoring.inbox import NotAtRestError, collect, collect_file
from buttress.register.monitoring.jobs import Job, begin, finish, heard_of, note_failure, tell, wake
from buttress.register.monitoring.slots import take_slots

_SECONDS_BETWEEN_WORDS = 0.5

_log = logging.getLogger(__name__)


def do_job(organisation_id: str, key: str, watch: Progress = lambda _phase, _done, _total: None) -> None:
    """Does an organisation's job where it is still to be done. A second delivery finds that it is not, and ends.

    `watch` is told how far it is, as the job's row is.
    """
    organisation = uuid.UUID(organisation_id)
    with tenant(organisation):
        job = begin(key)
        if job is None:
            return
    try:
        with heard_of(organisation, key):
            found = _work(organisation, job, watch)
    except (RecordsError, ProblemsError) as error:
        # What a person has to mend is not mended by trying again.
        _failed(organisation, key, error, is_final=True)
    except Exception as error:
        _log.exception("job %s failed", key)
        _failed(organisation, key, error)
    else:
        with tenant(organisation):
            finish(key, found)


def _work(organisation_id: uuid.UUID, job: Job, watch: Progress) -> str:
    """What came of the job, in one line."""
    with tenant(organisation_id):
        if job.kind is JobKind.COLLECT:
            try:
                kept = collect_file(*job.names).kept
            except NotAtRestError:
                return "changed while it was read; the next look finds it again"
            return f"kept as {kept.file}, {kept.rows} rows{''.join(f'; {signal}' for signal in kept.signals)}"
        actor, day = _actor(organisation_id, job), job.as_of or day_of(timezone.now())
    told = _Telling(organisation_id, job.key, watch)
    return _said(evaluate_stored(actor, day, job.engagement, told, only=job.names))


def _actor(organisation_id: uuid.UUID, job: Job) -> Actor:
    """Whoever asked, with what they may do now; a schedule's job is the installation's own."""
    reason = f"job {job.key}"
    if job.asked_by is None:
        return Actor(organisation_id, None, reason)
    member = Member.objects.filter(ref=job.asked_by, removed_in=None).first()
    if member is None:
        raise ForbiddenError(f"{job.asked_by}, who asked for this, is no member any more; ask for it again")
    return Actor(organisation_id, member.id, reason)


def _failed(organisation_id: uuid.UUID, key: str, error: Exception, *, is_final: bool = False) -> None:
    with tenant(organisation_id):
        note_failure(organisation_id, key, f"{type(error).__name__}: {error}", is_final=is_final)


def _said(found: RunSummary) -> str:
    said = f"{len(found.results)} new results, {found.unchanged} evaluated before"
    return f"{said}; {len(found.problems)} problems: {found.problems[0]}" if found.problems else said


class _Telling:
    """Passes on how far a run is; to the job's row at most twice a second, since each word there is a write."""

    def __init__(self, organisation_id: uuid.UUID, key: str, watch: Progress) -> None:
        self._organisation_id, self._key, self._watch, self._last = organisation_id, key, watch, 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._watch(phase, done, total)
        if time.monotonic() - self._last < _SECONDS_BETWEEN_WORDS and done < total:
            return
        self._last = time.monotonic()
        with tenant(self._organisation_id):
            tell(self._key, phase, done, total)


def look_around() -> None:
    """Of every organisation: collects what lies in its inbox, takes the slots that are due, wakes jobs whose worker died.

    What cannot be done keeps neither the next step nor another organisation waiting.
    """
    for organisation_id in Organisation.objects.values_list("id", flat=True):
        for step in (lambda each=organisation_id: wake(each), collect, take_slots):
            try:
                with tenant(organisation_id):
                    step()
            except Exception:
                _log.exception("monitoring of organisation %s failed", organisation_id)
