"""buttress changes: what changed, which risks that may concern, and the answer to each."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from buttress.cli.clock import today
from buttress.cli.console import note, print_json, print_report
from buttress.cli.database import Acting, acting
from buttress.cli.failures import RefusalError
from buttress.cli.given import record_given, reference_given
from buttress.cli.options import AsJson, MemberRef, OrganisationRef
from buttress.formats.problems import nearest

if TYPE_CHECKING:
    from buttress.inventory.records import ChangeRecord

Ref = Annotated[str, typer.Argument(metavar="REF", help="The change, e.g. CHG-12.", show_default=False)]

changes = typer.Typer(invoke_without_command=True)


@changes.callback()
def list_changes(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Show those that were answered too.")] = False,
    as_json: AsJson = False,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """List the changes that wait for an answer, with the risks that each may concern, and answer them.

    A new vendor, an incident, an owner who leaves and the like ask by themselves; in the database only.
    """
    if context.invoked_subcommand is not None:
        return
    who = acting(org, member)
    from buttress.orgs.moments import Moment  # noqa: PLC0415 - Django only for what needs it
    from buttress.register.selectors import snapshot  # noqa: PLC0415
    from buttress.reports.changes import as_json as json_form  # noqa: PLC0415
    from buttress.reports.changes import terminal  # noqa: PLC0415
    from buttress.reports.changes.view import changes_view  # noqa: PLC0415

    found = {ref: change for ref, (change, _) in _changes(who).items() if every or change.assessed_on is None}
    view = changes_view(snapshot(who.actor, Moment(today(who.zone))), found)
    if as_json:
        print_json(json_form.document(view))
    else:
        print_report(terminal.render(view))


@changes.command("answer")
def answer(
    ref: Ref,
    outcome: Annotated[str, typer.Option(metavar="TEXT", help="What came of it for the risks.", show_default=False)],
    risks: Annotated[
        list[str] | None,
        typer.Option("--risk", metavar="REF", help="A risk that changes; once for each.", show_default=False),
    ] = None,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Say whether any risk changes. Reassess those that do; the answer only names them."""
    who = acting(org, member)
    from buttress.inventory.services import ChangeAnswer, answer_change  # noqa: PLC0415 - Django only for what needs it

    known = _changes(who)
    if ref not in known:
        waiting = [each for each, (change, _) in known.items() if change.assessed_on is None]
        advice = nearest(ref, known) or f"What waits is listed by: buttress changes ({len(waiting)} now)"
        raise RefusalError(f"There is no change {ref!r}. {advice}")
    change, version = known[ref]
    if change.assessed_on is not None:
        raise RefusalError(f"{ref} was answered on {change.assessed_on}: {change.outcome or 'without an outcome'}")
    named = [reference_given("--risk", each) for each in dict.fromkeys(risks or ())]
    answered = record_given(
        ChangeAnswer, {"assessed_on": today(who.zone).isoformat(), "outcome": outcome, "risks": named}
    )
    answer_change(who.actor, ref=ref, answer=answered, version=version)
    note(f"{ref} is answered by {who.member}")


def _changes(who: Acting) -> "Mapping[str, tuple[ChangeRecord, int]]":
    """Every change by reference, with the version that was seen."""
    from buttress.inventory.kinds import CHANGES  # noqa: PLC0415 - Django only for what needs it
    from buttress.inventory.records import ChangeRecord  # noqa: PLC0415
    from buttress.inventory.selectors import changes as recorded  # noqa: PLC0415

    found = {}
    for ref, stored in recorded(who.actor).items():
        change = stored.to_record(CHANGES)
        assert isinstance(change, ChangeRecord)
        found[ref] = change, stored.version
    return found
