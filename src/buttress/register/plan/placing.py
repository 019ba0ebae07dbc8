"""The places of facts of one day: on one date the later one wins, so that their order is part of what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from buttress.register.plan.statements import StatedFact


@dataclass(frozen=True, slots=True)
class Placed:
    """A fact to be stated at `position`; `before` is the one of its identity that stands, None for a new one."""

    fact: StatedFact
    before: StatedFact | None
    position: int


def placed(standing: Sequence[StatedFact], wanted: Sequence[StatedFact]) -> Iterator[Placed]:
    """What has to be stated so that `wanted` stands in its order; facts that stand and are not wanted stay in theirs.

    >>> from datetime import date
    >>> def fact(name, position, content="old"):
    ...     return StatedFact(name, content, date(2026, 1, 1), position, False)
    >>> [(p.fact.identity, p.position) for p in placed([fact("a", 0), fact("b", 1)], [fact("b", 0), fact("a", 1)])]
    [('a', 2)]
    >>> [(p.fact.identity, p.position) for p in placed([fact("a", 0), fact("b", 1)], [fact("a", 0), fact("c", 1)])]
    [('c', 2)]
    """
    known = {fact.identity: fact for fact in standing}
    days = {day: list(facts) for day, facts in groupby(standing, key=lambda fact: fact.day)}
    for day, group in groupby(wanted, key=lambda fact: fact.day):
        facts = list(group)
        positions = _positions(days.get(day, []), facts)
        for fact in facts:
            before = known.get(fact.identity)
            position = positions[fact.identity]
            if before is None or before.content != fact.content or before.position != position:
                yield Placed(fact, before, position)


def _positions(standing: Sequence[StatedFact], wanted: Sequence[StatedFact]) -> dict[str, int]:
    """A position of each wanted fact. Where the order holds as it is nobody moves; new ones come last or in between."""
    names = [fact.identity for fact in wanted]
    stood = [fact.identity for fact in standing]
    known = set(stood)
    common = [name for name in names if name in known]
    positions = {fact.identity: fact.position for fact in standing}
    next_free = max(positions.values(), default=-1) + 1
    if common == [name for name in stood if name in set(names)] and names[: len(common)] == common:
        fresh = names[len(common) :]
        return {name: positions[name] for name in common} | {n: next_free + i for i, n in enumerate(fresh)}
    last, found = -1, {}
    for name in names:
        last = found[name] = max(positions.get(name, -1), last + 1)
    return found
