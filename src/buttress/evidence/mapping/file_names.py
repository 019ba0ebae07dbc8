"""What a file's name says: when it is from, and how its successors will be called."""

import re
from dataclasses import dataclass

from buttress.formats.printable import UNSAFE

_DATE = re.compile(
    r"(?<![0-9])20(?:[0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{6})(?:T[0-9]{2}:?[0-9]{2}(?::?[0-9]{2})?Z?)?(?![0-9])"
)
_LITERAL_END = re.compile(r"[A-Za-z0-9 _-]*\Z")
_OF_DATES = "-TZ:"


@dataclass(frozen=True, slots=True)
class NamedFor:
    """`glob` matches the file and its successors; `pattern` finds the date in their names, None where there is none."""

    glob: str
    pattern: str | None


def named_for(name: str) -> NamedFor:
    r"""The date in a file's name and what stands around it.

    >>> named_for("okta-users-2026-09-30.jsonl")
    NamedFor(glob='okta-users-20*.jsonl', pattern='okta-users-(?P<date>[0-9-]+)')
    >>> named_for("users.csv")
    NamedFor(glob='users.csv', pattern=None)
    """
    found = list(_DATE.finditer(name))
    if len(found) != 1:
        return NamedFor(_escaped(name), None)
    before, date, after = name[: found[0].start()], found[0][0], name[found[0].end() :]
    ending = _LITERAL_END.search(before)
    literal = ending[0] if ending else ""
    is_bounded = bool(literal) and not after.startswith(tuple(_OF_DATES))
    return NamedFor(f"{_escaped(before)}20*{_escaped(after)}", f"{literal}(?P<date>{_digits_of(date, is_bounded)})")


def _digits_of(date: str, is_bounded: bool) -> str:
    """What the date consists of: exactly, where the signs around it could belong to another."""
    if "T" in date:
        return "[0-9TZ:-]+"
    if is_bounded:
        return "[0-9-]+"
    return "[0-9]{8}" if date.isdigit() else "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def _escaped(text: str) -> str:
    """Signs that a glob would take for more than themselves, or that nobody can see, stand for any one."""
    return UNSAFE.sub("?", re.sub(r"[\[\]*?\\]", "?", text))
