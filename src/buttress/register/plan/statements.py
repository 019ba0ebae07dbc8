"""What a register says, record by record and fact by fact, as canonical text: what plans compare.

A register that was read from a folder and one that stands in the database give the same statements, because both are
the same pydantic records; the kinds and their facts come from the registry.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from buttress.formats.models import StrictModel
from buttress.formats.ordering import natural
from buttress.orgs.content import content_of
from buttress.orgs.kinds import FactKind, RecordKind, fact_fields, fact_kinds, record_kinds
from buttress.orgs.kinds_of_orgs import PROFILE_REF
from buttress.orgs.recording import identity_of
from buttress.orgs.records import ProfileRecord
from buttress.register.files.register import Register
from buttress.register.files.schema.kinds import KINDS, ORGANISATION
from buttress.register.files.schema.organisation import OrganisationRecord

ENGAGEMENTS = "engagements"
OWN_TESTS = "own_tests"
IN_FOLDERS = frozenset({*KINDS, ORGANISATION, ENGAGEMENTS, OWN_TESTS})
"""Kinds that a register folder can speak of; it says nothing of who may sign in."""


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact as it stands; `identity` tells it from others of its kind and record, `position` from those of its day."""

    identity: str
    content: str
    day: date | None
    position: int
    is_retracted: bool
    fact: StrictModel | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Stated:
    """A record without its facts, and its facts by field, oldest first."""

    content: str
    facts: Mapping[str, tuple[StatedFact, ...]]
    record: StrictModel | None = field(default=None, compare=False)


Statements = Mapping[str, Mapping[str, Stated]]
"""Records by kind and reference, kinds in the order of the registry, references in natural order."""


def folder_kinds() -> tuple[RecordKind, ...]:
    """The kinds of record that a register folder can hold, none referring to a later one."""
    return tuple(kind for kind in record_kinds() if kind.name in IN_FOLDERS)


def records_in(register: Register, kind: RecordKind) -> Mapping[str, StrictModel]:
    """The records of a kind by reference, as the database keeps them."""
    if kind.name == ORGANISATION:
        return {PROFILE_REF: profile_of(register.organisation)}
    if kind.name == ENGAGEMENTS:
        return {engagement.ref: engagement for engagement in register.organisation.engagements}
    records: Mapping[str, StrictModel] = getattr(register, kind.name)
    return records


def profile_of(organisation: OrganisationRecord) -> ProfileRecord:
    """What the organisation says of itself, without its dated facts and engagements."""
    given = {name: getattr(organisation, name) for name in ProfileRecord.model_fields}
    sector = organisation.sector
    return ProfileRecord.model_validate({**given, "sector": None if sector is None else sector.value})


def statements_of(register: Register) -> Statements:
    """What a register says, with the records themselves."""
    return {kind.name: _of_kind(register, kind) for kind in folder_kinds()}


def _of_kind(register: Register, kind: RecordKind) -> dict[str, Stated]:
    left_out = tuple(fact_fields(kind.name))
    records = records_in(register, kind)
    return {
        ref: Stated(
            content_of(records[ref], without=left_out),
            _facts(kind, register.organisation if kind.name == ORGANISATION else records[ref]),
            records[ref],
        )
        for ref in sorted(records, key=natural)
    }


def _facts(kind: RecordKind, record: StrictModel) -> dict[str, tuple[StatedFact, ...]]:
    stated = {each.field: _in_order(each, getattr(record, each.field)) for each in fact_kinds(kind.name)}
    return {name: facts for name, facts in stated.items() if facts}


def day_of(fact: StrictModel) -> date:
    """The day from which a fact holds; undated ones come before all."""
    day: date | None = getattr(fact, "effective_on", None)
    return day or date.min


def _in_order(kind: FactKind, facts: Iterable[StrictModel]) -> tuple[StatedFact, ...]:
    """By day; facts of one day in the order in which they were given."""
    ordered: list[StatedFact] = []
    for fact in sorted(facts, key=day_of):
        day = getattr(fact, "effective_on", None)
        position = ordered[-1].position + 1 if ordered and ordered[-1].day == day else 0
        retracted = getattr(fact, "retracted", None) is not None
        ordered.append(StatedFact(identity_of(kind, fact), content_of(fact), day, position, retracted, fact))
    return tuple(ordered)
