"""Every read about organisations, persons, members and the audit trail."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from buttress.orgs.audit import values_of
from buttress.orgs.corrections import corrections_among
from buttress.orgs.errors import NotFoundError
from buttress.orgs.kinds_of_orgs import MEMBERS, ORGANISATION, PERSONS, PROFILE_REF
from buttress.orgs.models import AuditEntry, AuditPayload, Member, Organisation
from buttress.orgs.moments import Moment
from buttress.orgs.reading import StoredRecord, records_of
from buttress.orgs.reads import reads
from buttress.orgs.records import ProfileRecord
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import current_organisation, tenant
from buttress.orgs.writing import Actor


def organisation_refs() -> tuple[str, ...]:
    """The references of every organisation of the installation: for its operator at the command line only."""
    return tuple(Organisation.objects.order_by("ref").values_list("ref", flat=True))


def actor_of(organisation_ref: str, member_ref: str) -> Actor:
    """The member `member_ref` of an organisation as an actor; raises `NotFoundError`."""
    organisation = Organisation.objects.filter(ref=organisation_ref).first()
    if organisation is None:
        raise NotFoundError("organisation", organisation_ref)
    with tenant(organisation.id):
        member = Member.objects.filter(ref=member_ref, removed_in=None, ended_on=None).first()
    if member is None:
        raise NotFoundError("member", member_ref)
    return Actor(organisation.id, member.id)


def system_of(organisation_ref: str) -> Actor:
    """The installation itself within an organisation, for what needs no member; raises `NotFoundError`."""
    organisation = Organisation.objects.filter(ref=organisation_ref).first()
    if organisation is None:
        raise NotFoundError("organisation", organisation_ref)
    return Actor(organisation.id, None)


def sole_member_ref(organisation_ref: str) -> str | None:
    """The one member that an organisation has, None where it has several."""
    organisation = Organisation.objects.filter(ref=organisation_ref).first()
    if organisation is None:
        raise NotFoundError("organisation", organisation_ref)
    with tenant(organisation.id):
        refs = list(Member.objects.filter(removed_in=None, ended_on=None).values_list("ref", flat=True)[:2])
    return refs[0] if len(refs) == 1 else None


@reads(Operation.REGISTER_READ)
def profile() -> ProfileRecord:
    """What the organisation says of itself now."""
    record = records_of(ORGANISATION)[PROFILE_REF].to_record(ORGANISATION)
    assert isinstance(record, ProfileRecord)
    return record


@reads(Operation.REGISTER_READ)
def founded_at() -> datetime:
    """Since when the organisation's register is kept here."""
    found: datetime = Organisation.objects.values_list("created_at", flat=True).get(id=current_organisation())
    return found


@reads(Operation.REGISTER_READ)
def persons(moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(PERSONS, moment)


@reads(Operation.REGISTER_READ)
def members(moment: Moment | None = None) -> dict[str, StoredRecord]:
    return records_of(MEMBERS, moment)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry of the audit trail with what it says; erased values are None. `corrections` names the values, such as
    `assessments.0`, that are facts in the place of earlier ones."""

    sequence: int
    change: int
    recorded_at: datetime
    action: str
    subject_kind: str
    values: Mapping[str, Any]
    corrections: frozenset[str] = frozenset()


@reads(Operation.AUDIT_READ)
def audit_trail(*, subject_kind: str | None = None, ref: str | None = None, last: int = 100) -> tuple[AuditLine, ...]:
    """The newest `last` entries, newest first; of one kind, or of one record, where named."""
    payloads = AuditPayload.objects.select_related("entry").order_by("-entry__sequence")
    if subject_kind is not None:
        payloads = payloads.filter(entry__subject_kind=subject_kind)
    found: list[tuple[AuditEntry, dict[str, Any]]] = []
    for payload in payloads.iterator(chunk_size=200):
        values = values_of(json.loads(payload.fields))
        if ref is not None and values.get("ref") != ref:
            continue
        found.append((payload.entry, values))
        if len(found) == last:
            break
    corrections = corrections_among(found)
    return tuple(
        AuditLine(
            entry.sequence,
            entry.change,
            entry.recorded_at,
            entry.action,
            entry.subject_kind,
            values,
            corrections.get(entry.sequence, frozenset()),
        )
        for entry, values in found
    )
