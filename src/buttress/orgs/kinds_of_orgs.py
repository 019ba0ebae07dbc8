"""The kinds that organisations bring: their profile, persons and members, and the rates between currencies."""

from buttress.orgs.kinds import FactKind, RecordKind, register_fact_kind, register_record_kind
from buttress.orgs.models import ExchangeRates, Member, Person, Profile
from buttress.orgs.records import MemberRecord, PersonRecord, ProfileRecord, RatesFact
from buttress.orgs.roles import Operation

ORGANISATION = register_record_kind(
    RecordKind("organisation", "profile", ProfileRecord, Profile, Operation.ORGANISATION_CHANGE)
)
PERSONS = register_record_kind(RecordKind("persons", "person", PersonRecord, Person, Operation.PERSON_CHANGE))
MEMBERS = register_record_kind(RecordKind("members", "member", MemberRecord, Member, Operation.MEMBER_CHANGE))
RATES = register_fact_kind(
    FactKind("organisation", "rates", "rate table", RatesFact, ExchangeRates, Operation.METHODOLOGY_CHANGE)
)

PROFILE_REF = "organisation"
"""The reference of every organisation's one profile."""
