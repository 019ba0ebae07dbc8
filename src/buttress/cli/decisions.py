"""buttress decisions, confirm and refuse: what waits for whom, and each approver's own answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.clock import day_of
from buttress.cli.console import note, print_json, print_report
from buttress.cli.database import Acting, acting
from buttress.cli.failures import RefusalError
from buttress.cli.given import is_asked_at_a_terminal
from buttress.cli.options import AsJson, MemberRef, OrganisationRef
from buttress.formats.problems import nearest

if TYPE_CHECKING:
    from buttress.register.decisions import AcceptanceAsked, ExceptionAsked, Waiting

Ref = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="The risk whose acceptance, or the exception, that waits: R-014, EXC-3.", show_default=False
    ),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="Which acceptance, where several of a risk wait.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Decide without being asked again.")]


def decisions(as_json: AsJson = False, org: OrganisationRef = None, member: MemberRef = None) -> None:
    """List what waits to be confirmed or refused, and by whom."""
    who = acting(org, member)
    from buttress.register.decisions import waiting_decisions  # noqa: PLC0415 - Django only for what needs it
    from buttress.reports.decisions import as_json as json_form  # noqa: PLC0415
    from buttress.reports.decisions import terminal  # noqa: PLC0415

    waiting = waiting_decisions(who.actor)
    if as_json:
        print_json(json_form.document(who.organisation, waiting))
    else:
        print_report(terminal.waiting(who.organisation, waiting))


def confirm(
    ref: Ref,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; an exception asks for it.")] = "",
    effective_on: From = None,
    yes: Yes = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Bear a risk up to its ceiling, or agree to an exception, as the member that it is put to.

    Shows what is decided, with the residual as it stands now, and asks. What was shown is kept; where the request or the
    register changed meanwhile, or the day is over, it is shown again.
    """
    who = acting(org, member)
    from buttress.register import decisions as register  # noqa: PLC0415 - Django only for what needs it

    def decide(asked: "AcceptanceAsked | ExceptionAsked") -> None:
        if isinstance(asked, register.AcceptanceAsked):
            register.confirm_acceptance(who.actor, asked, reason=reason)
        else:
            register.confirm_exception(who.actor, asked, reason=reason)

    _decide(lambda: _asked(who, ref, effective_on), "Confirm", decide, yes=yes)
    note(f"{ref} is confirmed by {who.member}")


def refuse(
    ref: Ref,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.", show_default=False)],
    effective_on: From = None,
    yes: Yes = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Refuse to bear a risk, or to agree to an exception, and say why."""
    who = acting(org, member)
    from buttress.register import decisions as register  # noqa: PLC0415 - Django only for what needs it

    def decide(asked: "AcceptanceAsked | ExceptionAsked") -> None:
        if isinstance(asked, register.AcceptanceAsked):
            register.refuse_acceptance(who.actor, asked, reason=reason)
        else:
            register.refuse_exception(who.actor, asked, reason=reason)

    _decide(lambda: _asked(who, ref, effective_on), "Refuse", decide, yes=yes)
    note(f"{ref} is refused by {who.member}")


def _asked(who: Acting, ref: str, effective_on: str | None) -> "AcceptanceAsked | ExceptionAsked":
    """The request that waits under a reference; raises RefusalError where nothing does."""
    from buttress.register.decisions import (  # noqa: PLC0415 - Django only for what needs it
        Awaited,
        acceptance_asked,
        exception_asked,
        waiting_decisions,
    )

    waiting: tuple[Waiting, ...] = waiting_decisions(who.actor)
    kinds = {each.awaited for each in waiting if each.ref == ref}
    if not kinds:
        advice = nearest(ref, {each.ref for each in waiting}) or "What waits is listed by: buttress decisions"
        raise RefusalError(f"Nothing about {ref!r} waits for a decision. {advice}")
    if Awaited.ACCEPTANCE in kinds:
        return acceptance_asked(who.actor, ref=ref, effective_on=day_of("--from", effective_on))
    return exception_asked(who.actor, ref=ref)


def _decide(
    ask: "Callable[[], AcceptanceAsked | ExceptionAsked]",
    verb: str,
    decide: "Callable[[AcceptanceAsked | ExceptionAsked], None]",
    *,
    yes: bool,
) -> None:
    """Shows and decides; who was asked at a terminal is shown again what changed while they thought about it."""
    from buttress.orgs.errors import ConflictError  # noqa: PLC0415 - Django only for what needs it
    from buttress.risks.services.acceptance import OutdatedError  # noqa: PLC0415

    while True:
        asked = ask()
        _show_and_ask(asked, verb, yes=yes)
        try:
            return decide(asked)
        except (ConflictError, OutdatedError) as changed:
            if yes:
                raise
            note(f"{changed}. It is shown again:")


def _show_and_ask(asked: "AcceptanceAsked | ExceptionAsked", verb: str, *, yes: bool) -> None:
    """Raises RefusalError where nobody said yes and nobody can be asked."""
    from buttress.reports.decisions import terminal  # noqa: PLC0415 - Django only for what needs it

    print_report(terminal.asked(asked))
    if yes:
        return
    if not is_asked_at_a_terminal():
        raise RefusalError("Nothing was decided: say --yes, or run this at a terminal, which asks")
    if not typer.confirm(f"{verb} this?", err=True):
        raise RefusalError("Nothing was decided")
