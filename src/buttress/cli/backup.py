"""buttress backup and restore: the whole installation in one file, and a new one made of it."""

from pathlib import Path
from typing import Annotated

import typer

from buttress.cli.console import watched_progress
from buttress.cli.database import with_database


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
) -> None:
    """Fill an empty database from a backup, and verify it; nothing stays of one that is not whole.

    Run `buttress setup` first, without an organisation.
    """
    with_database()
    from buttress.register.backup.restore import restore as read_backup  # noqa: PLC0415 - Django only for what needs it

    with watched_progress() as progress:
        done = read_backup(file, progress)
    typer.echo(f"Restored {_content(done.organisations, done.rows, done.files)}; every audit trail verified")


def _content(organisations: tuple[str, ...], rows: int, files: int) -> str:
    names = ", ".join(organisations) or "no organisation"
    return f"{names}; {rows:,} rows, {files:,} evidence files"
