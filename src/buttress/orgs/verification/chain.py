"""The walk along an organisation's audit trail: sequence, hashes, payloads, the head, and a checkpoint."""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import OuterRef, Subquery

from buttress.orgs.audit import FIRST_HASH, Entry, Fields, is_lasting, payload_digest, values_of
from buttress.orgs.models import AuditEntry, AuditPayload, Head
from buttress.orgs.verification.checkpoint import Checkpoint
from buttress.orgs.verification.problems import Findings
from buttress.orgs.verification.sealed_rows import SealedRows

_CHUNK = 2000
_HASHED = (
    *("organisation_id", "sequence", "change", "recorded_at", "member_id"),
    *("action", "subject_kind", "subject_id", "payload_digest"),
)
"""What the hash is over, in the order of an `Entry`."""


def check_chain(findings: Findings, sealed: SealedRows, kept: Checkpoint | None) -> None:
    """Reports every entry that is missing, changed or out of its place, and gives the seals it commits to to `sealed`."""
    last: Entry | None = None
    last_hash = FIRST_HASH
    for link, previous, stored_hash, payload in _entries():
        expected = last.sequence + 1 if last else 1
        where = f"audit entry {link.sequence}"
        if link.sequence != expected:
            findings.report(where, f"it follows entry {expected - 1}", f"entry {expected} there", expected)
        elif previous != last_hash:
            findings.report(where, "it follows another entry than the one before it", last_hash, link.sequence)
        if _hash(link, previous) != stored_hash:
            findings.report(where, "its content does not fit its hash", "the entry as it was recorded", link.sequence)
        _check_payload(findings, sealed, link, payload)
        if kept is not None and link.sequence == kept.entries and stored_hash != kept.last_hash:
            findings.report(where, "it is not the entry of the checkpoint", kept.last_hash, link.sequence)
        last, last_hash = link, stored_hash
        findings.counts["entries"] += 1
    _check_head(findings, last, last_hash)
    _check_end(findings, last.sequence if last else 0, kept)


def _entries() -> Iterator[tuple[Entry, str, str, str | None]]:
    payload = AuditPayload.objects.filter(entry=OuterRef("pk")).values("fields")
    rows = AuditEntry.objects.annotate(said=Subquery(payload)).order_by("sequence")
    for *hashed, previous, stored_hash, said in rows.values_list(*_HASHED, "previous_hash", "hash", "said").iterator(
        chunk_size=_CHUNK
    ):
        yield Entry(*hashed), previous, stored_hash, said


def _hash(link: Entry, previous: str) -> str:
    try:
        return link.hash_after(previous)
    except ValueError:
        return "none, since the hash before it is none"


def _check_payload(findings: Findings, sealed: SealedRows, link: Entry, payload: str | None) -> None:
    where = f"payload of audit entry {link.sequence}"
    if payload is None:
        findings.report(where, "it is missing", "a payload whose values may be erased", link.sequence)
        return
    findings.counts["payloads"] += 1
    try:
        fields = json.loads(payload)
        if payload_digest(fields) != link.payload_digest:
            findings.report(where, "it does not fit its digest", link.payload_digest, link.sequence)
        for name in fields:
            if is_lasting(name) and isinstance(fields[name], dict):
                findings.report(where, f"{name} is erased", "the value, on which verification rests", link.sequence)
        sealed.expect(link.sequence, _seals(fields))
    except (ValueError, TypeError, KeyError, AttributeError):
        findings.report(where, "it cannot be read", "fields as they were recorded", link.sequence)


def _seals(fields: Fields) -> list[tuple[str, str, str]]:
    rows: Any = values_of({"rows": fields["rows"]})["rows"] if "rows" in fields else None
    return [(str(table), str(row_id), str(digest)) for table, row_id, digest in rows or ()]


def _check_head(findings: Findings, last: Entry | None, last_hash: str) -> None:
    head = Head.objects.first()
    if head is None:
        findings.report("head row", "it is missing", "one row that counts the entries")
        return
    sequence = last.sequence if last else 0
    if head.entries != sequence:
        first_missing = min(head.entries, sequence) + 1
        findings.report("audit trail", f"it ends at entry {sequence}", f"{head.entries} entries", first_missing)
    elif head.last_hash != last_hash:
        findings.report("head row", "it names another last entry", last_hash, sequence)
    elif last is not None and (head.change, head.recorded_at) != (last.change, last.recorded_at):
        found = f"it stands at change {head.change} of {head.recorded_at.isoformat()}"
        findings.report("head row", found, f"change {last.change} of {last.recorded_at.isoformat()}", sequence)


def _check_end(findings: Findings, sequence: int, kept: Checkpoint | None) -> None:
    if kept is not None and sequence < kept.entries:
        findings.report(
            "audit trail", f"it ends at entry {sequence}", f"the {kept.entries} entries of the checkpoint", sequence + 1
        )
    foreign = AuditPayload.objects.count() - findings.counts["payloads"]
    if foreign:
        findings.report("payloads", f"{foreign} belong to no entry of this organisation", "one payload for each entry")
