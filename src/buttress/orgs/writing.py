"""The one write path: a service's transaction, its permission, its change, its audit entries.

A write locks the organisation's head row first and takes from it the next change number and a strictly rising
`recorded_at`; facts, versions and audit entries are stamped with both. Rows are collected and written in bulk, entries
are chained, and what follows from the write (figures) happens in steps that run before the commit. A service called
within a write of the same member joins it; one called for another member there is an error of the program. Parsing,
child processes and rendering happen before.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import models, transaction
from django.utils import timezone

from buttress.orgs.entries import EntryDraft, chain_entries
from buttress.orgs.errors import ForbiddenError, InvalidError, NotFoundError
from buttress.orgs.idempotency import digest_of_call, remember, remembered
from buttress.orgs.kinds import record_kind
from buttress.orgs.models.history import RecordVersion
from buttress.orgs.models.organisation import Head, Organisation
from buttress.orgs.models.people import Member
from buttress.orgs.role_names import Role
from buttress.orgs.roles import OF_THE_SYSTEM, Grant, Operation, grant_of
from buttress.orgs.seals import seal_of
from buttress.orgs.tenancy import TenantModel, tenant

P = ParamSpec("P")

_BATCH = 2000
"""Rows collected of one table before they are written: memory stays bounded while statements stay few."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and why. Without a member it is the system itself, which may do little (`roles.OF_THE_SYSTEM`).

    `idempotency_key` makes a repeated call answer as the first did.
    """

    organisation_id: uuid.UUID
    member_id: uuid.UUID | None
    reason: str = ""
    idempotency_key: str | None = None

    def because(self, reason: str) -> "Actor":
        return replace(self, reason=reason)

    def keyed(self, key: str) -> "Actor":
        return replace(self, idempotency_key=key)


@dataclass(frozen=True, slots=True)
class Written:
    """What a service answers: the record it wrote, its version now, and the change that did it."""

    kind: str
    ref: str
    version: int
    change: int


@dataclass(slots=True)
class Write:
    """One open write. `touched` holds every record that the write concerned, by kind and id, with its reference;
    `versions` what each of them is to say from this change on, `bumped` the versions of those under which facts were
    stated."""

    actor: Actor
    operation: Operation
    organisation: Organisation
    head: Head
    change: int
    recorded_at: datetime
    role: Role | None
    person_id: uuid.UUID | None
    person_ref: str
    touched: dict[tuple[str, uuid.UUID], str] = field(default_factory=dict)
    added: set[uuid.UUID] = field(default_factory=set)
    bumped: dict[uuid.UUID, int] = field(default_factory=dict)
    drafts: dict[tuple[str, uuid.UUID | None], EntryDraft] = field(default_factory=dict)
    versions: dict[uuid.UUID, tuple[RecordVersion, EntryDraft]] = field(default_factory=dict)
    all_known: set[str] = field(default_factory=set)
    gone: dict[str, set[str]] = field(default_factory=dict)
    _grant: Grant = Grant.NO
    _is_owned: bool = False
    _pending: dict[type[models.Model], list[models.Model]] = field(default_factory=dict)
    _ids: dict[str, dict[str, uuid.UUID]] = field(default_factory=dict)

    def permit(self, operation: Operation) -> None:
        """Raises `ForbiddenError` where the actor's role, as it stands under the lock, does not allow the operation."""
        self.operation = operation
        if self.role is None:
            self._grant = Grant.YES if operation in OF_THE_SYSTEM else Grant.NO
        else:
            self._grant = grant_of(self.role, operation)
        self._is_owned = False
        if self._grant is Grant.NO:
            who = self.role.label if self.role else "the system"
            raise ForbiddenError(f"{operation} is not allowed to {who}; ask an owner of the organisation")

    def permit_owner(self, *owner_ids: uuid.UUID | None) -> None:
        """Where the operation is allowed on what the member owns only, raises unless one of `owner_ids` is the member's."""
        self._is_owned = True
        if self._grant is Grant.OWN and self.person_id not in owner_ids:
            raise ForbiddenError(f"{self.operation} is allowed on what you own only; ask its owner or a risk manager")

    def is_permitted(self) -> bool:
        """False where an operation allowed on own things only never said whose the thing was: then nothing is written."""
        return self._grant is Grant.YES or (self._grant is Grant.OWN and self._is_owned)

    def insert(self, row: TenantModel, subject: EntryDraft | None = None) -> None:
        """Writes the row with this write; the digest of a sealed row goes to the entry of `subject`."""
        row.organisation_id = self.organisation.id
        if row.SEALED:
            assert subject is not None, "a sealed row belongs to an entry"
            subject.seal(row._meta.label_lower, row.pk, seal_of(row))
        rows = self._pending.setdefault(type(row), [])
        rows.append(row)
        if len(rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Writes the rows collected so far, tables in an order in which none refers to a later one."""
        for model in sorted(self._pending, key=table_order):
            model._default_manager.bulk_create(self._pending[model], batch_size=_BATCH)
        self._pending.clear()

    def settle(self) -> None:
        """Writes everything said so far: one version of each record, whatever was done to it in this write."""
        for version, draft in self.versions.values():
            self.insert(version, draft)
        self.versions.clear()
        self.flush()

    def draft(self, kind: str, record_id: uuid.UUID | None, ref: str) -> EntryDraft:
        """The audit entry of this write about one record; every entry of a write is named by its outermost operation."""
        key = (kind, record_id)
        if key not in self.drafts:
            self.drafts[key] = EntryDraft(kind, record_id, ref)
        if record_id is not None:
            self.touched[kind, record_id] = ref
        return self.drafts[key]

    def resolve(self, kind: str, ref: str) -> uuid.UUID:
        """The id of the record that `ref` names now; raises `InvalidError` where there is none in this organisation."""
        found = self.find(kind, ref)
        if found is None:
            noun = record_kind(kind).noun
            raise InvalidError(
                f"{ref!r} is no {noun} of this organisation; add the {noun} first, or mend the reference"
            )
        return found

    def find(self, kind: str, ref: str) -> uuid.UUID | None:
        """As `resolve`, None where there is none."""
        known = self._ids.setdefault(kind, {})
        if ref not in known:
            if kind in self.all_known:
                return None
            row = record_kind(kind).model.objects.filter(ref=ref, removed_in=None).values_list("id", flat=True).first()
            if row is None:
                return None
            known[ref] = row
        return known[ref]

    def know(self, kind: str, ref: str, record_id: uuid.UUID | None) -> None:
        """Remembers, or with None forgets, which record a reference names."""
        if record_id is None:
            self._ids.setdefault(kind, {}).pop(ref, None)
            self.gone.setdefault(kind, set()).add(ref)
        else:
            self._ids.setdefault(kind, {})[ref] = record_id

    def know_all(self, kind: str) -> None:
        """Reads every reference of a kind at once, where many will be resolved: those in use, and those used once."""
        if kind in self.all_known:
            return
        self.flush()
        rows = record_kind(kind).model.objects.filter(removed_in=None).values_list("ref", "id")
        self._ids.setdefault(kind, {}).update(rows)
        used = RecordVersion.objects.filter(kind=kind).values_list("ref", flat=True).distinct()
        self.gone[kind] = set(used) - set(self._ids[kind])
        self.all_known.add(kind)


def table_order(model: type[models.Model]) -> int:
    """Place of a table in an order in which foreign keys name earlier ones only."""
    from django.apps import apps  # noqa: PLC0415 - the registry is complete only once all models are loaded

    return list(apps.get_models()).index(model)


Step = Callable[[Write], None]

_steps: list[Step] = []


def before_commit(step: Step) -> Step:
    """Registers what follows from every write; it runs in the write's transaction, once its rows are written."""
    if step not in _steps:
        _steps.append(step)
    return step


_open: ContextVar[Write | None] = ContextVar("write", default=None)


@contextmanager
def write(actor: Actor, operation: Operation) -> Iterator[Write]:
    """An open write of `operation`; commits at the end, or leaves nothing behind."""
    with transaction.atomic(durable=True), writing_in_transaction(actor, operation) as opened:
        yield opened


@contextmanager
def writing_in_transaction(actor: Actor, operation: Operation) -> Iterator[Write]:
    """As `write`, in a transaction that the caller has opened and does nothing else in."""
    with tenant(actor.organisation_id):
        opened = _begin(actor, operation)
        token = _open.set(opened)
        try:
            yield opened
            _finish(opened)
        finally:
            _open.reset(token)


def _begin(actor: Actor, operation: Operation) -> Write:
    head = Head.objects.select_for_update(of=("self",)).select_related("organisation").first()
    if head is None:
        raise NotFoundError("organisation", str(actor.organisation_id))
    role, person_id, person_ref = _standing(actor)
    recorded_at = max(timezone.now(), head.recorded_at + timedelta(microseconds=1))
    opened = Write(actor, operation, head.organisation, head, head.change + 1, recorded_at, role, person_id, person_ref)
    opened.permit(operation)
    return opened


def _standing(actor: Actor) -> tuple[Role | None, uuid.UUID | None, str]:
    """The member's role now, read under the lock: a role taken away works in the very next write."""
    if actor.member_id is None:
        return None, None, ""
    member = Member.objects.filter(id=actor.member_id, removed_in=None, ended_on=None).first()
    if member is None:
        raise ForbiddenError("You are no member of this organisation any more; ask an owner of it")
    return Role(member.role), member.person_id, member.ref


def _finish(opened: Write) -> None:
    if not opened.is_permitted():
        raise ForbiddenError(f"{opened.operation} is allowed on what you own only, and nothing said whose this is")
    opened.settle()
    if not opened.drafts:
        return
    for step in _steps:
        step(opened)
        opened.settle()
    chain_entries(opened)
    head = opened.head
    head.revision += 1
    head.change, head.recorded_at = opened.change, opened.recorded_at
    head.save(update_fields=["change", "recorded_at", "entries", "last_hash", "revision"])


def writes(
    operation: Operation,
) -> Callable[[Callable[Concatenate[Write, P], Written]], Callable[Concatenate[Actor, P], Written]]:
    """Makes a service of a function that works within a write: the caller gives the actor in its place."""

    def decorate(service: Callable[Concatenate[Write, P], Written]) -> Callable[Concatenate[Actor, P], Written]:
        name = f"{service.__module__}.{service.__qualname__}"

        @wraps(service)
        def call(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> Written:
            outer = _open.get()
            if outer is not None and outer.actor.organisation_id == actor.organisation_id:
                _refuse_another_member(outer, actor, operation)
                return _joined(outer, operation, service, *args, **kwargs)
            with write(actor, operation) as opened:
                asked = digest_of_call(name, args, kwargs) if actor.idempotency_key else ""
                if asked and (answer := remembered(opened, asked)) is not None:
                    opened.drafts.clear()
                    opened.permit_owner(opened.person_id)
                    return Written(**answer)
                result = service(opened, *args, **kwargs)
                if asked:
                    remember(opened, asked, result)
                return result

        call.operation = operation  # type: ignore[attr-defined]
        return call

    return decorate


def _refuse_another_member(outer: Write, actor: Actor, operation: Operation) -> None:
    """What one member does is never recorded, nor permitted, as what another does; raises `RuntimeError`."""
    if outer.actor.member_id != actor.member_id:
        within, who = (f"member {each.member_id}" if each.member_id else "the system" for each in (outer.actor, actor))
        raise RuntimeError(
            f"{operation} was called for {who} within an open write of {within}; call it with the actor of that write,"
            " or once that write has ended"
        )


def _joined(
    outer: Write,
    operation: Operation,
    service: Callable[Concatenate[Write, P], Written],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Written:
    """The service within the write that is open: permitted by itself, recorded with it."""
    before = (outer.operation, outer._grant, outer._is_owned)
    outer.permit(operation)
    try:
        result = service(outer, *args, **kwargs)
        if not outer.is_permitted():
            raise ForbiddenError(f"{operation} is allowed on what you own only, and nothing said whose this is")
        return result
    finally:
        outer.operation, outer._grant, outer._is_owned = before
