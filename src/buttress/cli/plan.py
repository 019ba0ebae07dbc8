"""buttress plan and apply: what would a register folder change in the database, and the same done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.console import note, print_json, print_report, watched_progress
from buttress.cli.database import Acting, acting
from buttress.cli.failures import RefusalError
from buttress.cli.given import is_asked_at_a_terminal
from buttress.cli.options import AsJson, Folder, MemberRef, OrganisationRef, register_folder

if TYPE_CHECKING:
    from buttress.register.plan.planned import Plan

SOMETHING_TO_DO = 1
"""How `plan` ends where apply would write something."""

Prune = Annotated[
    bool, typer.Option("--prune", help="Remove records that the folder does not have; facts are never removed.")
]


def plan(
    folder: Folder,
    prune: Prune = False,
    as_json: AsJson = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Show what apply would change, and change nothing.

    Ends with 0 where there is nothing to do, 1 where there is something, 2 where the folder cannot be applied.
    """
    root = register_folder(folder)
    who = acting(org, member)
    from buttress.register.applying.apply import plan_folder  # noqa: PLC0415 - Django only for what needs it

    planned = plan_folder(who.actor, root, prune=prune)
    _show(planned, who, folder, as_json=as_json)
    raise typer.Exit(0 if planned.is_empty else SOMETHING_TO_DO)


def apply(
    folder: Folder,
    prune: Prune = False,
    yes: Annotated[bool, typer.Option("--yes", help="Apply without being asked.")] = False,
    as_json: AsJson = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the audit trail.")] = "",
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Make the database say what the folder says: all of it, or nothing.

    Shows the plan and asks; then brings the figures up to date. Records that the folder does not have stay, unless
    --prune. What a file says that people decided waits until they confirm it.
    """
    root = register_folder(folder)
    who = acting(org, member)
    from buttress.cli.figures import bring_up_to_date  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.applying.apply import apply_folder, plan_folder  # noqa: PLC0415

    planned = plan_folder(who.actor, root, prune=prune)
    _show(planned, who, folder, as_json=as_json)
    if not planned.is_empty:
        _ask(yes=yes, as_json=as_json)
        actor = who.actor.because(reason)
        with watched_progress() as progress:
            done = apply_folder(actor, root, prune=prune, progress=progress, expected_digest=planned.digest)
        note(f"Applied as change {done.change}{_copied(done.files)}")
    bring_up_to_date(who)


def _show(planned: "Plan", who: Acting, folder: Path, *, as_json: bool) -> None:
    from buttress.reports.plan import as_json as json_form  # noqa: PLC0415
    from buttress.reports.plan import terminal  # noqa: PLC0415

    if as_json:
        print_json(json_form.document(planned, who.organisation))
    else:
        print_report(terminal.render(planned, who.organisation, str(folder)))


def _ask(*, yes: bool, as_json: bool) -> None:
    """Raises RefusalError where nobody said yes and nobody can be asked."""
    if yes:
        return
    if as_json or not is_asked_at_a_terminal():
        raise RefusalError("Nothing was applied: say --yes, or run this at a terminal, which asks")
    if not typer.confirm("Apply this?", err=True):
        raise RefusalError("Nothing was applied")


def _copied(files: tuple[str, ...]) -> str:
    return f"; {len(files):,} files kept" if files else ""
