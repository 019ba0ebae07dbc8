"""A checkpoint: how far an organisation's audit trail had come, kept outside the database.

Whoever may change the database can cut the trail's end and the count of it together, and nothing inside tells. A
checkpoint kept elsewhere does.
"""

import re
from dataclasses import dataclass
from typing import Self

from buttress.orgs.errors import InvalidError, NotFoundError
from buttress.orgs.models import Head, Organisation
from buttress.orgs.tenancy import tenant

_TEXT = re.compile(r"([^\s:]+):(\d{1,18}):([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The organisation's reference, its number of entries and the hash of the last one; as text to be kept.

    >>> str(Checkpoint.parse("harbourline:12:" + "0a" * 32)) == "harbourline:12:" + "0a" * 32
    True
    """

    organisation: str
    entries: int
    last_hash: str

    def __str__(self) -> str:
        return f"{self.organisation}:{self.entries}:{self.last_hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidError` where the text is no checkpoint."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise InvalidError(
                f"{text[:100]!r} is no checkpoint; expected organisation:entries:hash, as `buttress verify` printed it"
            )
        return cls(match[1], int(match[2]), match[3])


def checkpoint(organisation: str) -> Checkpoint:
    """Where the trail of the organisation with this reference stands now; verify it before it is kept."""
    row = Organisation.objects.filter(ref=organisation).first()
    if row is None:
        raise NotFoundError("organisation", organisation)
    with tenant(row.id):
        head = Head.objects.filter(organisation=row).first()
    if head is None:
        raise InvalidError(f"The organisation {organisation} has lost its head row; run: buttress verify")
    return Checkpoint(organisation, head.entries, head.last_hash)
