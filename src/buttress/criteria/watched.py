"""What of engagements may alter risks: which categories and systems the examination covers, and how subservices count."""

from buttress.criteria.kinds import ENGAGEMENTS
from buttress.criteria.models import Engagement
from buttress.criteria.records import EngagementRecord
from buttress.inventory.asking import Turn, Watched, fields_changed, watch
from buttress.orgs.reading import records_of
from buttress.orgs.writing import Write

_WORDS = {"categories": "categories", "systems": "systems in scope", "subservice_method": "subservice method"}


def _title(_write: Write, turn: Turn) -> str | None:
    """A new engagement is compared with the one before it; the first one, and one that goes, alter nothing."""
    if turn.after is None:
        return None
    if turn.before is not None:
        changed = fields_changed(turn.before, turn.after, _WORDS)
        return f"Engagement changed: {turn.ref} ({changed})" if changed else None
    assert isinstance(turn.after, EngagementRecord)
    earlier = _one_before(turn.after)
    changed = fields_changed(earlier, turn.after, _WORDS) if earlier else ""
    return f"New engagement: {turn.ref} ({changed} other than in {earlier.ref})" if earlier and changed else None


def _one_before(engagement: EngagementRecord) -> EngagementRecord | None:
    """The engagement whose period began last before that of this one."""
    earlier = Engagement.objects.filter(removed_in=None, period_start__lt=engagement.period_start)
    ref = earlier.order_by("-period_start", "-ref").values_list("ref", flat=True).first()
    if ref is None:
        return None
    record = records_of(ENGAGEMENTS, None, [ref])[ref].to_record(ENGAGEMENTS)
    assert isinstance(record, EngagementRecord)
    return record


watch(Watched(ENGAGEMENTS.name, "engagement", _title))
