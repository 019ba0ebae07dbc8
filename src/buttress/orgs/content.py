"""What a record or fact says, as canonical JSON: the same text for the same statement, on every engine.

Fields stand in the order of their model, those at their default are left out; sets are sorted, decimals are text without
trailing zeros, other mappings keep the order in which they were given.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from buttress.formats.models import StrictModel


def content_of(record: StrictModel, *, without: Collection[str] = ()) -> str:
    """The canonical JSON of a record, `without` some of its fields."""
    dumped = record.model_dump(mode="python", by_alias=True, exclude=set(without), exclude_defaults=True)
    return to_text(dumped)


def to_text(value: Any) -> str:
    """Canonical JSON of a plain value, or of one that `plain` makes plain."""
    try:
        return _CANONICAL.encode(value)
    except TypeError:
        return _CANONICAL.encode(plain(value))  # Keys of a mapping that are no texts.


def plain(value: Any) -> Any:
    """The value in what JSON has: text, numbers, booleans, lists, mappings."""
    if value is None or (isinstance(value, bool | int | float) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    return [plain(each) for each in value]


# It asks about what is not plain only: much faster than to make everything plain first.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=plain)


def from_text(content: str) -> dict[str, Any]:
    value = json.loads(content)
    assert isinstance(value, dict)
    return value


def digest_of(content: str) -> str:
    """SHA-256 (hex) of canonical JSON."""
    return hashlib.sha256(content.encode()).hexdigest()
