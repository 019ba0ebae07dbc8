"""buttress export: the register in the database as a folder."""

from pathlib import Path
from typing import Annotated

import typer

from buttress.cli.clock import day_of, known_at_instant, today
from buttress.cli.console import kinds_in_words
from buttress.cli.database import acting
from buttress.cli.options import KnownAt, MemberRef, OrganisationRef

Target = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make; it must be empty.", show_default=False)]


def export(
    folder: Target,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Records as they stood on that day. [default: as they stand]")
    ] = None,
    known_at: KnownAt = None,
    with_results: Annotated[
        bool,
        typer.Option("--with-results", help="With evidence files and results of runs, by that day and then known."),
    ] = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Write the register as a folder: the same bytes for the same content, and applied again it changes nothing.

    Recorded times, decisions, history and audit trail are not in it; they travel in a backup.
    """
    who = acting(org, member)
    day = day_of("--as-of", as_of)
    from buttress.orgs.moments import Moment  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.export import export_folder  # noqa: PLC0415
    from buttress.register.files.reader import read_folder  # noqa: PLC0415

    known = known_at_instant(known_at, who.zone)
    moment = None if day is None and known is None else Moment(day or today(who.zone), known)
    export_folder(who.actor, folder, moment=moment, with_results=with_results)
    counts = read_folder(folder).counts
    typer.echo(f"{folder}: {kinds_in_words(counts) or 'an empty register'}")
