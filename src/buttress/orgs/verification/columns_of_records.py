"""Columns and link tables that repeat what records and facts say: each of them as its newest version has it."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from pydantic import ValidationError

from buttress.formats.models import StrictModel
from buttress.orgs.columns import column_map, columns_of, link_rows, references
from buttress.orgs.content import from_text
from buttress.orgs.errors import InvalidError
from buttress.orgs.kinds import FactKind, RecordKind, fact_kinds, record_kind, record_kinds
from buttress.orgs.models import AuditEntry, RecordVersion
from buttress.orgs.tenancy import TenantModel
from buttress.orgs.verification.as_stored import as_stored
from buttress.orgs.verification.problems import Findings
from buttress.orgs.verification.rows_by_key import rows_by_key

_WINDOW = 500
"""Records that are compared at once, so that memory stays bounded."""


def check_records(findings: Findings) -> None:
    """Reports every record whose row or links say another thing than its newest version, or that lacks one of them."""
    for kind in record_kinds():
        for rows in _windows(kind.model):
            _check_records(findings, kind, rows)
        _check_rows_are_there(findings, kind)


def check_links_of_facts(findings: Findings) -> None:
    """The same of the link tables of facts; the facts themselves are sealed, columns and all."""
    for kind in fact_kinds():
        if column_map(kind).links:
            for rows in _windows(kind.model):
                _check_facts(findings, kind, rows)


@dataclass(slots=True)
class _Statement:
    """A row and what it is to repeat."""

    row: Any
    record: StrictModel
    where: str
    change: int


@dataclass(slots=True)
class _References:
    """Kind and reference to the id of the record that they name, or once named: references are never used again."""

    known: dict[str, dict[str, uuid.UUID]] = field(default_factory=lambda: defaultdict(dict))

    def learn(self, kind: str, refs: set[str]) -> None:
        known = self.known[kind]
        for some in _pieces(sorted(refs)):
            known.update(record_kind(kind).model.objects.filter(ref__in=some).values_list("ref", "id"))
            renamed = [ref for ref in some if ref not in known]
            known.update(RecordVersion.objects.filter(kind=kind, ref__in=renamed).values_list("ref", "record_id"))

    def resolve(self, kind: str, ref: str) -> uuid.UUID:
        try:
            return self.known[kind][ref]
        except KeyError:
            raise InvalidError(f"{ref!r} names no {record_kind(kind).noun} of this organisation") from None


def _check_records(findings: Findings, kind: RecordKind, rows: list[Any]) -> None:
    versions = {version.record_id: version for version in _newest_versions(kind, [row.id for row in rows])}
    statements = []
    for row in rows:
        findings.counts[kind.name] += 1
        where = f"{kind.noun} {row.ref}"
        version = versions.get(row.id)
        if version is None:
            findings.report(where, "no version says what it is", "a row with a version, as every write leaves it")
            continue
        _report_differences(findings, where, version.change, row, _own_columns(row, version))
        record = _read(findings, where, version.change, lambda v=version: kind.to_record(v.ref, from_text(v.content)))
        if record is not None:
            statements.append(_Statement(row, record, where, version.change))
    _check_statements(findings, kind, statements)


def _check_facts(findings: Findings, kind: FactKind, rows: list[Any]) -> None:
    statements = []
    for row in rows:
        where = f"{kind.noun} of {row.effective_on or 'no day'}"
        record = _read(findings, where, row.change, lambda r=row: kind.record.model_validate(from_text(r.content)))
        if record is not None:
            statements.append(_Statement(row, record, where, row.change))
    _check_statements(findings, kind, statements)


def _check_statements(findings: Findings, kind: RecordKind | FactKind, statements: list[_Statement]) -> None:
    named = _References()
    for statement in statements:
        for target, refs in references(kind, statement.record).items():
            named.learn(target, refs - named.known[target].keys())
    links = _links(kind, [statement.row.id for statement in statements])
    for statement in statements:
        try:
            columns = columns_of(kind, statement.record, named.resolve)
            expected = _expected_links(link_rows(kind, statement.record, statement.row.id, named.resolve))
        except InvalidError as error:
            _report(findings, statement, f"what it says cannot be followed: {error}", "references that name records")
            continue
        if isinstance(kind, RecordKind):
            columns.pop("ref", None)
            _report_differences(findings, statement.where, statement.change, statement.row, columns)
        for name, model, _ in column_map(kind).links:
            found, wanted = sorted(links[model, statement.row.id]), sorted(expected[model])
            if found != wanted:
                _report(findings, statement, f"{name} holds {_shown(found)}", _shown(wanted))


def _report(findings: Findings, statement: _Statement, what: str, expected: str) -> None:
    findings.report(statement.where, what, expected, _entry_of(statement.row.id, statement.change))


def _report_differences(findings: Findings, where: str, change: int, row: Any, expected: Mapping[str, Any]) -> None:
    for name, wanted in expected.items():
        found = getattr(row, name)
        if found != wanted:
            findings.report(where, f"{name} holds {found!s}", f"{wanted!s}", _entry_of(row.id, change))


def _own_columns(row: Any, version: Any) -> dict[str, Any]:
    """What a row's own columns are to be. Facts raise its version and its last change beyond those of its record."""
    own = {
        "ref": version.ref,
        "added_in": version.first,
        "changed_in": max(row.changed_in, version.change),
        "removed_in": version.change if version.is_removed else None,
        "version": max(row.version, version.version),
    }
    if row.changed_in == version.change:
        own["version"] = version.version
    return own


def _newest_versions(kind: RecordKind, ids: list[uuid.UUID]) -> Iterator[Any]:
    own = RecordVersion.objects.filter(kind=kind.name, record_id=OuterRef("record_id")).values("change")
    first, last = Subquery(own.order_by("change")[:1]), Subquery(own.order_by("-change")[:1])
    versions: QuerySet[Any] = RecordVersion.objects.filter(kind=kind.name, record_id__in=ids)
    newest = versions.annotate(first=first, last=last).filter(change=F("last"))
    columns = ("record_id", "ref", "version", "content", "is_removed", "change", "first")
    return iter(newest.values_list(*columns, named=True))


def _check_rows_are_there(findings: Findings, kind: RecordKind) -> None:
    row = kind.model.objects.filter(id=OuterRef("record_id"))
    lost = RecordVersion.objects.filter(~Exists(row), kind=kind.name, version=1)
    columns = (as_stored("record_id"), "ref", "change")
    for record_id, ref, change in lost.order_by("change").values_list(*columns).iterator(chunk_size=_WINDOW):
        sequence = _entry_of(_known_id(record_id), change)
        findings.report(f"{kind.noun} {ref}", "its row is missing", "a row that repeats its versions", sequence)


def _known_id(stored: Any) -> uuid.UUID | None:
    """An identifier as the driver gives it; None for what was put in its place and is none."""
    try:
        return stored if isinstance(stored, uuid.UUID) else uuid.UUID(stored)
    except (TypeError, ValueError, AttributeError):
        return None


def _read(findings: Findings, where: str, change: int, read: Any) -> StrictModel | None:
    try:
        record: StrictModel = read()
    except (ValidationError, ValueError, AssertionError) as error:
        findings.report(where, f"what it says cannot be read: {str(error)[:200]}", f"the content of change {change}")
        return None
    return record


def _links(kind: RecordKind | FactKind, ids: list[uuid.UUID]) -> dict[tuple[Any, uuid.UUID], list[tuple[int, str]]]:
    found: dict[tuple[Any, uuid.UUID], list[tuple[int, str]]] = defaultdict(list)
    for _, model, _ in column_map(kind).links:
        # Every link table has the column, but not the class that they share.
        table: Any = model
        target = table._meta.get_field("target").attname
        for row_id, position, named in rows_by_key(model, "record_id", ids, ("record_id", "position", target)):
            found[model, row_id].append((position, str(named)))
    return found


def _expected_links(rows: Iterable[Any]) -> dict[Any, list[tuple[int, str]]]:
    expected: dict[Any, list[tuple[int, str]]] = defaultdict(list)
    for row in rows:
        expected[type(row)].append((row.position, str(getattr(row, row._meta.get_field("target").attname))))
    return expected


def _shown(links: list[tuple[int, str]]) -> str:
    return ", ".join(named for _, named in links) or "nothing"


def _entry_of(record_id: uuid.UUID | None, change: int) -> int | None:
    """The entry that recorded the change: about the record itself, else the first of the change."""
    entries = AuditEntry.objects.filter(change=change).order_by("sequence").values_list("sequence", flat=True)
    return entries.filter(subject_id=record_id).first() or entries.first()


def _windows(model: type[TenantModel]) -> Iterator[list[Any]]:
    # Values by name, because to make instances of a model takes longer than all that is compared.
    columns = [field.attname for field in model._meta.concrete_fields]
    rows: QuerySet[Any] = model._default_manager.order_by("pk").values_list(*columns, named=True)
    stream = rows.iterator(chunk_size=_WINDOW)
    while window := list(islice(stream, _WINDOW)):
        yield window


def _pieces(refs: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(refs), _WINDOW):
        yield refs[start : start + _WINDOW]
