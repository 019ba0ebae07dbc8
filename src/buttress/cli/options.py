"""Arguments and options that several commands share, and the checks that go with them."""

from pathlib import Path
from typing import Annotated

import typer

from buttress.cli.failures import RefusalError

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The register folder.", show_default=False)]
RegisterPlace = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help="The register folder. [default: the database]", show_default=False),
]
OrganisationRef = Annotated[
    str | None, typer.Option("--org", metavar="REF", help="The organisation. [default: the only one there is]")
]
MemberRef = Annotated[
    str | None, typer.Option("--as", metavar="REF", help="The member who acts. [default: the only one there is]")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="The day asked about, YYYY-MM-DD. [default: today]")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help="The earlier day to compare with. [default: 90 days before, or the first assessment]",
    ),
]
EngagementRef = Annotated[
    str | None,
    typer.Option("--engagement", metavar="REF", help="The engagement. [default: the one whose period holds the day]"),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="WHEN",
        help="Only what was recorded by then: a date, or a timestamp with its zone. Not for a folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
PeriodOf = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="FROM..TO",
        help="The days asked about, e.g. 2026-01-01..2026-12-31. [default: the engagement's, or the year up to the day]",
    ),
]

ORGANISATION = "organisation.yaml"


def register_folder(folder: Path) -> Path:
    """The folder, where it is a register; raises RefusalError that says what is missing."""
    if not folder.exists():
        raise RefusalError(f"{folder} does not exist; name a register folder, or make one with: buttress init {folder}")
    if not folder.is_dir():
        raise RefusalError(f"{folder} is a file; name the register folder it lies in")
    if not (folder / ORGANISATION).is_file():
        raise RefusalError(f"{folder} has no {ORGANISATION}; name a register folder, or make one with: buttress init")
    return folder


def refuse_known_at(known_at: str | None) -> None:
    """A folder holds what is known now; only a database knows what was known when."""
    if known_at is not None:
        raise RefusalError(
            "--known-at needs a database: a folder has one clock, and holds what is known now. "
            "Check out the folder as it stood on that day in Git, or ask with --as-of"
        )


def refuse_two_forms(as_json: bool, as_csv: bool) -> None:
    """One command prints one thing."""
    if as_json and as_csv:
        raise RefusalError("--json and --csv exclude one another; give one of them")
