"""buttress log: who did what, and why?"""

from typing import Annotated

import typer

from buttress.cli.console import print_json, print_report
from buttress.cli.database import acting
from buttress.cli.failures import RefusalError
from buttress.cli.options import AsJson, MemberRef, OrganisationRef


def log(
    ref: Annotated[
        str | None, typer.Argument(metavar="[REF]", help="A record's reference, e.g. R-014.", show_default=False)
    ] = None,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, max=100_000, help="Entries to show.")] = 20,
    as_json: AsJson = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Print the audit trail, newest entry first.

    Of the whole organisation, or of one record; who did what, when, to what, and why.
    """
    who = acting(org, member)
    from buttress.orgs.selectors import audit_trail  # noqa: PLC0415 - Django only for what needs it
    from buttress.reports.trail import as_json as json_form  # noqa: PLC0415
    from buttress.reports.trail import terminal  # noqa: PLC0415
    from buttress.reports.trail.view import trail_view  # noqa: PLC0415

    lines = audit_trail(who.actor, ref=ref, last=last)
    if ref is not None and not lines:
        raise RefusalError(f"The audit trail has no entry about {ref!r}; check the reference")
    if as_json:
        print_json(json_form.document(who.organisation, lines))
    else:
        print_report(terminal.render(trail_view(lines, who.zone)))
