"""Idempotency keys: a call that comes again under its key is answered as it was the first time."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from buttress.orgs.content import digest_of, plain, to_text
from buttress.orgs.errors import InvalidError, ReplayedError
from buttress.orgs.models.idempotency import IdempotencyKey

if TYPE_CHECKING:
    from buttress.orgs.writing import Write, Written

KEPT = timedelta(hours=24)
_LONGEST = 255


def digest_of_call(service: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what was asked: the service by its dotted name and every argument, in whatever order."""
    named = {name: _plain(value) for name, value in sorted(kwargs.items())}
    return digest_of(to_text([service, [_plain(each) for each in args], named]))


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="python", by_alias=True, exclude_defaults=True))
    return plain(value) if value is None or isinstance(value, str | int | float | list | tuple | dict) else str(value)


def remembered(write: "Write", asked: str) -> dict[str, Any] | None:
    """The answer given before under the actor's key, None where there is none.

    Raises `ReplayedError` where the key was used to ask for something else.
    """
    key = write.actor.idempotency_key or ""
    if len(key) > _LONGEST:
        raise InvalidError(f"An idempotency key of {len(key)} characters; give at most {_LONGEST}")
    IdempotencyKey.objects.filter(expires_at__lt=write.recorded_at).delete()
    stored = IdempotencyKey.objects.filter(
        member_id=write.actor.member_id, operation=write.operation.value, key=key
    ).first()
    if stored is None:
        return None
    if stored.digest != asked:
        raise ReplayedError(
            f"The key {key!r} was used for another {write.operation}; give each request a key of its own"
        )
    return dict(stored.answer)


def remember(write: "Write", asked: str, answer: "Written") -> None:
    assert write.actor.member_id is not None, "the system asks for nothing twice"
    write.insert(
        IdempotencyKey(
            member_id=write.actor.member_id,
            operation=write.operation.value,
            key=write.actor.idempotency_key or "",
            digest=asked,
            answer=asdict(answer),
            expires_at=write.recorded_at + KEPT,
        )
    )
