"""buttress verify: is what was recorded still what the database holds?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.checkpoints import checkpoints_given
from buttress.cli.console import note
from buttress.cli.database import organisation_named, with_database
from buttress.cli.failures import RefusalError
from buttress.cli.options import OrganisationRef

if TYPE_CHECKING:
    from buttress.evidence.verification import FilesVerification
    from buttress.orgs.verification import Checkpoint, Verification

FOUND = 1
"""How the command ends where something is not as it was recorded."""

_SHOWN = 20


def verify(
    org: OrganisationRef = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(metavar="FILE|ORG:ENTRIES:HASH", help="A checkpoint kept from an earlier day, to find a cut end."),
    ] = None,
    write_checkpoint: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write one; keep it where others cannot change it.")
    ] = None,
) -> None:
    """Recompute the audit trail and compare every fact, version, record and evidence file with it.

    Every organisation, or the one named. Ends with 0 where all is as it was recorded, 1 where something is not, and
    names the first bad entry.
    """
    with_database(guarded=False)
    from buttress.evidence.verification import verify_files  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.selectors import organisation_refs, system_of  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.verification import verify as verify_recorded  # noqa: PLC0415

    refs: Sequence[str] = organisation_refs()
    refs = [organisation_named(org)] if org is not None or not refs else refs
    kept = _kept(checkpoint, refs) if checkpoint is not None else {}
    is_ok = True
    for ref in refs:
        found, files = verify_recorded(system_of(ref), checkpoint=kept.get(ref)), verify_files(system_of(ref))
        _tell(found)
        _tell_files(ref, files)
        is_ok = is_ok and found.ok and files.ok
    if not is_ok:
        raise typer.Exit(FOUND)
    if write_checkpoint is not None:
        _write(write_checkpoint, refs)


def _tell(found: "Verification") -> None:
    looked_at = _looked_at(found.counts)
    if found.ok:
        typer.echo(f"{found.organisation}: all is as it was recorded: {looked_at}")
        return
    first = found.first_bad_entry
    where = f"; the first bad entry is {first}" if first is not None else ""
    problems = "1 problem" if found.found == 1 else f"{found.found:,} problems"
    typer.echo(f"{found.organisation}: {problems} in {looked_at}{where}")
    for problem in found.problems[:_SHOWN]:
        typer.echo(f"  {problem}")
    if found.found > _SHOWN:
        typer.echo(f"  and {found.found - _SHOWN:,} more")


def _tell_files(ref: str, found: "FilesVerification") -> None:
    looked_at = f"{found.results:,} results, {found.data:,} data and {found.documents:,} document files"
    if found.ok:
        typer.echo(f"{ref}: {looked_at} are those recorded")
        return
    typer.echo(f"{ref}: {len(found.problems):,} problems among {looked_at}:")
    for problem in found.problems[:_SHOWN]:
        typer.echo(f"  {problem}")
    if len(found.problems) > _SHOWN:
        typer.echo(f"  and {len(found.problems) - _SHOWN:,} more")


def _looked_at(counts: Mapping[str, int]) -> str:
    """Counts by table and kind in three numbers."""
    entries = counts.get("entries", 0)
    sealed = sum(count for name, count in counts.items() if "." in name)
    records = sum(count for name, count in counts.items() if "." not in name) - entries - counts.get("payloads", 0)
    return f"{entries:,} audit entries, {sealed:,} sealed rows, {records:,} records"


def _kept(given: str, refs: Sequence[str]) -> Mapping[str, "Checkpoint"]:
    """The checkpoints given; raises RefusalError where one is missing."""
    kept = checkpoints_given(given)
    for ref in refs:
        if ref not in kept:
            raise RefusalError(f"{given} has no checkpoint of {ref}; it has those of {', '.join(kept) or 'nobody'}")
    return kept


def _write(path: Path, refs: Sequence[str]) -> None:
    from buttress.orgs.verification import checkpoint  # noqa: PLC0415

    text = "".join(f"{checkpoint(ref)}\n" for ref in refs)
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(text)
        draft.replace(path)
    except OSError as error:
        raise RefusalError(f"{path} cannot be written: {error.strerror}") from error
    note(f"Wrote {path}")
