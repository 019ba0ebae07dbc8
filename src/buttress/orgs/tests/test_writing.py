"""The write path: permission under the lock, stamps, versions, conflicts, corrections, idempotency."""

from datetime import date
from decimal import Decimal

import pytest

from buttress.orgs.errors import ConflictError, ForbiddenError, InvalidError, ReplayedError, TakenError
from buttress.orgs.kinds_of_orgs import PERSONS, RATES
from buttress.orgs.models import AuditEntry, Head, Person, RecordVersion
from buttress.orgs.reading import facts_of, records_of
from buttress.orgs.recording import Standing
from buttress.orgs.records import MemberRecord, PersonRecord, RatesFact
from buttress.orgs.role_names import Role
from buttress.orgs.roles import Operation
from buttress.orgs.selectors import audit_trail, persons
from buttress.orgs.services import add_person, change_member, change_person, state_rates
from buttress.orgs.tenancy import NoOrganisationError, tenant
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.writing import Actor, write

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


def test_a_record_is_written_with_version_history_and_one_entry():
    ruth = harbourline()["ruth"]
    written = add_person(ruth.because("joined"), ref="finn", person=PersonRecord(name="Finn Ito", title="Engineer"))
    with tenant(ruth.organisation_id):
        row = Person.objects.get(ref="finn")
        version = RecordVersion.objects.get(record_id=row.id)
        entries = AuditEntry.objects.filter(change=written.change)
        assert (row.version, row.name, version.content) == (1, "Finn Ito", '{"name":"Finn Ito","title":"Engineer"}')
        assert [entry.action for entry in entries] == ["person.change"]
        assert version.recorded_at == entries[0].recorded_at == Head.objects.get().recorded_at
    line = audit_trail(ruth, last=1)[0]
    assert (line.values["reason"], line.values["by"], line.values["after.name"]) == ("joined", "ruth", '"Finn Ito"')


def test_the_second_writer_gets_a_conflict_with_both_versions():
    ruth = harbourline()["ruth"]
    add_person(ruth, ref="finn", person=PersonRecord(name="Finn"))
    change_person(ruth, ref="finn", person=PersonRecord(name="Finn Ito"), version=1)
    with pytest.raises(ConflictError) as caught:
        change_person(ruth, ref="finn", person=PersonRecord(name="Finn I."), version=1)
    assert caught.value.seen.content == {"name": "Finn"}
    assert caught.value.stored.content == {"name": "Finn Ito"}
    assert persons(ruth)["finn"].version == 2


def test_a_change_that_says_the_same_changes_nothing():
    ruth = harbourline()["ruth"]
    add_person(ruth, ref="finn", person=PersonRecord(name="Finn"))
    with tenant(ruth.organisation_id):
        before = Head.objects.get().entries
    change_person(ruth, ref="finn", person=PersonRecord(name="Finn"), version=1)
    with tenant(ruth.organisation_id):
        assert Head.objects.get().entries == before


def test_a_reference_is_taken_once_in_an_organisation_and_free_in_another():
    ruth, mallory = harbourline()["ruth"], saltmarsh()["mallory"]
    add_person(ruth, ref="finn", person=PersonRecord(name="Finn"))
    with pytest.raises(TakenError):
        add_person(ruth, ref="finn", person=PersonRecord(name="Another"))
    add_person(mallory, ref="finn", person=PersonRecord(name="Their Finn"))
    with tenant(mallory.organisation_id):
        assert records_of(PERSONS)["finn"].content == '{"name":"Their Finn"}'


def test_nothing_is_read_without_an_organisation():
    harbourline()
    for ask in (Person.objects.all, Person.objects.exists, Person.objects.count):
        with pytest.raises(NoOrganisationError):
            ask()


def test_a_role_that_is_not_allowed_writes_nothing():
    actors = harbourline()
    for member in ("omar", "erin", "paul", "vera"):
        with pytest.raises(ForbiddenError):
            add_person(actors[member], ref="x", person=PersonRecord(name="X"))
    assert "x" not in persons(actors["ada"])


def test_a_role_taken_away_works_in_the_next_write():
    actors = harbourline()
    viewer = MemberRecord(person="ruth", role=Role.VIEWER)
    change_member(actors["ada"], ref="ruth", member=viewer, version=1)
    with pytest.raises(ForbiddenError):
        add_person(actors["ruth"], ref="x", person=PersonRecord(name="X"))


def test_the_last_owner_stays_and_nobody_changes_their_own_role():
    ada = harbourline()["ada"]
    with pytest.raises(InvalidError, match="last owner"):
        change_member(
            ada, ref="ada", member=MemberRecord(person="ada", role=Role.OWNER, ended_on=date(2026, 1, 1)), version=1
        )
    with pytest.raises(ForbiddenError, match="their own role"):
        change_member(ada, ref="ada", member=MemberRecord(person="ada", role=Role.VIEWER), version=1)


def test_a_fact_is_corrected_only_when_meant_and_both_are_kept():
    ruth = harbourline()["ruth"]
    day = date(2026, 1, 1)
    state_rates(ruth, rates=RatesFact(effective_on=day, per_unit={"USD": Decimal("0.90")}))
    better = RatesFact(effective_on=day, per_unit={"USD": Decimal("0.91")})
    with pytest.raises(InvalidError, match="already"):
        state_rates(ruth, rates=better)
    state_rates(ruth, rates=better, standing=Standing(is_correction=True))
    with tenant(ruth.organisation_id):
        (facts,) = facts_of(RATES).values()
        assert [fact.to_fact(RATES) for fact in facts] == [better]
        assert RATES.model.objects.count() == 2


def test_a_key_that_comes_again_answers_as_before_and_writes_once():
    ruth = harbourline()["ruth"].keyed("form-1")
    first = add_person(ruth, ref="finn", person=PersonRecord(name="Finn"))
    assert add_person(ruth, ref="finn", person=PersonRecord(name="Finn")) == first
    with pytest.raises(ReplayedError):
        add_person(ruth, ref="gina", person=PersonRecord(name="Gina"))


def test_a_service_for_another_member_does_not_join_an_open_write():
    actors = harbourline()
    ruth, finn = actors["ruth"], PersonRecord(name="Finn")
    for other in (actors["ada"], Actor(ruth.organisation_id, None)):
        with pytest.raises(RuntimeError, match="within an open write of member"), write(ruth, Operation.REGISTER_APPLY):
            add_person(other, ref="finn", person=finn)
    assert "finn" not in persons(ruth)
    with write(ruth, Operation.REGISTER_APPLY):
        add_person(ruth.because("joined"), ref="finn", person=finn)
    assert "finn" in persons(ruth)


def test_a_key_used_for_one_service_answers_no_other():
    actors = harbourline()
    ada = actors["ada"].keyed("form-2")
    add_person(ada, ref="finn", person=PersonRecord(name="Finn"))
    with pytest.raises(ReplayedError):
        change_person(ada, ref="finn", person=PersonRecord(name="Finn"), version=1)
