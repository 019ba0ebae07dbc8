"""What every record has: a reference, a version, and the changes in which it came, changed and went."""

from typing import ClassVar

from django.db import models

from buttress.orgs.tenancy import TenantModel


class Record(TenantModel):
    """Wording, owners, links and flags: editable, with one clock and a history.

    The whole record as it was given stands in its versions (`RecordVersion`); a column beyond these repeats what the
    database itself must know of it, to constrain or to search. A record that was removed keeps its row, because its
    reference is never used again and its facts stay. `added_in`, `changed_in`, `removed_in` are numbers of changes.
    """

    ref = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    added_in = models.PositiveBigIntegerField(default=0)
    changed_in = models.PositiveBigIntegerField(default=0)
    removed_in = models.PositiveBigIntegerField(null=True)

    LINKS: ClassVar[dict[str, str]] = {}
    """Field of the record that lists references, to the link table (`app.Model`) that holds them."""

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "ref"], name="%(app_label)s_%(class)s_ref"),
        ]

    def __str__(self) -> str:
        return self.ref


class Link(TenantModel):
    """One reference in a list of them; `position` keeps the order in which they were given.

    A link table has two further columns: `record`, the record that lists, and `target`, a foreign key or, for what is
    content and not a row (a criterion), text.
    """

    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
