"""Evidence that arrives: kept and recorded, then tested by a job that nobody has to ask for."""

from dataclasses import dataclass
from typing import BinaryIO

from buttress.evidence.arrivals import NOTHING_STATED, Stated
from buttress.evidence.services.files import Kept, record_evidence_file
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.models.monitoring import JobKind, JobState
from buttress.register.monitoring.jobs import DO_JOB, open_job
from buttress.register.tasks import enqueue


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was kept, and the key of the job that tests it, None where no test reads its data set."""

    kept: Kept
    job: str | None


@permits(Operation.EVIDENCE_RECORD)
def receive_evidence(
    actor: Actor, /, *, dataset: str, source: BinaryIO, name: str, stated: Stated = NOTHING_STATED
) -> Received:
    """As `record_evidence_file`; the tests that read the data set then run, in the name of the installation.

    The same bytes brought again ask for no second run.
    """
    kept = record_evidence_file(actor, dataset=dataset, source=source, name=name, stated=stated)
    if not kept.tests:
        return Received(kept, None)
    with tenant(actor.organisation_id):
        row = open_job(f"after {kept.file} {kept.sha256[:12]}"[:128], JobKind.RUN, kept.tests)
        if JobState(row.state) is JobState.WAITING:
            enqueue(DO_JOB, actor.organisation_id, row.key)
    return Received(kept, row.key)
