"""How a record is added, changed, renamed and removed, and how a fact is stated, within an open write.

Every function here writes the row with its columns and links, the version or fact with its canonical content, and the
audit entry's before and after. The services of the stages call these; they decide nothing themselves.
"""

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from buttress.formats.models import REFERENCE, StrictModel
from buttress.formats.problems import shown
from buttress.orgs.columns import column_map, columns_of, link_rows
from buttress.orgs.content import content_of, from_text, to_text
from buttress.orgs.errors import ConflictError, InvalidError, NotFoundError, TakenError, Version
from buttress.orgs.kinds import FactKind, RecordKind, fact_fields, record_kind
from buttress.orgs.models.history import RecordVersion
from buttress.orgs.models.record import Record
from buttress.orgs.unwritable import refuse_unwritable
from buttress.orgs.writing import Write, Written

_REFERENCE = re.compile(REFERENCE.removesuffix("$") + r"\Z")


def add(write: Write, kind: RecordKind, ref: str, record: StrictModel) -> Written:
    """A new record; raises `TakenError` where the reference is or was in use."""
    _refuse_no_reference(kind, ref)
    if write.find(kind.name, ref) is not None or _was_used(write, kind, ref):
        raise TakenError(f"The {kind.noun} {ref} exists, or did once; references are never used again: choose another")
    record_id = uuid.uuid4()
    content = _content(kind, record)
    columns = columns_of(kind, record, write.resolve)
    columns.pop("ref", None)
    row = kind.model(id=record_id, ref=ref, added_in=write.change, changed_in=write.change, **columns)
    write.insert(row)
    write.know(kind.name, ref, record_id)
    write.added.add(record_id)
    _put_links(write, kind, record, record_id)
    _put_version(write, kind, row, content)
    draft = write.draft(kind.name, record_id, ref)
    for name, value in from_text(content).items():
        draft.say(f"after.{name}", to_text(value))
    return Written(kind.name, ref, 1, write.change)


def change(write: Write, kind: RecordKind, ref: str, record: StrictModel, version: int) -> Written:
    """The record as it is to stand from now on. `version` is the one the writer saw; nothing happens where it says the
    same. Raises `ConflictError` where somebody else changed it in between."""
    row = stored(write, kind, ref)
    _check_version(write, kind, row, version)
    before = latest_content(write, row.id)
    content = _content(kind, record)
    if content == before:
        return Written(kind.name, ref, row.version, write.change)
    columns = columns_of(kind, record, write.resolve)
    columns.pop("ref", None)
    _update(kind, row, write, **columns)
    said, says = from_text(before), from_text(content)
    _change_links(write, kind, record, row.id, {n for n in {*said, *says} if said.get(n) != says.get(n)})
    _put_version(write, kind, row, content)
    _say_difference(write, kind, row, said, says)
    return Written(kind.name, ref, row.version, write.change)


def remove(write: Write, kind: RecordKind, ref: str, version: int) -> Written:
    """The record goes; its history, facts and reference stay."""
    row = stored(write, kind, ref)
    _check_version(write, kind, row, version)
    before = latest_content(write, row.id)
    _update(kind, row, write, removed_in=write.change)
    _put_version(write, kind, row, before, is_removed=True)
    write.know(kind.name, ref, None)
    write.draft(kind.name, row.id, ref).say("removed", True)
    return Written(kind.name, ref, row.version, write.change)


def rename(write: Write, kind: RecordKind, ref: str, new_ref: str, version: int) -> Written:
    """The record under another reference, which nothing may have used before."""
    _refuse_no_reference(kind, new_ref)
    if write.find(kind.name, new_ref) is not None or _was_used(write, kind, new_ref):
        raise TakenError(f"The {kind.noun} {new_ref} exists, or did once; choose another reference")
    row = stored(write, kind, ref)
    _check_version(write, kind, row, version)
    _update(kind, row, write, ref=new_ref)
    row.ref = new_ref
    _put_version(write, kind, row, latest_content(write, row.id))
    write.know(kind.name, ref, None)
    write.know(kind.name, new_ref, row.id)
    draft = write.draft(kind.name, row.id, new_ref)
    draft.say("before.ref", ref)
    draft.say("after.ref", new_ref)
    return Written(kind.name, new_ref, row.version, write.change)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a fact is to stand: its place among facts of its day (None: last), the version of the record that the writer
    saw (None: any, as facts take nothing away from each other), and whether it may correct one of its identity. With a
    place, one that may correct is stated without looking at what stands."""

    position: int | None = None
    version: int | None = None
    is_correction: bool = False


LAST = Standing()
"""After the facts of its day, correcting none."""


def state(write: Write, kind: FactKind, ref: str, fact: StrictModel, standing: Standing = LAST) -> Written:
    """A fact of the record `ref`; with the identity of one before it a correction, which must be meant as one."""
    of = record_kind(kind.of)
    record_id = write.resolve(kind.of, ref)
    content = content_of(fact)
    refuse_unwritable(fact, kind.noun, content)
    identity = identity_of(kind, fact)
    position = standing.position
    if record_id not in write.added:
        if position is None or not standing.is_correction:
            position = _place(write, kind, ref, record_id, fact, standing)
        version = _bump(write, of, record_id, ref, standing.version)
    else:
        version = 1
    _insert_fact(write, kind, record_id, ref, fact, content, identity, position or 0)
    return Written(kind.of, ref, version, write.change)


def _place(write: Write, kind: FactKind, ref: str, record_id: uuid.UUID, fact: StrictModel, standing: Standing) -> int:
    """Where among the facts of its day it is to stand; raises where it would correct one and is not meant to."""
    write.flush()
    day = getattr(fact, "effective_on", None)
    same_day = kind.model.objects.filter(record_id=record_id, effective_on=day)
    earlier = same_day.filter(identity=identity_of(kind, fact)).order_by("-change").first()
    if earlier is not None and not standing.is_correction:
        raise InvalidError(
            f"{ref} has a {kind.noun} of {day or 'no day'} already; give this one a key of its own, or say that it"
            " corrects the other"
        )
    if standing.position is not None:
        return standing.position
    last = same_day.order_by("-position").values_list("position", flat=True).first()
    return int(earlier.position) if earlier is not None else 0 if last is None else last + 1


def identity_of(kind: FactKind, fact: StrictModel) -> str:
    """Canonical JSON of the fields that tell one fact of a record from another."""
    return to_text([getattr(fact, name, None) for name in kind.identity])


def stored(write: Write, kind: RecordKind, ref: str) -> Record:
    """The row of a record of this organisation; raises `NotFoundError` where there is none."""
    write.flush()
    row: Record | None = kind.model.objects.filter(ref=ref, removed_in=None).first()
    if row is None:
        raise NotFoundError(kind.noun, ref)
    return row


def latest_content(write: Write, record_id: uuid.UUID) -> str:
    """The canonical content of a record's newest version."""
    if record_id in write.versions:
        return write.versions[record_id][0].content
    found = RecordVersion.objects.filter(record_id=record_id).order_by("-change").values_list("content", flat=True)
    return str(found[0])


def _content(kind: RecordKind, record: StrictModel) -> str:
    content = content_of(record, without=tuple(fact_fields(kind.name)))
    refuse_unwritable(record, kind.noun, content)
    return content


def _refuse_no_reference(kind: RecordKind, ref: str) -> None:
    if not _REFERENCE.match(ref):
        raise InvalidError(
            f"{shown(ref)} is no reference of a {kind.noun}: it starts with a letter and has letters, digits, '.', '_'"
            " and '-', 64 at most"
        )


def _was_used(write: Write, kind: RecordKind, ref: str) -> bool:
    if kind.name in write.all_known:
        return ref in write.gone.get(kind.name, ())
    write.flush()
    return bool(
        kind.model.objects.filter(ref=ref).exists() or RecordVersion.objects.filter(kind=kind.name, ref=ref).exists()
    )


def _check_version(write: Write, kind: RecordKind, row: Record, version: int) -> None:
    if row.version != version:
        raise _conflict(write, kind, row, version)


def _conflict(write: Write, kind: RecordKind, row: Record, version: int) -> ConflictError:
    versions = RecordVersion.objects.filter(record_id=row.id)
    seen = versions.filter(version__lte=version).order_by("-version", "-change").first()
    return ConflictError(
        kind.noun,
        row.ref,
        Version(version, from_text(seen.content) if seen else {}),
        Version(row.version, from_text(latest_content(write, row.id))),
    )


def _update(kind: RecordKind, row: Record, write: Write, /, **columns: Any) -> None:
    """Changes the row if its version is still the one that was read."""
    changed = kind.model.objects.filter(id=row.id, version=row.version).update(
        version=row.version + 1, changed_in=write.change, **columns
    )
    if changed != 1:
        raise _conflict(write, kind, kind.model.objects.get(id=row.id), row.version)
    row.version += 1
    write.bumped.pop(row.id, None)


def _bump(write: Write, kind: RecordKind, record_id: uuid.UUID, ref: str, version: int | None) -> int:
    """A fact changes the whole its record is part of: the record's version rises once a write."""
    rows = kind.model.objects.filter(id=record_id)
    if version is not None:
        _check_version(write, kind, rows.get(), version)
    if record_id in write.bumped:
        return write.bumped[record_id]
    rows.exclude(changed_in=write.change).update(version=F("version") + 1, changed_in=write.change)
    write.draft(kind.name, record_id, ref)
    write.bumped[record_id] = found = int(rows.values_list("version", flat=True)[0])
    return found


def _insert_fact(
    write: Write,
    kind: FactKind,
    record_id: uuid.UUID,
    ref: str,
    fact: StrictModel,
    content: str,
    identity: str,
    position: int,
) -> None:
    columns = columns_of(kind, fact, write.resolve)
    columns["record_id"] = record_id
    columns["effective_on"] = getattr(fact, "effective_on", None)
    columns["retracted"] = getattr(fact, "retracted", None)
    draft = write.draft(kind.of, record_id, ref)
    row = kind.model(
        id=uuid.uuid4(),
        identity=identity,
        position=position,
        content=content,
        change=write.change,
        recorded_at=write.recorded_at,
        **columns,
    )
    count = sum(name.startswith(f"{kind.field}.") for name in draft.values)
    draft.say(f"{kind.field}.{count}", content)
    write.insert(row, draft)
    for link in link_rows(kind, fact, row.id, write.resolve):
        write.insert(link)


def _put_version(write: Write, kind: RecordKind, row: Record, content: str, *, is_removed: bool = False) -> None:
    draft = write.draft(kind.name, row.id, row.ref)
    version = RecordVersion(
        kind=kind.name,
        record_id=row.id,
        ref=row.ref,
        version=row.version,
        content=content,
        is_removed=is_removed,
        change=write.change,
        recorded_at=write.recorded_at,
    )
    write.versions[row.id] = (version, draft)


def _put_links(write: Write, kind: RecordKind, record: StrictModel, record_id: uuid.UUID) -> None:
    for link in link_rows(kind, record, record_id, write.resolve):
        write.insert(link)


def _change_links(
    write: Write, kind: RecordKind, record: StrictModel, record_id: uuid.UUID, changed: Collection[str]
) -> None:
    """Replaces the links of changed fields, and of what is no field but follows from some."""
    names = {name for name, _, _ in column_map(kind).links if name in changed or name not in kind.record.model_fields}
    for name, model, _ in column_map(kind).links:
        if name in names:
            model.objects.filter(record_id=record_id).delete()
    for link in link_rows(kind, record, record_id, write.resolve, names):
        write.insert(link)


def _say_difference(write: Write, kind: RecordKind, row: Record, before: dict[str, Any], after: dict[str, Any]) -> None:
    draft = write.draft(kind.name, row.id, row.ref)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            draft.say(f"before.{name}", to_text(before.get(name)))
            draft.say(f"after.{name}", to_text(after.get(name)))
