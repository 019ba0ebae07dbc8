"""What every fact has: the day from which it holds, and the change in which it was recorded."""

from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class Fact(TenantModel):
    """A dated statement, append-only. A later row of the same record and `identity` corrects it; the identity is
    the day with the fact's `key`, unless its kind says otherwise. With `retracted` the row withdraws what it says, and gives
    the reason.

    A fact table has a further column `record`, the record under which the fact stands. `content` is what was stated, as
    canonical JSON with links by reference; columns beyond these repeat what the database must know of it. `position` is
    its place among facts of one day: the later one wins. `change` numbers the change that recorded it at `recorded_at`.
    """

    effective_on = models.DateField(null=True)
    identity = models.TextField()
    position = models.PositiveIntegerField(default=0)
    retracted = models.TextField(null=True)
    content = models.TextField()
    change = models.PositiveBigIntegerField(default=0)
    recorded_at = models.DateTimeField()

    APPEND_ONLY: ClassVar[bool] = True
    SEALED: ClassVar[bool] = True

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "record", "identity", "change"], name="%(app_label)s_%(class)s_identity"
            ),
        ]
