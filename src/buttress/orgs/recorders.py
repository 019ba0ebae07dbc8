"""Who recorded something: the person behind the audit entry of the change, whatever the record itself says of people."""

import uuid

from buttress.orgs.kinds import RecordKind
from buttress.orgs.models import AuditEntry, Member
from buttress.orgs.writing import Write


def recorder_of(write: Write, kind: RecordKind, record_id: uuid.UUID, change: int) -> uuid.UUID | None:
    """The id of the person whose member recorded `change` of a record; None where the system itself did."""
    if change == write.change:
        return write.person_id
    entries = AuditEntry.objects.filter(subject_kind=kind.name, subject_id=record_id, change=change)
    member_id = entries.values_list("member_id", flat=True).first()
    return Member.objects.filter(id=member_id).values_list("person_id", flat=True).first()
