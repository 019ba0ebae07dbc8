"""The audit trail: a chain of entries, and beside it what they are about, which can be erased."""

from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class AuditEntry(TenantModel):
    """One link of the organisation's chain; `payload_digest` commits to a payload kept beside it.

    `change` groups the entries of one write. `member_id` is who acted, none for the system itself.
    """

    sequence = models.PositiveBigIntegerField()
    change = models.PositiveBigIntegerField()
    recorded_at = models.DateTimeField()
    member_id = models.UUIDField(null=True)
    action = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField(null=True)
    payload_digest = models.CharField(max_length=64)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    APPEND_ONLY: ClassVar[bool] = True

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "sequence"], name="orgs_audit_sequence"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "subject_kind", "subject_id", "sequence"])]


class AuditPayload(TenantModel):
    """What an entry is about, field by field: before, after, reason, who. Each field is salted by itself, so that one of
    them can be erased while the digest of all still verifies. `fields` is JSON as `audit.salted` makes it."""

    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="+")
    fields = models.TextField()
