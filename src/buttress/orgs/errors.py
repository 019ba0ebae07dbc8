"""What a service or selector raises when it cannot do what was asked; each with a stable code and an HTTP status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


class RecordsError(Exception):
    """An expected refusal: the message says what was wrong, where, what was expected and what to do."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400


class InvalidError(RecordsError):
    """The content does not hold; nothing was written."""

    code = "invalid"
    status = 422


class NotFoundError(RecordsError):
    """No such record in this organisation; a foreign and an unknown reference read the same."""

    code = "not_found"
    status = 404

    def __init__(self, noun: str, ref: str) -> None:
        super().__init__(f"There is no {noun} {ref!r} in this organisation; check the reference")


class ForbiddenError(RecordsError):
    """The member's role does not allow the operation."""

    code = "forbidden"
    status = 403


class TakenError(RecordsError):
    """The reference is in use, or was once; references are never used again."""

    code = "taken"
    status = 409


class ReplayedError(RecordsError):
    """An idempotency key came again with other content."""

    code = "key_reused"
    status = 422


@dataclass(frozen=True, slots=True)
class Version:
    """A record as it stood: its version and its content."""

    number: int
    content: Mapping[str, Any]


class ConflictError(RecordsError):
    """Somebody changed the record in between: carries the version the writer saw and the one that is stored."""

    code = "conflict"
    status = 409

    def __init__(self, noun: str, ref: str, seen: Version, stored: Version) -> None:
        super().__init__(
            f"The {noun} {ref} was changed in between: you saw version {seen.number}, stored is version"
            f" {stored.number}; look at both and write again"
        )
        self.noun, self.ref, self.seen, self.stored = noun, ref, seen, stored
