"""The kind that the criteria bring: engagements."""

from buttress.criteria.models import Engagement
from buttress.criteria.records import EngagementRecord
from buttress.orgs.kinds import Content, RecordKind, register_record_kind
from buttress.orgs.roles import Operation


def _read(ref: str, content: Content) -> EngagementRecord:
    """The reference under which it is stored is the one that the record carries."""
    return EngagementRecord.model_validate({**content, "ref": ref})


ENGAGEMENTS = register_record_kind(
    RecordKind("engagements", "engagement", EngagementRecord, Engagement, Operation.ENGAGEMENT_CHANGE, _read)
)
