"""Identities of findings whose format has none: derived from what they say, so that a second import finds the first.

Deviations live by these identities from one scan to the next, hence no line numbers, dates or versions go into them
where the tool gives anything steadier.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from buttress.formats.strict_json import JsonValue


def derived_uid(tool: str, *parts: JsonValue) -> str:
    """The tool's name and a digest of what makes the finding this one and no other.

    >>> derived_uid("lynis", "host", "AUTH-9262") == derived_uid("lynis", "host", "AUTH-9262")
    True
    >>> derived_uid("lynis", "ab", "c") == derived_uid("lynis", "a", "bc")
    False
    """
    digest = sha256()
    for part in parts:
        text = str(part).encode("utf-8", "surrogatepass")
        digest.update(b"%d:%s" % (len(text), text))
    return f"{tool}:{digest.hexdigest()[:32]}"


@dataclass(slots=True)
class UidGiver:
    """Derived identities of one file: findings that say the same are told apart by their order."""

    tool: str
    given: Counter[str] = field(default_factory=Counter)

    def uid(self, *parts: JsonValue) -> str:
        uid = derived_uid(self.tool, *parts)
        self.given[uid] += 1
        return uid if self.given[uid] == 1 else f"{uid}#{self.given[uid]}"
