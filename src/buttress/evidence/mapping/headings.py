"""How alike two headings are, whatever their case and punctuation."""

import re
from collections.abc import Iterable
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_WEAK = frozenset(
    {"id", "date", "at", "on", "is", "of", "the", "number", "time", "name", "type", "by", "custom", "field"}
)
_ALIKE = {"identifier": "id", "no": "number", "num": "number", "nr": "number", "datetime": "at", "timestamp": "at"}


@lru_cache(8192)
def words(text: str) -> tuple[str, ...]:
    """The words of a heading in lower case.

    >>> words("profile.employeeNumber"), words("Custom field (Root cause)")
    (('profile', 'employee', 'number'), ('custom', 'field', 'root', 'cause'))
    """
    found = _WORD.findall(_CAMEL.sub(" ", text).casefold())
    return tuple(_ALIKE.get(word, word) for word in found)


def is_same(one: str, other: str) -> bool:
    """True where both have the same words in the same order."""
    return words(one) == words(other)


def likeness(heading: str, names: Iterable[str]) -> float:
    """How much of the words a heading shares with the name nearest to it, 0 to 1; words that every heading has count
    little, and alone not at all.

    >>> round(likeness("Root cause of it", ["cause", "root cause"]), 2), likeness("Start date", ["end date"])
    (0.62, 0.0)
    """
    return max((_shared(frozenset(words(heading)), frozenset(words(name))) for name in names), default=0.0)


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    common = one & other
    if not common - _WEAK:
        return 0.0
    return _weight(common) / _weight(one | other)


def _weight(found: frozenset[str]) -> float:
    return sum(0.2 if word in _WEAK else 1.0 for word in found)
