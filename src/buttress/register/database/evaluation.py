"""Running an organisation's control tests over the evidence kept on the server, and recording what they found."""

from collections.abc import Callable, Collection
from datetime import date
from zoneinfo import ZoneInfo

from buttress.evidence.found import evidence_in
from buttress.evidence.runs import RunSummary
from buttress.evidence.services import record_results
from buttress.orgs.reads import permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.database.register import register_of
from buttress.register.evaluation import evaluate_declared


@permits(Operation.TEST_RUN)
def evaluate_stored(
    actor: Actor,
    as_of: date,
    engagement: str | None = None,
    progress: Callable[[str, int, int], None] = lambda _label, _done, _total: None,
    only: Collection[str] = (),
) -> RunSummary:
    """As `evaluate_declared`, of the register as it stands in the database; results are recorded in one write at the end.

    A run that was cut off leaves its finished results in the organisation's folder, which the next one records. Raises
    `ForbiddenError`, and `ProblemsError` where a declaration or a stored result cannot be read.
    """
    with tenant(actor.organisation_id):
        register = register_of()
    done = evaluate_declared(register, as_of, engagement, progress, only)
    zone = ZoneInfo(register.organisation.time_zone)
    record_results(actor, found=evidence_in(register.folder, register.datasets, zone))
    return done
