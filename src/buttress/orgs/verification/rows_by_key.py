"""Many rows of the organisation in context at once, by a key."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from buttress.orgs.tenancy import TenantModel, current_organisation


def rows_by_key(
    model: type[TenantModel], key: str, values: Collection[Any], columns: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    """The `columns` of the rows whose `key` is one of `values`.

    Asked for by key and organisation together, SQLite reads every row of the organisation as soon as there are some dozen
    keys; so it is asked by key alone, and rows of other organisations are left out here.
    """
    own = current_organisation()
    found = model._base_manager.filter(**{f"{key}__in": values}).values_list("organisation_id", *columns)
    for organisation_id, *row in found:
        if organisation_id == own:
            yield tuple(row)
