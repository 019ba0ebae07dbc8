"""Makes the tables, the organisation harbourline with its owner ada, and ruth, its risk manager."""

import django

django.setup()

from django.core.management import call_command

from buttress.orgs.records import MemberRecord, PersonRecord, ProfileRecord
from buttress.orgs.role_names import Role
from buttress.orgs.services import add_member, add_person, found_organisation

call_command("migrate", verbosity=0)
profile = ProfileRecord(name="Harbourline", time_zone="Europe/Amsterdam", currency="EUR")
ada = found_organisation(ref="harbourline", profile=profile, owner_ref="ada", owner=PersonRecord(name="Ada Brandt"))
add_person(ada, ref="ruth", person=PersonRecord(name="Ruth Vos"))
add_member(ada, member=MemberRecord(person="ruth", role=Role.RISK_MANAGER))
