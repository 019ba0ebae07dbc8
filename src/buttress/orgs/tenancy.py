"""Tenancy that fails closed: no row of an organisation is read or written without the organisation in context.

There is one manager and one context. A thread, task, request or command starts with an empty context, and an empty
context raises. The organisation comes from the session, the token, the job or the command, never from a document.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)

_current: ContextVar[uuid.UUID | None] = ContextVar("organisation", default=None)


class NoOrganisationError(RuntimeError):
    """Rows of an organisation were asked for while none was in context: a fault of the program, never of its user."""


@contextmanager
def tenant(organisation_id: uuid.UUID) -> Iterator[None]:
    """Within it, rows of this organisation are visible and no others; the context before is restored in every case."""
    if not isinstance(organisation_id, uuid.UUID):
        raise NoOrganisationError(f"An organisation is named by its UUID, not by {organisation_id!r}")
    token = _current.set(organisation_id)
    try:
        yield
    finally:
        _current.reset(token)


def current_organisation() -> uuid.UUID:
    """The organisation in context; raises `NoOrganisationError` without one."""
    organisation_id = _current.get()
    if organisation_id is None:
        raise NoOrganisationError("No organisation is in context; open one with tenant(organisation_id)")
    return organisation_id


class TenantManager(models.Manager[Row]):
    """Every queryset begins here, filtered by the organisation in context."""

    def get_queryset(self) -> models.QuerySet[Row]:
        return super().get_queryset().filter(organisation_id=current_organisation())


class TenantModel(models.Model):
    """A row that belongs to one organisation, by a random id that is never shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(
        "orgs.Organisation", models.PROTECT, related_name="+", editable=False, db_index=False
    )

    objects: ClassVar[TenantManager[Any]] = TenantManager()

    APPEND_ONLY: ClassVar[bool] = False
    """Rows of an append-only table are refused change and deletion by the database itself."""

    SEALED: ClassVar[bool] = False
    """The digest of each row stands in the audit trail, so that a changed, missing or added one is found."""

    class Meta:
        abstract = True
