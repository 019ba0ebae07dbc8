"""Every read about engagements."""

from datetime import date

from buttress.criteria.kinds import ENGAGEMENTS
from buttress.criteria.models import Engagement
from buttress.criteria.records import EngagementRecord
from buttress.orgs.errors import NotFoundError
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredRecord, records_of
from buttress.orgs.reads import reads
from buttress.orgs.roles import Operation


@reads(Operation.REGISTER_READ)
def engagements(*, moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(ENGAGEMENTS, moment)


@reads(Operation.REGISTER_READ)
def engagement(*, ref: str, moment: Moment | None = None) -> StoredRecord:
    """Raises `NotFoundError`."""
    stored = records_of(ENGAGEMENTS, moment, [ref]).get(ref)
    if stored is None:
        raise NotFoundError(ENGAGEMENTS.noun, ref)
    return stored


@reads(Operation.REGISTER_READ)
def engagement_on(*, day: date, moment: Moment | None = None) -> StoredRecord | None:
    """The engagement whose period holds the day: of several the one that starts last; None where none does."""
    if moment is None:
        rows = Engagement.objects.filter(period_start__lte=day, period_end__gte=day, removed_in=None)
        candidates = records_of(ENGAGEMENTS, None, list(rows.values_list("ref", flat=True)))
    else:
        candidates = records_of(ENGAGEMENTS, moment)
    holding = []
    for stored in candidates.values():
        record = stored.to_record(ENGAGEMENTS)
        assert isinstance(record, EngagementRecord)
        if record.period_start <= day <= record.period_end:
            holding.append((record.period_start, stored.ref, stored))
    return max(holding, key=lambda found: found[:2])[2] if holding else None
