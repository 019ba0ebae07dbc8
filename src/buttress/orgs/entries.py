"""Audit entries while a write is open: drafts about single records, chained and stored when the write ends."""

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from buttress.orgs.audit import Entry, payload_digest, salted
from buttress.orgs.models.audit import AuditEntry, AuditPayload

if TYPE_CHECKING:
    from buttress.orgs.writing import Write

_AT_ONCE = 1000


@dataclass(slots=True)
class EntryDraft:
    """What one write did to one record. `values` are JSON values by name; `rows` the seals of what was appended."""

    kind: str
    record_id: uuid.UUID | None
    ref: str
    values: dict[str, Any] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)

    def say(self, name: str, value: Any) -> None:
        self.values[name] = value

    def seal(self, table: str, row_id: Any, digest: str) -> None:
        self.rows.append([table, str(row_id), digest])

    def payload(self, write: "Write") -> dict[str, Any]:
        said = {"ref": self.ref, "by": write.person_ref, **self.values}
        if write.actor.reason:
            said["reason"] = write.actor.reason
        if self.rows:
            said["rows"] = sorted(self.rows)
        return salted(said)


def chain_entries(write: "Write") -> None:
    """Appends the write's entries to the chain, some at a time: their payloads take more room than anything else."""
    drafts = list(write.drafts.values())
    for start in range(0, len(drafts), _AT_ONCE):
        linked = [_linked(write, draft) for draft in drafts[start : start + _AT_ONCE]]
        AuditEntry.objects.bulk_create([entry for entry, _ in linked])
        AuditPayload.objects.bulk_create([payload for _, payload in linked])


def _linked(write: "Write", draft: EntryDraft) -> tuple[AuditEntry, AuditPayload]:
    """The next entry of the chain with its payload; the head moves on to it."""
    head, organisation = write.head, write.organisation.id
    fields = draft.payload(write)
    head.entries += 1
    link = Entry(
        organisation,
        head.entries,
        write.change,
        write.recorded_at,
        write.actor.member_id,
        write.operation.value,
        draft.kind,
        draft.record_id,
        payload_digest(fields),
    )
    row = AuditEntry(
        organisation_id=organisation,
        sequence=link.sequence,
        change=link.change,
        recorded_at=link.recorded_at,
        member_id=link.member,
        action=link.action,
        subject_kind=link.subject_kind,
        subject_id=link.subject,
        payload_digest=link.payload_digest,
        previous_hash=head.last_hash,
        hash=link.hash_after(head.last_hash),
    )
    head.last_hash = row.hash
    return row, AuditPayload(organisation_id=organisation, entry=row, fields=json.dumps(fields))
