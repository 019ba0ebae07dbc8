"""The way to the database: only commands that need it come here, and find it ready or are told what to run."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from buttress.cli.failures import RefusalError
from buttress.formats.problems import nearest

if TYPE_CHECKING:
    from buttress.orgs.writing import Actor

SETTINGS = "buttress.config.settings"
SETUP = "buttress setup"
OURS = "buttress."
"""What the modules of our own migrations begin with."""


@dataclass(frozen=True, slots=True)
class Acting:
    """The member on whose behalf a command runs; `zone` is the time zone in which the organisation counts its days."""

    actor: "Actor"
    organisation: str
    member: str
    zone: ZoneInfo


def acting(organisation: str | None, member: str | None) -> Acting:
    """The member that `--org` and `--as` name, else the only one there is; raises RefusalError that says what to name."""
    with_database()
    from buttress.orgs.reading import zone_of_organisation  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.selectors import actor_of  # noqa: PLC0415
    from buttress.orgs.tenancy import tenant  # noqa: PLC0415

    organisation = organisation_named(organisation)
    member = _member_named(organisation, member)
    actor = actor_of(organisation, member)
    with tenant(actor.organisation_id):
        return Acting(actor, organisation, member, zone_of_organisation())


def with_database(*, guarded: bool = True) -> None:
    """Opens the database and looks whether it is there, of this version, and guarded; raises RefusalError."""
    prepare()
    place = database_file()
    if place is not None and not place.is_file():
        raise RefusalError(f"There is no database at {place}; make it with: {SETUP}")
    _refuse_other_version()
    if guarded:
        _refuse_unguarded()


def prepare() -> None:
    """Reads the settings and loads the tables; raises RefusalError for a setting that does not hold."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django  # noqa: PLC0415 - folder commands do without
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise RefusalError(str(error)) from None
    _leave_pool()


def _leave_pool() -> None:
    """A command asks by one connection: a pool would only keep it waiting for a server that is away."""
    from django.db import connection  # noqa: PLC0415

    if connection.connection is None:
        connection.settings_dict["OPTIONS"].pop("pool", None)


def database_file() -> Path | None:
    """The file of an SQLite database; None on PostgreSQL."""
    from django.db import connection  # noqa: PLC0415

    return Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else None


def pending_migrations() -> list[str]:
    """What would bring the database to this version, in order; raises RefusalError where it is of a newer one."""
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    graph, loader = executor.loader.graph, executor.loader
    ours = {
        app for app, name in loader.disk_migrations if loader.disk_migrations[app, name].__module__.startswith(OURS)
    }
    newer = sorted(f"{app}.{name}" for app, name in set(loader.applied_migrations) - set(graph.nodes) if app in ours)
    if newer:
        raise RefusalError(
            f"The database was made by a newer version of Buttress ({newer[0]} is unknown here); install that version"
        )
    return [f"{each.app_label}.{each.name}" for each, _ in executor.migration_plan(graph.leaf_nodes())]


def _refuse_other_version() -> None:
    pending = pending_migrations()
    if pending:
        count = "one step is" if len(pending) == 1 else f"{len(pending)} steps are"
        raise RefusalError(f"The database is not of this version, {count} missing; bring it up to date with: {SETUP}")


def _refuse_unguarded() -> None:
    from django.db import connection  # noqa: PLC0415

    from buttress.orgs.guards import missing_guards  # noqa: PLC0415

    missing = missing_guards(connection)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise RefusalError(f"The database does not refuse what it must: {missing[0]}{more}. Mend it with: {SETUP}")


def organisation_named(ref: str | None) -> str:
    """The organisation that `--org` names, else the only one there is; raises RefusalError."""
    from buttress.orgs.selectors import organisation_refs  # noqa: PLC0415

    known = organisation_refs()
    if not known:
        raise RefusalError("There is no organisation yet; found one with: buttress org add")
    if ref is None and len(known) > 1:
        raise RefusalError(f"There are {len(known)} organisations; name one with --org: {_some(known)}")
    if ref is not None and ref not in known:
        raise RefusalError(f"There is no organisation {ref!r}. {nearest(ref, known) or f'There is {_some(known)}.'}")
    return ref or known[0]


def _member_named(organisation: str, ref: str | None) -> str:
    known = members_of(organisation)
    if ref is None and len(known) == 1:
        return known[0]
    if ref is None:
        raise RefusalError(f"{organisation} has {len(known)} members; say who acts with --as: {_some(known)}")
    if ref not in known:
        advice = nearest(ref, known) or f"Members are {_some(known)}."
        raise RefusalError(f"There is no member {ref!r} in {organisation}. {advice}")
    return ref


def members_of(organisation: str) -> Sequence[str]:
    """References of the members who may act now."""
    from buttress.orgs.kinds_of_orgs import MEMBERS  # noqa: PLC0415
    from buttress.orgs.records import MemberRecord  # noqa: PLC0415
    from buttress.orgs.selectors import members, system_of  # noqa: PLC0415

    found = []
    for ref, stored in members(system_of(organisation)).items():
        member = stored.to_record(MEMBERS)
        assert isinstance(member, MemberRecord)
        if member.ended_on is None:
            found.append(ref)
    return sorted(found)


def _some(refs: Sequence[str], limit: int = 12) -> str:
    return ", ".join([*refs[:limit], *([f"and {len(refs) - limit} more"] if len(refs) > limit else [])])
