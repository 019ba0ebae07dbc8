"""Seals made anew of stored rows, as fast as millions of them ask for: the text of each column by its type."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from typing import Any

from django.db import models

from buttress.orgs.content import digest_of
from buttress.orgs.seals import sealed_columns, stable_json
from buttress.orgs.tenancy import TenantModel, current_organisation
from buttress.orgs.verification.as_stored import as_stored, id_text, instant_text

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class SealedText:
    """How a table's rows are read and written for their seals: `columns` in their order, `read` what to ask the database
    for, `written` what makes JSON of each value."""

    columns: tuple[str, ...]
    read: tuple[Any, ...]
    written: tuple[Callable[[Any], str], ...]
    template: str

    def seal(self, values: Sequence[Any]) -> str | None:
        """The seal of the row, as `seal_of` makes it; None where a value is of no type that its column has."""
        try:
            said = [write(value) for write, value in zip(self.written, values, strict=True)]
            return digest_of(self.template % tuple(said))
        except (TypeError, ValueError, AttributeError):
            return None


def sealed_text(model: type[TenantModel]) -> SealedText:
    columns = sealed_columns(model)
    fields = [model._meta.get_field(column) for column in columns]
    kinds = [field.target_field if isinstance(field, models.ForeignKey) else field for field in fields]
    names = [f"{quoted(column)}:%s" for column in columns]
    template = f"[{quoted(model._meta.label_lower)},{{{','.join(names)}}}]"
    read = [as_stored(c) if type(k) in _TEXTS else c for c, k in zip(columns, kinds, strict=True)]
    return SealedText(tuple(columns), tuple(read), tuple(_TEXTS.get(type(k), stable_json) for k in kinds), template)


def stored_rows(model: type[TenantModel], text: SealedText, row_ids: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """The rows of the organisation in context with these ids, by id; what is no id finds nothing.

    Asked for by key and organisation together, SQLite reads every row of the organisation as soon as there are some dozen
    keys; so it is asked by key alone, and rows of other organisations are left out here.
    """
    digits = {row_id.replace("-", ""): row_id for row_id in row_ids if _ID.fullmatch(row_id)}
    # Asked for as a text, which either engine takes for the identifier: nothing is made of each of them on the way.
    rows = model._base_manager.alias(digits=as_stored("id")).filter(digits__in=list(digits))
    key, owner, own = text.columns.index("id"), text.columns.index("organisation_id"), current_organisation()
    found = {}
    for values in rows.values_list(*text.read):
        row_id, organisation = values[key], values[owner]
        if organisation in (own.hex, own):
            found[digits[row_id if type(row_id) is str else row_id.hex]] = values
    return found


def _id(value: Any) -> str:
    return "null" if value is None else f'"{id_text(value)}"'


def _instant(value: Any) -> str:
    return "null" if value is None else f'"{instant_text(value)}"'


def _text(value: Any) -> str:
    return "null" if value is None else quoted(value)


def _whole(value: Any) -> str:
    return str(value) if type(value) is int else stable_json(value)


def _truth(value: Any) -> str:
    return "true" if value is True else "false" if value is False else stable_json(value)


_TEXTS: dict[type[Any], Callable[[Any], str]] = {
    models.UUIDField: _id,
    models.DateTimeField: _instant,
    models.CharField: _text,
    models.TextField: _text,
    models.PositiveBigIntegerField: _whole,
    models.PositiveIntegerField: _whole,
    models.BooleanField: _truth,
}
"""Columns that most rows have; values of any other are read as Django reads them."""
