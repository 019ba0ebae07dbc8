"""Tampering by raw statements: refused while the guards stand; without them found, with the first bad entry named."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from buttress.inventory.records import AssetRecord
from buttress.inventory.services import add_asset
from buttress.orgs.guards import drop_guards
from buttress.orgs.models import AuditEntry, ExchangeRates, Person, RecordVersion
from buttress.orgs.records import MemberRecord, PersonRecord, ProfileRecord, RatesFact
from buttress.orgs.role_names import Role
from buttress.orgs.services import add_member, add_person, found_organisation, state_rates
from buttress.orgs.tenancy import tenant
from buttress.orgs.tests.raw_sql import is_refused, pragma, settle, sql
from buttress.orgs.verification import Checkpoint, Verification, checkpoint, verify_organisation
from buttress.orgs.writing import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.both_engines]


@dataclass(frozen=True)
class Place:
    """Two organisations with a trail each. In the first: a person, two assets that are linked, a rate table."""

    ours: uuid.UUID
    theirs: uuid.UUID
    last: int
    of_person: int
    of_link: int
    of_fact: int
    kept: Checkpoint

    def entry(self, sequence: int, *, theirs: bool = False) -> uuid.UUID:
        with tenant(self.theirs if theirs else self.ours):
            return AuditEntry.objects.get(sequence=sequence).pk

    def verified(self, kept: Checkpoint | None = None) -> Verification:
        return verify_organisation(self.ours, checkpoint=kept)


@pytest.fixture
def place() -> Place:
    ada, mallory = _founded("harbourline", "ada"), _founded("saltmarsh", "mallory")
    sequences = []
    for write in (
        lambda: add_person(ada, ref="finn", person=PersonRecord(name="Finn", title="Engineer")),
        lambda: add_asset(ada, ref="ledger", asset=AssetRecord(name="Ledger", kind="application")),
        lambda: add_asset(ada, ref="app", asset=AssetRecord(name="App", kind="application", depends_on=["ledger"])),
        lambda: state_rates(ada, rates=RatesFact(effective_on=date(2026, 1, 1), per_unit={"USD": Decimal("0.9")})),
    ):
        write()
        sequences.append(checkpoint("harbourline").entries)
    person, _, link, fact = sequences
    settle()
    return Place(ada.organisation_id, mallory.organisation_id, fact, person, link, fact, checkpoint("harbourline"))


def _founded(ref: str, owner: str) -> Actor:
    """An organisation with an owner and a risk manager: five entries."""
    profile = ProfileRecord(name=ref.title(), currency="EUR")
    actor = found_organisation(ref=ref, profile=profile, owner_ref=owner, owner=PersonRecord(name=owner.title()))
    add_person(actor, ref="ruth", person=PersonRecord(name="Ruth Vos"))
    add_member(actor, member=MemberRecord(person="ruth", role=Role.RISK_MANAGER))
    return actor


Deed = Callable[[Place], list[tuple[object, ...]]]


def _deleted(*ids: uuid.UUID) -> list[tuple[object, ...]]:
    payloads = [("DELETE FROM orgs_auditpayload WHERE entry_id = %s", each) for each in ids]
    return [*payloads, *(("DELETE FROM orgs_auditentry WHERE id = %s", each) for each in ids)]


def _changed(place: Place) -> list[tuple[object, ...]]:
    return [("UPDATE orgs_auditentry SET action = 'risk.assess' WHERE id = %s", place.entry(5))]


def _changed_with_its_hash(place: Place) -> list[tuple[object, ...]]:
    return [("UPDATE orgs_auditentry SET hash = %s WHERE id = %s", "ab" * 32, place.entry(5))]


def _reordered(place: Place) -> list[tuple[object, ...]]:
    step = "UPDATE orgs_auditentry SET sequence = %s WHERE id = %s"
    five, eight = place.entry(5), place.entry(8)
    return [(step, 9999, five), (step, 5, eight), (step, 8, five)]


def _cut(place: Place) -> list[tuple[object, ...]]:
    return _deleted(*(place.entry(sequence) for sequence in range(place.last - 1, place.last + 1)))


def _swapped(place: Place) -> list[tuple[object, ...]]:
    ours, theirs = place.entry(5), place.entry(5, theirs=True)
    move = "UPDATE {} SET organisation_id = %s WHERE {} = %s"
    entry, payload = move.format("orgs_auditentry", "id"), move.format("orgs_auditpayload", "entry_id")
    return [
        ("UPDATE orgs_auditentry SET sequence = 9999 WHERE id = %s", ours),
        (entry, place.ours, theirs),
        (entry, place.theirs, ours),
        ("UPDATE orgs_auditentry SET sequence = 5 WHERE id = %s", ours),
        (payload, place.ours, theirs),
        (payload, place.theirs, ours),
    ]


def _payload_deleted(place: Place) -> list[tuple[object, ...]]:
    return [("DELETE FROM orgs_auditpayload WHERE entry_id = %s", place.entry(5))]


def _fact_changed(place: Place) -> list[tuple[object, ...]]:
    return [("UPDATE orgs_exchangerates SET content = replace(content, '0.9', '9.9')",)]


def _fact_deleted(place: Place) -> list[tuple[object, ...]]:
    return [("DELETE FROM orgs_exchangerates",)]


def _fact_moved(place: Place) -> list[tuple[object, ...]]:
    return [("UPDATE orgs_exchangerates SET effective_on = '2025-01-01'",)]


def _version_changed(place: Place) -> list[tuple[object, ...]]:
    statement = "UPDATE orgs_recordversion SET content = replace(content, 'Engineer', 'Director') WHERE ref = 'finn'"
    return [(statement,)]


def _version_deleted(place: Place) -> list[tuple[object, ...]]:
    return [("DELETE FROM orgs_recordversion WHERE ref = 'finn'",)]


REFUSED: dict[str, tuple[Deed, Callable[[Place], int]]] = {
    "an entry changed": (_changed, lambda _: 5),
    "a hash changed": (_changed_with_its_hash, lambda _: 5),
    "an entry deleted": (lambda place: _deleted(place.entry(5)), lambda _: 5),
    "the first entry deleted": (lambda place: _deleted(place.entry(1)), lambda _: 1),
    "two entries in each other's place": (_reordered, lambda _: 5),
    "the tail cut": (_cut, lambda place: place.last - 1),
    "entries of two organisations swapped": (_swapped, lambda _: 5),
    "a payload deleted": (_payload_deleted, lambda _: 5),
    "a fact changed": (_fact_changed, lambda place: place.of_fact),
    "a fact moved to another day": (_fact_moved, lambda place: place.of_fact),
    "a fact deleted": (_fact_deleted, lambda place: place.of_fact),
    "a version changed": (_version_changed, lambda place: place.of_person),
    "a version deleted": (_version_deleted, lambda place: place.of_person),
}


def test_it_is_refused_where_guards_stand(place: Place):
    permitted = [
        (name, statement)
        for name, (deed, _) in REFUSED.items()
        for statement in deed(place)
        if not is_refused(*statement)
    ]
    assert permitted == []
    assert place.verified().ok


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_found_where_guards_are_gone(place: Place, name: str):
    deed, first_bad = REFUSED[name]
    statements = deed(place)
    _unguarded(*statements)
    found = place.verified()
    assert found.first_bad_entry == first_bad(place), found.problems
    theirs = verify_organisation(place.theirs)
    assert theirs.first_bad_entry == (5 if name.endswith("swapped") else None)


def _unguarded(*statements: tuple[object, ...]) -> None:
    drop_guards(connection)
    for statement in statements:
        assert sql(*statement) > 0
    settle()


CHANGEABLE: dict[str, tuple[str, str, str]] = {
    "a column": ("UPDATE orgs_person SET title = 'Director' WHERE ref = 'finn'", "person finn", "of_person"),
    "a reference": ("UPDATE orgs_person SET ref = 'fynn' WHERE ref = 'finn'", "person fynn", "of_person"),
    "a removal": ("UPDATE orgs_person SET removed_in = 1 WHERE ref = 'finn'", "person finn", "of_person"),
    "a version's number": ("UPDATE orgs_person SET version = 7 WHERE ref = 'finn'", "person finn", "of_person"),
    "a record": ("DELETE FROM orgs_person WHERE ref = 'finn'", "person finn", "of_person"),
    "a link's target": ("UPDATE inventory_assetdependency SET position = 3", "asset app", "of_link"),
    "a link": ("DELETE FROM inventory_assetdependency", "asset app", "of_link"),
    "a payload": (
        "UPDATE orgs_auditpayload SET fields = replace(fields, 'Engineer', 'Director')",
        "payload",
        "of_person",
    ),
}


@pytest.mark.parametrize("name", CHANGEABLE)
def test_what_the_product_itself_may_change_is_found_although_no_guard_refuses_it(place: Place, name: str):
    statement, where, first_bad = CHANGEABLE[name]
    assert sql(statement) > 0
    found = place.verified()
    assert found.problems[0].where.startswith(where), found.problems
    assert found.first_bad_entry == getattr(place, first_bad)


def test_a_reference_of_a_record_that_names_another_row_is_found(place: Place):
    spare = uuid.uuid4()
    with tenant(place.ours):
        ruth = Person.objects.get(ref="ruth").pk
        Person.objects.bulk_create([Person(id=spare, ref="spare", name="Spare", organisation_id=place.ours)])
    sql("UPDATE orgs_member SET person_id = %s WHERE person_id = %s", spare, ruth)
    found = place.verified()
    assert {problem.where for problem in found.problems} == {"person spare", "member ruth"}
    assert [problem.expected for problem in found.problems if problem.where == "member ruth"] == [str(ruth)]


def test_rows_inserted_past_the_write_path_are_found(place: Place):
    with tenant(place.ours):
        fact, version = ExchangeRates.objects.get(), RecordVersion.objects.get(ref="finn")
        fact.pk, fact.identity = uuid.uuid4(), "another"
        version.pk, version.change, version.version = uuid.uuid4(), version.change + 1, 2
        ExchangeRates.objects.bulk_create([fact])
        RecordVersion.objects.bulk_create([version])
    problems = {str(problem) for problem in place.verified().problems}
    assert any(f"the row {fact.pk} was recorded by no entry" in problem for problem in problems)
    assert any(f"the row {version.pk} was recorded by no entry" in problem for problem in problems)


def test_an_entry_inserted_at_the_end_is_found(place: Place):
    with tenant(place.ours):
        entry = AuditEntry.objects.get(sequence=place.last)
        entry.pk, entry.sequence, entry.previous_hash = uuid.uuid4(), place.last + 1, entry.hash
        AuditEntry.objects.bulk_create([entry])
    assert place.verified().first_bad_entry == place.last + 1


def test_a_tail_cut_together_with_its_count_is_found_by_a_checkpoint_only(place: Place):
    """What was recorded last is gone with its entry: only what is kept outside the database tells."""
    with tenant(place.ours):
        before = AuditEntry.objects.get(sequence=place.last - 1)
        fact = ExchangeRates.objects.get()
    head = "UPDATE orgs_head SET entries = %s, last_hash = %s, change = %s, recorded_at = %s WHERE organisation_id = %s"
    recorded_at = before.recorded_at.replace(tzinfo=None) if connection.vendor == "sqlite" else before.recorded_at
    record = "UPDATE orgs_profile SET version = 1, changed_in = 1 WHERE id = %s"
    statements = [
        *_deleted(place.entry(place.last)),
        ("DELETE FROM orgs_exchangerates",),
        (record, fact.record_id),
        (head, before.sequence, before.hash, before.change, recorded_at, place.ours),
    ]
    _unguarded(*statements)
    without = place.verified()
    assert {problem.where for problem in without.problems} == {"database"}
    found = place.verified(place.kept)
    assert found.first_bad_entry == place.last
    assert "of the checkpoint" in found.problems[0].expected


def test_a_trail_written_anew_is_found_by_a_checkpoint(place: Place):
    """Another history of the same length, each hash in order."""
    other = Checkpoint("harbourline", place.kept.entries, "cd" * 32)
    assert place.verified(other).first_bad_entry == place.kept.entries


def test_a_head_that_was_changed_or_lost_is_found(place: Place):
    sql("UPDATE orgs_head SET last_hash = %s WHERE organisation_id = %s", "ef" * 32, place.ours)
    assert place.verified().first_bad_entry == place.last
    sql("UPDATE orgs_head SET entries = entries + 3 WHERE organisation_id = %s", place.ours)
    assert place.verified().first_bad_entry == place.last + 1
    sql("DELETE FROM orgs_head WHERE organisation_id = %s", place.ours)
    assert [str(problem) for problem in place.verified().problems] == [
        "head row: it is missing; expected one row that counts the entries"
    ]


def test_a_raw_link_to_another_organisation_is_refused(place: Place):
    with tenant(place.theirs):
        foreign = Person.objects.get(ref="mallory").pk
    columns = "position, organisation_id, record_id, target_id"
    link = (
        "INSERT INTO inventory_assetdependency (id, {0}) SELECT {1}, position, organisation_id, record_id, {2} FROM {3}"
    )
    table = "inventory_assetdependency"
    other = uuid.uuid4().hex
    foreign_asset = _asset_of(place.theirs)
    assert is_refused(link.format(columns, f"'{other}'", f"'{foreign_asset.hex}'", table))
    assert is_refused("UPDATE orgs_member SET person_id = %s WHERE organisation_id = %s", foreign, place.ours)


def _asset_of(organisation_id: uuid.UUID) -> uuid.UUID:
    from buttress.inventory.models import Asset

    with tenant(organisation_id):
        return Asset.objects.bulk_create(
            [Asset(organisation_id=organisation_id, ref="theirs", name="Theirs", kind="application")]
        )[0].pk


@pytest.mark.parametrize("is_recursive", [True, False])
def test_an_entry_replaced_on_sqlite_is_refused_and_found(place: Place, is_recursive: bool):
    if connection.vendor != "sqlite":
        return
    columns = [field.column for field in AuditEntry._meta.concrete_fields]
    chosen = ", ".join("'risk.assess'" if column == "action" else column for column in columns)
    replace = f"INSERT OR REPLACE INTO orgs_auditentry ({', '.join(columns)}) SELECT {chosen} FROM orgs_auditentry"
    statement = (f"{replace} WHERE id = %s", place.entry(5))
    with pragma("recursive_triggers", on=is_recursive):
        assert is_refused(*statement)
        _unguarded(statement)
    assert place.verified().first_bad_entry == 5


@pytest.mark.parametrize("written", ["upper(record_id)", "CAST(record_id AS BLOB)"])
def test_an_identifier_written_otherwise_on_sqlite_is_found(place: Place, written: str):
    """Nobody finds the version by it any more, although it names the same record to whoever reads the row."""
    if connection.vendor != "sqlite":
        return
    _unguarded((f"UPDATE orgs_recordversion SET record_id = {written} WHERE ref = 'finn'",))
    assert place.verified().first_bad_entry == place.of_person


@pytest.mark.postgres
def test_a_table_emptied_on_postgresql_is_refused_and_found(place: Place):
    tables = ("orgs_recordversion", "orgs_auditentry")
    assert [table for table in tables if not is_refused(f"TRUNCATE {table} CASCADE")] == []
    drop_guards(connection)
    for table in tables:
        sql(f"TRUNCATE {table} CASCADE")
        assert place.verified().first_bad_entry == 1
