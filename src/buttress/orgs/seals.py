"""The digest of an append-only row, which the audit trail keeps: over every column, in canonical JSON."""

from datetime import UTC, datetime
from typing import Any

from django.db import models

from buttress.orgs.content import digest_of, to_text


def seal_of(row: models.Model) -> str:
    """SHA-256 (hex) over the row's table, columns and values, as they are stored on every engine."""
    values = {field.attname: _stable(getattr(row, field.attname)) for field in row._meta.concrete_fields}
    return digest_of(to_text([row._meta.label_lower, values]))


def _stable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
