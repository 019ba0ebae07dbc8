"""Taking personal data out of the audit trail: the value goes for good, its digest stays, and so the trail still holds.

It is out of the trail only. A record's versions, which are sealed, still say what they said.
"""

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from buttress.orgs.audit import erased
from buttress.orgs.errors import InvalidError, NotFoundError
from buttress.orgs.kinds_of_orgs import PERSONS
from buttress.orgs.models import AuditPayload
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes

ENTRIES = "entries"
"""What an entry about another entry is about."""

PERSONAL: Mapping[str, tuple[str, ...]] = MappingProxyType({PERSONS.name: ("name", "email", "title", "left_on")})
"""Kind of record to those of its fields that may be erased from the trail, before and after alike."""

_OF_EVERY_KIND = ("reason",)
"""What a person wrote about why; it may name anybody."""


@writes(Operation.AUDIT_ERASE)
def erase_fields(write: Write, *, sequence: int, fields: Collection[str]) -> Written:
    """Takes the values of personal fields out of the audit entry `sequence`, for good.

    `fields` are names such as `email`, of which what stood before and after goes. Raises `NotFoundError` without such an
    entry, `InvalidError` without a reason, or where a field is not personal, not there, or erased already.
    """
    if not write.actor.reason.strip():
        raise InvalidError("Nothing is erased without a reason; say why, without the data itself")
    payload = AuditPayload.objects.select_related("entry").filter(entry__sequence=sequence).first()
    if payload is None:
        raise NotFoundError("audit entry", str(sequence))
    said = json.loads(payload.fields)
    names = _names(said, payload.entry.subject_kind, fields, sequence)
    AuditPayload.objects.filter(pk=payload.pk).update(fields=json.dumps(erased(said, frozenset(names))))
    draft = write.draft(ENTRIES, None, str(sequence))
    draft.say("erased", names)
    return Written(ENTRIES, str(sequence), 1, write.change)


def _names(said: Mapping[str, Any], kind: str, fields: Collection[str], sequence: int) -> list[str]:
    """The names in the entry under which the values of `fields` stand; in order."""
    allowed = (*PERSONAL.get(kind, ()), *_OF_EVERY_KIND)
    there = {field: [name for name in _under(field) if name in said] for field in allowed}
    may = ", ".join(field for field in allowed if _standing(said, there[field])) or "nothing"
    names = []
    for field in dict.fromkeys(fields):
        standing = _standing(said, there.get(field, []))
        if not standing:
            why = "is no personal field" if field not in allowed else "is not there, or was erased already"
            raise InvalidError(f"{field!r} of entry {sequence} {why}; of this entry one may erase: {may}")
        names += standing
    if not names:
        raise InvalidError(f"No field of entry {sequence} was named; of this entry one may erase: {may}")
    return names


def _under(field: str) -> tuple[str, ...]:
    return (field,) if field in _OF_EVERY_KIND else (f"before.{field}", f"after.{field}")


def _standing(said: Mapping[str, Any], names: Collection[str]) -> list[str]:
    return [name for name in names if not isinstance(said[name], dict)]
