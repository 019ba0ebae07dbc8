"""buttress setup: the database made or brought up to date, and its first organisation."""

import os
from typing import Annotated

import typer

from buttress.cli.console import note
from buttress.cli.database import database_file, pending_migrations, prepare
from buttress.cli.failures import RefusalError
from buttress.cli.given import is_asked_at_a_terminal
from buttress.cli.org import Currency, Founding, Name, OwnerName, OwnerRef, TimeZone, found, organisation_line


def setup(
    org: Annotated[
        str | None, typer.Option("--org", metavar="REF", help="The first organisation's reference, e.g. harbourline.")
    ] = None,
    name: Name = None,
    owner: OwnerRef = None,
    owner_name: OwnerName = None,
    currency: Currency = None,
    time_zone: TimeZone = None,
) -> None:
    """Make the database, or bring it up to date, and found the first organisation.

    Asks for what is missing at a terminal. Run again after each upgrade of Buttress; it changes nothing that is in order.
    """
    prepare()
    _make_place()
    _migrate()
    _guard()
    from buttress.orgs.selectors import organisation_refs  # noqa: PLC0415 - Django only for what needs it

    known = organisation_refs()
    founding = Founding(org, name, owner, owner_name, currency, time_zone)
    if org in known or (known and founding.is_empty):
        typer.echo(f"There {'is an organisation' if len(known) == 1 else 'are organisations'}: {', '.join(known)}")
    elif not founding.is_empty or is_asked_at_a_terminal():
        typer.echo(organisation_line(found(founding)))
        typer.echo("Next: buttress plan DIR shows what a register folder would change, buttress apply DIR does it")
    else:
        typer.echo("There is no organisation yet; found one with: buttress org add")


def _make_place() -> None:
    """The data folder and the database's own, for their owner's eyes only, and the key that signs."""
    from django.conf import settings  # noqa: PLC0415

    # What is made from here on, database and write-ahead log among it, nobody else may read.
    os.umask(0o077)
    file = database_file()
    for folder in (settings.BUTTRESS_DATA, *([file.parent] if file else [])):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        str(settings.SECRET_KEY)
    except ValueError as error:
        raise RefusalError(str(error)) from None


def _migrate() -> None:
    """Every step that is missing; stops at the first that fails, of which nothing stays."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import Error, connection  # noqa: PLC0415

    from buttress.orgs.new_database import make_tables  # noqa: PLC0415

    file = database_file()
    is_new = file is not None and not file.exists()
    pending = pending_migrations()
    where = file or "PostgreSQL"
    if not pending:
        typer.echo(f"The database at {where} is up to date")
        return
    note(f"{len(pending)} steps to go ...")
    try:
        if not make_tables(connection):
            call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    except Error as error:
        stopped = (pending_migrations() or pending)[0]
        raise RefusalError(
            f"Stopped at {stopped}: {' '.join(str(error).split())}. What came before it stays; mend the cause, then run"
            " buttress setup again"
        ) from error
    typer.echo(f"{'Made the database' if is_new else 'Brought the database up to date'}: {where}")


def _guard() -> None:
    """Migrating raises the guards; where there was nothing to migrate, those that went missing are raised here."""
    from django.db import connection  # noqa: PLC0415

    from buttress.orgs.guards import create_guards, missing_guards  # noqa: PLC0415

    if missing := missing_guards(connection):
        create_guards(connection)
        typer.echo(f"Restored {len(missing)} {'guard' if len(missing) == 1 else 'guards'} of the database")
