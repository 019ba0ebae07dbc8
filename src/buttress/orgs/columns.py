"""Which columns and link tables repeat what a record or fact says, found by name: a column of a field's name holds it.

The statement itself is kept whole as canonical JSON; columns exist for what the database constrains or searches.
"""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from django.apps import apps
from django.db import models

from buttress.formats.models import StrictModel
from buttress.orgs.kinds import FactKind, RecordKind, kind_of_model
from buttress.orgs.models.fact import Fact
from buttress.orgs.models.record import Link, Record

Resolve = Callable[[str, str], uuid.UUID]
"""Kind and reference to the id of the record."""

_OWN = {field.name for model in (Record, Fact) for field in model._meta.get_fields()} - {"effective_on", "retracted"}


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """`plain` are fields held as they are, `keys` fields to the kind that a foreign key names, `links` fields to their
    link table and the kind it names (None for text)."""

    plain: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, type[Link], str | None], ...]


@cache
def column_map(kind: RecordKind | FactKind) -> ColumnMap:
    """The columns of a kind's table that repeat its fields."""
    plain, keys = [], []
    for field in kind.model._meta.concrete_fields:
        if field.name in _OWN or field.name not in kind.record.model_fields:
            continue
        if isinstance(field, models.ForeignKey):
            keys.append((field.name, kind_of_model(field.related_model).name))
        else:
            plain.append(field.name)
    links = [_link(name, label) for name, label in getattr(kind.model, "LINKS", {}).items()]
    return ColumnMap(tuple(plain), tuple(keys), tuple(links))


def _link(name: str, label: str) -> tuple[str, type[Link], str | None]:
    model = apps.get_model(label)
    target = model._meta.get_field("target")
    kind = kind_of_model(target.related_model).name if isinstance(target, models.ForeignKey) else None
    return name, model, kind


def columns_of(kind: RecordKind | FactKind, record: StrictModel, resolve: Resolve) -> dict[str, Any]:
    """Column to value; raises InvalidError (from `resolve`) where a reference names nothing."""
    found = column_map(kind)
    values: dict[str, Any] = {name: _column_value(getattr(record, name)) for name in found.plain}
    for name, target in found.keys:
        ref = getattr(record, name)
        values[f"{name}_id"] = None if ref is None else resolve(target, ref)
    return values


def _column_value(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def link_rows(
    kind: RecordKind | FactKind,
    record: StrictModel,
    record_id: uuid.UUID,
    resolve: Resolve,
    names: Collection[str] | None = None,
) -> Iterator[Link]:
    """The rows of every link table that repeat the record's lists of references, or those of `names`."""
    for name, model, target in column_map(kind).links:
        if names is not None and name not in names:
            continue
        for position, value in enumerate(_in_order(getattr(record, name))):
            columns: dict[str, Any] = {"record_id": record_id, "position": position}
            columns |= {"target": str(value)} if target is None else {"target_id": resolve(target, value)}
            yield model(**columns)


def _in_order(values: Any) -> list[Any]:
    if values is None:
        return []
    return sorted(values) if isinstance(values, set | frozenset) else list(values)


def references(kind: RecordKind | FactKind, record: StrictModel) -> Mapping[str, set[str]]:
    """Kind to the references that foreign keys and link tables of the record will name."""
    found = column_map(kind)
    named: dict[str, set[str]] = {}
    for name, target in found.keys:
        if (ref := getattr(record, name)) is not None:
            named.setdefault(target, set()).add(ref)
    for name, _, link_target in found.links:
        if link_target is not None:
            named.setdefault(link_target, set()).update(_in_order(getattr(record, name)))
    return named
