"""The cast in two organisations: Harbourline with its members, and Saltmarsh, whose Mallory must see nothing of it."""

from collections.abc import Mapping

from buttress.orgs.records import MemberRecord, PersonRecord, ProfileRecord
from buttress.orgs.role_names import Role
from buttress.orgs.services import add_member, add_person, found_organisation
from buttress.orgs.writing import Actor

CAST = {
    "ruth": ("Ruth Vos", Role.RISK_MANAGER),
    "omar": ("Omar Haddad", Role.CONTROL_OWNER),
    "erin": ("Erin Walsh", Role.APPROVER),
    "paul": ("Paul Meier", Role.AUDITOR),
    "vera": ("Vera Lund", Role.VIEWER),
}


def harbourline() -> Mapping[str, Actor]:
    """Actors of Harbourline by member reference: ada owns it, and one member of every other role."""
    return _with_cast("harbourline", "Harbourline", "ada", "Ada Brandt")


def saltmarsh() -> Mapping[str, Actor]:
    """Actors of Saltmarsh: mallory owns it; the other references are those of Harbourline."""
    return _with_cast("saltmarsh", "Saltmarsh", "mallory", "Mallory Finch")


def _with_cast(ref: str, name: str, owner_ref: str, owner: str) -> Mapping[str, Actor]:
    from buttress.orgs.selectors import actor_of

    profile = ProfileRecord(name=name, time_zone="Europe/Amsterdam", currency="EUR")
    actors = {
        owner_ref: found_organisation(ref=ref, profile=profile, owner_ref=owner_ref, owner=PersonRecord(name=owner))
    }
    for member, (full_name, role) in CAST.items():
        add_person(actors[owner_ref], ref=member, person=PersonRecord(name=full_name))
        engagement = "soc2-2026" if role is Role.AUDITOR else None
        add_member(actors[owner_ref], member=MemberRecord(person=member, role=role, engagement=engagement))
        actors[member] = actor_of(ref, member)
    return actors
