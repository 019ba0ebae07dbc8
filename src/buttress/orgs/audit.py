"""The audit chain: how an entry's bytes, digest and hash are made. Pure; `verification` walks what is stored.

An entry's hash is SHA-256 over a version byte, the hash before it and the entry's canonical bytes: a fixed list of
fields, sorted keys, UTF-8, times in UTC with six digits. Organisation and sequence stand inside, so that entries cannot
change places or tenants. The payload is committed to field by field: each leaf is SHA-256 over its own salt, name and
value, so that an erased field leaves its leaf and nothing to guess from.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

FIRST_HASH = "0" * 64
"""What the first entry of an organisation follows."""

_VERSION = b"\x00\x01"
_SALT_BYTES = 16

Fields = Mapping[str, Any]
"""Name of a field to [salt (hex), value], or to {"erased": leaf (hex)}."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the chain commits to. `recorded_at` is in UTC."""

    organisation: uuid.UUID
    sequence: int
    change: int
    recorded_at: datetime
    member: uuid.UUID | None
    action: str
    subject_kind: str
    subject: uuid.UUID | None
    payload_digest: str

    @property
    def as_bytes(self) -> bytes:
        recorded_at = self.recorded_at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
        return entry_bytes(
            str(self.organisation),
            self.sequence,
            self.change,
            f"{recorded_at}Z",
            None if self.member is None else str(self.member),
            self.action,
            self.subject_kind,
            None if self.subject is None else str(self.subject),
            self.payload_digest,
        )

    def hash_after(self, previous: str) -> str:
        """The hash (hex) of this entry after one with hash `previous`."""
        return hash_of_entry(previous, self.as_bytes)


_quoted = json.encoder.encode_basestring
"""A text as canonical JSON."""


def entry_bytes(
    organisation: str,
    sequence: int,
    change: int,
    recorded_at: str,
    member: str | None,
    action: str,
    subject_kind: str,
    subject: str | None,
    payload: str,
) -> bytes:
    """What the hash of an entry is over, of texts as they stand in it: canonical JSON with its keys in order."""
    # Written out, and of texts, because a trail has millions of these.
    by = "null" if member is None else f'"{member}"'
    about = "null" if subject is None else f'"{subject}"'
    return (
        f'{{"action":{_quoted(action)},"change":{change},"member":{by},"organisation":"{organisation}",'
        f'"payload":{_quoted(payload)},"recorded_at":"{recorded_at}","sequence":{sequence},"subject":{about},'
        f'"subject_kind":{_quoted(subject_kind)}}}'
    ).encode()


def hash_of_entry(previous: str, content: bytes) -> str:
    """The hash (hex) of an entry with these bytes after one with hash `previous`; ValueError where that is none."""
    return sha256(_VERSION + bytes.fromhex(previous) + content).hexdigest()


_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def salted(values: Mapping[str, Any]) -> dict[str, Any]:
    """The payload's fields, each with a salt of its own; values are JSON values."""
    salts = os.urandom(_SALT_BYTES * len(values)).hex()
    size = 2 * _SALT_BYTES
    return {
        name: [salts[place * size : (place + 1) * size], value] for place, (name, value) in enumerate(values.items())
    }


def payload_digest(fields: Fields) -> str:
    """The digest (hex) that an entry keeps of its payload."""
    leaves = [f"{name}:{_leaf(name, fields[name])}" for name in sorted(fields)]
    return sha256("\n".join(leaves).encode()).hexdigest()


def _leaf(name: str, stored: Any) -> str:
    if type(stored) is dict:
        return str(stored["erased"])
    salt, value = stored
    said = f"[{_quoted(name)},{_quoted(value)}]" if type(value) is str else _CANONICAL.encode([name, value])
    return sha256(bytes.fromhex(salt) + said.encode()).hexdigest()


def is_lasting(name: str) -> bool:
    """True of fields that name no person and on which verification rests: seals of rows and roots of evidence runs.

    Without them a row could go together with the seal that tells of it.
    """
    return name == "rows" or name.startswith("root.")


def erased(fields: Fields, names: frozenset[str]) -> dict[str, Any]:
    """The payload without the values of `names`; its digest stays. Raises ValueError where one of them must last."""
    if lasting := sorted(name for name in names if is_lasting(name)):
        raise ValueError(f"{', '.join(lasting)} cannot be erased: verification rests on it; name fields about persons")
    return {name: {"erased": _leaf(name, stored)} if name in names else stored for name, stored in fields.items()}


def values_of(fields: Fields) -> dict[str, Any]:
    """What the payload says, erased fields as None."""
    return {name: None if isinstance(stored, dict) else stored[1] for name, stored in fields.items()}
