"""Every write about objectives, assets, vendors and changes."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from pydantic import ValidationError

from buttress.formats.fields import Links, RiskRef
from buttress.formats.models import Day, StrictModel, Text
from buttress.inventory.kinds import ASSETS, CHANGES, OBJECTIVES, VENDORS
from buttress.inventory.models import AssetDependency
from buttress.inventory.records import AssetRecord, ChangeRecord, ObjectiveRecord, VendorRecord
from buttress.orgs import recording
from buttress.orgs.columns import column_map
from buttress.orgs.content import from_text
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds import RecordKind, fact_kinds, record_kinds
from buttress.orgs.roles import Operation
from buttress.orgs.writing import Write, Written, writes


@writes(Operation.INVENTORY_CHANGE)
def add_objective(write: Write, *, ref: str, objective: ObjectiveRecord) -> Written:
    return recording.add(write, OBJECTIVES, ref, objective)


@writes(Operation.INVENTORY_CHANGE)
def change_objective(write: Write, *, ref: str, objective: ObjectiveRecord, version: int) -> Written:
    return recording.change(write, OBJECTIVES, ref, objective, version)


@writes(Operation.INVENTORY_CHANGE)
def remove_objective(write: Write, *, ref: str, version: int) -> Written:
    """Raises `InvalidError` while another record names it, as every removal here does."""
    refuse_named(write, OBJECTIVES, ref)
    return recording.remove(write, OBJECTIVES, ref, version)


@writes(Operation.INVENTORY_CHANGE)
def add_asset(write: Write, *, ref: str, asset: AssetRecord) -> Written:
    """Raises `InvalidError` where the asset would depend on itself."""
    _check_dependencies(write, ref, asset)
    return recording.add(write, ASSETS, ref, asset)


@writes(Operation.INVENTORY_CHANGE)
def change_asset(write: Write, *, ref: str, asset: AssetRecord, version: int) -> Written:
    """Raises `InvalidError` where the asset would depend on itself, over others too."""
    _check_dependencies(write, ref, asset)
    return recording.change(write, ASSETS, ref, asset, version)


@writes(Operation.INVENTORY_CHANGE)
def remove_asset(write: Write, *, ref: str, version: int) -> Written:
    refuse_named(write, ASSETS, ref)
    return recording.remove(write, ASSETS, ref, version)


@writes(Operation.INVENTORY_CHANGE)
def add_vendor(write: Write, *, ref: str, vendor: VendorRecord) -> Written:
    return recording.add(write, VENDORS, ref, vendor)


@writes(Operation.INVENTORY_CHANGE)
def change_vendor(write: Write, *, ref: str, vendor: VendorRecord, version: int) -> Written:
    return recording.change(write, VENDORS, ref, vendor, version)


@writes(Operation.INVENTORY_CHANGE)
def remove_vendor(write: Write, *, ref: str, version: int) -> Written:
    refuse_named(write, VENDORS, ref)
    return recording.remove(write, VENDORS, ref, version)


class ChangeAnswer(StrictModel):
    """What came of a change: when it was assessed, the outcome, and the risks that it altered."""

    assessed_on: Day
    outcome: Text
    risks: Links[RiskRef] = ()


@writes(Operation.CHANGE_RECORD)
def record_change(write: Write, *, ref: str, change: ChangeRecord) -> Written:
    """Something changes that may alter risks; later stages raise it when they learn of one.

    One that is recorded with its answer needs the permission to answer it.
    """
    if _answer_of(change) != _UNANSWERED:
        _permit_answer(write)
    _check_links(write, change)
    return recording.add(write, CHANGES, ref, change)


@writes(Operation.CHANGE_RECORD)
def amend_change(write: Write, *, ref: str, change: ChangeRecord, version: int) -> Written:
    """The change said better; who may only record changes leaves its answer as it is."""
    if _answer_of(change) != _answer_of(_stored_change(write, ref)):
        _permit_answer(write)
    _check_links(write, change)
    return recording.change(write, CHANGES, ref, change, version)


@writes(Operation.RISK_ASSESS)
def answer_change(write: Write, *, ref: str, answer: ChangeAnswer, version: int) -> Written:
    """What the change does to risks has been assessed."""
    answered = _stored_change(write, ref).model_copy(update=dict(answer))
    _check_links(write, answered)
    return recording.change(write, CHANGES, ref, answered, version)


@writes(Operation.INVENTORY_CHANGE)
def remove_change(write: Write, *, ref: str, version: int) -> Written:
    return recording.remove(write, CHANGES, ref, version)


def refuse_named(write: Write, kind: RecordKind, ref: str) -> None:
    """Raises `InvalidError` where a record or fact of any stage holds the record in a column or link table."""
    record_id = recording.stored(write, kind, ref).id
    if naming := sorted(set(_naming(kind.name, record_id))):
        shown = ", ".join(naming[:5]) + (f" and {len(naming) - 5} more" if len(naming) > 5 else "")
        raise InvalidError(f"The {kind.noun} {ref} is named by {shown}; take it out there first")


def _naming(kind: str, record_id: uuid.UUID) -> Iterator[str]:
    """References of the records that name it; the registry knows the kinds of stages that come later."""
    for other in record_kinds():
        columns = column_map(other)
        live = other.model.objects.filter(removed_in=None)
        for name, target in columns.keys:
            if target == kind:
                yield from live.filter(**{f"{name}_id": record_id}).values_list("ref", flat=True)
        for _, link, link_target in columns.links:
            if link_target == kind:
                yield from _live(link.objects.filter(target_id=record_id))
    for fact in fact_kinds():
        for name, target in column_map(fact).keys:
            if target == kind:
                yield from _live(fact.model.objects.filter(**{f"{name}_id": record_id}))


def _live(rows: QuerySet[Any]) -> Iterator[str]:
    """References of the records under which the rows stand, without those that were removed."""
    return iter(rows.filter(record__removed_in=None).values_list("record__ref", flat=True))


_UNANSWERED = (None, None, ())


def _answer_of(change: ChangeRecord) -> tuple[object, ...]:
    return change.assessed_on, change.outcome, change.risks


def _permit_answer(write: Write) -> None:
    recorded_as = write.operation
    write.permit(Operation.RISK_ASSESS)
    write.permit(recorded_as)


def _stored_change(write: Write, ref: str) -> ChangeRecord:
    row = recording.stored(write, CHANGES, ref)
    change = CHANGES.to_record(ref, from_text(recording.latest_content(write, row.id)))
    assert isinstance(change, ChangeRecord)
    return change


@dataclass(frozen=True, slots=True)
class _References:
    """References of one kind in the organisation, each looked up when it is asked for."""

    write: Write
    kind: str

    def __contains__(self, ref: str) -> bool:
        return self.write.find(self.kind, ref) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(())  # The reader of a folder suggests a near one from these; here that would read them all.


def _check_links(write: Write, change: ChangeRecord) -> None:
    """Resolves what no column can: the subject, of any kind, and the risks, which belong to a later stage."""
    known = {kind.name: _References(write, kind.name) for kind in record_kinds()}
    try:
        ChangeRecord.model_validate(dict(change), context={"known": known})
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]["ctx"]
        raise InvalidError(
            f"The change names {wrong['found']}; expected {wrong['expected']} in this organisation. {wrong['advice']}"
        ) from None


def _check_dependencies(write: Write, ref: str, asset: AssetRecord) -> None:
    if not asset.depends_on:
        return
    write.flush()
    links = AssetDependency.objects.filter(record__removed_in=None).exclude(record__ref=ref)
    graph: dict[str, list[str]] = {}
    for above, below in links.values_list("record__ref", "target__ref"):
        graph.setdefault(above, []).append(below)
    if way := _way_to(ref, asset.depends_on, graph):
        raise InvalidError(f"The asset {ref} would depend on itself: {' → '.join([ref, *way])}; leave one of these out")


def _way_to(goal: str, starts: Iterable[str], graph: Mapping[str, list[str]]) -> list[str]:
    """A way along the graph from one of `starts` to `goal`, both named; empty where there is none."""
    came_from: dict[str, str | None] = dict.fromkeys(starts)
    waiting = list(came_from)
    while waiting:
        here = waiting.pop()
        if here == goal:
            way, step = [], came_from[here]
            while step is not None:
                way.append(step)
                step = came_from[step]
            return [*reversed(way), goal]
        for below in graph.get(here, ()):
            if below not in came_from:
                came_from[below] = here
                waiting.append(below)
    return []
