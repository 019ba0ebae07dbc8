"""The plan of an apply: what the database would say differently, once it says what a folder says.

Pure: two registers as statements go in, frozen values that a person can read come out. Records and facts that the folder
does not have are listed and left; with `prune` the records go, facts never.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from buttress.orgs.content import from_text, to_text
from buttress.orgs.errors import InvalidError, TakenError
from buttress.orgs.kinds import RecordKind, fact_kinds
from buttress.register.plan.mentions import Mention, mentions, with_new_reference
from buttress.register.plan.placing import Placed, placed
from buttress.register.plan.planned import (
    DecisionPlanned,
    DecisionState,
    FactFate,
    FactLeft,
    FactPlanned,
    FieldChange,
    Kept,
    Plan,
    RecordAdded,
    RecordChanged,
    RecordLeft,
    RecordRenamed,
)
from buttress.register.plan.statements import Stated, StatedFact, Statements, folder_kinds


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the database when a plan is made. `used` are references that were in use once and are no more;
    `kept` records that never go, with what needs them."""

    revision: int
    statements: Statements
    used: Mapping[str, Collection[str]] = field(default_factory=dict)
    kept: Mapping[Mention, str] = field(default_factory=dict)


def plan(stored: Standing, wanted: Statements, *, prune: bool = False, taken: tuple[Kept, ...] = ()) -> Plan:
    """What makes the database say what `wanted` says.

    Raises `InvalidError` or `TakenError` where it cannot: a record that was formerly one which still stands beside it,
    or a reference that was in use once.
    """
    kinds = {kind.name: kind for kind in folder_kinds()}
    renamed, before = _renamed(stored.statements, wanted, kinds)
    _refuse_used(stored, wanted, before)
    differences = [
        _difference(kind, ref, before.get(kind.name, {}).get(ref), stated)
        for kind in kinds.values()
        for ref, stated in wanted.get(kind.name, {}).items()
    ]
    facts_left = tuple(fact for each in differences for fact in each.facts_left)
    return Plan(
        stored.revision,
        added=tuple(each.added for each in differences if each.added is not None),
        changed=tuple(each.changed for each in differences if each.changed is not None),
        renamed=renamed,
        facts=tuple(fact for each in differences for fact in each.facts),
        left=tuple(_left(stored, before, wanted, kinds, prune=prune)),
        facts_left=facts_left,
        decisions=tuple(decision for each in differences for decision in _decisions(each, kinds, wanted)),
        taken=taken,
    )


@dataclass(frozen=True, slots=True)
class _Difference:
    """Of one record."""

    added: RecordAdded | None
    changed: RecordChanged | None
    facts: tuple[FactPlanned, ...]
    facts_left: tuple[FactLeft, ...]


def _difference(kind: RecordKind, ref: str, before: Stated | None, after: Stated) -> _Difference:
    added = RecordAdded(kind.name, ref, after.content) if before is None else None
    changed = None
    if before is not None and before.content != after.content:
        changed = RecordChanged(kind.name, ref, field_changes(before.content, after.content))
    facts: list[FactPlanned] = []
    facts_left: list[FactLeft] = []
    for each in fact_kinds(kind.name):
        standing = before.facts.get(each.field, ()) if before is not None else ()
        wanted = after.facts.get(each.field, ())
        facts += (_planned(kind.name, each.field, ref, one) for one in placed(standing, wanted))
        identities = {fact.identity for fact in wanted}
        facts_left += (
            FactLeft(kind.name, each.field, ref, fact.identity) for fact in standing if fact.identity not in identities
        )
    return _Difference(added, changed, tuple(facts), tuple(facts_left))


def _planned(kind: str, field_name: str, ref: str, one: Placed) -> FactPlanned:
    fact, before = one.fact, one.before
    changes = () if before is None else field_changes(before.content, fact.content)
    return FactPlanned(kind, field_name, ref, fact.identity, _fate(fact, before), one.position, fact.content, changes)


def _fate(fact: StatedFact, before: StatedFact | None) -> FactFate:
    if before is None:
        return FactFate.ADDED
    if before.content == fact.content:
        return FactFate.MOVED
    return FactFate.RETRACTED if fact.is_retracted and not before.is_retracted else FactFate.CORRECTED


def field_changes(before: str, after: str) -> tuple[FieldChange, ...]:
    """Fields in which two canonical contents differ, those within a mapping by themselves."""
    return tuple(_changes(from_text(before), from_text(after), ""))


def _changes(before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[FieldChange]:
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            # The same keys in another order are another statement, as the order counts.
            if old == new and list(old) != list(new):
                yield FieldChange(f"{path}{name}", old, new)
            yield from _changes(old, new, f"{path}{name}.")
        elif old != new:
            yield FieldChange(f"{path}{name}", old, new)


def _renamed(
    stored: Statements, wanted: Statements, kinds: Mapping[str, RecordKind]
) -> tuple[tuple[RecordRenamed, ...], Statements]:
    """The renames, and what would stand once they are done."""
    renames: list[RecordRenamed] = []
    before = {kind: dict(stored.get(kind, {})) for kind in kinds}
    for kind, records in wanted.items():
        if "formerly" not in kinds[kind].record.model_fields:
            continue
        for ref, stated in records.items():
            old_ref = getattr(stated.record, "formerly", None)
            if old_ref is None or old_ref not in before[kind]:
                continue
            if ref in before[kind]:
                raise InvalidError(
                    f"{ref} says that it was formerly {old_ref}, but both stand in the database; leave formerly out of"
                    f" {ref}, and close or remove {old_ref}"
                )
            before[kind][ref] = before[kind].pop(old_ref)
            renames.append(RecordRenamed(kind, old_ref, ref, _rename_in(before, (kind, old_ref), ref, kinds)))
    return tuple(renames), before


def _rename_in(
    before: dict[str, dict[str, Stated]], old: Mention, new_ref: str, kinds: Mapping[str, RecordKind]
) -> tuple[Mention, ...]:
    """Lets every record that names `old` name `new_ref`; returns which these are."""
    found = []
    for kind, records in before.items():
        for ref, stated in list(records.items()):
            content = renamed_content(kinds[kind], stated.content, old, new_ref)
            if content != stated.content:
                records[ref] = replace(stated, content=content)
                found.append((kind, ref))
    return tuple(found)


def renamed_content(kind: RecordKind, content: str, old: Mention, new_ref: str) -> str:
    """The canonical content of a record that names `old`, once that has another reference."""
    if f'{old[1]}"' not in content:
        return content
    return to_text(with_new_reference(kind.record, from_text(content), old, new_ref))


def _refuse_used(stored: Standing, wanted: Statements, before: Statements) -> None:
    for kind, records in wanted.items():
        used = stored.used.get(kind, ())
        again = [ref for ref in records if ref in used and ref not in before.get(kind, {})]
        if again:
            raise TakenError(
                f"{', '.join(again)} of {kind} were in use once and are no more; references are never used again:"
                " choose others"
            )


def _left(
    stored: Standing, before: Statements, wanted: Statements, kinds: Mapping[str, RecordKind], *, prune: bool
) -> Iterator[RecordLeft]:
    """Records that the folder does not have; those that something left behind still names stay even with `prune`."""
    absent = [(kind, ref) for kind in kinds for ref in before.get(kind, {}) if ref not in wanted.get(kind, {})]
    needed = {**_named_by_facts(before, wanted, kinds, set(absent)), **stored.kept} if prune and absent else {}
    for kind, ref in absent:
        named_by = needed.get((kind, ref), "")
        yield RecordLeft(kind, ref, prune and not named_by, named_by)


def _named_by_facts(
    before: Statements, wanted: Statements, kinds: Mapping[str, RecordKind], absent: Collection[Mention]
) -> dict[Mention, str]:
    """Of absent records, those that facts of staying records name which the folder does not correct."""
    needed: dict[Mention, str] = {}
    for kind, records in wanted.items():
        for each in fact_kinds(kind):
            for ref, stated in records.items():
                identities = {fact.identity for fact in stated.facts.get(each.field, ())}
                standing = before.get(kind, {}).get(ref)
                for fact in standing.facts.get(each.field, ()) if standing is not None else ():
                    if fact.identity in identities:
                        continue
                    named = mentions(each.record, from_text(fact.content))
                    needed |= {mention: f"{each.noun} of {ref}" for mention in named if mention in absent}
    return needed


def _decisions(
    difference: _Difference, kinds: Mapping[str, RecordKind], wanted: Statements
) -> Iterator[DecisionPlanned]:
    """What a folder can only propose or attest, among what would be written."""
    record = difference.added or difference.changed
    if record is not None and "attested_document" in kinds[record.kind].record.model_fields:
        content = wanted[record.kind][record.ref].content
        yield _decision(record.kind, record.ref, "", content)
    models = {each.field: each.record for fact in difference.facts[:1] for each in fact_kinds(fact.kind)}
    for fact in difference.facts:
        is_decision = "attested_document" in models[fact.field].model_fields
        if is_decision and fact.fate not in (FactFate.RETRACTED, FactFate.MOVED):
            yield _decision(f"{fact.kind}.{fact.field}", fact.ref, fact.identity, fact.content)


def _decision(kind: str, ref: str, identity: str, content: str) -> DecisionPlanned:
    said = from_text(content)
    document = said.get("attested_document")
    state = DecisionState.PENDING if document is None else DecisionState.ATTESTED
    return DecisionPlanned(kind, ref, identity, said.get("accepted_by") or said.get("approved_by"), state, document)
