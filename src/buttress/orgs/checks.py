"""Whether the database refuses what it must, asked by Django's checks, and at the start of every command."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name for it
from django.db import DEFAULT_DB_ALIAS, connections

from buttress.orgs.errors import RecordsError
from buttress.orgs.guards import missing_guards

_ADVICE = "Run: buttress setup"


class UnguardedError(RecordsError):
    """The database lacks guards that keep organisations apart and records unchanged; nothing may be written."""

    code = "unguarded"
    status = 503


def require_guards(alias: str = DEFAULT_DB_ALIAS) -> None:
    """Raises `UnguardedError` unless every guard stands as it was made; one query."""
    missing = missing_guards(connections[alias])
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UnguardedError(f"The database does not refuse what it must: {missing[0]}{more}. {_ADVICE}")


@register(Tags.database)
def check_guards(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """A warning for each missing guard, none for an empty database. No error: it would bar the migration that mends it."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if "orgs_organisation" in connection.introspection.table_names():
            found += [
                Warning(f"The database {alias} does not refuse what it must: {line}", hint=_ADVICE, id="buttress.W001")
                for line in missing_guards(connection)
            ]
    return found
