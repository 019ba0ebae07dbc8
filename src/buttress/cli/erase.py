"""buttress erase: personal data out of the audit trail, for good."""

from typing import Annotated

import typer

from buttress.cli.console import note
from buttress.cli.database import acting
from buttress.cli.failures import RefusalError
from buttress.cli.given import is_asked_at_a_terminal
from buttress.cli.options import MemberRef, OrganisationRef


def erase(
    entry: Annotated[
        int, typer.Argument(metavar="ENTRY", min=1, help="The entry's number in buttress log.", show_default=False)
    ],
    fields: Annotated[
        list[str],
        typer.Argument(metavar="FIELD...", help="Of a person name, email, title, left_on; reason.", show_default=False),
    ],
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, without the data itself: it is kept.", show_default=False)
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Erase without being asked again.")] = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Take personal fields out of one entry of the audit trail, for good; the trail still verifies.

    For owners. What stood before and after goes, that it was there stays, and that it was erased is an entry itself. The
    versions of the record, and backups made before, still hold it.
    """
    who = acting(org, member)
    from buttress.orgs.erasure import erase_fields  # noqa: PLC0415 - Django only for what needs it

    if not yes:
        if not is_asked_at_a_terminal():
            raise RefusalError("Nothing was erased: say --yes, or run this at a terminal, which asks")
        if not typer.confirm(f"Erase {', '.join(fields)} from entry {entry} for good?", err=True):
            raise RefusalError("Nothing was erased")
    erase_fields(who.actor.because(reason), sequence=entry, fields=fields)
    note(f"Erased {', '.join(fields)} from entry {entry} of {who.organisation}")
