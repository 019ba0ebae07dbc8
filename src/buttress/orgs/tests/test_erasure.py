"""Erasing personal fields from the audit trail: gone for good, by an owner, with a reason, and the trail still holds."""

import pytest
from django.db import connection

from buttress.orgs.erasure import erase_fields
from buttress.orgs.errors import ForbiddenError, InvalidError, NotFoundError
from buttress.orgs.records import PersonRecord
from buttress.orgs.selectors import audit_trail
from buttress.orgs.services import add_person, change_person
from buttress.orgs.tests.organisations import harbourline, saltmarsh
from buttress.orgs.verification import checkpoint, verify_organisation
from buttress.orgs.writing import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]

WHY = "request 7 of the person"


@pytest.fixture
def ada() -> Actor:
    """An owner; the newest entry says that Finn's address became another."""
    actor = harbourline()["ada"]
    add_person(actor, ref="finn", person=PersonRecord(name="Finn Ito", email="finn@old.example"))
    after = PersonRecord(name="Finn Ito", email="finn@new.example")
    change_person(actor.because("Finn asked by telephone"), ref="finn", person=after, version=1)
    return actor


def newest() -> int:
    return checkpoint("harbourline").entries


def test_what_stood_before_and_after_is_gone_and_the_trail_holds(ada: Actor):
    sequence, kept = newest(), checkpoint("harbourline")
    erase_fields(ada.because(WHY), sequence=sequence, fields=["email"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields FROM orgs_auditpayload")
        texts = [text for (text,) in cursor.fetchall()]
    assert not any("finn@new" in text for text in texts)
    assert sum("finn@old" in text for text in texts) == 1, "what another entry says was not asked for"
    assert verify_organisation(ada.organisation_id, checkpoint=kept).ok
    about, line = audit_trail(ada, last=2)
    assert (line.values["before.email"], line.values["after.email"]) == (None, None)
    assert (line.values["ref"], line.values["reason"]) == ("finn", "Finn asked by telephone")
    assert (about.action, about.subject_kind, about.values["ref"]) == ("audit.erase", "entries", str(sequence))
    assert (about.values["erased"], about.values["reason"]) == (["before.email", "after.email"], WHY)
    assert about.values["by"] == "ada"


def test_a_reason_can_be_erased_from_any_entry(ada: Actor):
    erase_fields(ada.because(WHY), sequence=newest(), fields=["reason", "email"])
    assert audit_trail(ada, last=2)[1].values["reason"] is None
    assert verify_organisation(ada.organisation_id).ok


@pytest.mark.parametrize("field", ["rows", "ref", "by", "after.email", "role", "name", "", "root.x"])
def test_only_personal_fields_that_are_there_are_erased(ada: Actor, field: str):
    before = newest()
    with pytest.raises(InvalidError, match="one may erase: email, reason"):
        erase_fields(ada.because(WHY), sequence=before, fields=["email", field])
    assert newest() == before
    assert audit_trail(ada, last=1)[0].values["after.email"] == '"finn@new.example"'


def test_nothing_is_erased_twice_or_without_a_reason_or_a_field(ada: Actor):
    sequence = newest()
    for fields, because in ((["email"], " "), ([], WHY)):
        with pytest.raises(InvalidError):
            erase_fields(ada.because(because), sequence=sequence, fields=fields)
    erase_fields(ada.because(WHY), sequence=sequence, fields=["email", "email"])
    with pytest.raises(InvalidError, match="erased already"):
        erase_fields(ada.because(WHY), sequence=sequence, fields=["email"])


def test_the_system_erases_nothing_and_an_owner_in_their_own_trail_only(ada: Actor):
    sequence = newest()
    with pytest.raises(ForbiddenError):
        erase_fields(Actor(ada.organisation_id, None, WHY), sequence=sequence, fields=["email"])
    mallory = saltmarsh()["mallory"].because(WHY)
    shared = [line.sequence for line in audit_trail(mallory, subject_kind="persons", last=100)]
    erase_fields(mallory, sequence=shared[0], fields=["name"])
    with pytest.raises(NotFoundError):
        erase_fields(mallory, sequence=sequence + 1000, fields=["email"])
    assert newest() == sequence
    assert None not in [value for line in audit_trail(ada, last=100) for value in line.values.values()]
