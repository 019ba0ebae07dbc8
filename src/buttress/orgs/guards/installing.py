"""Guards are made after every migration, taken away before one, and looked for whenever a command starts."""

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from buttress.orgs.guards import postgresql, sqlite
from buttress.orgs.guards.guard import Guard
from buttress.orgs.guards.rules import TableRules, rules_of_tables


def missing_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """What the database should refuse and does not, one line a guard; one query. Empty where all is well."""
    with connection.cursor() as cursor:
        found = {guard.name: guard.told for guard in _engine(connection).standing(cursor)}
    return [
        f"{guard.table or 'every table'}: {guard.refuses} ({guard.name})"
        for guard in expected_guards(connection, rules_of_tables())
        if found.get(guard.name) != guard.told
    ]


def create_guards(connection: BaseDatabaseWrapper) -> None:
    """Makes the guards of every table that there is, and takes away those that are no longer meant.

    Raises IntegrityError on PostgreSQL where a row names one of another organisation already.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        meant = list(expected_guards(connection, _present(connection, cursor)))
        found = _engine(connection).standing(cursor)
        if {guard.name: guard.told for guard in meant} == {guard.name: guard.told for guard in found}:
            return
        # All anew: keys cannot be dropped alone while references rest on them.
        _settle_constraints(connection, cursor)
        for statement in [guard.drop for guard in found] + [guard.create for guard in meant]:
            cursor.execute(statement)


def drop_guards(connection: BaseDatabaseWrapper) -> None:
    """Takes every guard away, as a migration needs that rebuilds tables; `create_guards` must follow."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        _settle_constraints(connection, cursor)
        for guard in _engine(connection).standing(cursor):
            cursor.execute(guard.drop)


def expected_guards(connection: BaseDatabaseWrapper, rules: list[TableRules]) -> Iterator[Guard]:
    """The guards that tables with these rules are to have, in an order in which they can be made."""
    if connection.vendor == "postgresql":
        yield from postgresql.functions()
        for table in rules:
            yield from postgresql.keys_of(table)
    for table in rules:
        yield from _engine(connection).guards_of(table)


def _engine(connection: BaseDatabaseWrapper) -> Any:
    return postgresql if connection.vendor == "postgresql" else sqlite


def _present(connection: BaseDatabaseWrapper, cursor: Any) -> list[TableRules]:
    """The rules of tables that stand in the database with all their columns: a migration may stop half-way."""
    tables = set(connection.introspection.table_names(cursor))
    found = [rules for rules in rules_of_tables() if rules.table in tables]
    return [rules for rules in found if set(rules.columns) <= _columns(connection, cursor, rules.table)]


def _columns(connection: BaseDatabaseWrapper, cursor: Any, table: str) -> set[str]:
    if connection.vendor == "sqlite":
        # Django's own description parses the statement that made the table, which takes as long as making it.
        cursor.execute(f'PRAGMA table_info("{table}")')
        return {row[1] for row in cursor.fetchall()}
    return {column.name for column in connection.introspection.get_table_description(cursor, table)}


def _settle_constraints(connection: BaseDatabaseWrapper, cursor: Any) -> None:
    # PostgreSQL alters no table while checks of its rows are still to come.
    if connection.vendor == "postgresql":
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
