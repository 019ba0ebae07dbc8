"""What is guarded in each table of an organisation, read from its model; the engines only differ in how."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from buttress.orgs.tenancy import TenantModel

_ERASABLE = {"orgs.auditpayload": ("fields",)}
"""Rows that stay, of which these columns alone may change: what is erased from them leaves the audit trail whole."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key `column` to the row `parent_key` of `parent`, which must be of the same organisation."""

    column: str
    parent: str
    parent_key: str


@dataclass(frozen=True, slots=True)
class TableRules:
    """`unique` are the sets of columns of which no two rows are alike. A table that `keeps_rows` refuses deletion; of its
    columns only those in `changeable` may change, or any but organisation and key where it is None."""

    table: str
    key: str
    organisation: str
    references: tuple[Reference, ...]
    unique: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]
    keeps_rows: bool
    changeable: tuple[str, ...] | None
    is_referred_to: bool

    @property
    def is_append_only(self) -> bool:
        return self.changeable == ()


def tenant_models() -> list[type[TenantModel]]:
    """Every table that holds rows of organisations, such that a foreign key names an earlier table or its own."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, TenantModel) and model._meta.managed and not model._meta.proxy
    ]


def rules_of_tables() -> list[TableRules]:
    """The rules of every table, in the order of `tenant_models`."""
    guarded = tenant_models()
    referred = {field.related_model for model in guarded for field in tenant_references(model)}
    return [_rules(model, model in referred) for model in guarded]


def tenant_references(model: type[TenantModel]) -> Iterator["models.ForeignKey[models.Model, models.Model]"]:
    """The foreign keys of a model to rows of organisations."""
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and issubclass(field.related_model, TenantModel):
            yield field


def _rules(model: type[TenantModel], is_referred_to: bool) -> TableRules:
    meta = model._meta
    erasable = _ERASABLE.get(meta.label_lower)
    return TableRules(
        table=meta.db_table,
        key=_named(meta.pk),
        organisation=_column(model, "organisation"),
        references=tuple(
            Reference(_named(field), field.related_model._meta.db_table, _named(field.target_field))
            for field in tenant_references(model)
        ),
        unique=tuple(_unique_columns(model)),
        columns=tuple(_named(field) for field in meta.concrete_fields),
        keeps_rows=model.APPEND_ONLY or erasable is not None,
        changeable=() if model.APPEND_ONLY else erasable,
        is_referred_to=is_referred_to,
    )


def _unique_columns(model: type[TenantModel]) -> Iterator[tuple[str, ...]]:
    for field in model._meta.concrete_fields:
        if field.unique:
            yield (_named(field),)
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and constraint.condition is None:
            yield tuple(_column(model, name) for name in constraint.fields)


def _column(model: type[TenantModel], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return _named(field)


def _named(field: "models.Field[Any, Any]") -> str:
    assert field.column is not None, "a concrete field has a column"
    return field.column
