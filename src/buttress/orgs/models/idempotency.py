"""Writes that were asked for under a key, so that asking again does them once."""

from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class IdempotencyKey(TenantModel):
    """The answer of a write, kept with the digest of what was asked until `expires_at`."""

    member_id = models.UUIDField()
    operation = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    answer = models.JSONField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "member_id", "operation", "key"], name="orgs_idempotency_key"
            ),
        ]
