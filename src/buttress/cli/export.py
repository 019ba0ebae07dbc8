"""buttress export: the register in the database as a folder."""

from pathlib import Path
from typing import Annotated

import typer

from buttress.cli.clock import day_of
from buttress.cli.console import kinds_in_words
from buttress.cli.database import acting
from buttress.cli.options import MemberRef, OrganisationRef

Target = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make; it must be empty.", show_default=False)]


def export(
    folder: Target,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Records as they stood on that day. [default: as they stand]")
    ] = None,
    with_results: Annotated[
        bool, typer.Option("--with-results", help="With evidence files and the results of runs.")
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

    export_folder(who.actor, folder, moment=None if day is None else Moment(day), with_results=with_results)
    counts = read_folder(folder).counts
    typer.echo(f"{folder}: {kinds_in_words(counts) or 'an empty register'}")
