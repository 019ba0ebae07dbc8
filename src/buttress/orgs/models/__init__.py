"""Tables of organisations, their people, history and audit trail."""

from buttress.orgs.models.audit import AuditEntry, AuditPayload
from buttress.orgs.models.fact import Fact
from buttress.orgs.models.history import RecordVersion
from buttress.orgs.models.idempotency import IdempotencyKey
from buttress.orgs.models.organisation import ExchangeRates, Head, Organisation, Profile
from buttress.orgs.models.people import Member, Person
from buttress.orgs.models.record import Link, Record

__all__ = [
    "AuditEntry",
    "AuditPayload",
    "ExchangeRates",
    "Fact",
    "Head",
    "IdempotencyKey",
    "Link",
    "Member",
    "Organisation",
    "Person",
    "Profile",
    "Record",
    "RecordVersion",
]
