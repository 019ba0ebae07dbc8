"""The digest of an append-only row, which the audit trail keeps: over every column, in canonical JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import models

from buttress.orgs.content import digest_of

# Values are plain by then; a seal is made for each of millions of rows.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def seal_of(row: models.Model) -> str:
    """SHA-256 (hex) over the row's table, columns and values, as they are stored on every engine."""
    columns = sealed_columns(type(row))
    return seal_of_values(type(row), columns, [getattr(row, column) for column in columns])


def sealed_columns(model: type[models.Model]) -> list[str]:
    """What is sealed of each row: all of it."""
    return [field.attname for field in model._meta.concrete_fields]


def seal_of_values(model: type[models.Model], columns: Sequence[str], values: Sequence[Any]) -> str:
    """As `seal_of`, of the values of `sealed_columns` in their order."""
    stable = {column: _stable(value) for column, value in zip(columns, values, strict=True)}
    return digest_of(_CANONICAL.encode([model._meta.label_lower, stable]))


def stable_json(value: Any) -> str:
    """A value as it stands in the text that a seal is over."""
    return _CANONICAL.encode(_stable(value))


def _stable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
