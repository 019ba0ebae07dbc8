"""Every write about organisations, persons and members."""

import uuid

from django.db import transaction
from django.utils import timezone

from buttress.orgs import recording
from buttress.orgs.audit import FIRST_HASH
from buttress.orgs.errors import ForbiddenError, InvalidError, TakenError
from buttress.orgs.kinds_of_orgs import MEMBERS, ORGANISATION, PERSONS, PROFILE_REF, RATES
from buttress.orgs.models import Head, Member, Organisation
from buttress.orgs.recording import LAST, Standing
from buttress.orgs.records import MemberRecord, PersonRecord, ProfileRecord, RatesFact
from buttress.orgs.role_names import Role
from buttress.orgs.roles import Operation
from buttress.orgs.tenancy import tenant
from buttress.orgs.writing import Actor, Write, Written, writes, writing_in_transaction


def found_organisation(*, ref: str, profile: ProfileRecord, owner_ref: str, owner: PersonRecord) -> Actor:
    """A new organisation with its first owner; the operator of the installation does this, no member can.

    Raises `TakenError` where another organisation has the reference.
    """
    if Organisation.objects.filter(ref=ref).exists():
        raise TakenError(f"There is an organisation {ref} already; choose another reference")
    with transaction.atomic(durable=True):
        organisation = Organisation.objects.create(id=uuid.uuid4(), ref=ref, created_at=timezone.now())
        with tenant(organisation.id):
            Head.objects.create(organisation=organisation, recorded_at=organisation.created_at, last_hash=FIRST_HASH)
        founder = Actor(organisation.id, None, f"founded as {ref}")
        with writing_in_transaction(founder, Operation.ORGANISATION_FOUND) as write:
            recording.add(write, ORGANISATION, PROFILE_REF, profile)
            recording.add(write, PERSONS, owner_ref, owner)
            recording.add(write, MEMBERS, owner_ref, MemberRecord(person=owner_ref, role=Role.OWNER))
            member_id = write.resolve("members", owner_ref)
    return Actor(organisation.id, member_id)


@writes(Operation.ORGANISATION_CHANGE)
def change_profile(write: Write, *, profile: ProfileRecord, version: int) -> Written:
    """What the organisation says of itself."""
    return recording.change(write, ORGANISATION, PROFILE_REF, profile, version)


@writes(Operation.METHODOLOGY_CHANGE)
def state_rates(write: Write, *, rates: RatesFact, standing: Standing = LAST) -> Written:
    """A rate table in force from its day."""
    return recording.state(write, RATES, PROFILE_REF, rates, standing)


@writes(Operation.PERSON_CHANGE)
def add_person(write: Write, *, ref: str, person: PersonRecord) -> Written:
    return recording.add(write, PERSONS, ref, person)


@writes(Operation.PERSON_CHANGE)
def change_person(write: Write, *, ref: str, person: PersonRecord, version: int) -> Written:
    return recording.change(write, PERSONS, ref, person, version)


@writes(Operation.MEMBER_CHANGE)
def add_member(write: Write, *, member: MemberRecord) -> Written:
    """A person of the organisation may act from now on; raises `InvalidError` for an auditor without engagement."""
    _check_engagement(member)
    return recording.add(write, MEMBERS, member.person, member)


@writes(Operation.MEMBER_CHANGE)
def admit_member(write: Write, *, member: MemberRecord, person: PersonRecord) -> Written:
    """As `add_member`, of somebody whom the register did not know: both or neither."""
    recording.add(write, PERSONS, member.person, person)
    _check_engagement(member)
    return recording.add(write, MEMBERS, member.person, member)


@writes(Operation.MEMBER_CHANGE)
def change_member(write: Write, *, ref: str, member: MemberRecord, version: int) -> Written:
    """Another role, or an end. Nobody changes their own role, and the last owner stays."""
    _check_engagement(member)
    row = recording.stored(write, MEMBERS, ref)
    assert isinstance(row, Member)
    if row.id == write.actor.member_id and member.role != row.role:
        raise ForbiddenError("Nobody changes their own role; ask another owner")
    if member.person != ref:
        raise InvalidError(f"The member {ref} stays the person {ref}; add {member.person} as a member instead")
    is_owner_after = member.role is Role.OWNER and member.ended_on is None
    if row.role == Role.OWNER and not is_owner_after and not _other_owners(row):
        raise InvalidError(f"{ref} is the last owner; make another member an owner first")
    return recording.change(write, MEMBERS, ref, member, version)


def _other_owners(row: Member) -> bool:
    # The head's lock makes this safe: no other write can end an owner at the same time.
    return bool(Member.objects.filter(role=Role.OWNER, ended_on=None, removed_in=None).exclude(id=row.id).exists())


def _check_engagement(member: MemberRecord) -> None:
    if member.role is Role.AUDITOR and member.engagement is None:
        raise InvalidError("An auditor acts within one engagement; name it")
