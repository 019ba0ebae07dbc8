"""buttress member: who may act in an organisation, and as what."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from buttress.cli.clock import today
from buttress.cli.console import print_json, print_report
from buttress.cli.database import Acting, acting
from buttress.cli.failures import RefusalError
from buttress.cli.given import record_given
from buttress.cli.options import AsJson, MemberRef, OrganisationRef
from buttress.formats.problems import nearest
from buttress.orgs.role_names import Role

if TYPE_CHECKING:
    from buttress.orgs.records import MemberRecord

Ref = Annotated[str, typer.Argument(metavar="REF", help="The person's reference, e.g. ruth.", show_default=False)]
RoleName = Annotated[Role, typer.Argument(metavar="ROLE", help=f"{', '.join(Role)}.", show_default=False)]
Engagement = Annotated[
    str | None, typer.Option("--engagement", metavar="REF", help="The engagement within which an auditor acts.")
]

members = typer.Typer(no_args_is_help=True)


@members.command("add")
def add(
    ref: Ref,
    role: RoleName,
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Name of a person that is new.")] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address of a person that is new.")] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of a person that is new.")] = None,
    engagement: Engagement = None,
    org: OrganisationRef = None,
    member: MemberRef = None,
) -> None:
    """Let a person act, with one role. A person that the register does not know comes with --name."""
    who = acting(org, member)
    from buttress.orgs.records import MemberRecord, PersonRecord  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.selectors import persons  # noqa: PLC0415
    from buttress.orgs.services import add_member, admit_member  # noqa: PLC0415

    admitted = record_given(MemberRecord, {"person": ref, "role": role, "engagement": engagement}, {"person": "REF"})
    if ref in (known := persons(who.actor)):
        if name or email or title:
            raise RefusalError(f"{ref} is a person of the register already; leave --name, --email and --title out")
        add_member(who.actor, member=admitted)
    elif name is None:
        raise RefusalError(f"There is no person {ref!r}. {nearest(ref, known) or 'Say who it is with --name.'}")
    else:
        said = {"name": name, "email": email, "title": title}
        admit_member(who.actor, member=admitted, person=record_given(PersonRecord, said))
    typer.echo(f"{ref} acts in {who.organisation} as {role.label}")


@members.command("role")
def change_role(
    ref: Ref, role: RoleName, engagement: Engagement = None, org: OrganisationRef = None, member: MemberRef = None
) -> None:
    """Give a member another role. Nobody changes their own."""
    who = acting(org, member)
    from buttress.orgs.records import MemberRecord  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.services import change_member  # noqa: PLC0415

    version, before = _member(who, ref)
    after = record_given(MemberRecord, {"person": before.person, "role": role, "engagement": engagement})
    change_member(who.actor, ref=ref, member=after, version=version)
    typer.echo(f"{ref} acts in {who.organisation} as {role.label}, until now as {before.role.label}")


@members.command("end")
def end(ref: Ref, org: OrganisationRef = None, member: MemberRef = None) -> None:
    """End a membership: from now on the person may not act. What they did stays theirs."""
    who = acting(org, member)
    from buttress.orgs.services import change_member  # noqa: PLC0415 - Django only for what needs it

    version, before = _member(who, ref)
    if before.ended_on is not None:
        raise RefusalError(f"{ref} is no member any more, since {before.ended_on}")
    after = before.model_copy(update={"ended_on": today(who.zone)})
    change_member(who.actor, ref=ref, member=after, version=version)
    typer.echo(f"{ref} may not act in {who.organisation} any more")


@members.command("list")
def list_all(as_json: AsJson = False, org: OrganisationRef = None, member: MemberRef = None) -> None:
    """List who may act, and who might once."""
    who = acting(org, member)
    names = _names(who)
    rows = [_row(ref, record, names[record.person]) for ref, (_, record) in _members(who).items()]
    if as_json:
        print_json({"format": "buttress.members", "version": 1, "organisation": who.organisation, "members": rows})
        return
    from buttress.reports.ledger import ledger  # noqa: PLC0415 - keeps help quick

    heads = ("member", "name", "role", "engagement", "")
    table = ledger([(head, "left", 30 if head == "name" else None) for head in heads])
    for row in rows:
        ended = f"ended {row['ended_on']}" if row["ended_on"] else ""
        table.add_row(row["ref"], row["name"], Role(row["role"]).label, row["engagement"] or "", ended)
    print_report(table)


def _row(ref: str, record: "MemberRecord", name: str) -> dict[str, Any]:
    ended = record.ended_on.isoformat() if record.ended_on else None
    return {"ref": ref, "name": name, "role": record.role.value, "engagement": record.engagement, "ended_on": ended}


def _names(who: Acting) -> dict[str, str]:
    from buttress.orgs.content import from_text  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.selectors import persons  # noqa: PLC0415

    return {ref: from_text(stored.content)["name"] for ref, stored in persons(who.actor).items()}


def _member(who: Acting, ref: str) -> tuple[int, "MemberRecord"]:
    """A member's version and record; raises RefusalError."""
    known = _members(who)
    if ref not in known:
        raise RefusalError(f"There is no member {ref!r} in {who.organisation}. {nearest(ref, known)}".rstrip())
    return known[ref]


def _members(who: Acting) -> dict[str, tuple[int, "MemberRecord"]]:
    from buttress.orgs.kinds_of_orgs import MEMBERS  # noqa: PLC0415 - Django only for what needs it
    from buttress.orgs.records import MemberRecord  # noqa: PLC0415
    from buttress.orgs.selectors import members as stored_members  # noqa: PLC0415

    found = {}
    for ref, stored in sorted(stored_members(who.actor).items()):
        record = stored.to_record(MEMBERS)
        assert isinstance(record, MemberRecord)
        found[ref] = (stored.version, record)
    return found
