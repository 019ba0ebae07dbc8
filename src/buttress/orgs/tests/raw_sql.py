"""What somebody does who reaches the database past the product: raw statements, and rows of any table."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, models, transaction

from buttress.orgs.models import Organisation
from buttress.orgs.tenancy import TenantModel, tenant

NOW = datetime(2026, 1, 1, 12, 30, 0, 120, tzinfo=UTC)
_VALUES: tuple[tuple[type[models.Field], Any], ...] = (
    (models.UUIDField, uuid.uuid4),
    (models.BooleanField, True),
    (models.FloatField, 0.1),
    (models.IntegerField, 1),
    (models.DateTimeField, NOW),
    (models.DateField, date(2026, 1, 1)),
    (models.JSONField, {"b": 1, "a": [0.1]}),
    (models.BinaryField, b"x"),
    (models.CharField, "x"),
    (models.TextField, "x"),
)


def sql(statement: str, *values: Any) -> int:
    """Runs one statement with `%s` for each value; answers how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [v.hex if isinstance(v, uuid.UUID) else v for v in values])
        return int(cursor.rowcount)


def is_refused(statement: str, *values: Any) -> bool:
    """Whether the database refuses the statement, now or at the commit."""
    try:
        with transaction.atomic():
            sql(statement, *values)
            settle()
    except IntegrityError:
        return True
    return False


def settle() -> None:
    """Makes PostgreSQL check now what it would check at the commit."""
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        sql("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def any_content() -> Iterator[None]:
    """Within it, in a test's transaction, no check looks at what rows say: only keys and guards are left."""
    if connection.vendor == "sqlite":
        with pragma("ignore_check_constraints"):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'c' AND connamespace = current_schema()::regnamespace"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield


@contextmanager
def pragma(name: str, *, on: bool = True) -> Iterator[None]:
    """A switch of the SQLite connection turned on or off, and back."""
    connection.ensure_connection()
    (before,) = connection.connection.execute(f"PRAGMA {name}").fetchone()
    connection.connection.execute(f"PRAGMA {name} = {int(on)}")
    try:
        yield
    finally:
        connection.connection.execute(f"PRAGMA {name} = {before}")


class Rows:
    """One row of any table in one organisation, with all rows that it names; made at first use."""

    def __init__(self, ref: str) -> None:
        self.organisation = Organisation.objects.create(ref=ref, created_at=NOW)
        self._made: dict[type[models.Model], Any] = {}

    def of(self, model: type[TenantModel]) -> Any:
        if model not in self._made:
            self._made[model] = self.make(model)
        return self._made[model]

    def make(self, model: type[TenantModel], **given: Any) -> Any:
        values = {
            field.attname: self._value(field)
            for field in model._meta.concrete_fields
            if field.attname not in given and not (field.related_model is model and field.null)
        }
        with tenant(self.organisation.id):
            return model._default_manager.bulk_create([model(**values | given)])[0]

    def _value(self, field: Any) -> Any:
        if field.related_model is Organisation:
            return self.organisation.id
        if field.related_model is not None:
            return self.of(field.related_model).pk
        for kind, value in _VALUES:
            if isinstance(field, kind):
                return value() if callable(value) else value
        return Decimal("1.10")
