"""One guard: what makes it, and how the database's own catalogue tells it once it stands."""

from dataclasses import dataclass

from django.db.backends.utils import names_digest

PREFIX = "buttress_guard_"
"""Begins the name of every guard, so that those that are no longer meant are found and dropped."""

_LONGEST = 63
"""Bytes of a name on PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Guard:
    """`refuses` says for people what it is there for; `told` is its definition in the catalogue's own words."""

    name: str
    table: str
    refuses: str
    create: str
    told: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A guard that stands in the database, as its catalogue tells it; `drop` takes it away."""

    name: str
    told: str
    drop: str


def guard_name(*parts: str) -> str:
    """A name that says what it guards; a long one ends in a digest of what was cut.

    >>> guard_name("orgs_member", "update")
    'buttress_guard_orgs_member_update'
    """
    whole = PREFIX + "_".join(parts)
    if len(whole) <= _LONGEST:
        return whole
    digest = names_digest(whole, length=8)
    return f"{whole[: _LONGEST - 9]}_{digest}"
