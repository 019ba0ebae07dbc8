"""Which facts count on a day, and in which order."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    @property
    def effective_on(self) -> date | None: ...
    @property
    def retracted(self) -> str | None: ...


D = TypeVar("D", bound=Dated)


def effective(facts: Iterable[D], as_of: date) -> list[D]:
    """Facts effective by the end of `as_of` that are not retracted, oldest first; undated ones before all.

    Facts of one date keep their order, so that the later of them is the last.
    """
    standing = [f for f in facts if f.retracted is None and (f.effective_on is None or f.effective_on <= as_of)]
    return sorted(standing, key=lambda fact: fact.effective_on or date.min)
