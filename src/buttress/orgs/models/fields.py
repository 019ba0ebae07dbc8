"""Column types that keep a value exactly as it was given, on every engine."""

from decimal import Decimal
from typing import Any

from django.db import models


class ExactDecimalField(models.Field):  # type: ignore[type-arg]  # generic in the stubs alone
    """A decimal of any length and scale: numeric on PostgreSQL; text on SQLite, whose numbers are floats."""

    description = "Exact decimal"

    def db_type(self, connection: Any) -> str:
        return "numeric" if connection.vendor == "postgresql" else "text"

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> Decimal | None:
        return None if value is None else Decimal(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        return Decimal(value) if connection.vendor == "postgresql" else format(Decimal(value), "f")

    def to_python(self, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value)
