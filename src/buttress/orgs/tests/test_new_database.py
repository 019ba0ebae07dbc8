"""A new database is made at once, and is the one that all migrations would make step by step."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from buttress.orgs.guards import missing_guards
from buttress.orgs.models import Organisation
from buttress.orgs.new_database import make_tables

_POSTGRESQL = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, a.attidentity::text
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
  FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL
SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = current_schema()
"""


def test_it_is_as_migrations_leave_it_on_sqlite(django_db_blocker: Any, tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        return
    with django_db_blocker.unblock():
        with _file(tmp_path / "steps.sqlite3"):
            call_command("migrate", verbosity=0)
            by_steps = _described_by_sqlite()
        with _file(tmp_path / "new.sqlite3"):
            assert make_tables(connection)
            assert _described_by_sqlite() == by_steps
            assert missing_guards(connection) == []


@contextmanager
def _file(path: Path) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _described_by_sqlite() -> dict[Any, Any]:
    """Each table with its columns and constraints, in whatever order; each index and guard; what was recorded as done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%%'", []
        )
        found = {tuple(row[:3]): _parts(row[3]) for row in cursor.fetchall()}
    return {"schema": found, "done": set(MigrationRecorder(connection).applied_migrations())}


def _parts(sql: str) -> list[str] | str:
    if not sql.startswith("CREATE TABLE"):
        return sql
    parts, depth = [""], 0
    for sign in sql:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += sign
    return sorted(part.strip() for part in re.sub(r"^CREATE TABLE \S+ \((.*)\)$", r"\1", "\0".join(parts)).split("\0"))


@pytest.mark.postgres
@pytest.mark.django_db
def test_it_is_as_migrations_leave_it_on_postgresql() -> None:
    by_steps = _described_by_postgresql()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA another")
        cursor.execute("SET LOCAL search_path TO another")
    assert make_tables(connection)
    assert _described_by_postgresql() == by_steps
    assert missing_guards(connection) == []


def _described_by_postgresql() -> set[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL)
        return {tuple(re.sub(r"\b(another|public)\.", "", text) for text in row) for row in cursor.fetchall()}


@pytest.mark.django_db
@pytest.mark.both_engines
def test_a_database_with_tables_is_left_to_its_migrations() -> None:
    assert not make_tables(connection)
    assert Organisation.objects.count() == 0


def test_a_database_whose_migrations_do_more_is_left_to_them(django_db_blocker: Any, tmp_path: Path) -> None:
    from django.db.migrations.operations import RunSQL

    if connection.vendor != "sqlite":
        return
    from importlib import import_module

    first = import_module("buttress.orgs.migrations.0001_initial").Migration
    more = RunSQL("SELECT 1", "SELECT 1")
    with django_db_blocker.unblock(), _file(tmp_path / "new.sqlite3"):
        first.operations.append(more)
        try:
            assert not make_tables(connection)
        finally:
            first.operations.remove(more)
        assert connection.introspection.table_names() == []
