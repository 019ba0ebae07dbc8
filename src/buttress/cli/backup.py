"""buttress backup and restore: the whole installation in one file, and a new one made of it."""

from pathlib import Path
from typing import Annotated

import typer

from buttress.cli.checkpoints import checkpoints_given
from buttress.cli.console import note, watched_progress
from buttress.cli.database import with_database
from buttress.formats.problems import ProblemsError


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it goes; nothing is overwritten.")],
) -> None:
    """Write every organisation with history, audit trail and evidence into one file.

    Work goes on meanwhile. The file holds everything: keep it as safe as the database.
    """
    with_database()
    from buttress.register.backup.backup import backup as write_backup  # noqa: PLC0415 - Django only for what needs it

    with watched_progress() as progress:
        done = write_backup(file, progress)
    typer.echo(f"{done.path}: {_content(done.organisations, done.rows, done.files)}, {done.size:,} bytes")
    typer.echo(f"SHA-256 {done.sha256}; keep it elsewhere to tell a changed file")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What buttress backup wrote.")],
    sha256: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The SHA-256 of the file, as buttress backup printed it.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|ORG:ENTRIES:HASH", help="Checkpoints of its audit trails, kept from an earlier day."
        ),
    ] = None,
) -> None:
    """Fill an empty database from a backup, and verify it; nothing stays of one that is not whole.

    Run `buttress setup` first, without an organisation. A file that was written anew agrees with itself: only the SHA-256
    or a checkpoint, kept elsewhere, tells it, and before anything is written. Figures are computed from what was restored.
    """
    with_database()
    from buttress.register.backup.kept_elsewhere import KeptElsewhere  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.backup.restore import restore as read_backup  # noqa: PLC0415

    digest = None if sha256 is None else sha256.strip().lower()
    kept = KeptElsewhere(digest, tuple(checkpoints_given(checkpoint).values()) if checkpoint is not None else ())
    with watched_progress() as progress:
        done = read_backup(file, progress, kept)
    typer.echo(f"Restored {_content(done.organisations, done.rows, done.files)}; every audit trail verified")
    if digest is None and checkpoint is None:
        note("Nothing kept elsewhere was given: whether the file is the one that was written, it cannot tell itself")
    for organisation in done.organisations:
        _compute_figures(organisation)


def _compute_figures(organisation: str) -> None:
    """What was restored stays where its figures cannot be computed; then they wait."""
    from buttress.orgs.selectors import system_of  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.figures.rebuild import rebuild  # noqa: PLC0415

    try:
        rebuild(system_of(organisation).organisation_id)
    except (ProblemsError, ValueError) as error:
        note(f"The figures of {organisation} cannot be computed: {error}. Mend it, then: buttress figures rebuild")


def _content(organisations: tuple[str, ...], rows: int, files: int) -> str:
    names = ", ".join(organisations) or "no organisation"
    return f"{names}; {rows:,} rows, {files:,} evidence files"
