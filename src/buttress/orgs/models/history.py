"""The history of records: each version whole, as it stood."""

import uuid
from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class RecordVersion(TenantModel):
    """A record from one change on: its kind, reference and whole content with links by reference, or that it went.

    Recorded once and never changed. `content` is canonical JSON; its SHA-256 stands in the audit trail.
    """

    kind = models.CharField(max_length=32)
    record_id = models.UUIDField(default=uuid.uuid4)
    ref = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    content = models.TextField()
    is_removed = models.BooleanField(default=False)
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "record_id", "change"], name="orgs_version_of_change"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "kind", "record_id", "change"])]
