"""Founds the organisation harbourline with its owner ada, and ruth, its risk manager."""

import django

django.setup()

from buttress.orgs.records import MemberRecord, PersonRecord, ProfileRecord
from buttress.orgs.role_names import Role
from buttress.orgs.services import add_member, add_person, found_organisation

profile = ProfileRecord(name="Harbourline", time_zone="Europe/Amsterdam", currency="EUR")
ada = found_organisation(ref="harbourline", profile=profile, owner_ref="ada", owner=PersonRecord(name="Ada Brandt"))
add_person(ada, ref="ruth", person=PersonRecord(name="Ruth Vos"))
add_member(ada, member=MemberRecord(person="ruth", role=Role.RISK_MANAGER))
