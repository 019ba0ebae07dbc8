"""Evidence that arrives: kept and recorded, then tested by a job that nobody has to ask for."""

import hashlib
from dataclasses import dataclass

from buttress.evidence.arrivals import NOTHING_STATED, Source, Stated, receipt_text
from buttress.evidence.services.files import Kept, record_evidence_file
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.models.monitoring import JobKind, JobState
from buttress.register.monitoring.jobs import DO_JOB, LONGEST_KEY, open_job
from buttress.register.tasks import enqueue


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was kept, and the key of the job that tests it, None where no test reads its data set."""

    kept: Kept
    job: str | None


@permits(Operation.EVIDENCE_RECORD)
def receive_evidence(
    actor: Actor, /, *, dataset: str, source: Source, name: str, stated: Stated = NOTHING_STATED
) -> Received:
    """As `record_evidence_file`; the tests that read the data set then run, in the name of the installation.

    The same bytes brought again ask for no second run.
    """
    kept = record_evidence_file(actor, dataset=dataset, source=source, name=name, stated=stated)
    if not kept.tests:
        return Received(kept, None)
    with tenant(actor.organisation_id):
        row, _ = open_job(_key(kept), JobKind.RUN, kept.tests)
        if JobState(row.state) is JobState.WAITING:
            enqueue(DO_JOB, actor.organisation_id, row.key)
    return Received(kept, row.key)


def _key(kept: Kept) -> str:
    """Names the arrival by file, bytes and receipt: the same one again is the same job."""
    receipt = receipt_text(kept.receipt) if kept.receipt is not None else ""
    digest = hashlib.sha256("\0".join((kept.file, kept.sha256, receipt)).encode()).hexdigest()
    return f"after {digest[:16]} {kept.file}"[:LONGEST_KEY]
