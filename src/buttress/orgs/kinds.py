"""The registry of kinds: what each kind of record and fact is called, holds, and lies in.

Each stage registers its own when the application starts. The register folder, plan and apply, history, verification and
the tests of tenancy and permission walk this registry; a new kind is added by registering it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from buttress.formats.models import StrictModel
from buttress.orgs.models.fact import Fact
from buttress.orgs.models.record import Record
from buttress.orgs.roles import Operation

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record. `name` is its plural key in a register folder, `noun` its word in messages.

    `operation` is what adds or changes one. `read` makes the record of its stored reference and content.
    """

    name: str
    noun: str
    record: type[StrictModel]
    model: type[Record]
    operation: Operation
    read: Callable[[str, Content], StrictModel] | None = None

    def to_record(self, ref: str, content: Content) -> StrictModel:
        return self.record.model_validate(content) if self.read is None else self.read(ref, content)


@dataclass(frozen=True, slots=True)
class FactKind:
    """A kind of fact, found under `field` of the records of kind `of`. `identity` names the fields that tell one fact of
    a record from another."""

    of: str
    field: str
    noun: str
    record: type[StrictModel]
    model: type[Fact]
    operation: Operation
    identity: tuple[str, ...] = ("effective_on", "key")

    @property
    def name(self) -> str:
        return f"{self.of}.{self.field}"


@dataclass(slots=True)
class _Registry:
    records: dict[str, RecordKind] = field(default_factory=dict)
    facts: dict[str, FactKind] = field(default_factory=dict)


_registry = _Registry()


def register_record_kind(kind: RecordKind) -> RecordKind:
    """Adds a kind; raises ValueError where the name is taken by another."""
    if _registry.records.setdefault(kind.name, kind) != kind:
        raise ValueError(f"Two kinds of record are called {kind.name}")
    return kind


def register_fact_kind(kind: FactKind) -> FactKind:
    """Adds a kind of fact; raises ValueError where its place is taken by another."""
    if _registry.facts.setdefault(kind.name, kind) != kind:
        raise ValueError(f"Two kinds of fact are called {kind.name}")
    return kind


def record_kinds() -> tuple[RecordKind, ...]:
    """Every kind of record in the order of registration, in which none refers to a later one."""
    return tuple(_registry.records.values())


def record_kind(name: str) -> RecordKind:
    return _registry.records[name]


def fact_kinds(of: str | None = None) -> tuple[FactKind, ...]:
    """Every kind of fact, or those of one kind of record."""
    return tuple(kind for kind in _registry.facts.values() if of is None or kind.of == of)


def fact_kind(of: str, field_name: str) -> FactKind:
    return _registry.facts[f"{of}.{field_name}"]


def kind_of_model(model: type[Any]) -> RecordKind:
    """The kind whose records lie in `model`."""
    return next(kind for kind in record_kinds() if kind.model is model)


def fact_fields(of: str) -> Iterator[str]:
    return (kind.field for kind in fact_kinds(of))
