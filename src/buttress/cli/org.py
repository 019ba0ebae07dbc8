"""buttress org: the organisations of this installation."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Annotated

import typer

from buttress.cli.console import print_json
from buttress.cli.database import with_database
from buttress.cli.given import asked_or_given, field_given, record_given, reference_given
from buttress.cli.options import AsJson

Name = Annotated[str | None, typer.Option("--name", metavar="TEXT", help="The organisation's name.")]
OwnerRef = Annotated[str | None, typer.Option("--owner", metavar="REF", help="The first owner's reference, e.g. ada.")]
OwnerName = Annotated[str | None, typer.Option("--owner-name", metavar="TEXT", help="The first owner's name.")]
Currency = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="The reporting currency. [default: USD]")
]
TimeZone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="Where its days begin and end. [default: UTC]")
]

orgs = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Founding:
    """What was said of an organisation to be founded."""

    ref: str | None
    name: str | None
    owner: str | None
    owner_name: str | None
    currency: str | None
    time_zone: str | None

    @property
    def is_empty(self) -> bool:
        return not any(astuple(self))


def found(given: Founding) -> str:
    """Founds the organisation, once everything that is missing was asked for; its reference.

    Raises RefusalError, `ProblemsError`, `TakenError`.
    """
    from buttress.orgs.records import PersonRecord, ProfileRecord  # noqa: PLC0415 - keeps help quick
    from buttress.orgs.services import found_organisation  # noqa: PLC0415

    def profile_field(field: str) -> Callable[[str], str]:
        return lambda value: field_given(ProfileRecord, field, value)

    ref = asked_or_given("--org", given.ref, "Short name of the organisation, e.g. harbourline", _reference("--org"))
    usual = ref.capitalize() if given.ref is None else None
    name = asked_or_given("--name", given.name, "Its name", profile_field("name"), usual)
    currency = asked_or_given("--currency", given.currency, "Reporting currency", profile_field("currency"), "USD")
    zone = asked_or_given("--time-zone", given.time_zone, "Time zone", profile_field("time_zone"), "UTC")
    owner = asked_or_given("--owner", given.owner, "Short name of its owner, e.g. ada", _reference("--owner"))
    owner_name = asked_or_given(
        "--owner-name",
        given.owner_name,
        "The owner's name",
        lambda value: field_given(PersonRecord, "name", value, "--owner-name"),
    )
    profile = record_given(ProfileRecord, {"name": name, "currency": currency, "time_zone": zone})
    person = record_given(PersonRecord, {"name": owner_name}, {"name": "--owner-name"})
    found_organisation(ref=ref, profile=profile, owner_ref=owner, owner=person)
    return ref


def _reference(option: str) -> Callable[[str], str]:
    return lambda value: reference_given(option, value)


@orgs.command("add")
def add(
    ref: Annotated[str, typer.Argument(metavar="REF", help="Its reference, e.g. harbourline.", show_default=False)],
    name: Name = None,
    owner: OwnerRef = None,
    owner_name: OwnerName = None,
    currency: Currency = None,
    time_zone: TimeZone = None,
) -> None:
    """Found an organisation with its first owner. Organisations see nothing of each other."""
    with_database()
    typer.echo(organisation_line(found(Founding(ref, name, owner, owner_name, currency, time_zone))))


@orgs.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the organisations of this installation."""
    with_database()
    from buttress.orgs.selectors import organisation_refs  # noqa: PLC0415 - Django only for what needs it

    lines = [_organisation(ref) for ref in organisation_refs()]
    if as_json:
        print_json({"format": "buttress.organisations", "version": 1, "organisations": lines})
        return
    for line in lines:
        typer.echo(_line(line))
    if not lines:
        typer.echo("There is no organisation yet; found one with: buttress org add")


def organisation_line(ref: str) -> str:
    """An organisation in one line: reference, name, currency, time zone, members."""
    return _line(_organisation(ref))


def _organisation(ref: str) -> dict[str, object]:
    from buttress.cli.database import members_of  # noqa: PLC0415
    from buttress.orgs.selectors import profile, system_of  # noqa: PLC0415

    record = profile(system_of(ref))
    return {
        "ref": ref,
        "name": record.name,
        "currency": record.currency,
        "time_zone": record.time_zone,
        "members": list(members_of(ref)),
    }


def _line(said: dict[str, object]) -> str:
    members = said["members"]
    assert isinstance(members, list)
    some = ", ".join(members[:12]) + (f" and {len(members) - 12} more" if len(members) > 12 else "")
    return f"{said['ref']}: {said['name']}, {said['currency']}, {said['time_zone']}; members: {some}"
