"""Every read about engagements. An auditor sees their own: any other is to them as one that does not exist."""

from datetime import date

from buttress.criteria.kinds import ENGAGEMENTS
from buttress.criteria.records import EngagementRecord
from buttress.orgs.errors import NotFoundError
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredRecord, records_of
from buttress.orgs.reads import engagement_seen, engagement_wanted, permits
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor


@permits(Operation.REGISTER_READ)
def engagements(viewer: Actor, *, moment: Moment | None = None) -> dict[str, StoredRecord]:
    with tenant(viewer.organisation_id):
        return _seen(viewer, moment)


@permits(Operation.REGISTER_READ)
def engagement(viewer: Actor, *, ref: str, moment: Moment | None = None) -> StoredRecord:
    """Raises `NotFoundError`."""
    with tenant(viewer.organisation_id):
        engagement_wanted(viewer, ref)
        stored = records_of(ENGAGEMENTS, moment, [ref]).get(ref)
        if stored is None:
            raise NotFoundError(ENGAGEMENTS.noun, ref)
        return stored


@permits(Operation.REGISTER_READ)
def engagement_on(viewer: Actor, *, day: date, moment: Moment | None = None) -> StoredRecord | None:
    """The engagement whose period holds the day: of several the one that starts last; None where none does."""
    with tenant(viewer.organisation_id):
        return _holding(_seen(viewer, moment), day)


def _seen(viewer: Actor, moment: Moment | None) -> dict[str, StoredRecord]:
    own = engagement_seen(viewer)
    return records_of(ENGAGEMENTS, moment, None if own is None else [own])


def _holding(candidates: dict[str, StoredRecord], day: date) -> StoredRecord | None:
    holding = []
    for stored in candidates.values():
        record = stored.to_record(ENGAGEMENTS)
        assert isinstance(record, EngagementRecord)
        if record.period_start <= day <= record.period_end:
            holding.append((record.period_start, stored.ref, stored))
    return max(holding, key=lambda found: found[:2])[2] if holding else None
