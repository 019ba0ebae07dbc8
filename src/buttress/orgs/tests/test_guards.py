"""Guards: generated for every table there is, refusing on both engines, missed when they are gone."""

import ast
import uuid
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models

import buttress
from buttress.orgs.checks import UnguardedError, check_guards, require_guards
from buttress.orgs.guards import create_guards, drop_guards, missing_guards
from buttress.orgs.guards.guard import PREFIX
from buttress.orgs.guards.installing import expected_guards
from buttress.orgs.guards.rules import rules_of_tables, tenant_models, tenant_references
from buttress.orgs.models import AuditPayload, Organisation, Person
from buttress.orgs.tenancy import TenantManager, TenantModel, tenant
from buttress.orgs.tests.raw_sql import Rows, any_content, is_refused, pragma, settle, sql

both = [pytest.mark.django_db, pytest.mark.both_engines]
OURS = [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("buttress.")]


def test_every_table_but_that_of_organisations_holds_rows_of_one_organisation():
    outside = [model for model in OURS if not issubclass(model, TenantModel)]
    assert outside == [Organisation]
    foreign = [model for model in apps.get_models(include_auto_created=True) if model not in OURS]
    named = {field.related_model for model in foreign for field in model._meta.concrete_fields}
    assert not named & set(OURS)


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_no_way_to_rows_leads_past_the_tenant_manager(model: type[TenantModel]):
    assert {type(manager) for manager in model._meta.managers} == {TenantManager}
    assert (model._meta.base_manager_name, model._meta.default_manager_name) == (None, None)
    assert [field.name for field in model._meta.many_to_many] == []
    assert list(model._meta.parents) == []
    seen_from_elsewhere = [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and not field.remote_field.hidden
    ]
    assert seen_from_elsewhere == []


@pytest.mark.parametrize("model", tenant_models(), ids=lambda model: model._meta.label)
def test_tables_are_such_that_guards_hold(model: type[TenantModel]):
    assert (model._meta.pk.name, model._meta.get_field("organisation").null) == ("id", False)
    assert model.APPEND_ONLY or not model.SEALED, "a sealed row that may change would be found changed"
    earlier = tenant_models()[: tenant_models().index(model) + 1]
    assert [field.name for field in tenant_references(model) if field.related_model not in earlier] == []


class TestOnTheDatabase:
    pytestmark = both

    def test_no_guard_is_missing_after_migration(self):
        assert missing_guards(connection) == []
        require_guards()
        assert check_guards(databases=["default"]) == []

    def test_guards_are_looked_for_with_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            missing_guards(connection)

    def test_a_guard_that_is_gone_is_missed_and_the_next_migration_makes_it_again(self):
        drop_guards(connection)
        assert len(missing_guards(connection)) == len(list(expected_guards(connection, rules_of_tables())))
        with pytest.raises(UnguardedError, match="buttress setup"):
            require_guards()
        assert {message.id for message in check_guards(databases=["default"])} == {"buttress.W001"}
        call_command("migrate", verbosity=0)
        assert missing_guards(connection) == []

    def test_a_guard_that_was_hollowed_out_is_missed(self):
        name = f"{PREFIX}orgs_recordversion_{'kept' if connection.vendor == 'postgresql' else 'update'}"
        if connection.vendor == "postgresql":
            sql(f"ALTER TABLE orgs_recordversion DISABLE TRIGGER {name}")
        else:
            sql(f"DROP TRIGGER {name}")
            sql(f"CREATE TRIGGER {name} BEFORE UPDATE ON orgs_recordversion BEGIN SELECT 1; END")
        (line,) = missing_guards(connection)
        assert line.startswith("orgs_recordversion: ") and name in line
        create_guards(connection)
        assert missing_guards(connection) == []

    def test_a_guard_that_is_no_longer_meant_goes(self):
        if connection.vendor == "postgresql":
            sql(f"ALTER TABLE orgs_person ADD CONSTRAINT {PREFIX}old UNIQUE (organisation_id, id, ref)")
        else:
            sql(f"CREATE TRIGGER {PREFIX}old BEFORE DELETE ON orgs_person BEGIN SELECT 1; END")
        create_guards(connection)
        drop_guards(connection)
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, "orgs_person")
        assert f"{PREFIX}old" not in constraints

    def test_every_append_only_table_refuses_change_deletion_and_emptying(self):
        rows = Rows("harbourline")
        permitted = []
        with any_content():
            for model in (model for model in tenant_models() if model.APPEND_ONLY):
                row, table = rows.of(model), model._meta.db_table
                settle()
                attempts = {
                    f"UPDATE {table} SET organisation_id = organisation_id WHERE id = %s": [row.pk],
                    f"DELETE FROM {table} WHERE id = %s": [row.pk],
                    f"DELETE FROM {table}": [],
                }
                if connection.vendor == "postgresql":
                    attempts |= {f"TRUNCATE {table} CASCADE": []}
                permitted += [text for text, values in attempts.items() if not is_refused(text, *values)]
        assert permitted == []

    def test_every_foreign_key_refuses_rows_of_another_organisation(self):
        ours, theirs = Rows("harbourline"), Rows("saltmarsh")
        keys = [(model, field) for model in tenant_models() for field in tenant_references(model)]
        permitted = []
        with any_content():
            for model, field in keys:
                own, foreign = ours.of(model), theirs.of(field.related_model)
                change = f"UPDATE {model._meta.db_table} SET {field.column} = %s WHERE id = %s"
                if not is_refused(change, foreign.pk, own.pk):
                    permitted.append(f"changed {model._meta.label}.{field.name}")
                if not is_refused(*_insertion(ours, model, field, foreign.pk)):
                    permitted.append(f"inserted {model._meta.label}.{field.name}")
        assert permitted == []
        assert len(keys) > 10

    def test_no_row_moves_to_another_organisation_or_key(self):
        ours, theirs = Rows("harbourline"), Rows("saltmarsh")
        permitted = []
        with any_content():
            for model in tenant_models():
                row, table = ours.of(model), model._meta.db_table
                for column, value in (("organisation_id", theirs.organisation.id), ("id", uuid.uuid4())):
                    if not is_refused(f"UPDATE {table} SET {column} = %s WHERE id = %s", value, row.pk):
                        permitted.append(f"{model._meta.label}.{column}")
        assert permitted == []

    def test_a_payload_may_be_erased_and_nothing_else_of_it(self):
        rows = Rows("harbourline")
        with any_content():
            payload = rows.of(AuditPayload)
            change = "UPDATE orgs_auditpayload SET {} = %s WHERE id = %s"
            settle()
            assert not is_refused(change.format("fields"), "{}", payload.pk)
            assert is_refused(change.format("entry_id"), uuid.uuid4(), payload.pk)
            assert is_refused("DELETE FROM orgs_auditpayload WHERE id = %s", payload.pk)
            if connection.vendor == "postgresql":
                assert is_refused("TRUNCATE orgs_auditpayload")

    def test_rows_can_be_brought_back_table_by_table(self):
        ours, back = Rows("harbourline"), Rows("restored")
        with any_content():
            kept = [(model, ours.of(model)) for model in tenant_models()]
            new_ids = {row.pk: uuid.uuid4() for _, row in kept}
            for model, row in kept:
                for field in model._meta.concrete_fields:
                    value = getattr(row, field.attname)
                    setattr(row, field.attname, new_ids.get(value, value) if isinstance(value, uuid.UUID) else value)
                row.organisation_id = back.organisation.id
                with tenant(back.organisation.id):
                    model._default_manager.bulk_create([row])
                    assert model._default_manager.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("is_recursive", [True, False])
def test_insert_or_replace_replaces_no_kept_row(is_recursive: bool):
    """On SQLite alone: replacing deletes past the triggers where a connection does not ask for them."""
    rows = Rows("harbourline")
    kept = [rules for rules in rules_of_tables() if rules.keeps_rows]
    with any_content(), pragma("recursive_triggers", on=is_recursive):
        replaced = [
            (rules.table, unique)
            for rules in kept
            for unique in [*rules.unique, ("rowid",)]
            if not is_refused(_replacement(rules.table, rules.columns, unique), rows.of(_model(rules.table)).pk)
        ]
    assert replaced == []


def _model(table: str) -> type[TenantModel]:
    return next(model for model in tenant_models() if model._meta.db_table == table)


@pytest.mark.django_db
def test_a_person_is_not_replaced_by_one_of_another_organisation():
    ours, theirs = Rows("harbourline"), Rows("saltmarsh")
    person = ours.of(Person)
    columns = [field.column for field in Person._meta.concrete_fields]
    named = ", ".join("%s" if column == "organisation_id" else column for column in columns)
    statement = (
        f"INSERT OR REPLACE INTO orgs_person ({', '.join(columns)}) SELECT {named} FROM orgs_person WHERE id = %s"
    )
    assert is_refused(statement, theirs.organisation.id, person.pk)
    assert not is_refused(statement, ours.organisation.id, person.pk)


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_rebuilds_a_table_keeps_the_guards():
    """On SQLite alone, where Django rebuilds tables; a trigger that names the table would bar its new name."""
    field = Person._meta.get_field("title")
    longer = models.TextField(null=False, default="")
    longer.set_attributes_from_name("title")
    longer.model = Person
    drop_guards(connection)
    with connection.schema_editor() as editor:
        editor.alter_field(Person, field, longer)
    with connection.schema_editor() as editor:
        editor.alter_field(Person, longer, field)
    call_command("migrate", verbosity=0)
    assert missing_guards(connection) == []


def _insertion(rows: Rows, model: type[TenantModel], field: models.Field, foreign: uuid.UUID) -> tuple[object, ...]:
    """A row like the one there is, with another id, that names the foreign one."""
    columns = [each.column for each in model._meta.concrete_fields]
    given = {"id": uuid.uuid4(), field.column: foreign}
    named = ["CAST(%s AS uuid)" if c in given and connection.vendor == "postgresql" else "%s" for c in columns]
    chosen = ", ".join(name if column in given else column for name, column in zip(named, columns, strict=True))
    table = model._meta.db_table
    statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM {table} WHERE id = %s"
    return statement, *(given[column] for column in columns if column in given), rows.of(model).pk


def _replacement(table: str, columns: tuple[str, ...], alike: tuple[str, ...]) -> str:
    """A row that is like another in some columns and new in those that tell rows apart otherwise."""
    fresh = {"id": "lower(hex(randomblob(16)))", "sequence": "sequence + 1000", "change": "change + 1000"}
    chosen = [fresh.get(column, column) if column not in alike else column for column in columns]
    into, values = [*columns], [*chosen]
    if "rowid" in alike:
        into, values = ["rowid", *columns], ["rowid", *chosen]
    return f"INSERT OR REPLACE INTO {table} ({', '.join(into)}) SELECT {', '.join(values)} FROM {table} WHERE id = %s"


STAGES = ("orgs", "inventory", "criteria", "controls", "risks", "evidence", "register")
WRITERS = {
    "orgs/entries.py": "chains the entries of a write",
    "orgs/erasure.py": "takes personal data out of the payload of an entry",
    "orgs/idempotency.py": "forgets keys that are out of date",
    "orgs/recording.py": "changes records and their links",
    "orgs/services.py": "founds organisations",
    "orgs/writing.py": "writes what a write collected, and the head",
    "register/tasks.py": "keeps how far a job has come",
    "register/monitoring/jobs.py": "keeps how far a job of monitoring has come",
    "register/monitoring/slots.py": "marks slots as taken or missed",
    "register/backup/table_lines.py": "brings back the rows of a backup",
}


def test_rows_are_written_in_few_places():
    """A row written past the write path has no entry, no version and no seal."""
    root = Path(buttress.__file__).parent
    found = set()
    for stage in STAGES:
        for path in (root / stage).rglob("*.py"):
            name = path.relative_to(root).as_posix()
            if not {"tests", "migrations"} & set(path.parts) and _writes_rows(ast.parse(path.read_text())):
                found.add(name)
    figures = {name for name in found if name.startswith("register/figures/")}
    assert found - figures - WRITERS.keys() == set()


def _writes_rows(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_writing(node, node.func.attr)
        for node in ast.walk(tree)
    )


def _is_writing(call: ast.Call, name: str) -> bool:
    """`update` of a queryset takes keywords only; that of a mapping, set or digest takes one value."""
    if name == "update":
        return not call.args
    if name in {"create", "get_or_create", "update_or_create"}:
        return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith("objects")
    return name in {"save", "delete", "asave", "adelete"} or name.startswith("bulk_")
