"""buttress figures: the stored figures, brought up to date and compared with the register."""

import typer

from buttress.cli.clock import today
from buttress.cli.console import is_watched, note
from buttress.cli.database import Acting, acting
from buttress.cli.options import MemberRef, OrganisationRef

figures = typer.Typer(no_args_is_help=True)

DIFFERENT = 1
"""How `check` ends where a stored figure is not the one computed."""

_SHOWN = 20


@figures.command("check")
def check(org: OrganisationRef = None, member: MemberRef = None) -> None:
    """Compute every figure again and compare it with the stored one.

    Ends with 0 where all agree, 1 where one does not.
    """
    who = acting(org, member)
    from buttress.orgs.tenancy import tenant  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.figures.checking import check_figures  # noqa: PLC0415
    from buttress.register.figures.recomputing import is_recomputing  # noqa: PLC0415

    differences = check_figures(who.actor)
    for difference in differences[:_SHOWN]:
        typer.echo(str(difference))
    if len(differences) > _SHOWN:
        typer.echo(f"and {len(differences) - _SHOWN:,} more")
    with tenant(who.actor.organisation_id):
        is_pending = is_recomputing()
    if is_pending:
        note("The figures are being computed anew; until then they are those of an earlier revision")
    if differences:
        raise typer.Exit(DIFFERENT)
    typer.echo(f"The stored figures of {who.organisation} are those of its register")


@figures.command("rebuild")
def rebuild(org: OrganisationRef = None, member: MemberRef = None) -> None:
    """Compute every stored figure anew, as of today."""
    who = acting(org, member)
    from buttress.orgs.reads import permit_read  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.roles import Operation  # noqa: PLC0415
    from buttress.orgs.tenancy import tenant  # noqa: PLC0415

    with tenant(who.actor.organisation_id):
        permit_read(who.actor, Operation.FIGURES_REBUILD)
    _rebuild(who)
    typer.echo(f"The figures of {who.organisation} are those of its register, as of {today(who.zone)}")


def bring_up_to_date(who: Acting) -> None:
    """Computes the figures anew where a write has asked for it; who could write may see the end of it."""
    from buttress.orgs.tenancy import tenant  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.figures.recomputing import is_recomputing  # noqa: PLC0415

    with tenant(who.actor.organisation_id):
        is_pending = is_recomputing()
    if is_pending:
        _rebuild(who)
        note("The figures are up to date")


def _rebuild(who: Acting) -> None:
    from buttress.register.figures.rebuild import rebuild as compute  # noqa: PLC0415 - numpy only once there is work

    if is_watched():
        note("Computing the figures ...")
    compute(who.actor.organisation_id)
