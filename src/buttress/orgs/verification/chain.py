"""The walk along an organisation's audit trail: sequence, hashes, payloads, the head, and a checkpoint."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import OuterRef, Subquery

from buttress.orgs.audit import FIRST_HASH, Fields, entry_bytes, hash_of_entry, is_lasting, payload_digest
from buttress.orgs.models import AuditEntry, AuditPayload, Head
from buttress.orgs.verification.as_stored import as_stored, id_text, instant_text
from buttress.orgs.verification.checkpoint import Checkpoint
from buttress.orgs.verification.problems import Findings
from buttress.orgs.verification.sealed_rows import SealedRows

_CHUNK = 2000


class _Link(NamedTuple):
    """An entry as it is stored. `said` is its payload, None where that is missing."""

    organisation: Any
    sequence: int
    change: int
    recorded_at: Any
    member: Any
    action: str
    subject_kind: str
    subject: Any
    payload_digest: str
    previous: str
    hash: str
    said: str | None


_COLUMNS = (
    *("organisation_id", "sequence", "change", "recorded_at", "member_id"),
    *("action", "subject_kind", "subject_id", "payload_digest", "previous_hash", "hash"),
)


def check_chain(findings: Findings, sealed: SealedRows, kept: Checkpoint | None) -> None:
    """Reports every entry that is missing, changed or out of its place, and gives the seals it commits to to `sealed`."""
    last: _Link | None = None
    last_hash, expected = FIRST_HASH, 1
    for link in _links():
        if link.sequence != expected or link.previous != last_hash:
            _report_place(findings, link, expected, last_hash)
        if _hash(link) != link.hash:
            where = f"audit entry {link.sequence}"
            findings.report(where, "its content does not fit its hash", "the entry as it was recorded", link.sequence)
        _check_payload(findings, sealed, link)
        if kept is not None and link.sequence == kept.entries and link.hash != kept.last_hash:
            where = f"audit entry {link.sequence}"
            findings.report(where, "it is not the entry of the checkpoint", kept.last_hash, link.sequence)
        last, last_hash, expected = link, link.hash, link.sequence + 1
        findings.counts["entries"] += 1
    _check_head(findings, last, last_hash)
    _check_end(findings, last.sequence if last else 0, kept)


def _links() -> Iterator[_Link]:
    payload = AuditPayload.objects.filter(entry=OuterRef("pk")).values("fields")
    rows = AuditEntry.objects.annotate(said=Subquery(payload)).order_by("sequence")
    values = rows.values_list(*map(as_stored, _COLUMNS), "said")
    return map(_Link._make, values.iterator(chunk_size=_CHUNK))


def _report_place(findings: Findings, link: _Link, expected: int, last_hash: str) -> None:
    where = f"audit entry {link.sequence}"
    if link.sequence != expected:
        findings.report(where, f"it follows entry {expected - 1}", f"entry {expected} there", expected)
    else:
        findings.report(where, "it follows another entry than the one before it", last_hash, link.sequence)


def _hash(link: _Link) -> str:
    organisation, sequence, change, recorded_at, member, action, kind, subject, payload, previous, _, _ = link
    try:
        content = entry_bytes(
            id_text(organisation),
            sequence,
            change,
            instant_text(recorded_at),
            None if member is None else id_text(member),
            action,
            kind,
            None if subject is None else id_text(subject),
            payload,
        )
        return hash_of_entry(previous, content)
    except (ValueError, TypeError):
        return "none, since the hash before it or a text of it is none"


def _check_payload(findings: Findings, sealed: SealedRows, link: _Link) -> None:
    where = f"payload of audit entry {link.sequence}"
    if link.said is None:
        findings.report(where, "it is missing", "a payload whose values may be erased", link.sequence)
        return
    findings.counts["payloads"] += 1
    try:
        fields = json.loads(link.said)
        if payload_digest(fields) != link.payload_digest:
            findings.report(where, "it does not fit its digest", link.payload_digest, link.sequence)
        for name, stored in fields.items():
            if type(stored) is dict and is_lasting(name):
                findings.report(where, f"{name} is erased", "the value, on which verification rests", link.sequence)
        sealed.expect(link.sequence, _seals(fields))
    except (ValueError, TypeError, KeyError, AttributeError):
        findings.report(where, "it cannot be read", "fields as they were recorded", link.sequence)


def _seals(fields: Fields) -> list[tuple[str, str, str]]:
    rows: Any = fields.get("rows")
    if rows is None or isinstance(rows, dict):
        return []
    return [(str(table), str(row_id), str(digest)) for table, row_id, digest in rows[1] or ()]


def _check_head(findings: Findings, last: _Link | None, last_hash: str) -> None:
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
    elif last is not None:
        stands, ends = (head.change, instant_text(head.recorded_at)), (last.change, instant_text(last.recorded_at))
        if stands != ends:
            found, expected = (f"change {change} of {recorded_at}" for change, recorded_at in (stands, ends))
            findings.report("head row", f"it stands at {found}", expected, sequence)


def _check_end(findings: Findings, sequence: int, kept: Checkpoint | None) -> None:
    if kept is not None and sequence < kept.entries:
        findings.report(
            "audit trail", f"it ends at entry {sequence}", f"the {kept.entries} entries of the checkpoint", sequence + 1
        )
    foreign = AuditPayload.objects.count() - findings.counts["payloads"]
    if foreign:
        findings.report("payloads", f"{foreign} belong to no entry of this organisation", "one payload for each entry")
