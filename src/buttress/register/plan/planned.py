"""A plan as frozen values that a person can read: what an apply would write, leave and take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from buttress.orgs.content import digest_of, to_text
from buttress.register.plan.mentions import Mention


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after, as JSON values; None where it says nothing. `field` is a dotted path."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class RecordAdded:
    kind: str
    ref: str
    content: str


@dataclass(frozen=True, slots=True)
class RecordChanged:
    kind: str
    ref: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class RecordRenamed:
    """`named_by` are the records, by kind and reference, that come to name it by its new reference."""

    kind: str
    ref: str
    new_ref: str
    named_by: tuple[Mention, ...] = ()


class FactFate(StrEnum):
    """What happens to a fact. One that only changes its place among facts of its day is moved."""

    ADDED = "added"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class FactPlanned:
    """A fact to be stated under the record `ref`, at `position` among those of its day."""

    kind: str
    field: str
    ref: str
    identity: str
    fate: FactFate
    position: int
    content: str
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordLeft:
    """A record that the folder does not have. With `is_removed` it goes; else it stays, with `named_by` because that
    record or member still names it."""

    kind: str
    ref: str
    is_removed: bool
    named_by: str = ""


@dataclass(frozen=True, slots=True)
class FactLeft:
    """A fact that the folder does not have; it stays until it is retracted."""

    kind: str
    field: str
    ref: str
    identity: str


class DecisionState(StrEnum):
    """Pending: the named approver confirms in their own session. Attested: a document says that it was decided."""

    PENDING = "pending"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class DecisionPlanned:
    """An acceptance or the approval of an exception, as the folder proposes or attests it."""

    kind: str
    ref: str
    identity: str
    by: str | None
    state: DecisionState
    document: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept beside records: evidence files, runs with results, snapshots; by name, with a digest."""

    name: str
    digest: str


@dataclass(frozen=True)
class Plan:
    """What apply would do. `revision` is that of the organisation from which it was computed.

    Kinds stand in the order of the registry, references in natural order.
    """

    revision: int
    added: tuple[RecordAdded, ...] = ()
    changed: tuple[RecordChanged, ...] = ()
    renamed: tuple[RecordRenamed, ...] = ()
    facts: tuple[FactPlanned, ...] = ()
    left: tuple[RecordLeft, ...] = ()
    facts_left: tuple[FactLeft, ...] = ()
    decisions: tuple[DecisionPlanned, ...] = ()
    taken: tuple[Kept, ...] = field(default=())

    @property
    def removed(self) -> tuple[RecordLeft, ...]:
        return tuple(each for each in self.left if each.is_removed)

    @property
    def is_empty(self) -> bool:
        """True where apply would write nothing."""
        return not (self.added or self.changed or self.renamed or self.facts or self.removed or self.taken)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that apply would write: two plans that would write the same have one digest."""
        parts = [
            [[a.kind, a.ref, a.content] for a in self.added],
            [[c.kind, c.ref, [[f.field, f.before, f.after] for f in c.fields]] for c in self.changed],
            [[r.kind, r.ref, r.new_ref, r.named_by] for r in self.renamed],
            [[f.kind, f.field, f.ref, f.identity, f.position, f.content] for f in self.facts],
            [[r.kind, r.ref] for r in self.removed],
            [[t.name, t.digest] for t in self.taken],
        ]
        return digest_of(to_text(parts))

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many are added, changed, renamed, removed, left, and facts added, corrected, retracted, moved: by kind."""
        found: dict[str, dict[str, int]] = {}
        for kind, what in self._events():
            of_kind = found.setdefault(kind, {})
            of_kind[what] = of_kind.get(what, 0) + 1
        return found

    def _events(self) -> Iterator[tuple[str, str]]:
        yield from ((each.kind, "added") for each in self.added)
        yield from ((each.kind, "changed") for each in self.changed)
        yield from ((each.kind, "renamed") for each in self.renamed)
        yield from ((each.kind, "removed" if each.is_removed else "left") for each in self.left)
        yield from ((f"{each.kind}.{each.field}", each.fate.value) for each in self.facts)
        yield from ((f"{each.kind}.{each.field}", "left") for each in self.facts_left)
