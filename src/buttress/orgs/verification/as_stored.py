"""Values as the database's driver hands them out, made the texts that hashes and seals are over.

A trail has millions of them. To make an object of each identifier, and text of the object again, would take most of a
verification; it would also take an identifier that is written otherwise than the product writes it for the right one.
"""

from datetime import UTC
from typing import Any

from django.db.models import ExpressionWrapper, F, TextField


def as_stored(column: str) -> "ExpressionWrapper[Any]":
    """The column for `values_list`; its identifiers are texts of 32 digits on SQLite, and times there have no zone."""
    return ExpressionWrapper(F(column), output_field=TextField())


def id_text(value: Any) -> str:
    """An identifier as text; of anything else a text that is no identifier's."""
    if type(value) is str:
        return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"
    return str(value)


def instant_text(value: Any) -> str:
    """An instant in UTC, six digits of a second and Z; of anything else a text that is no instant's."""
    try:
        here = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        return f"{here.isoformat(timespec='microseconds')}Z"
    except AttributeError:
        return str(value)
