"""Every read about the register as a whole: its snapshot at a moment, from which a posture is computed."""

from collections.abc import Sequence

from buttress.core.snapshot import RegisterSnapshot
from buttress.orgs.errors import NotFoundError
from buttress.orgs.kinds import record_kind
from buttress.orgs.moments import Moment
from buttress.orgs.reading import records_of
from buttress.orgs.reads import engagement_wanted, permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor
from buttress.register.database.snapshots import snapshots_at
from buttress.register.plan.statements import ENGAGEMENTS


@permits(Operation.REGISTER_READ)
def snapshot(viewer: Actor, moment: Moment, engagement: str | None = None) -> RegisterSnapshot:
    """As `snapshots`, of one moment."""
    (found,) = snapshots(viewer, (moment,), engagement)
    return found


@permits(Operation.REGISTER_READ)
def snapshots(viewer: Actor, moments: Sequence[Moment], engagement: str | None = None) -> tuple[RegisterSnapshot, ...]:
    """The register at each of the moments, for the engagement named, else for the one whose period holds the day.

    An auditor sees their own engagement: another one is as unknown to them as one that does not exist. Raises
    `NotFoundError` for these.
    """
    with tenant(viewer.organisation_id):
        wanted = engagement_wanted(viewer, engagement)
        for moment in moments:
            if wanted is not None and not records_of(record_kind(ENGAGEMENTS), moment, [wanted]):
                raise NotFoundError("engagement", wanted)
        return snapshots_at(moments, wanted)
